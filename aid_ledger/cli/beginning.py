"""The founding of an installation, step by step: migrations, keys, the genesis Act, the region's codes, the first seal.

`aid-ledger init` and the demo both begin here. A crash leaves key files without an agency, and running it again takes
up the same keys; a crash after the genesis Act leaves a founded agency, perhaps without its codes, which loading again
repairs. The tokens of the founders' links exist only in what this returns.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from sqlalchemy import Engine

from aid_ledger import app as composition
from aid_ledger.cli import keymaking
from aid_ledger.core import migrating
from aid_ledger.core.act import Acts, Kit
from aid_ledger.core.db import make_engine, reading
from aid_ledger.custody import stamps
from aid_ledger.founding import service as founding
from aid_ledger.founding.rules import AgencyExists
from aid_ledger.log.pen import LogPen
from aid_ledger.regions import queries as regions_queries
from aid_ledger.regions import service as regions
from aid_ledger.settings import Settings


@dataclass(frozen=True, slots=True)
class Plan:
    """Which agency begins: its region's code, its name, its log's permanent name, and who founds it."""

    agency: str
    name: str
    origin: str
    founders: tuple[founding.Founder, founding.Founder]
    custody: str = founding.SINGLE_HOST
    codes: bytes | None = None
    """A code file; None takes the one that comes with the product, if there is one."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What a verifier pins, and each founder's login with the token of their link."""

    origin: str
    vkey: str
    root_fingerprint: str
    links: dict[str, str]
    regions: int


def found(settings: Settings, plan: Plan) -> Begun:
    """Found an agency on an empty database.

    Raises:
        AgencyExists: this database has one.
        KeyFileFault: a key file is open to others, damaged, or another log's.
        DomainError: whatever the founding or the code file is refused for.
    """
    if settings.is_sqlite:
        settings.var.mkdir(parents=True, exist_ok=True)
    engine = make_engine(settings.engine_url(), behind_pooler=settings.is_behind_pooler)
    try:
        migrating.upgrade(engine)
        with reading(engine) as session:
            if regions_queries.is_founded(session):
                raise AgencyExists
        keys = keymaking.make_or_take_up(settings, agency=plan.name, origin=plan.origin)
        return _found(settings, plan, keys, engine)
    finally:
        engine.dispose()


def _found(settings: Settings, plan: Plan, keys: keymaking.Keys, engine: Engine) -> Begun:
    sequencer = composition.open_sequencer(settings, engine)
    acts = Acts(engine, LogPen(), Kit(keys.fields, settings.var / "files"), zone=settings.timezone)
    vkey = str(keys.log.verifier())
    genesis = founding.Founding(
        agency=plan.agency,
        name=plan.name,
        zone=settings.timezone,
        origin=plan.origin,
        log_vkey=vkey,
        receipt_root=keys.root_digest,
        schema=migrating.schema_digest(),
        custody=plan.custody,
        is_practice=not settings.is_production,
    )
    links = acts.run(founding.INIT, founding.found_agency, genesis, plan.founders)
    codes = plan.codes or regions.codes_of(plan.agency)
    if keys.stamp_word is not None:
        acts.run(founding.INIT, stamps.record_named, keys.stamp_word)
    count = acts.run(founding.INIT, regions.load_regions, codes) if codes else 0
    # The first checkpoint is signed here, where the log key is; on PostgreSQL the sequencer goes on from it.
    sequencer.run_once()
    return Begun(plan.origin, vkey, _hex(keys.root_digest), links, count)


def _hex(digest: str) -> str:
    return base64.urlsafe_b64decode(digest + "=").hex()
