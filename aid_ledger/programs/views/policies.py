"""Approval policies: which holds, proposing one, and agreeing to one as the second person."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from aid_ledger.core.roles import Role
from aid_ledger.log.timeline import timeline
from aid_ledger.officials import queries as officials
from aid_ledger.programs import queries, schemas, service
from aid_ledger.programs.rules import APPROVERS_LIMIT
from aid_ledger.programs.views.readers import POLICY_READERS, POLICY_STATES, bp, limits_words, program_words
from aid_ledger.web import desk, formats, problems
from aid_ledger.web.guard import allow


@bp.get("/kebijakan")
@allow(*POLICY_READERS)
def policies() -> ResponseReturnValue:
    """List all policies, newest first."""
    today = desk.today()
    with desk.read() as session:
        found = queries.policies(session)
        programs = {each.id: each for each in queries.programs(session)}
        in_force = queries.policies_in_force(session, today)
        names = officials.names_by_login(session)
    return render_template(
        "programs/policies.html",
        rows=[(each, programs.get(each.program_id or 0), limits_words(each)) for each in found],
        in_force=in_force,
        has_general=any(each.program_id is None for each in found if each.id in in_force),
        states=POLICY_STATES,
        names=names,
        today=today,
        may_propose=Role.ADMIN in desk.official.roles,
    )


@bp.get("/kebijakan/baru")
@allow(Role.ADMIN)
def new_policy() -> ResponseReturnValue:
    """Ask for a policy."""
    with desk.read() as session:
        return render_template(
            "programs/new_policy.html",
            programs=[(each.code, program_words(each)) for each in queries.programs(session)],
            is_founding=officials.founding_open(session) and desk.official.is_founding,
            most=APPROVERS_LIMIT,
        )


@bp.post("/kebijakan/baru")
@problems.shown_on(".new_policy")
@allow(Role.ADMIN)
def propose_policy() -> ResponseReturnValue:
    """Propose a policy."""
    policy = desk.act(service.propose_policy, **desk.form(schemas.PolicyForm()))
    is_agreed = policy.state == queries.AGREED
    flash("Kebijakan berlaku." if is_agreed else "Usulan dicatat. Pejabat kedua yang menyepakatinya.", "success")
    return redirect(url_for(".policy", reference=policy.reference))


@bp.get("/kebijakan/<reference>")
@allow(*POLICY_READERS)
def policy(reference: str) -> ResponseReturnValue:
    """Show one policy, and let the second person agree to it."""
    with desk.read() as session:
        found = queries.policy(session, reference)
        program = queries.program_by_id(session, found.program_id)
        names = officials.names_by_login(session)
        facts = timeline(session, reference, names=names)
    is_waiting = found.state == queries.PROPOSED
    return render_template(
        "programs/policy.html",
        policy=found,
        program=program,
        limits=limits_words(found),
        state=POLICY_STATES[found.state],
        names=names,
        facts=facts,
        may_agree=is_waiting and Role.ADMIN in desk.official.roles and found.proposed_by != desk.official.login,
        is_waiting=is_waiting,
        tomorrow=desk.today() + service.NEXT_DAY,
    )


@bp.post("/kebijakan/<reference>/sepakati")
@problems.shown_on(".policy")
@allow(Role.ADMIN)
def agree_policy(reference: str) -> ResponseReturnValue:
    """Agree to a policy as the second person."""
    agreed = desk.act(service.agree_policy, reference)
    flash(f"Kebijakan berlaku sejak {formats.tanggal(agreed.since)}.", "success")
    return redirect(url_for(".policy", reference=reference))
