"""How often one network may ask the public pages in an hour, counted once for all processes.

Eighty random bits cannot be guessed at any rate; the limit keeps a machine from wearing out the server. It is wide,
because a whole village may stand behind one address of a mobile network.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import Final

from sqlalchemy import Engine, delete, update
from sqlalchemy.exc import IntegrityError

from aid_ledger.core import crypto
from aid_ledger.core.act import keeping_house
from aid_ledger.core.crypto import FieldKeys
from aid_ledger.public.models import PublicCheck

BUDGET: Final = 600
"""What one network may spend in an hour."""
CODE_COST: Final = 1
FILE_COST: Final = 10
"""A file costs a process of its own for half a second, and a good one for a second more, for the second reader."""

_CLIENT: Final = "public_checks.client"
_HOME_BITS: Final = 64
"""A household's own part of an IPv6 address; the rest changes by the hour."""


def spend(engine: Engine, keys: FieldKeys, *, address: str, at: dt.datetime, cost: int) -> bool:
    """Spend from a network's budget of this hour; False if there is not enough left."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    client = crypto.lookup_hash(keys, _CLIENT, f"{network_of(address)}|{hour.isoformat()}")
    try:
        return _spend(engine, client, hour, cost)
    except IntegrityError:
        # Another process opened this network's hour at the same moment; now its row is there.
        return _spend(engine, client, hour, cost)


def network_of(address: str) -> str:
    """Name the network of an address: itself, or the household's part of an IPv6 address; "" if it is none."""
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(read, ipaddress.IPv4Address):
        return str(read)
    if read.ipv4_mapped is not None:
        return str(read.ipv4_mapped)
    return str(ipaddress.ip_network((read, _HOME_BITS), strict=False))


def _spend(engine: Engine, client: bytes, hour: dt.datetime, cost: int) -> bool:
    mine = PublicCheck.client == client
    with keeping_house(engine) as session:
        raised = update(PublicCheck).where(mine).values(spent=PublicCheck.spent + cost).returning(PublicCheck.spent)
        # The update's own answer: a row that another process commits after it must not pass for one that it raised.
        spent = session.scalar(raised.execution_options(synchronize_session=False))
        if spent is None:
            session.execute(delete(PublicCheck).where(PublicCheck.hour < hour))
            session.add(PublicCheck(client=client, hour=hour, spent=cost))
            spent = cost
    return spent <= BUDGET
