"""What a batch may become and what its room refuses. Pure: states, transitions, reasons, errors."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from aid_ledger.core.errors import DomainError, Kind

LINES_LIMIT: Final = 200_000
"""Lines in one batch: twice a kabupaten's largest round; more is a mistake in the region asked for."""

FREEZE_CHUNK: Final = 500
"""Lines in one LinesFrozen fact: what keeps an entry under 60,000 bytes."""

TRANSITIONS: Final[dict[str, frozenset[str]]] = {
    "draft": frozenset({"submitted", "cancelled"}),
    "sent_back": frozenset({"submitted", "cancelled"}),
    "submitted": frozenset({"verified", "rejected", "sent_back", "cancelled"}),
    "verified": frozenset({"approved", "rejected", "sent_back", "cancelled"}),
    "approved": frozenset({"sent", "rejected", "sent_back", "cancelled"}),
    "sent": frozenset({"delivered"}),
    "delivered": frozenset(),
    "rejected": frozenset(),
    "cancelled": frozenset(),
}
"""Every state of a batch and the states it may go to. `delivered` here means that every line has its outcome."""

RESERVING: Final = frozenset({"submitted", "verified", "approved"})
"""States in which a batch holds reserved value."""

REASON_MIN: Final = 10
REASON_MAX: Final = 1_000
"""A reason of two words explains nothing; a page of prose hides it."""

OPEN: Final = frozenset({"draft", "sent_back"})
"""States in which a batch is its maker's to change."""

CHANNELS: Final = frozenset({"bank", "cash", "goods"})
"""`bank` is a transfer file, `cash` and `goods` are handed over by the field officers."""

LEFT_OUT_REASONS: Final = {
    "deceased": "Penerima tercatat meninggal dunia.",
    "moved": "Penerima tercatat pindah ke luar daerah.",
    "excluded_occupation": "Pekerjaan penerima dikecualikan (ASN, TNI, Polri, perangkat).",
    "under_age": "Penerima belum berumur 17 tahun dan tidak ada wali.",
    "already_entitled": "Keluarga ini sudah berhak pada program dan periode yang sama.",
    "double_aid": "Keluarga ini menerima program lain yang tidak boleh dirangkap.",
    "no_isolation": "Tidak ada isolasi mandiri yang telah diperiksa oleh 4 Pilar.",
    "erased": "Data penerima telah dihapus.",
}
"""Why a run left a household out, in words for the page."""

OBSTACLES: Final = {
    "no_account": "Penerima tidak punya rekening; pilih saluran tunai atau lengkapi rekening.",
    "shared_account": "Rekening ini dipakai lebih dari satu keluarga.",
    "no_funds": "Dana yang dialokasikan tidak cukup untuk baris ini.",
    "not_active": "Penerima tercatat meninggal, pindah, atau dihapus sejak ditetapkan.",
}
"""Why a line is set aside without being asked, in words for the page."""

BY_HAND: Final = {
    "payee_doubtful": "Penerima perlu diperiksa kembali di lapangan.",
    "account_doubtful": "Rekening perlu diperiksa kembali.",
    "refused_by_family": "Keluarga menolak atau mengundurkan diri.",
    "by_hand": "Alasan lain, tertulis dalam berkas.",
}
"""Why an operator may set a line aside. Codes only: a written reason would put a person's story in the log."""

SET_ASIDE_REASONS: Final = OBSTACLES | BY_HAND
"""Every reason why a line stands aside while the rest goes on."""

PERIOD: Final = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2]|T[1-4]))?")
"""A year, a month (2021-08) or a quarter (2021-T3)."""


class BatchNotFound(DomainError):
    """No such batch, or none in this official's area."""

    kind = Kind.NOT_FOUND
    code = "batch.not_found"


class RunNotFound(DomainError):
    """No such run of entitlements."""

    kind = Kind.NOT_FOUND
    code = "entitlement.run_not_found"


class LineNotFound(DomainError):
    """No such line in this batch."""

    kind = Kind.NOT_FOUND
    code = "batch.line_not_found"


class BatchStateRefused(DomainError):
    """A batch in this state does not take that step."""

    kind = Kind.CONFLICT
    code = "batch.state_refused"


class BatchEmpty(DomainError):
    """No line is left to pay."""

    kind = Kind.CONFLICT
    code = "batch.empty"


class BatchTooLarge(DomainError):
    """More lines than one batch may hold."""

    kind = Kind.INVALID
    code = "batch.too_large"


class NobodyEligible(DomainError):
    """The run found no household that is due anything."""

    kind = Kind.CONFLICT
    code = "entitlement.nobody"


class EntitlementAlreadyClaimed(DomainError):
    """An entitlement is in another live line: it would be paid twice."""

    kind = Kind.CONFLICT
    code = "entitlement.already_claimed"


class PeriodMalformed(DomainError):
    """A period is a year, a month or a quarter."""

    kind = Kind.INVALID
    code = "entitlement.period_malformed"


class ProgramNotRunning(DomainError):
    """The programme has not begun or has ended on the day, or is only observed here."""

    kind = Kind.CONFLICT
    code = "entitlement.program_not_running"


class RunNotProposed(DomainError):
    """The run was determined already."""

    kind = Kind.CONFLICT
    code = "entitlement.run_not_proposed"


class NothingAllocated(DomainError):
    """No source has value set aside for the programme."""

    kind = Kind.CONFLICT
    code = "batch.nothing_allocated"


