"""Openings for auditors: whose key they are sealed to, and lodging those of a batch before it is paid (THREATS 13).

What is lodged outlives an erasure of the person's row, and can be read by its auditor alone. The file is on the disk
before the Act commits; an Act that fails leaves a sealed file that nobody mentions. How a file is held against the log
is in `audit/openings.py`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from aid_ledger.core.act import Act
from aid_ledger.core.numbering import next_reference
from aid_ledger.core.roles import Role
from aid_ledger.disbursement import digests, rules
from aid_ledger.disbursement.digests import BY_ACCOUNT, OpenLine, encode_digest
from aid_ledger.disbursement.models import AuditorKey, Batch, LodgedOpenings
from aid_ledger.documents import files
from aid_ledger.officials import queries as officials
from aid_ledger.officials.powers import RoleMissing, acting_official_id
from aid_ledger.programs.models import Program
from audit.errors import AuditError
from audit.facts.openings import AuditorKeyProposed, AuditorKeySet, OpeningsGiven, OpeningsLodged
from audit.openings import Opening, head
from audit.sealing import ReaderKey, seal

PREFIX: Final = "KPB"
AUDITORS_LIMIT: Final = 4
"""Each auditor costs every payment one more sealed file: Inspektorat, BPKP, BPK and KPK."""
PROPOSED, CURRENT, REPLACED = "proposed", "current", "replaced"


@dataclass(frozen=True, slots=True)
class Lodged:
    """A stored file of openings (`documents/files.py`) and the batch it is of."""

    batch: str
    folder: Path
    sha256: str


def propose_key(act: Act, public: str) -> AuditorKey:
    """Name the key of an auditor, as the auditor printed it; nothing is sealed to it before the auditor agrees.

    Raises: RoleMissing, AuditorKeyMalformed, TooManyAuditors.
    """
    _require(act, Role.ADMIN)
    try:
        key = ReaderKey.parse(public.strip())
    except AuditError as error:
        raise rules.AuditorKeyMalformed from error
    names = {each.auditor for each in current_keys(act.session)}
    if key.name not in names and len(names) >= AUDITORS_LIMIT:
        raise rules.TooManyAuditors(limit=AUDITORS_LIMIT)

    proposed = AuditorKey(
        reference=next_reference(act, PREFIX),
        auditor=key.name,
        public=str(key),
        state=PROPOSED,
        proposed_by=act.actor.id,
        proposed_at=act.at,
        set_by="",
    )
    act.session.add(proposed)

    act.record(AuditorKeyProposed(key=proposed.reference, auditor=key.name, public=str(key)))
    return proposed


def set_key(act: Act, reference: str, *, public: str) -> AuditorKey:
    """Agree, as an auditor, that this is the key on one's own machine; it replaces the auditor's last one.

    Raises: RoleMissing, AuditorKeyNotProposed, AuditorKeyDiffers, AuditorKeyNotSecondPerson.
    """
    own = _require(act, Role.AUDITOR)
    query = select(AuditorKey).where(AuditorKey.reference == reference, AuditorKey.state == PROPOSED)
    proposed = act.session.scalars(query.with_for_update()).first()

    if proposed is None:
        raise rules.AuditorKeyNotProposed(key=reference[:40])
    if public.strip() != proposed.public:
        raise rules.AuditorKeyDiffers(key=reference)
    proposer = officials.official_by_login(act.session, proposed.proposed_by)
    if proposer.id in officials.barred_with(act.session, own, act.on):
        raise rules.AuditorKeyNotSecondPerson(key=reference)

    for last in current_keys(act.session, lock=True):
        if last.auditor == proposed.auditor:
            last.state = REPLACED
    act.session.flush()
    proposed.state, proposed.set_by = CURRENT, act.actor.id

    act.record(AuditorKeySet(key=reference, auditor=proposed.auditor, public=proposed.public))
    return proposed


def current_keys(session: Session, *, lock: bool = False) -> Sequence[AuditorKey]:
    """List the keys that openings are sealed to, by auditor."""
    query = select(AuditorKey).where(AuditorKey.state == CURRENT).order_by(AuditorKey.auditor)
    return session.scalars(query.with_for_update() if lock else query).all()


def keys(session: Session) -> Sequence[AuditorKey]:
    """List all keys, oldest first."""
    return session.scalars(select(AuditorKey).order_by(AuditorKey.id)).all()


def lodge(act: Act, batch: Batch) -> None:
    """Lodge the openings of a frozen batch with every auditor who does not hold them yet.

    The caller has locked the batch and compared its digest with the plaintext. Lines pass through one at a time.
    """
    held = select(LodgedOpenings.key_id).where(
        LodgedOpenings.batch_id == batch.id, LodgedOpenings.digest == batch.digest
    )
    known = set(act.session.scalars(held))
    for key in current_keys(act.session):
        if key.id not in known:
            _lodge_with(act, batch, key)


def _lodge_with(act: Act, batch: Batch, key: AuditorKey) -> None:
    digest = batch.digest or b""
    text = encode_digest(digest)
    sealed = seal(_written(act, batch, text), ReaderKey.parse(key.public))
    sha256 = files.store_pieces(act.kit.files, sealed)
    lodged = LodgedOpenings(
        batch_id=batch.id,
        key_id=key.id,
        digest=digest,
        lines=batch.lines,
        file_sha256=sha256,
        lodged_on=act.on,
        lodged_at=act.at,
    )
    act.session.add(lodged)
    act.record(
        OpeningsLodged(
            batch=batch.reference,
            digest=text,
            key=key.reference,
            auditor=key.auditor,
            lines=batch.lines,
            file=encode_digest(bytes.fromhex(sha256)),
        )
    )


def _written(act: Act, batch: Batch, digest: str) -> Iterator[bytes]:
    yield head(batch=batch.reference, digest=digest, lines=batch.lines)
    by_account = batch.channel in BY_ACCOUNT
    for line in digests.open_lines(act.session, act.kit.keys, batch.id, with_account=by_account):
        yield _opening(line, by_account=by_account).encode()


def _opening(line: OpenLine, *, by_account: bool) -> Opening:
    payee = line.payee
    account = (payee.bank_code, payee.account_number, payee.account_holder)
    has_account = by_account and payee.account_id is not None
    return Opening(
        line=line.line_no,
        entitlement=line.frozen.entitlement,
        salt=line.salt,
        nik=payee.nik,
        name=payee.name,
        person_salt=payee.person_salt,
        account=account if has_account else None,
        account_salt=payee.account_salt if has_account else b"",
    )


def give(act: Act, *, auditor: str, program: str, since: dt.date, until: dt.date) -> list[Lodged]:
    """Hand an auditor the sealed files of a programme's batches of some days; what is in them stays closed to us.

    Raises: RoleMissing, OpeningsNotLodged.
    """
    _require(act, Role.AUDITOR)
    query = (
        select(Batch.reference, LodgedOpenings.file_sha256)
        .join(Batch, Batch.id == LodgedOpenings.batch_id)
        .join(Program, Program.id == Batch.program_id)
        .join(AuditorKey, AuditorKey.id == LodgedOpenings.key_id)
        .where(Program.code == program, AuditorKey.auditor == auditor)
        .where(LodgedOpenings.lodged_on >= since, LodgedOpenings.lodged_on <= until)
        .order_by(LodgedOpenings.id)
    )
    found = [Lodged(batch, act.kit.files, sha256) for batch, sha256 in act.session.execute(query)]
    if not found:
        raise rules.OpeningsNotLodged(auditor=auditor[:40], program=program)

    act.record(OpeningsGiven(auditor=auditor, program=program, since=since, until=until, batches=len(found)))
    return found


def _require(act: Act, role: Role) -> int:
    """Demand a role of whoever acts, wherever it holds: keys are of the whole agency. Raises RoleMissing."""
    own = acting_official_id(act)
    if not any(held.role is role for held in officials.roles_on(act.session, own, act.on)):
        raise RoleMissing(role=role.label)
    return own
