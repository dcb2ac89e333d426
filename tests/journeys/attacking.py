"""A lived log in the hands of whoever attacks it: every byte may be changed, and signed again with a stolen key.

The log was made by honest code: an agency's story, exported as files and cosigned by four witnesses. An attack changes
as little of it as it can; then the real command judges what is left.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from audit import canonical, checkpoint, merkle, note, tiles
from audit.cli import main
from audit.cosignature import sign as cosign
from audit.note import COSIGNATURE, SigningKey
from tests.builders.witnesses import NAMES, key_of

WITNESSES = tuple(key_of(name) for name in NAMES)

AT = 300
"""An entry of the second bundle, so that no shortcut over the first or the last hides an attack on it."""


@dataclass(frozen=True)
class Verdict:
    """What the command said."""

    exit_code: int
    said: dict[str, str]
    others: tuple[str, ...] = ()

    @property
    def found(self) -> tuple[int, str, str]:
        """Give the exit code, the first bad index and the rule."""
        return self.exit_code, self.said.get("first_bad_index", ""), self.said.get("rule", "")

    @property
    def all_found(self) -> set[tuple[str, str]]:
        """Give the index and the rule of everything that was found."""
        return {self.found[1:], *((each.split(" ")[0], each.split(" ")[1]) for each in self.others)}


@dataclass(frozen=True)
class Stolen:
    """A copy of a log's files, with the key that signs it and those of the witnesses that were bribed."""

    folder: Path
    key: SigningKey
    now_s: int

    @property
    def size(self) -> int:
        """How many entries the checkpoint says there are."""
        return self.stated.size

    @property
    def stated(self) -> checkpoint.Checkpoint:
        """What the checkpoint says."""
        return checkpoint.parse(note.parse((self.folder / "checkpoint").read_bytes()).text)

    def entries(self) -> list[bytes]:
        """Read every entry."""
        found: list[bytes] = []
        for bundle in tiles.tiles_of_level(tiles.ENTRIES, self.size):
            found += tiles.decode_bundle((self.folder / bundle.path).read_bytes(), bundle.width)
        return found

    def lay_out(self, entries: Sequence[bytes], *, is_signed: bool = True, is_hashed: bool = True) -> None:
        """Write entries as bundles, with hash tiles and a signed checkpoint that fit them unless told otherwise."""
        size = self.size
        if is_signed or is_hashed:
            shutil.rmtree(self.folder / "tile")
        for bundle in tiles.tiles_of_level(tiles.ENTRIES, len(entries)):
            self.write(bundle.path, tiles.encode_bundle(entries[bundle.first_entry :][: bundle.width]))
        edge = tiles.Edge()
        full = edge.append([merkle.leaf_hash(raw) for raw in entries])
        if is_hashed:
            for tile, hashes in [*full, *edge.partials()]:
                self.write(tile.path, b"".join(hashes))
        if is_signed:
            self.sign(len(entries), edge.root())
        assert is_signed or len(entries) == size, "without the key the size stays what was signed"

    def sign(self, size: int, root: bytes, *witnesses: SigningKey, time_s: int | None = None) -> bytes:
        """Sign a checkpoint with the stolen key, have some witnesses swear to it, and serve it."""
        text = checkpoint.Checkpoint(self.key.name, size, root).text()
        signed = note.parse(note.sign(text, self.key))
        lines = tuple(cosign(text, witness, time_s=time_s or self.now_s) for witness in witnesses)
        raw = replace(signed, signatures=signed.signatures + lines).encode()
        self.write("checkpoint", raw)
        # What was cosigned before would tell of the first history at once; whoever serves the files leaves it out.
        (self.folder / "history").unlink(missing_ok=True)
        return raw

    def write(self, path: str, raw: bytes) -> None:
        """Put a file in its place."""
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(raw)

    def policy(self, quorum: str = "3") -> Path:
        """Write the policy of an inspector: this log, its four witnesses, so many of them."""
        lines = [f"log {self.key.verifier()}"]
        lines += [f"witness {name} {key.verifier(COSIGNATURE)}" for name, key in zip(NAMES, WITNESSES, strict=True)]
        lines += [f"group few {quorum} {' '.join(NAMES)}", "quorum few"]
        place = self.folder.with_name(f"policy-{quorum}.txt")
        place.write_text("".join(f"{line}\n" for line in lines))
        return place


Attack = Callable[[Stolen], None]


def judge(folder: Path, *options: object) -> Verdict:
    """Run the command; whatever it is fed, it ends by itself and without a traceback."""
    result = CliRunner().invoke(main, ["verify", str(folder), *map(str, options)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    lines = [line.split(": ", 1) for line in result.output.splitlines() if ": " in line]
    said = dict(lines)
    return Verdict(result.exit_code, said, tuple(value for name, value in lines if name == "also"))


def saying(raw: bytes, **changes: Any) -> bytes:  # noqa: ANN401 - members of an entry or of its body
    """Write an entry again with other members; what is no member of the envelope is one of the body."""
    members = json.loads(raw)
    for name, value in changes.items():
        (members if name in members else members["body"])[name] = value
    return canonical.encode(members)


def place_of(entries: Sequence[bytes], kind: str, nth: int = 0) -> int:
    """Find the nth entry of a kind."""
    return [at for at, raw in enumerate(entries) if json.loads(raw)["kind"] == kind][nth]
