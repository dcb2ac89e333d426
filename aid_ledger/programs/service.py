"""Defining programmes, their rates, ceilings and exclusions, setting value aside for them, and the approval policy."""

from __future__ import annotations

import datetime as dt
from typing import NotRequired, TypedDict, Unpack

from aid_ledger.book import queries as book_queries
from aid_ledger.book import service as book
from aid_ledger.book.rules import IDR, Movement, Place, Stage
from aid_ledger.core.act import Act
from aid_ledger.core.numbering import next_reference
from aid_ledger.core.roles import Role
from aid_ledger.documents import queries as documents
from aid_ledger.funding import queries as funding
from aid_ledger.funding.models import Source
from aid_ledger.officials import queries as officials
from aid_ledger.programs import queries, refusals, rules
from aid_ledger.programs.models import Allocation, ApprovalPolicy, Ceiling, Exclusion, Program, ProgramSource, Rate
from aid_ledger.programs.queries import AGREED, PROPOSED
from audit.facts import money as facts

NEXT_DAY = dt.timedelta(days=1)
"""A change of policy takes effect the next day, so that nobody changes it for the batch before them (THREATS 3)."""


class ProgramParticulars(TypedDict):
    """What a programme is; `name` may tell, `code` and `public_name` may not."""

    code: str
    name: str
    public_name: str
    aliases: str
    pillar: str
    unit: str
    commodity: str
    allowed_sources: tuple[str, ...]
    needs_isolation: bool
    is_managed: bool
    starts_on: dt.date
    ends_on: NotRequired[dt.date | None]
    legal_basis: NotRequired[str | None]


def define_program(act: Act, **particulars: Unpack[ProgramParticulars]) -> Program:
    """Define a programme.

    Raises: CodeMalformed, ProgramTelling, ProgramRefused, ProgramTaken, CommodityUnknown, DocumentNotFound.
    """
    code, public_name = particulars["code"], particulars["public_name"]
    allowed = tuple(sorted(set(particulars["allowed_sources"])))
    basis = particulars.get("legal_basis")
    legal_basis = documents.document(act.session, basis) if basis else None
    commodity = book_queries.commodity(act.session, particulars["commodity"])

    rules.check_code(code)
    rules.check_neutral(code, public_name, commodity.code, commodity.public_name)
    rules.check_words(
        name=particulars["name"],
        public_name=public_name,
        aliases=particulars["aliases"],
        starts_on=particulars["starts_on"],
        ends_on=particulars.get("ends_on"),
    )
    rules.check_shape(pillar=particulars["pillar"], unit=particulars["unit"], allowed_sources=allowed)

    program = Program(
        code=code,
        name=particulars["name"],
        public_name=public_name,
        aliases=particulars["aliases"],
        pillar=particulars["pillar"],
        unit=particulars["unit"],
        commodity=particulars["commodity"],
        needs_isolation=particulars["needs_isolation"],
        is_managed=particulars["is_managed"],
        legal_basis_id=legal_basis.id if legal_basis else None,
        version=1,
        starts_on=particulars["starts_on"],
        ends_on=particulars.get("ends_on"),
        defined_by=act.actor.id,
    )
    act.session.add(program)
    act.session.flush()
    act.session.add_all(ProgramSource(program_id=program.id, source_kind=kind) for kind in allowed)

    act.record(
        facts.ProgramDefined(
            program=code,
            version=program.version,
            public_name=public_name,
            unit=program.unit,
            commodity=program.commodity,
            allowed_sources=allowed,
            managed=int(program.is_managed),
        )
    )
    return program


def set_rate(act: Act, *, program: str, amount: int, since: dt.date, document: str) -> Rate:
    """Set what one payment is from a day on. Raises: ProgramNotFound, DocumentNotFound, AmountRefused, RateTaken."""
    chosen = queries.program(act.session, program)
    basis = documents.document(act.session, document)

    rules.check_amount(amount)

    rate = Rate(program_id=chosen.id, amount=amount, since=since, document_id=basis.id, set_by=act.actor.id)
    act.session.add(rate)

    act.record(
        facts.RateSet(program=program, commodity=chosen.commodity, amount=amount, since=since, document=document)
    )
    return rate


def set_ceiling(act: Act, *, program: str, source: str, amount: int, document: str) -> Ceiling:
    """Set the most a programme may commit from a source; zero stops it.

    Raises: ProgramNotFound, SourceNotFound, DocumentNotFound, AmountRefused, SourceNotAllowed.
    """
    chosen = queries.program(act.session, program)
    payer = funding.source(act.session, source)
    basis = documents.document(act.session, document)

    rules.check_amount(amount, may_be_zero=True)
    _require_allowed(act, chosen, payer)

    ceiling = Ceiling(
        program_id=chosen.id,
        source_id=payer.id,
        amount=amount,
        document_id=basis.id,
        set_at=act.at,
        set_by=act.actor.id,
    )
    act.session.add(ceiling)

    act.record(
        facts.CeilingSet(program=program, source=source, commodity=chosen.commodity, amount=amount, document=document)
    )
    return ceiling


