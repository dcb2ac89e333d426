"""What the funding room refuses, one class per sentence a person may read; the checks themselves are in `rules.py`."""

from __future__ import annotations

from aid_ledger.core.errors import DomainError, Kind


class SourceNotFound(DomainError):
    """No source has this code."""

    kind = Kind.NOT_FOUND
    code = "funding.source_not_found"


class SourceCodeTaken(DomainError):
    """Another source has this code."""

    kind = Kind.CONFLICT
    code = "funding.source_code_taken"


class SourceMalformed(DomainError):
    """Code, name or year of a source cannot be."""

    kind = Kind.INVALID
    code = "funding.source_malformed"


class SourceKindUnknown(DomainError):
    """There is no such kind of source."""

    kind = Kind.INVALID
    code = "funding.source_kind_unknown"


class DonorNotFound(DomainError):
    """No donor has this reference."""

    kind = Kind.NOT_FOUND
    code = "funding.donor_not_found"


class DonorMalformed(DomainError):
    """Kind or name of a donor cannot be."""

    kind = Kind.INVALID
    code = "funding.donor_malformed"


class DonorMissing(DomainError):
    """A donation without a donor."""

    kind = Kind.INVALID
    code = "funding.donor_missing"


class DonorUnexpected(DomainError):
    """Budget money has no donor; a gift belongs in a source for gifts, outside the budget's figures."""

    kind = Kind.INVALID
    code = "funding.donor_unexpected"


class GoodsOutsidePurchase(DomainError):
    """Budget sources hold rupiah; goods come out of them by a recorded purchase only."""

    kind = Kind.INVALID
    code = "funding.goods_outside_purchase"


class AmountNotPositive(DomainError):
    """An amount of zero or less."""

    kind = Kind.INVALID
    code = "funding.amount_not_positive"


class AmountTooLarge(DomainError):
    """More than this ledger keeps anywhere; a finger stayed on a key."""

    kind = Kind.INVALID
    code = "funding.amount_too_large"


class PaperUsedTwice(DomainError):
    """The same paper brought this commodity into this source before."""

    kind = Kind.CONFLICT
    code = "funding.paper_used_twice"


class ContributionNotFound(DomainError):
    """No contribution has this reference."""

    kind = Kind.NOT_FOUND
    code = "funding.contribution_not_found"


class ContributionElsewhere(DomainError):
    """The contribution is in another state than the deed needs."""

    kind = Kind.CONFLICT
    code = "funding.contribution_elsewhere"


class ScreeningNotNeeded(DomainError):
    """Only gifts are screened for gratification."""

    kind = Kind.CONFLICT
    code = "funding.screening_not_needed"


class SelfScreening(DomainError):
    """Who registered the offer screens it too."""

    kind = Kind.NOT_ALLOWED
    code = "funding.self_screening"


class GiftToPerson(DomainError):
    """A gift addressed to an official is gratification, whatever it is for."""

    kind = Kind.NOT_ALLOWED
    code = "funding.gift_to_person"


class ReasonMissing(DomainError):
    """A decision without its reason."""

    kind = Kind.INVALID
    code = "funding.reason_missing"


class SelfReceipt(DomainError):
    """Who registered the offer receives it too."""

    kind = Kind.NOT_ALLOWED
    code = "funding.self_receipt"


class NotCustodian(DomainError):
    """Another office than the source's custodian receives into it."""

    kind = Kind.NOT_ALLOWED
    code = "funding.not_custodian"


class ReceivedInFuture(DomainError):
    """A day of receipt after today."""

    kind = Kind.INVALID
    code = "funding.received_in_future"


class NoEmergency(DomainError):
    """BTT outside a valid emergency status (red flag RF-25)."""

    kind = Kind.CONFLICT
    code = "funding.no_emergency"


class NeedPlanMissing(DomainError):
    """BTT without a need plan (RKB), or with a paper that is none, or one not valid on the day (red flag RF-26)."""

    kind = Kind.INVALID
    code = "funding.need_plan_missing"


class NeedPlanUnexpected(DomainError):
    """A need plan where the source asks for none."""

    kind = Kind.INVALID
    code = "funding.need_plan_unexpected"


class NeedPlanExceeded(DomainError):
    """More would be received under one need plan than it states."""

    kind = Kind.CONFLICT
    code = "funding.need_plan_exceeded"


class EmergencyMalformed(DomainError):
    """Level, period or decree of an emergency status cannot be."""

    kind = Kind.INVALID
    code = "funding.emergency_malformed"


class PublicationNotNeeded(DomainError):
    """Only gifts are published one by one."""

    kind = Kind.CONFLICT
    code = "funding.publication_not_needed"


class HistoryClosed(DomainError):
    """The founding is closed: nothing may appear as an opening balance any more."""

    kind = Kind.CONFLICT
    code = "funding.history_closed"


class EvidenceMissing(DomainError):
    """An opening balance without the file that proves it."""

    kind = Kind.INVALID
    code = "funding.evidence_missing"
