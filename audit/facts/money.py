"""Facts that say where value came from and where it is: documents, book, funding, programmes, purchases.

A fact that moves value carries `moves`; replay applies them to account balances, of which only `world` may go below
zero. An account's key is `<source>/<programme or ->/<stage>`.
"""

from __future__ import annotations

from audit.facts.codec import Amount, Code, Count, Day, Fact, Line, MaybeCode, MaybeDigest, Words, fact, row


@row
class Move:
    """One transfer: so much of a commodity from one account to another."""

    source: Code
    target: Code
    commodity: Code
    amount: Amount


@fact("documents", "files")
class DocumentRegistered(Fact):
    """A document is on file; `file` is the SHA-256 of its bytes, empty where only its particulars are known."""

    document: Code
    kind: Code
    number: Line
    issued_on: Day
    valid_from: Day
    valid_until: Day
    file: MaybeDigest


@fact("commodities")
class CommodityDefined(Fact):
    """A good that may be counted, under a neutral public name; IDR is rupiah."""

    commodity: Code
    unit: Line
    public_name: Line


@fact("sources")
class SourceOpened(Fact):
    """A source of aid (apbd, btt, dana_desa, csr, asn_peduli); `in_rkud` tells whether it counts as APBD."""

    source: Code
    kind: Code
    name: Line
    in_rkud: Count
    custodian: Code
    year: Count


@fact("donors")
class DonorRegistered(Fact):
    """A donor exists; a private person's name stays out of the log, an institution's name is public."""

    donor: Code
    kind: Code
    public_name: Line


@fact("emergency_statuses")
class EmergencyDeclared(Fact):
    """An emergency status by decree; BTT may be received and spent only inside one."""

    status: Code
    level: Code
    decree: Code
    since: Day
    until: Day


@fact("contributions")
class ContributionOffered(Fact):
    """Somebody offered money or goods to the institution."""

    contribution: Code
    source: Code
    donor: MaybeCode
    commodity: Code
    amount: Amount
    document: Code


@fact("contributions")
class GratificationScreened(Fact):
    """An offer was screened: to the institution (not gratification) or to a person (refused)."""

    contribution: Code
    outcome: Code
    reason: Words


@fact("contributions", "accounts", "transfers")
class FundsReceived(Fact):
    """Value entered the agency's custody."""

    contribution: Code
    source: Code
    donor: MaybeCode
    commodity: Code
    amount: Amount
    document: Code
    emergency: MaybeCode
    need_plan: MaybeCode
    moves: tuple[Move, ...]


@fact("contributions")
class ContributionPublished(Fact):
    """A donation was published, as KPK letter B/1939/GAH.00/01-10/04/2020 asks."""

    contribution: Code


@fact("programs", "program_sources")
class ProgramDefined(Fact):
    """A programme as it is paid; code and name are neutral, and whether it asks for isolation is not told here."""

    program: Code
    version: Count
    public_name: Line
    unit: Code
    commodity: Code
    allowed_sources: tuple[Code, ...]
    managed: Count


@fact("rates")
class RateSet(Fact):
    """What one payment of a programme is, from a day on."""

    program: Code
    commodity: Code
    amount: Amount
    since: Day
    document: Code


@fact("ceilings")
class CeilingSet(Fact):
    """The most a programme may pay out of one source."""

    program: Code
    source: Code
    commodity: Code
    amount: Amount
    document: Code


@fact("exclusions")
class ExclusionSet(Fact):
    """Two programmes that one household may not receive in one period."""

    program: Code
    other: Code
    document: MaybeCode


@fact("allocations", "accounts", "transfers")
class FundsAllocated(Fact):
    """Value of a source was set aside for a programme."""

    allocation: Code
    source: Code
    program: Code
    commodity: Code
    amount: Amount
    document: Code
    moves: tuple[Move, ...]


@row
class ApprovalLimit:
    """From this total on, so many approvers are needed."""

    from_amount: Amount
    approvers: Count


@fact("approval_policies")
class PolicyProposed(Fact):
    """A change of the approval policy was proposed; it binds nothing yet."""

    policy: Code
    program: MaybeCode
    limits: tuple[ApprovalLimit, ...]


@fact("approval_policies")
class PolicyChanged(Fact):
    """An approval policy holds from a day on; two people it does not bind agreed, or a founder before closing."""

    policy: Code
    program: MaybeCode
    limits: tuple[ApprovalLimit, ...]
    since: Day
    proposed_by: Code
    founding: Count


@fact("vendors")
class VendorRegistered(Fact):
    """A vendor exists."""

    vendor: Code
    name: Line
    deed_on: Day


@fact("purchases", "accounts", "transfers")
class GoodsPurchased(Fact):
    """Money went to a vendor under a contract: allocated to spent, in rupiah."""

    purchase: Code
    vendor: Code
    source: Code
    program: Code
    commodity: Code
    quantity: Amount
    price: Amount
    document: Code
    moves: tuple[Move, ...]


@fact("purchases", "goods_receipts", "accounts", "transfers")
class GoodsReceived(Fact):
    """Bought goods arrived against a BAST: world to allocated, in goods."""

    purchase: Code
    commodity: Code
    quantity: Amount
    document: Code
    moves: tuple[Move, ...]


@fact("transfers", "accounts")
class TransferReversed(Fact):
    """A movement was undone by its mirror image, for a reason and by a second person."""

    reversed_act: Code
    reason: Words
    proposed_by: Code
    moves: tuple[Move, ...]


@fact("contributions", "accounts", "transfers")
class HistoryDeclared(Fact):
    """What lay in an account before this system began, declared with its evidence."""

    contribution: Code
    source: Code
    commodity: Code
    amount: Amount
    document: Code
    evidence: MaybeDigest
    moves: tuple[Move, ...]
