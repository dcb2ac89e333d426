"""Openings held against the log: what does not open is named, and so is a person who was paid twice under two salts."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import replace
from io import BufferedReader
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner, Result

from audit import canonical, keyfile, opening_commands, openings
from audit.cli import main
from audit.errors import AuditError
from audit.facts.openings import OpeningsLodged
from audit.facts.paying import BatchSubmitted, FrozenLine, LinesFrozen
from audit.openings import Inspection, Opening, Register, head
from audit.sealing import ReaderSecret, seal
from tests.audit import lodging
from tests.audit.lodging import ANI, BANK, BUDI, opening
from tests.audit.small_log import LOG_VKEY, honest_entries, make_log
from tests.audit.told import digest_of, entry_of, said

SECRET = ReaderSecret("inspektorat", bytes(range(32)))
STRANGER = ReaderSecret("bpkp", bytes(range(1, 33)))


class Agency:
    """Freezes batches and lodges their openings, as told."""

    def __init__(self) -> None:
        self.register = Register()
        self.inspection = Inspection(self.register, SECRET)

    def freeze(self, batch: str, lines: Sequence[Opening], *, period: str = "2021-08") -> str:
        """Let the log freeze a batch; returns its digest."""
        frozen = tuple(
            FrozenLine(each.line, each.entitlement, 1, "APBD-1", lodging.text(each.commitment())) for each in lines
        )
        digest = digest_of(frozen)
        submitted = BatchSubmitted(
            batch=batch,
            program="BST",
            period=period,
            commodity="IDR",
            channel="bank",
            decree="D",
            policy="P",
            approvers=1,
            lines=len(lines),
            total=len(lines),
            digest=digest,
            sources=(),
            moves=(),
        )
        self._say(submitted, LinesFrozen(batch=batch, first=1, frozen=frozen))
        return digest

    def lodge(self, batch: str, digest: str, lines: Sequence[Opening], raw: bytes | None = None) -> bytes:
        """Seal openings and let the log say so."""
        text = raw or head(batch=batch, digest=digest, lines=len(lines)) + b"".join(each.encode() for each in lines)
        file = b"".join(seal([text], SECRET.reader()))
        lodged = OpeningsLodged(
            batch=batch,
            digest=digest,
            key="KEY-1",
            auditor="inspektorat",
            lines=len(lines),
            file=lodging.text(hashlib.sha256(file).digest()),
        )
        self._say(lodged)
        return file

    def inspect(self, file: bytes) -> list[tuple[str, str]]:
        """Inspect a file and list what is wrong with it."""
        before = len(self.inspection.findings)
        self.inspection.inspect(cast("BufferedReader", io.BytesIO(file)))
        return [(each.rule, each.sentence) for each in self.inspection.findings[before:]]

    def _say(self, *facts: object) -> None:
        for ordinal, each in enumerate(said("operator", *facts)):  # type: ignore[arg-type]  # they are facts
            self.register.apply(ordinal, entry_of(each, ordinal))
        self.register.finish()


@pytest.fixture
def agency() -> Agency:
    """Give an agency that has done nothing yet."""
    return Agency()


def test_a_wrong_key_opens_nothing(agency: Agency) -> None:
    """THREATS 13: what lies at the agency or travels is nobody's but the auditor's."""
    file = agency.lodge("BTC-1", agency.freeze("BTC-1", [ANI]), [ANI])
    inspection = Inspection(agency.register, STRANGER)
    with pytest.raises(AuditError, match=r"^piece 0 does not open with this key"):
        inspection.inspect(cast("BufferedReader", io.BytesIO(file)))
    assert (inspection.opened, inspection.findings) == (0, [])
    for secret in (ANI.nik, ANI.name, BANK[1]):
        assert secret.encode() not in file
        assert secret not in repr(ANI)


def test_what_was_lodged_opens_every_commitment(agency: Agency) -> None:
    """With an account and without one; the same person in another period is no finding."""
    assert agency.inspect(agency.lodge("BTC-1", agency.freeze("BTC-1", [ANI, BUDI]), [ANI, BUDI])) == []
    digest = agency.freeze("BTC-2", [opening(1, ANI.nik, entitlement=300)], period="2021-09")
    assert agency.inspect(agency.lodge("BTC-2", digest, [opening(1, ANI.nik, entitlement=300)])) == []
    assert agency.inspection.opened == 3
    assert Register.violations == ()


def test_a_nik_under_two_salts_is_found(agency: Agency) -> None:
    """THREATS 13, D2: two lines, two entitlements, one person: within a batch, and over two of one period."""
    twin, again = opening(2, ANI.nik), opening(1, ANI.nik, entitlement=999)
    assert lodging.text(twin.commitment()) != lodging.text(ANI.commitment())
    file = agency.lodge("BTC-1", agency.freeze("BTC-1", [ANI, twin]), [ANI, twin])
    assert agency.inspect(file) == [("openings.twice", "line 2 of BTC-1 and line 1 of BTC-1 pay one NIK twice")]
    file = agency.lodge("BTC-2", agency.freeze("BTC-2", [again]), [again])
    assert agency.inspect(file) == [("openings.twice", "line 1 of BTC-2 and line 1 of BTC-1 pay one NIK twice")]


def test_a_line_drafted_again_is_not_twice(agency: Agency) -> None:
    """What failed is paid by another line of the same entitlement."""
    agency.inspect(agency.lodge("BTC-1", agency.freeze("BTC-1", [ANI]), [ANI]))
    again = opening(7, ANI.nik, entitlement=ANI.entitlement)
    assert agency.inspect(agency.lodge("BTC-2", agency.freeze("BTC-2", [again]), [again])) == []


@pytest.mark.parametrize(
    "lie",
    [
        {"nik": "3216064107900009"},
        {"name": "ANI CONTOH "},
        {"account": ("110", "0011223344557", "ANI CONTOH")},
        {"account": None},
        {"entitlement": 999},
        {"salt": bytes(32)},
        {"person_salt": bytes(32)},
        {"account_salt": bytes(32)},
    ],
)
def test_another_payee_does_not_open_the_line(agency: Agency, lie: dict[str, object]) -> None:
    """Whoever was paid is who was approved, or the line is named."""
    digest = agency.freeze("BTC-1", [ANI, BUDI])
    lied = replace(ANI, **lie)  # type: ignore[arg-type]  # fields by name
    assert agency.inspect(agency.lodge("BTC-1", digest, [lied, BUDI])) == [
        ("openings.line", "line 1 of BTC-1 does not open its commitment")
    ]
    assert agency.inspection.opened == 1


def test_lines_are_opened_once_each(agency: Agency) -> None:
    """Left out, opened twice, made up."""
    digest = agency.freeze("BTC-1", [ANI, BUDI])
    unknown = "was frozen by nobody, or opened twice"
    assert agency.inspect(agency.lodge("BTC-1", digest, [ANI])) == [("openings.line", "line 2 of BTC-1 has no opening")]
    assert agency.inspect(agency.lodge("BTC-1", digest, [ANI, BUDI, ANI])) == [
        ("openings.line", f"line 1 of BTC-1 {unknown}")
    ]


def test_openings_belong_to_what_was_frozen_last(agency: Agency) -> None:
    """Another batch, an earlier digest, a batch of nobody."""
    old = agency.freeze("BTC-1", [ANI])
    file = agency.lodge("BTC-1", old, [ANI])
    agency.freeze("BTC-1", [ANI, BUDI])
    other = "the log froze no BTC-1 under the digest of these openings"
    assert agency.inspect(file) == [("openings.batch", other)]
    stray = agency.lodge("BTC-9", old, [ANI])
    assert agency.inspect(stray)[0][0] == "openings.batch"
    agency.register.apply(0, entry_of(said("x", LinesFrozen(batch="BTC-8", first=1, frozen=()))[0], 0))
    assert "BTC-8" not in agency.register.batches


def test_a_file_that_the_log_does_not_know_is_named(agency: Agency) -> None:
    """Made later, or for another batch than the log says."""
    digest = agency.freeze("BTC-1", [ANI])
    text = head(batch="BTC-1", digest=digest, lines=1) + ANI.encode()
    later = b"".join(seal([text], SECRET.reader()))
    unknown = "the log does not say that this file was lodged for BTC-1"
    assert agency.inspect(later) == [("openings.lodged", unknown)]
    for lie in ({"batch": "BTC-2"}, {"digest": "B" * 42 + "A"}, {"lines": 2}):
        agency.register.lodged[lodging.text(hashlib.sha256(later).digest())] = OpeningsLodged(
            **{  # type: ignore[arg-type]  # fields by name
                "batch": "BTC-1",
                "digest": digest,
                "key": "K",
                "auditor": "a",
                "lines": 1,
                "file": "A" * 43,
                **lie,
            }
        )
        assert agency.inspect(later)[0] == ("openings.lodged", unknown)


FORM = "not the opening of a line"
HEAD_FORM = "not the openings of a batch"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (b'"line":1', b'"line":"1"', FORM),
        (b'"line":1', b'"line":{}', FORM),
        (b'"account":["110"', b'"account":["9","110"', FORM),
        (b'"account":["110","0011223344556","ANI CONTOH"]', b'"account":"abc"', FORM),
        (b'"salt":"', b'"salt":"*', FORM),
        (b'"salt":"', b'"salt":0,"salu":"', FORM),
        (b'"nik":', b'"nij":', FORM),
        (b'"nik":"3216064107900001"', b'"nik":3216064107900001', FORM),
        (b" v1", b" v2", HEAD_FORM),
        (b'"lines":1', b'"lines":"1"', HEAD_FORM),
        (b'"batch":"BTC-1"', b'"batch":1', HEAD_FORM),
        (b'"digest"', b'"digests"', HEAD_FORM),
        (b'"digest":"', b'"digest":[],"digesu":"', HEAD_FORM),
    ],
)
def test_what_holds_no_openings_is_said(agency: Agency, old: bytes, new: bytes, sentence: str) -> None:
    """A sealed file may hold anything; its reader is not made to guess."""
    digest = agency.freeze("BTC-1", [ANI])
    raw = head(batch="BTC-1", digest=digest, lines=1) + ANI.encode()
    assert old in raw
    with pytest.raises(AuditError) as refused:
        agency.inspect(agency.lodge("BTC-1", digest, [ANI], raw.replace(old, new)))
    assert refused.value.sentence == sentence


def test_openings_are_whole_lines(agency: Agency) -> None:
    """Cut off, or a line without an end that would fill the memory."""
    digest = agency.freeze("BTC-1", [ANI])
    raw = head(batch="BTC-1", digest=digest, lines=1) + ANI.encode()
    for each in (raw[:-1], raw + b"x" * 200_000):
        with pytest.raises(AuditError, match=r"^openings are lines, each closed by a newline$") as refused:
            agency.inspect(agency.lodge("BTC-1", digest, [ANI], each))
        assert refused.value.rule == "openings.form"


def test_a_salt_has_32_bytes() -> None:
    """A shorter one could be tried."""
    with pytest.raises(AuditError, match=r"^a salt has 32 bytes$") as refused:
        replace(ANI, salt=b"x").commitment()
    assert refused.value.rule == "openings.form"


def test_findings_do_not_go_on_for_ever(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern is shown by its first thousand."""
    monkeypatch.setattr(openings, "MAX_FINDINGS", 1)
    digest = agency.freeze("BTC-1", [ANI, BUDI])
    assert len(agency.inspect(agency.lodge("BTC-1", digest, [opening(9, "x")]))) == 1


