"""What a batch may become and what its room refuses. Pure: states, transitions, reasons, errors."""

from __future__ import annotations

import datetime as dt
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

SET_ASIDE_REASONS: Final = {
    "no_account": "Penerima tidak punya rekening; pilih saluran tunai atau lengkapi rekening.",
    "shared_account": "Rekening ini dipakai lebih dari satu keluarga.",
    "no_funds": "Dana yang dialokasikan tidak cukup untuk baris ini.",
    "by_hand": "Disisihkan oleh operator dengan alasan tertulis.",
}
"""Why a line was set aside while the rest goes on, in words for the page."""


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
    if wanted not in TRANSITIONS[state]:
        raise BatchStateRefused(batch=reference, state=state, wanted=wanted)


def check_channel(channel: str, commodity: str) -> None:
    """Let money go by bank or in cash, goods by hand; raises ChannelRefused."""
    fits = channel in {"bank", "cash"} if commodity == "IDR" else channel == "goods"
    if not fits:
        raise ChannelRefused(channel=channel, commodity=commodity)


def check_decree(*, kind: str, number: str, valid_from: dt.date, valid_until: dt.date | None, on: dt.date) -> None:
    """Demand an SK that is in force on the day (red flags 19, 20 and 31); raises DecreeRefused."""
    in_force = valid_from <= on and (valid_until is None or on <= valid_until)
    if kind != "sk" or not in_force:
        raise DecreeRefused(document=number, kind=kind)
