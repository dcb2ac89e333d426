"""Which household a listed person belongs to: one family card, one household; without a card, one of their own.

A person listed alone who later shows a card brings it to the household they have, unless that card has one already:
what was paid to a household stays countable. Nothing here reads or writes people.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import select

from aid_ledger.core.act import Act
from aid_ledger.core.bulk import chunked, update_many
from aid_ledger.core.crypto import encrypt, new_salt
from aid_ledger.recipients.loading import load_sealed
from aid_ledger.recipients.models import Household
from aid_ledger.recipients.particulars import HOUSEHOLDS, Listed, hash_card
from aid_ledger.recipients.payees import PEOPLE_PER_QUERY

OTHER_VILLAGE: Final = "no_kk.beda_desa"
COLUMNS: Final = ("seal", "card_hash", "card", "village_code", "import_id", "salt")


@dataclass(slots=True)
class _Home:
    """A household that is there (`id`), or is to be made (`seal`, and what it is made of)."""

    village: str
    id: int | None = None
    seal: str = ""
    card_hash: bytes | None = None
    card: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class _Settling:
    """What is known while rows find their homes."""

    by_card: dict[bytes, _Home]
    made: list[_Home] = field(default_factory=list)
    of_row: dict[int, _Home] = field(default_factory=dict)
    doubts: list[tuple[int, str]] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)
    moves: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settled:
    """Household ids by row, doubts as (row, code), and whether a household that was there took a card or moved."""

    homes: dict[int, int]
    doubts: list[tuple[int, str]]
    is_updated: bool


def settle(act: Act, import_id: int, fresh: Sequence[Listed], changed: Sequence[tuple[Listed, int]]) -> Settled:
    """Find or make the household of every row.

    `changed` pairs a row with the household its person has now.
    """
    hashes = {row.row: hash_card(act.kit.keys, row.card) for row in _rows(fresh, changed) if row.card is not None}
    settling = _Settling(_known(act, set(hashes.values())))
    # Those who have a household first: they may bring their card to it, which the new ones then find.
    _settle_changed(act, changed, hashes, settling)
    for row in fresh:
        card_hash = hashes.get(row.row)
        home = None if card_hash is None else settling.by_card.get(card_hash)
        _place(settling, row, home or _make(settling, row, card_hash))
    _write(act, import_id, settling)
    found = {row: home.id for row, home in settling.of_row.items() if home.id is not None}
    return Settled(found, settling.doubts, bool(settling.claims or settling.moves))


def _rows(fresh: Sequence[Listed], changed: Sequence[tuple[Listed, int]]) -> list[Listed]:
    return [*fresh, *(row for row, _ in changed)]


def _known(act: Act, hashes: set[bytes]) -> dict[bytes, _Home]:
    found: dict[bytes, _Home] = {}
    for some in chunked(sorted(hashes), PEOPLE_PER_QUERY):
        query = select(Household.id, Household.card_hash, Household.village_code)
        for row in act.session.execute(query.where(Household.card_hash.in_(some))):
            found[row.card_hash] = _Home(row.village_code, id=row.id)
    return found


def _settle_changed(
    act: Act, changed: Sequence[tuple[Listed, int]], hashes: dict[int, bytes], settling: _Settling
) -> None:
    cardless = _cardless(act, {home for _, home in changed})
    for row, household_id in changed:
        card_hash = hashes.get(row.row)
        if card_hash is None:
            settling.of_row[row.row] = _Home(row.village, id=household_id)
            continue
        home = settling.by_card.get(card_hash)
        if home is None and household_id in cardless:
            home = settling.by_card[card_hash] = _Home(row.village, id=household_id)
            settling.claims.append(_claim(act, row, household_id, cardless.pop(household_id), card_hash))
        elif home is not None and home.id == household_id and home.village != row.village:
            # A member of this very household is listed elsewhere now: the household has moved.
            home.village = settling.moves[household_id] = row.village
        _place(settling, row, home or _make(settling, row, card_hash))


def _cardless(act: Act, ids: set[int]) -> dict[int, str]:
    """Find which of these households have no card, with their seals."""
    found: dict[int, str] = {}
    for some in chunked(sorted(ids), PEOPLE_PER_QUERY):
        query = select(Household.id, Household.seal).where(Household.id.in_(some), Household.card_hash.is_(None))
        found |= {row.id: row.seal for row in act.session.execute(query)}
    return found


def _claim(act: Act, row: Listed, household_id: int, seal: str, card_hash: bytes) -> dict[str, Any]:
    card = encrypt(act.kit.keys, row.card or "", table=HOUSEHOLDS, column="card", row=seal)
    return {"id": household_id, "card_hash": card_hash, "card": card, "village_code": row.village}


def _make(settling: _Settling, row: Listed, card_hash: bytes | None) -> _Home:
    home = _Home(row.village, seal=secrets.token_hex(16), card_hash=card_hash, card=row.card)
    settling.made.append(home)
    if card_hash is not None:
        settling.by_card[card_hash] = home
    return home


def _place(settling: _Settling, row: Listed, home: _Home) -> None:
    settling.of_row[row.row] = home
    if home.village != row.village:
        settling.doubts.append((row.row, OTHER_VILLAGE))


def _write(act: Act, import_id: int, settling: _Settling) -> None:
    update_many(act, Household, settling.claims)
    update_many(act, Household, [{"id": id_, "village_code": village} for id_, village in settling.moves.items()])
    keys = act.kit.keys
    rows = (
        (
            home.seal,
            home.card_hash,
            encrypt(keys, home.card, table=HOUSEHOLDS, column="card", row=home.seal) if home.card else None,
            home.village,
            import_id,
            new_salt(),
        )
        for home in settling.made
    )
    ids = load_sealed(act, Household, COLUMNS, rows) if settling.made else {}
    for home in settling.made:
        home.id = ids[home.seal]
