"""Putting a batch together and taking lines out of it while it is still its maker's."""

from __future__ import annotations

from aid_ledger.core.act import Act, on_constraint
from aid_ledger.core.numbering import next_reference
from aid_ledger.core.roles import Role
from aid_ledger.disbursement import drafting, queries, rules
from aid_ledger.disbursement.models import Batch, BatchLine
from aid_ledger.disbursement.service.steps import add_step, check_decree, lock_batch
from aid_ledger.documents import queries as documents
from aid_ledger.officials.powers import require_office, require_role
from aid_ledger.programs import queries as programs
from aid_ledger.regions import queries as regions
from audit.facts import paying as facts

on_constraint("uq_batch_lines_live_entitlement", rules.EntitlementAlreadyClaimed)


def draft_batch(act: Act, *, program: str, period: str, region: str, channel: str, decree: str) -> Batch:
    """Put a batch together from determined entitlements; what cannot be paid is set aside with its reason.

    Raises: ProgramNotFound, RegionNotFound, DocumentNotFound, RoleMissing, NoOffice, ChannelRefused, DecreeRefused,
        NothingAllocated, BatchEmpty, BatchTooLarge, EntitlementAlreadyClaimed.
    """
    chosen = programs.program(act.session, program)
    document = documents.document(act.session, decree)
    regions.region(act.session, region)

    maker = require_role(act, Role.OPERATOR, region=region)
    office = require_office(act, maker)
    rules.check_period(period)
    rules.check_channel(channel, chosen.commodity)
    check_decree(act, document)

    batch = Batch(
        reference=next_reference(act, "BTC"),
        program_id=chosen.id,
        period=period,
        commodity=chosen.commodity,
        channel=channel,
        region_code=region,
        state="draft",
        lines=0,
        total=0,
        decree_id=document.id,
        approvers_needed=0,
        made_by_id=maker,
        made_at=act.at,
    )
    act.session.add(batch)
    act.session.flush()
    drafting.insert_lines(act, batch, chosen)
    drafting.set_shares(act, batch)
    if not batch.lines:
        raise rules.BatchEmpty(program=program, period=period)
    add_step(act, batch, "drafted", maker, office)

    act.record(
        facts.BatchDrafted(
            batch=batch.reference,
            program=program,
            period=period,
            commodity=batch.commodity,
            channel=channel,
            lines=batch.lines,
            total=batch.total,
        )
    )
    return batch


def set_aside_line(act: Act, reference: str, line_no: int, *, reason: str = "by_hand") -> BatchLine:
    """Take one line out of a draft so that the rest goes on.

    Raises: BatchNotFound, LineNotFound, RoleMissing, BatchStateRefused, LineNotListed, SetAsideReasonUnknown.
    """
    batch = lock_batch(act, reference)
    line = queries.line(act.session, batch.id, line_no)

    require_role(act, Role.OPERATOR, region=batch.region_code)
    rules.check_open(reference, batch.state)
    rules.check_set_aside(line.state, line_no, reason)

    _set_aside(act, batch, line, reason)
    drafting.set_shares(act, batch)
    return line


def set_aside_unpayable(act: Act, reference: str) -> int:
    """Take every line out of a draft whose payee can no longer be paid, and tell how many.

    Raises: BatchNotFound, RoleMissing, BatchStateRefused.
    """
    batch = lock_batch(act, reference)

    require_role(act, Role.OPERATOR, region=batch.region_code)
    rules.check_open(reference, batch.state)

    found = drafting.unpayable(act.session, batch)
    for line, obstacle in found:
        _set_aside(act, batch, line, obstacle)
    drafting.set_shares(act, batch)
    return len(found)


def _set_aside(act: Act, batch: Batch, line: BatchLine, reason: str) -> None:
    line.state, line.reason = "set_aside", reason
    act.session.flush()
    act.record(facts.LineSetAside(batch=batch.reference, line=line.line_no, reason=reason), line)
