"""Lists of who receives another agency's programme: kept as keyed hashes, enough to find double aid and no more."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Final

from sqlalchemy import select

from aid_ledger.core.act import Act
from aid_ledger.core.bulk import chunked, load_rows
from aid_ledger.core.crypto import lookup_hash, new_salt
from aid_ledger.recipients import reach, rules
from aid_ledger.recipients.models import ExternalAid
from aid_ledger.recipients.particulars import hash_nik
from aid_ledger.recipients.payees import PEOPLE_PER_QUERY
from aid_ledger.recipients.refusals import ExternalAidMalformed
from audit.facts.people import ExternalAidLoaded

PROGRAM: Final = re.compile(r"[A-Z0-9][A-Z0-9_-]{1,39}")
PERIOD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,19}")
FILE_FIELD: Final = "external_aid.file"
HEADER: Final = "nik"
ROWS_MAX: Final = 2_000_000


def load_external_aid(act: Act, *, program: str, period: str, niks: Iterable[str]) -> int:
    """Load who receives a programme of another agency in a period; those loaded before stay. Returns how many are new.

    Raises:
        ExternalAidMalformed: the programme's code, the period or a NIK cannot be; it names the row, never the value.
        RoleMissing.
    """
    reach.areas_of(act, reach.KEEPERS)
    if PROGRAM.fullmatch(program) is None or PERIOD.fullmatch(period) is None:
        raise ExternalAidMalformed(row=0)
    wanted = _checked(niks)

    hashes = [hash_nik(act.kit.keys, nik) for nik in wanted]
    known = _known(act, program, period, hashes)
    fresh = [nik_hash for nik_hash in hashes if nik_hash not in known]
    load_rows(
        act,
        ExternalAid,
        ("program", "period", "nik_hash", "salt"),
        ((program, period, nik_hash, new_salt()) for nik_hash in fresh),
    )
    act.wrote(ExternalAid, _known(act, program, period, fresh).values())

    # A keyed hash, so that a short list cannot be guessed from the log.
    file = lookup_hash(act.kit.keys, FILE_FIELD, "\n".join([program, period, *sorted(wanted)]))
    digest = base64.urlsafe_b64encode(file).rstrip(b"=").decode()
    act.record(ExternalAidLoaded(program=program, file=digest, count=len(fresh)))
    return len(fresh)


def niks_in(content: bytes) -> list[str]:
    """Read a text of one NIK per line, with or without the heading `nik`.

    Raises:
        ExternalAidMalformed: it is no such text.
    """
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ExternalAidMalformed(row=0) from None
    cells = [line.strip().strip('"').strip() for line in lines]
    first = 1 if cells and cells[0].lower() == HEADER else 0
    return _checked(cells[first:], first=first + 1)


def _checked(niks: Iterable[str], *, first: int = 1) -> list[str]:
    """Keep each NIK once, in order, refusing what is none; blank lines are nothing."""
    found: dict[str, None] = {}
    for row, nik in enumerate(niks, start=first):
        if not nik:
            continue
        if re.fullmatch(rules.NIK_DIGITS, nik) is None or len(found) >= ROWS_MAX:
            raise ExternalAidMalformed(row=row)
        found[nik] = None
    if not found:
        raise ExternalAidMalformed(row=first)
    return list(found)


def _known(act: Act, program: str, period: str, hashes: list[bytes]) -> dict[bytes, int]:
    """Find which of these hashes are loaded, with the numbers of their rows."""
    found: dict[bytes, int] = {}
    for some in chunked(hashes, PEOPLE_PER_QUERY):
        query = select(ExternalAid.nik_hash, ExternalAid.id)
        query = query.where(ExternalAid.program == program, ExternalAid.period == period)
        found |= {row.nik_hash: row.id for row in act.session.execute(query.where(ExternalAid.nik_hash.in_(some)))}
    return found