def exclude(act: Act, *, program: str, other: str) -> Exclusion:
    """Say that one household may not receive both programmes in one period; `other` may be one outside.

    Raises: ProgramNotFound, CodeMalformed, ProgramTelling, ExclusionRefused, ExclusionTaken.
    """
    chosen = queries.program(act.session, program)

    rules.check_code(other)
    rules.check_neutral(other)
    rules.check_exclusion(program, other)

    exclusion = Exclusion(program_id=chosen.id, other_code=other)
    act.session.add(exclusion)

    act.record(facts.ExclusionSet(program=program, other=other, document=""))
    return exclusion


def allocate(act: Act, *, source: str, program: str, commodity: str, amount: int, document: str) -> Allocation:
    """Set value of a source aside for a programme; a goods programme may be given money to buy its goods with.

    Raises: SourceNotFound, ProgramNotFound, DocumentNotFound, AmountRefused, SourceNotAllowed,
        ProgramOnlyObserved, CommodityMismatch, InsufficientFunds.
    """
    payer = funding.source(act.session, source)
    chosen = queries.program(act.session, program)
    basis = documents.document(act.session, document)

    rules.check_amount(amount)
    _require_allowed(act, chosen, payer)
    if not chosen.is_managed:
        raise refusals.ProgramOnlyObserved(program=program)
    if commodity not in {chosen.commodity, IDR}:
        raise refusals.CommodityMismatch(program=program, commodity=commodity)

    allocation = Allocation(
        reference=next_reference(act, "ALC"),
        source_id=payer.id,
        program_id=chosen.id,
        commodity=commodity,
        amount=amount,
        document_id=basis.id,
        allocated_by=act.actor.id,
        allocated_at=act.at,
    )
    act.session.add(allocation)
    origin, target = Place(source, Stage.RECEIVED), Place(source, Stage.ALLOCATED, program)
    moves = book.move(act, [Movement(origin, target, commodity, amount)])

    act.record(
        facts.FundsAllocated(
            allocation=allocation.reference,
            source=source,
            program=program,
            commodity=commodity,
            amount=amount,
            document=document,
            moves=moves,
        )
    )
    return allocation


def propose_policy(
    act: Act, *, limits: rules.Limits, program: str | None = None, since: dt.date | None = None
) -> ApprovalPolicy:
    """Propose how many must approve which totals; a founder's proposal before FoundingClosed holds at once.

    Raises: PolicyRefused, ProgramNotFound, PolicyBindsYou.
    """
    chosen = queries.program(act.session, program) if program else None
    is_founding = officials.founding_open(act.session) and _is_founder(act)

    rules.check_limits(limits)
    if not is_founding:
        _require_unbound(act)

    policy = ApprovalPolicy(
        reference=next_reference(act, "POL"),
        program_id=chosen.id if chosen else None,
        limits=rules.write_limits(limits),
        state=PROPOSED,
        since=max(since or act.on, act.on),
        proposed_by=act.actor.id,
        proposed_at=act.at,
    )
    act.session.add(policy)

    rows = tuple(facts.ApprovalLimit(from_amount, approvers) for from_amount, approvers in limits)
    act.record(facts.PolicyProposed(policy=policy.reference, program=program or "", limits=rows))
    if is_founding:
        _agree(act, policy, program or "", founding=True)
    return policy


def agree_policy(act: Act, reference: str) -> ApprovalPolicy:
    """Agree, as the second person, to a proposed policy; it holds from the next day.

    Raises: PolicyNotFound, PolicyNotProposed, PolicyNotSecondPerson, PolicyBindsYou.
    """
    policy = queries.policy(act.session, reference, lock=True)
    chosen = act.session.get(Program, policy.program_id) if policy.program_id else None

    if policy.state != PROPOSED:
        raise refusals.PolicyNotProposed(policy=reference, state=policy.state)
    if officials.official_by_login(act.session, policy.proposed_by).id in _one_person(act):
        raise refusals.PolicyNotSecondPerson(policy=reference)
    _require_unbound(act)

    policy.since = max(policy.since, act.on + NEXT_DAY)
    _agree(act, policy, chosen.code if chosen else "", founding=False)
    return policy


def _agree(act: Act, policy: ApprovalPolicy, program: str, *, founding: bool) -> None:
    policy.state, policy.agreed_by = AGREED, act.actor.id
    limits = tuple(facts.ApprovalLimit(*limit) for limit in rules.read_limits(policy.limits))
    act.record(
        facts.PolicyChanged(
            policy=policy.reference,
            program=program,
            limits=limits,
            since=policy.since,
            proposed_by=policy.proposed_by,
            founding=int(founding),
        )
    )


def _is_founder(act: Act) -> bool:
    return officials.official_by_login(act.session, act.actor.id).founder


def _one_person(act: Act) -> frozenset[int]:
    """List who counts as one person with the official who acts, themselves included (THREATS 3)."""
    own = officials.official_by_login(act.session, act.actor.id)
    return officials.barred_with(act.session, own.id, act.on)


def _require_unbound(act: Act) -> None:
    """Refuse whom a policy binds: an approver, or somebody in an approver's place; raises PolicyBindsYou."""
    for official_id in _one_person(act):
        if any(held.role is Role.APPROVER for held in officials.roles_on(act.session, official_id, act.on)):
            raise refusals.PolicyBindsYou


def _require_allowed(act: Act, program: Program, source: Source) -> None:
    if source.kind not in queries.allowed_kinds(act.session, program.id):
        raise refusals.SourceNotAllowed(program=program.code, source=source.code, kind_of_source=source.kind)
