"""What delivery refuses, its limits, and the references that leave with a payment. Pure.

Outcomes are in `outcomes.py`; what an answer does to a line is in `judging.py`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aid_ledger.core.errors import DomainError, Kind
from aid_ledger.delivery.outcomes import FIELD_OUTCOMES, Outcome
from audit.pdf.fields import MAX_TEXT

FIRST_ATTEMPT: Final = 1
"""A line is tried once: what failed is paid by another line of another batch, with a reference of its own."""

FACT_LINES: Final = 500
"""Lines in one fact: what keeps an entry under 60,000 bytes."""

HANDOVER_LINES: Final = 200
"""Lines handed over in one deed: two witnesses cannot have seen more families in one place (house rule)."""

RETURN_LINES: Final = 5_000
"""Lines returned by one STS."""

WITNESSES: Final = 2
"""Witnesses of a handover, as a BAST names them."""

TEXT_LIMIT: Final = MAX_TEXT
"""Characters of a place, a witness's name or office: longer ones could never stand on the household's paper."""

NOTE_LIMIT: Final = 2_000

RETURN_NOTICE_DAYS: Final = 14
RETURN_DUE_DAYS: Final = 30
"""Money that could not be delivered is flagged after 14 days and overdue after 30 (red flag 50, house rule)."""

ANSWER_DUE_DAYS: Final = 1
"""A sent line without an answer for longer than this is shown as unmatched."""

LINES_SHOWN: Final = 5
"""Line numbers named in a refusal: enough to find the place in the file."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Somebody who saw a handover, and what they are in that place, such as Ketua RT 003."""

    name: str
    office: str


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a handover takes place and who sees it, as the officer tells it; a photo is JPEG or PNG, if any."""

    place: str
    witnesses: Sequence[Witness]
    note: str = ""
    photo: bytes | None = field(default=None, repr=False)


class InstructionNotFound(DomainError):
    """No such instruction."""

    kind = Kind.NOT_FOUND
    code = "delivery.instruction_not_found"


class ResultNotFound(DomainError):
    """No such result file."""

    kind = Kind.NOT_FOUND
    code = "delivery.result_not_found"


class ApprovalNotInLog(DomainError):
    """What the sealed log says of this batch's submission, verification or approval is not what the rows say."""

    kind = Kind.CONFLICT
    code = "delivery.approval_not_in_log"


class AlreadyInstructed(DomainError):
    """This batch was handed to its channel before; there is exactly one instruction per batch."""

    kind = Kind.CONFLICT
    code = "delivery.already_instructed"


class ResendNotAllowed(DomainError):
    """Raised by doors after the Act that recorded the attempt: a line under way or arrived is never paid again."""

    kind = Kind.NOT_ALLOWED
    code = "delivery.resend_not_allowed"


class FileLeftBefore(DomainError):
    """A restore forgot what became of this instruction: its file may have left, so its lines are asked about."""

    kind = Kind.NOT_ALLOWED
    code = "delivery.file_left_before"


class FileChanged(DomainError):
    """The file would no longer be the one that was sealed: somebody's particulars changed since."""

    kind = Kind.CONFLICT
    code = "delivery.file_changed"


class VillageNotInBatch(DomainError):
    """No line of this batch is in that village, or not in the official's area."""

    kind = Kind.NOT_FOUND
    code = "delivery.village_not_in_batch"


class AnswerRefused(DomainError):
    """A result file is refused whole and changes nothing; its subclasses say why."""

    kind = Kind.INVALID
    code = "delivery.answer_refused"


class AnswerMalformed(AnswerRefused):
    """The file is not a result file in the agreed form."""

    code = "delivery.answer_malformed"


class AnswerTooLarge(AnswerRefused):
    """The file is larger than an answer to the largest batch can be."""

    code = "delivery.answer_too_large"


class ControlTotalWrong(AnswerRefused):
    """The file's footer states another count, sum or digest than its lines have (red flag 35)."""

    code = "delivery.control_total_wrong"


class AnswerSetWrong(AnswerRefused):
    """The file answers for lines that are not of this instruction, twice for one, or not for all."""

    code = "delivery.answer_set_wrong"


class AnswerContradicts(DomainError):
    """The file says something else of lines whose outcome is final."""

    kind = Kind.CONFLICT
    code = "delivery.answer_contradicts"


class InquiryNeeded(DomainError):
    """Lines whose outcome is uncertain or held may be settled by an inquiry's answer only."""

    kind = Kind.CONFLICT
    code = "delivery.inquiry_needed"


class AnswerElsewhere(DomainError):
    """This very file was imported as the answer to another instruction."""

    kind = Kind.CONFLICT
    code = "delivery.answer_elsewhere"


class ChannelRefused(DomainError):
    """This channel takes no result files, or no handovers."""

    kind = Kind.INVALID
    code = "delivery.channel_refused"


class WitnessMissing(DomainError):
    """A handover needs two witnesses, each with a name and an office that can be read."""

    kind = Kind.INVALID
    code = "delivery.witness_missing"


