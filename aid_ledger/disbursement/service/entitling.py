"""Who is due what: computed for every household of a region, then determined by a decree."""

from __future__ import annotations

from sqlalchemy import update

from aid_ledger.core.act import Act, on_constraint
from aid_ledger.core.numbering import next_reference
from aid_ledger.core.roles import Role
from aid_ledger.disbursement import eligibility, queries, rules
from aid_ledger.disbursement.eligibility import Question
from aid_ledger.disbursement.models import Entitlement, EntitlementRun
from aid_ledger.disbursement.service.steps import check_decree
from aid_ledger.documents import queries as documents
from aid_ledger.officials.powers import require_role
from aid_ledger.programs import queries as programs
from aid_ledger.programs.models import Program
from aid_ledger.regions import queries as regions
from audit.facts import paying as facts

on_constraint("once_per_household", rules.EntitlementAlreadyClaimed)


def compute_entitlements(act: Act, *, program: str, period: str, region: str) -> EntitlementRun:
    """Work out who is due what; every household of the region gets an entitlement or a reason.

    Raises: ProgramNotFound, RegionNotFound, RoleMissing, PeriodMalformed, ProgramNotRunning, RateMissing,
        NobodyEligible, EntitlementAlreadyClaimed.
    """
    chosen = programs.program(act.session, program)
    regions.region(act.session, region)

    require_role(act, Role.OPERATOR, region=region)
    rules.check_period(period)
    rules.check_running(
        program=program,
        is_managed=chosen.is_managed,
        starts_on=chosen.starts_on,
        ends_on=chosen.ends_on,
        on=act.on,
    )
    amount = programs.rate_on(act.session, chosen, act.on)

    run = EntitlementRun(
        reference=next_reference(act, "RUN"),
        program_id=chosen.id,
        period=period,
        region_code=region,
        amount_each=amount,
        count=0,
        left_out=0,
        state="proposed",
        computed_by=act.actor.id,
        computed_at=act.at,
    )
    act.session.add(run)
    act.session.flush()
    run.count, run.left_out = eligibility.insert_outcomes(act, Question(chosen, period, region, act.on), run)
    if not run.count:
        raise rules.NobodyEligible(program=program, period=period, left_out=run.left_out)

    act.record(
        facts.EntitlementsProposed(
            run=run.reference,
            program=program,
            period=period,
            count=run.count,
            left_out=run.left_out,
            amount_each=amount,
        )
    )
    return run


def determine_run(act: Act, reference: str, *, decree: str) -> EntitlementRun:
    """Make a run's proposed entitlements due by a decree (SK).

    Raises: RunNotFound, DocumentNotFound, RoleMissing, DecreeRefused, RunNotProposed.
    """
    run = queries.lock_run(act.session, reference)
    document = documents.document(act.session, decree)
    program = act.session.get_one(Program, run.program_id)

    require_role(act, Role.OPERATOR, region=run.region_code)
    if run.state != "proposed":
        raise rules.RunNotProposed(run=reference, state=run.state)
    check_decree(act, document)

    run.state, run.decree_id, run.determined_by = "determined", document.id, act.actor.id
    statement = (
        update(Entitlement)
        .where(Entitlement.run_id == run.id, Entitlement.state == "proposed")
        .values(state="determined")
        .returning(Entitlement.id)
        .execution_options(synchronize_session=False)
    )
    ids = act.session.scalars(statement).all()
    act.wrote(Entitlement, ids)

    act.record(
        facts.EntitlementsDetermined(
            run=reference, program=program.code, period=run.period, decree=decree, count=len(ids)
        )
    )
    return run