class LineNotListed(DomainError):
    """Only a line that is still listed can be set aside."""

    kind = Kind.CONFLICT
    code = "batch.line_not_listed"


class SetAsideReasonUnknown(DomainError):
    """A line is set aside for one of the known reasons."""

    kind = Kind.INVALID
    code = "batch.set_aside_reason_unknown"


class LinesUnpayable(DomainError):
    """Since the draft some payees died, moved or lost their account: set those lines aside first."""

    kind = Kind.CONFLICT
    code = "batch.lines_unpayable"


class ChangedSinceShown(DomainError):
    """The batch is no longer what the page showed when the button was pressed."""

    kind = Kind.CONFLICT
    code = "batch.changed_since_shown"


class ReasonMissing(DomainError):
    """A refusal or withdrawal needs a written reason."""

    kind = Kind.INVALID
    code = "batch.reason_missing"


class DecreeRefused(DomainError):
    """The decree is not an SK, not in force on the day, or not the one that determined these entitlements."""

    kind = Kind.CONFLICT
    code = "batch.decree_refused"


class CeilingReached(DomainError):
    """The programme would commit more from a source than its ceiling."""

    kind = Kind.CONFLICT
    code = "batch.ceiling_reached"


class ChannelRefused(DomainError):
    """Money cannot go by that channel, or goods cannot."""

    kind = Kind.INVALID
    code = "batch.channel_refused"


class BatchChanged(DomainError):
    """The plaintext of a line no longer matches what was frozen: the approval is void."""

    kind = Kind.CONFLICT
    code = "batch.changed_after_freeze"


def check_transition(reference: str, state: str, wanted: str) -> None:
    """Refuse a step that does not follow; raises BatchStateRefused."""
    if wanted not in TRANSITIONS.get(state, frozenset()):
        raise BatchStateRefused(batch=reference, state=state, wanted=wanted)


def check_period(period: str) -> None:
    """Refuse a period of another shape; raises PeriodMalformed."""
    if PERIOD.fullmatch(period) is None:
        raise PeriodMalformed(period=period[:20])


def check_running(*, program: str, is_managed: bool, starts_on: dt.date, ends_on: dt.date | None, on: dt.date) -> None:
    """Let a programme pay between its first and last day, if it is managed here; raises ProgramNotRunning."""
    is_running = starts_on <= on and (ends_on is None or on <= ends_on)
    if not is_managed or not is_running:
        raise ProgramNotRunning(program=program, on=on.isoformat())


def check_size(lines: int) -> None:
    """Refuse a batch of more lines than anyone means; raises BatchTooLarge."""
    if lines > LINES_LIMIT:
        raise BatchTooLarge(lines=lines, limit=LINES_LIMIT)


def check_channel(channel: str, commodity: str) -> None:
    """Let money go by bank or in cash, goods by hand; raises ChannelRefused."""
    fits = channel in {"bank", "cash"} if commodity == "IDR" else channel == "goods"
    if not fits:
        raise ChannelRefused(channel=channel, commodity=commodity)


def check_decree(*, kind: str, number: str, valid_from: dt.date, valid_until: dt.date | None, on: dt.date) -> None:
    """Demand an SK that is in force on the day (red flags 19, 20 and 31); raises DecreeRefused."""
    in_force = valid_from <= on and (valid_until is None or on <= valid_until)
    if kind != "sk" or not in_force:
        raise DecreeRefused(document=number, document_kind=kind)


def check_open(reference: str, state: str) -> None:
    """Let lines be set aside only while the batch is its maker's; raises BatchStateRefused."""
    if state not in OPEN:
        raise BatchStateRefused(batch=reference, state=state, wanted="set_aside")


def check_set_aside(state: str, line_no: int, reason: str) -> None:
    """Let a listed line be set aside for a known reason; raises LineNotListed, SetAsideReasonUnknown."""
    if state != "listed":
        raise LineNotListed(line=line_no, state=state)
    if reason not in BY_HAND:
        raise SetAsideReasonUnknown(reason=reason[:40])


def check_reason(reason: str) -> str:
    """Demand a written reason and give it trimmed; raises ReasonMissing."""
    written = " ".join(reason.split())
    if not REASON_MIN <= len(written) <= REASON_MAX:
        raise ReasonMissing(minimum=REASON_MIN, maximum=REASON_MAX)
    return written


class AuditorKeyMalformed(DomainError):
    """What was typed is no auditor's key, or a letter of it is wrong."""

    kind = Kind.INVALID
    code = "auditor_key.malformed"


class TooManyAuditors(DomainError):
    """There are as many auditors with a key as payments are lodged with."""

    kind = Kind.CONFLICT
    code = "auditor_key.too_many"


class AuditorKeyNotProposed(DomainError):
    """No key of that number waits for an auditor."""

    kind = Kind.NOT_FOUND
    code = "auditor_key.not_proposed"


class AuditorKeyDiffers(DomainError):
    """The key on the auditor's machine is another one than was proposed."""

    kind = Kind.CONFLICT
    code = "auditor_key.differs"


class AuditorKeyNotSecondPerson(DomainError):
    """Whoever proposed the key, or stands in for them, cannot agree to it."""

    kind = Kind.NOT_ALLOWED
    code = "auditor_key.not_second_person"


class OpeningsNotLodged(DomainError):
    """No openings of that programme and those days lie sealed for that auditor."""

    kind = Kind.NOT_FOUND
    code = "openings.not_lodged"