def test_the_head_of_an_empty_file_is_missing(agency: Agency) -> None:
    """A sealed nothing is no openings."""
    with pytest.raises(AuditError):
        agency.inspect(b"".join(seal([], SECRET.reader())))


# --- the commands ---------------------------------------------------------------------------------------------------


def run(*arguments: object) -> Result:
    """Run a command; whatever happens, it ends by itself and without a traceback."""
    result = CliRunner().invoke(main, [str(each) for each in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def test_an_auditor_makes_a_key(tmp_path: Path) -> None:
    """The public half is printed, the private one stays; neither is written over."""
    path = tmp_path / "key"
    made = run("openings", "key", "inspektorat", "--file", path)
    assert (made.exit_code, made.output.startswith("key: openings+inspektorat+")) == (0, True)
    assert path.read_text().startswith("PRIVATE-openings+inspektorat+")
    assert path.read_text().split("+")[-1].strip() not in made.output
    again = run("openings", "key", "inspektorat", "--file", path)
    assert (again.exit_code, "refused: " in again.output) == (1, True)


def test_the_command_judges_the_log_first(tmp_path: Path) -> None:
    """Openings say nothing beside a log that is bad; a file that is none is named; what cannot be read, too."""
    key = tmp_path / "key"
    run("openings", "key", "inspektorat", "--file", key)
    file = tmp_path / "BTC-1.openings"
    file.write_bytes(b"none")
    good = make_log(honest_entries(3)).save(tmp_path / "log")
    asked = ["--key", key, "--source", good, "--log-key", LOG_VKEY]
    result = run("openings", "check", file, *asked)
    assert result.exit_code == 1
    assert "opened: 0\nresult: bad\n" in result.output
    assert "rule: sealing.form\nreason: BTC-1.openings: not a sealed file\n" in result.output
    key.chmod(0o644)
    assert run("openings", "check", file, *asked).exit_code == 2
    key.chmod(0o600)
    newer = canonical.encode(canonical.parse(honest_entries(1)[0]) | {"kind": "MoonLandingFunded"})
    make_log([newer]).save(good)
    assert run("openings", "check", file, *asked).exit_code == 3
    (good / "checkpoint").write_bytes(b"x")
    assert run("openings", "check", file, *asked).exit_code == 1


def test_the_command_opens_what_was_lodged(tmp_path: Path) -> None:
    """A whole story: the key set by two, the openings lodged, the batch paid; and a file that cannot be read."""
    key = tmp_path / "key"
    keyfile.keep(key, SECRET.format())
    steps, file = lodging.story(SECRET, [ANI, BUDI])
    log = lodging.as_log(steps).save(tmp_path / "log")
    (tmp_path / "BTC-1.openings").write_bytes(file)
    result = run("openings", "check", tmp_path / "BTC-1.openings", "--key", key, "--source", log, "--log-key", LOG_VKEY)
    assert result.output == "anchored: yes\nbatch: BTC-1\nopened: 2\nresult: good\n"
    inspection = Inspection(Register(), SECRET)
    [found] = opening_commands.inspect(inspection, tmp_path / "nothing")
    assert (found.rule, "nothing" in found.sentence) == ("source", True)
