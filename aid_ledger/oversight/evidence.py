"""`evidence export`: the whole log and the proofs of chosen entries in one zip file, to be checked without us.

A bundle holds public bytes only (THREATS 18): what the log serves to everybody, and pages about it. The same state
gives the same bytes. Members pass through one at a time, so that a long log needs no more memory than a short one. The
file gets its name when it is whole; a crash leaves a `.part` beside it. How it is checked is in `audit/bundle.py`.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from string import Template
from typing import Final, Self

from sqlalchemy.orm import Session

from aid_ledger.core import clock
from aid_ledger.custody.queries import receipt_roots
from aid_ledger.disbursement.lodging import Lodged
from aid_ledger.documents import files
from aid_ledger.log import history as kept_history
from aid_ledger.log import queries as log
from aid_ledger.log import quorum, timestamping
from aid_ledger.log.export import read_tile
from aid_ledger.log.models import LogCheckpoint
from aid_ledger.log.rules import LogIncomplete, NotSealed
from aid_ledger.log.sequencer import VKEY_FILE, TileFetch
from aid_ledger.log.tree import TileTree
from aid_ledger.oversight.page import write_page
from aid_ledger.oversight.rules import DaysReversed
from aid_ledger.programs import queries as programs
from aid_ledger.web.assets import TEMPLATE_FOLDER
from audit import history, note, tiles, timestamps
from audit.bundle import MANIFEST_PATH, MAX_PROVEN, Manifest
from audit.choice import Choice, Wish
from audit.entry import parse_entry
from audit.proof import Proof
from audit.shown import CHECKPOINT_PATH, WITNESSED_PATH
from audit.tiles import ENTRIES, WIDTH, Tile

ROOT_CERTIFICATE: Final = "receipts/root.crt"
POLICY: Final = "policy.txt"
"""What the agency itself asks of witnesses, for convenience: the reader is told to believe the one on paper."""
TIME_AUTHORITY: Final = "timestamp-authority.pem"
"""By which the agency itself knows its authority of time; the reader is told to take it from elsewhere as well."""
LATER_ROOT: Final = "receipts/root-{}.crt"
"""Roots that followed, from 2 on."""
README: Final = "README.txt"
CHECK_PAGE: Final = "periksa.html"
PAGES: Final = TEMPLATE_FOLDER / "oversight" / "evidence"

_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
"""The first day a zip file knows: when a bundle was packed is nobody's business, and would change its bytes."""
_REGULAR: Final = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: entries in the log, entries chosen, and how many of those have a proof of their own."""

    size: int
    chosen: int
    proven: int


@dataclass
class _Pack:
    """A zip file being written, and what its manifest will say of it."""

    archive: zipfile.ZipFile
    stated: dict[str, tuple[str, int]] = field(default_factory=dict)

    def add(self, name: str, raw: bytes, *, is_dense: bool = False) -> None:
        """Write one member; `is_dense` says that there is nothing to squeeze out of it."""
        self.add_pieces(name, [raw], is_dense=is_dense)

    def add_pieces(self, name: str, pieces: Iterable[bytes], *, is_dense: bool = False) -> None:
        """Write one member that may be too long to be held at once."""
        member = zipfile.ZipInfo(name, _LONG_AGO)
        member.create_system, member.external_attr = 3, _REGULAR
        member.compress_type = zipfile.ZIP_STORED if is_dense else zipfile.ZIP_DEFLATED
        digest, size = hashlib.sha256(), 0
        with self.archive.open(member, "w") as packed:
            for piece in pieces:
                packed.write(piece)
                digest.update(piece)
                size += len(piece)
        self.stated[name] = (digest.hexdigest(), size)


class _Sealed:
    """The log as it lies under one checkpoint."""

    def __init__(self, session: Session, newest: LogCheckpoint) -> None:
        self._session = session
        self.size = newest.size
        self.at = clock.instant_text(newest.signed_at)
        self.checkpoint = log.cosigned_note(session, newest).encode()
        witnessed = quorum.newest_witnessed(session, at_most=newest.size)
        self.witnessed = log.cosigned_note(session, witnessed).encode() if witnessed else b""
        self._signed = note.parse(self.checkpoint)
        self._fetch = TileFetch(session)
        self._bundle = lru_cache(1)(self._read_bundle)

    @classmethod
    def newest(cls, session: Session) -> Self:
        """Take the newest checkpoint; raises NotSealed."""
        newest = log.newest_checkpoint(session)
        if newest is None:
            raise NotSealed(position=0)
        return cls(session, newest)

    def tile(self, tile: Tile) -> bytes:
        """Give a tile; raises LogIncomplete."""
        content = read_tile(self._session, tile)
        if not content:
            raise LogIncomplete(tile=tile.path)
        return content

    def entry(self, index: int) -> bytes:
        """Give an entry; cheap for those that follow each other."""
        bundle, place = divmod(index, WIDTH)
        return self._bundle(bundle)[place]

    def proof(self, index: int) -> bytes:
        """Write the proof of an entry under the whole checkpoint, cosignatures included."""
        hashes = TileTree(self.size, self._fetch).inclusion_proof(index)
        return Proof(index, tuple(hashes), self._signed).encode()

    def _read_bundle(self, bundle: int) -> list[bytes]:
        width = min(WIDTH, self.size - bundle * WIDTH)
        return tiles.decode_bundle(self.tile(Tile(ENTRIES, bundle, width)), width)


def export(
    session: Session, file: Path, wish: Wish, *, vkey: str, root_certificate: bytes, time_authority: bytes = b""
) -> Exported:
    """Write a bundle for a programme and some days; `time_authority` is that one's certificates, b"" without any.

    Raises:
        ProgramNotFound, DaysReversed: nothing can be chosen by this wish.
        NotSealed: there is no checkpoint yet.
        LogIncomplete: something the checkpoint covers is missing from the database.

    """
    programs.program(session, wish.program)
    if wish.since > wish.until:
        raise DaysReversed(since=wish.since, until=wish.until)
    sealed = _Sealed.newest(session)
    beside = file.with_name(file.name + ".part")
    with zipfile.ZipFile(beside, "w") as archive:
        pack = _Pack(archive)
        pack.add(README, _readme(sealed, wish, vkey))
        pack.add(CHECK_PAGE, write_page(PAGES / CHECK_PAGE))
        pack.add(CHECKPOINT_PATH, sealed.checkpoint)
        if sealed.witnessed:
            pack.add(WITNESSED_PATH, sealed.witnessed)
        pack.add(VKEY_FILE, vkey.encode() + b"\n")
        pack.add_pieces(history.PATH, kept_history.pages(session))
        pack.add_pieces(timestamps.PATH, timestamping.pages(session, at_most=sealed.size))
        if time_authority:
            pack.add(TIME_AUTHORITY, time_authority)
        pack.add(ROOT_CERTIFICATE, root_certificate)
        held = quorum.policy_in_force(session)
        if held is not None:
            pack.add(POLICY, held.text.encode())
        for number, root in enumerate(receipt_roots(session, root_certificate)[1:], start=2):
            if root.first <= sealed.size:
                pack.add(LATER_ROOT.format(number), root.pem.encode())
        choice = _add_log(pack, sealed, wish)
        proven = sorted({0, *(choice.indexes if choice.count <= MAX_PROVEN else [])})
        for index in proven:
            pack.add(f"entries/{index}.json", sealed.entry(index))
            pack.add(f"proofs/{index}.tlog-proof", sealed.proof(index))
        stated = Manifest(dict(pack.stated), wish, choice.count, choice.digest, sealed.at, _version())
        pack.add(MANIFEST_PATH, stated.encode())
    beside.replace(file)
    return Exported(sealed.size, choice.count, len(proven))


def put_beside(file: Path, auditor: str, given: Sequence[Lodged]) -> list[Path]:
    """Copy sealed openings beside a bundle, never into it; returns where they are.

    Raises:
        FileMissing, FileAltered: what was lodged does not lie there any more.

    """
    copies = []
    for each in given:
        copy = file.with_name(f"{file.stem}-{each.batch}-{each.sha256[:8]}.{auditor}.openings")
        files.copy(each.folder, each.sha256, copy)
        copies.append(copy)
    return copies


def _add_log(pack: _Pack, sealed: _Sealed, wish: Wish) -> Choice:
    """Write every entry and every hash tile, and choose among the entries as they pass."""
    choice = Choice(wish, keep=MAX_PROVEN)
    for tile in tiles.tiles_of_level(ENTRIES, sealed.size):
        raw = sealed.tile(tile)
        for index, entry in enumerate(tiles.decode_bundle(raw, tile.width), tile.first_entry):
            choice.apply(index, parse_entry(entry))
        pack.add(tile.path, raw)
    choice.finish()
    for tile in tiles.tiles_of(sealed.size):
        pack.add(tile.path, sealed.tile(tile), is_dense=True)
    return choice


def _readme(sealed: _Sealed, wish: Wish, vkey: str) -> bytes:
    """Write to the person who opens the file, in Indonesian and in English."""
    words = {"size": sealed.size, "sealed_at": sealed.at, "origin": vkey.partition("+")[0]}
    wished = {"program": wish.program, "since": wish.since, "until": wish.until}
    return Template((PAGES / README).read_text("utf-8")).substitute(words | wished).encode()


def _version() -> str:
    return metadata.version("aid-ledger")