class WitnessRefused(DomainError):
    """A witness named is the giver, a receiver, or the other witness; doors raise it after the Act that recorded it."""

    kind = Kind.NOT_ALLOWED
    code = "delivery.witness_refused"


class PlaceMissing(DomainError):
    """A handover happens somewhere, and its paper says where."""

    kind = Kind.INVALID
    code = "delivery.place_missing"


class HandoverEmpty(DomainError):
    """No line is named, one is named twice, or more than one deed may hold."""

    kind = Kind.INVALID
    code = "delivery.handover_empty"


class LineNotOpen(DomainError):
    """That line waits for no handover: it has its outcome, or was never sent."""

    kind = Kind.CONFLICT
    code = "delivery.line_not_open"


class OutcomeRefused(DomainError):
    """That is no outcome an officer in the field may give."""

    kind = Kind.INVALID
    code = "delivery.outcome_refused"


class ReturnDocumentRefused(DomainError):
    """A return needs an STS (for goods also a BAST) in force, over exactly this amount, used for no other return."""

    kind = Kind.CONFLICT
    code = "delivery.return_document_refused"


class ReturnNotFound(DomainError):
    """Nothing went back under this number, or not in the reader's area."""

    kind = Kind.NOT_FOUND
    code = "delivery.return_not_found"


class ReturnMismatch(DomainError):
    """The amount is not what the named failed lines of that source add up to."""

    kind = Kind.CONFLICT
    code = "delivery.return_mismatch"


def partner_reference(batch: str, line_no: int, attempt: int = FIRST_ATTEMPT) -> str:
    """Name one payment to its channel, such as `BTC-2026-000123-X.00042.1`; the same line gets the same for ever."""
    return f"{batch}.{line_no:05}.{attempt}"


def line_of(batch: str, reference: str) -> int | None:
    """Read the line number off a partner reference of this batch; None if it is not exactly one of them."""
    head, _, rest = reference.partition(".")
    number = rest.partition(".")[0]
    if head != batch or not (number.isascii() and number.isdigit()):
        return None
    line_no = int(number)
    return line_no if partner_reference(batch, line_no) == reference else None


def check_place(place: str) -> str:
    """Give a place in one line; raises PlaceMissing."""
    line = _line(place)
    if not line:
        raise PlaceMissing
    return line


def check_witnesses(witnesses: Sequence[Witness]) -> tuple[Witness, Witness]:
    """Give two witnesses, each with name and office in one line; raises WitnessMissing."""
    read = [Witness(_line(each.name), _line(each.office)) for each in witnesses]
    if len(read) != WITNESSES or not all(folded(each.name) and each.office for each in read):
        raise WitnessMissing
    return read[0], read[1]


def witness_fault(witnesses: Sequence[Witness], *, giver: str, receivers: Collection[str]) -> str:
    """Say why these two cannot have seen a handover: `same`, `giver` or `receiver`; "" if they can.

    A BAST has four people: who gives, who receives, and two who saw it (DOMAIN 2.6). Names are compared folded.
    """
    names = [folded(each.name) for each in witnesses]
    if len(set(names)) < len(names):
        return "same"
    if folded(giver) in names:
        return "giver"
    return "" if {folded(name) for name in receivers}.isdisjoint(names) else "receiver"


def folded(name: str) -> str:
    """Reduce a name to its letters and digits, without case and accents: so a person is not two by a full stop."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", name).casefold() if letter.isalnum())


def _line(text: str) -> str:
    """Write a text in one line; "" for one that is too long for a paper, or that no paper can show."""
    line = " ".join(text.split())
    return line if len(line) <= TEXT_LIMIT and line.isprintable() else ""


def check_handed(line_numbers: Collection[int]) -> list[int]:
    """Give the line numbers in order; raises HandoverEmpty."""
    numbers = sorted(set(line_numbers))
    if not numbers or len(numbers) != len(line_numbers) or len(numbers) > HANDOVER_LINES:
        raise HandoverEmpty(lines=len(line_numbers), limit=HANDOVER_LINES)
    return numbers


def field_outcomes(told: Mapping[int, str]) -> dict[int, Outcome]:
    """Read what an officer said of lines; raises OutcomeRefused, HandoverEmpty."""
    known = {outcome.name: outcome for outcome in FIELD_OUTCOMES}
    read: dict[int, Outcome] = {}
    for line_no in check_handed(told.keys()):
        if told[line_no] not in known:
            raise OutcomeRefused(line=line_no)
        read[line_no] = known[told[line_no]]
    return read


def check_channel(channel: str, allowed: Collection[str]) -> None:
    """Refuse a deed that belongs to another channel; raises ChannelRefused."""
    if channel not in allowed:
        raise ChannelRefused(channel=channel)


def shown(line_numbers: Collection[int]) -> str:
    """Write a few line numbers for a sentence."""
    numbers = sorted(line_numbers)
    rest = f" dan {len(numbers) - LINES_SHOWN} lainnya" if len(numbers) > LINES_SHOWN else ""
    return ", ".join(map(str, numbers[:LINES_SHOWN])) + rest
