"""Evidence bundles: a true one is good, and whatever is changed, left out, added or made up is named."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from audit import bundle, note
from audit.bundle import MANIFEST_PATH, MAX_MEMBER_BYTES, open_place, parse_manifest, verify_place
from audit.canonical import MAX_BYTES
from audit.cli import main
from audit.entry import encode_entry
from audit.errors import MalformedInput, SourceFailed
from audit.facts.money import RateSet
from audit.policy import Policy
from audit.source import FolderSource
from audit.verify import Report, verify_log
from tests.audit.small_bundle import WISH, make_bundle, manifest_of, pack, whole
from tests.audit.small_log import LOG_VKEY, NOW_S, Files, honest_entries, make_entry, make_log

RATE = RateSet(program="BST", commodity="IDR", amount=300_000, since=None, document="DOC-1")
ENTRIES = honest_entries(300)
for _place in (5, 270):
    ENTRIES[_place] = encode_entry(replace(make_entry(_place), kind="RateSet", body=RATE.body()))


def judged(path: Path, **asked: object) -> Report:
    """Verify a bundle as an inspector with the key from paper does; rules are the replay's own tests."""
    asked = {"trusted": Policy.of_log_key(LOG_VKEY), **asked}
    source = open_place(str(path))
    return verify_place(source, partial(verify_log, source, now_s=NOW_S, **asked))  # type: ignore[arg-type]  # as named


def said(report: Report) -> list[tuple[str, int | None, str]]:
    """List findings as they are printed."""
    return [(each.rule, each.index, each.sentence) for each in report.findings]


def bent(path: Path, bend: Callable[[Files], object], *, announce: bool = True) -> Path:
    """Write a bundle that was bent, with a manifest made before or after."""
    files = make_bundle(ENTRIES)
    manifest = manifest_of(files, ENTRIES)
    bend(files)
    return pack(path, {**files, MANIFEST_PATH: manifest_of(files, ENTRIES) if announce else manifest})


def test_a_true_bundle_is_good(tmp_path: Path) -> None:
    """Anchored by the key from paper, with nothing else at hand."""
    report = judged(whole(tmp_path / "F.zip", ENTRIES))
    assert (said(report), report.is_good, report.is_anchored) == ([], True, True)
    assert report.trust is not None
    assert report.trust.checkpoint.size == 300


def test_without_a_key_it_is_not_anchored(tmp_path: Path) -> None:
    """THREATS 10: a bundle made up this morning agrees with itself."""
    report = judged(whole(tmp_path / "F.zip", ENTRIES), trusted=None)
    assert (report.is_good, report.is_anchored) == (True, False)
    stranger = judged(tmp_path / "F.zip", trusted=Policy.of_log_key(str(note.SigningKey.generate("x").verifier())))
    assert said(stranger) == [("policy.origin", None, "no key is trusted for the log ledger.example/log")]


def change(name: str, old: bytes, new: bytes) -> Callable[[Files], None]:
    """Make a change in one member."""

    def bend(files: Files) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new)

    return bend


def test_a_changed_member_is_named(tmp_path: Path) -> None:
    """Both ways: what the manifest says otherwise, what is missing, what nobody announced."""
    report = judged(bent(tmp_path / "F.zip", change("README.txt", b"dahulu", b"nanti!"), announce=False))
    assert said(report) == [("bundle.changed", None, "README.txt is not what the manifest says")]
    report = judged(bent(tmp_path / "F.zip", lambda files: files.pop("README.txt"), announce=False))
    assert said(report) == [("bundle.missing", None, "README.txt is missing")]
    report = judged(bent(tmp_path / "F.zip", lambda files: files.update({"nama.csv": b"x"}), announce=False))
    assert said(report) == [("bundle.extra", None, "nama.csv is not in the manifest")]


def test_a_member_that_is_too_long_is_named(tmp_path: Path) -> None:
    """No member is longer than the longest file of a log."""
    files = make_bundle(ENTRIES)
    files["besar"] = bytes(MAX_MEMBER_BYTES + 1)
    # Deflated, such zeros would be a bomb.
    path = pack(tmp_path / "F.zip", {**files, MANIFEST_PATH: manifest_of(files, ENTRIES)}, zipfile.ZIP_STORED)
    assert said(judged(path)) == [("source.size", None, f"besar is longer than {MAX_MEMBER_BYTES} bytes")]


def test_without_a_manifest_it_is_no_bundle(tmp_path: Path) -> None:
    """The log in it is judged all the same; what cannot be read at all is told once."""
    path = pack(tmp_path / "F.zip", make_log(ENTRIES))
    assert said(judged(path)) == [("source.absent", None, "manifest.json is missing")]
    path.write_bytes(path.read_bytes()[:-1])
    assert [rule for rule, _index, _sentence in said(judged(path))] == ["archive.end"]


def test_a_lie_about_a_checksum_is_named(tmp_path: Path) -> None:
    """The member is named, and the log is judged all the same."""
    raw = bytearray(whole(tmp_path / "F.zip", ENTRIES).read_bytes())
    place = raw.index(b"README.txt") + len("README.txt")
    raw[place] ^= 1
    (tmp_path / "F.zip").write_bytes(raw)
    [(rule, index, _sentence)] = said(judged(tmp_path / "F.zip"))
    assert (rule, index) == ("archive.checksum", None)


def test_a_changed_entry_is_named_whatever_the_manifest_says(tmp_path: Path) -> None:
    """R1: who changes an entry announces it too, and is found by the root."""
    bend = change("tile/entries/000", b"repair 7", b"repair 8")
    [found] = judged(bent(tmp_path / "F.zip", bend)).findings
    assert (found.rule, found.index) == ("entry.hash", 7)


def test_an_entry_that_was_asked_for_cannot_be_left_out(tmp_path: Path) -> None:
    """The maker forgets an entry of the programme; the verifier chooses again."""
    files = make_bundle(ENTRIES, proven=[5])
    stated = manifest_of(files, ENTRIES)
    assert said(judged(pack(tmp_path / "F.zip", {**files, MANIFEST_PATH: stated}))) == [
        ("source.absent", 270, "entries/270.json is missing")
    ]
    manifest = parse_manifest(stated)
    for lie in (replace(manifest, count=1), replace(manifest, digest="0" * 64)):
        report = judged(pack(tmp_path / "F.zip", {**files, MANIFEST_PATH: lie.encode()}))
        sentence = f"{lie.count} entries were chosen, but what was asked for are 2"
        assert said(report)[0] == ("bundle.choice", None, sentence)


def test_a_proof_leads_to_this_checkpoint_or_is_refused(tmp_path: Path) -> None:
    """The entry beside it, the index in it and the checkpoint under it are all this log's."""
    other = make_bundle(ENTRIES[:271])
    bends: list[tuple[Callable[[Files], object], tuple[str, int | None, str]]] = [
        (
            lambda files: files.update({"entries/5.json": ENTRIES[6]}),
            ("inclusion.root", 5, "the proof does not lead to the root"),
        ),
        (
            lambda files: files.update({"proofs/5.tlog-proof": files["proofs/270.tlog-proof"]}),
            ("bundle.proof", 5, "the proof is of another entry or another checkpoint"),
        ),
        (
            lambda files: files.update({"proofs/5.tlog-proof": other["proofs/5.tlog-proof"]}),
            ("bundle.proof", 5, "the proof is of another entry or another checkpoint"),
        ),
        (
            lambda files: files.pop("proofs/0.tlog-proof"),
            ("source.absent", 0, "proofs/0.tlog-proof is missing"),
        ),
        (
            lambda files: files.update({"proofs/0.tlog-proof": b"none"}),
            ("proof.form", 0, ""),
        ),
        (
            lambda files: files.update({"entries/0.json": bytes(range(256)) * 256}),
            ("source.size", 0, f"entries/0.json is longer than {MAX_BYTES} bytes"),
        ),
        (
            lambda files: files.update({"entries/300.json": b"{}", "proofs/300.tlog-proof": b"none"}),
            ("proof.form", 300, ""),
        ),
    ]
    for bend, (rule, index, sentence) in bends:
        [found] = said(judged(bent(tmp_path / "F.zip", bend)))
        assert (found[0], found[1]) == (rule, index), found
        assert sentence in found[2]


def test_of_very_many_the_log_alone_is_the_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit only the first entry must have a proof; every entry is chosen and counted all the same."""
    monkeypatch.setattr(bundle, "MAX_PROVEN", 1)
    files = make_bundle(ENTRIES, proven=[])
    path = pack(tmp_path / "F.zip", {**files, MANIFEST_PATH: manifest_of(files, ENTRIES)})
    assert judged(path).is_good
    monkeypatch.setattr(bundle, "MAX_PROVEN", 2)
    assert [each.index for each in judged(path).findings] == [5, 270]


def test_what_an_old_checkpoint_says_holds_for_bundles_too(tmp_path: Path) -> None:
    """T1: kept from another day of another history."""
    kept = make_log([*ENTRIES[:3], ENTRIES[4]])["checkpoint"]
    report = judged(whole(tmp_path / "F.zip", ENTRIES), old_checkpoint=kept)
    assert report.findings[0].rule == "log.rewritten"


def test_folders_are_opened_as_before(tmp_path: Path) -> None:
    """A bundle that was unpacked is a log in a folder."""
    with zipfile.ZipFile(whole(tmp_path / "F.zip", ENTRIES)) as packed:
        packed.extractall(tmp_path / "log")
    assert isinstance(open_place(str(tmp_path / "log")), FolderSource)
    assert judged(tmp_path / "log").is_good
    with pytest.raises(SourceFailed, match=r"^.*nothing is neither an address nor a folder$"):
        open_place(str(tmp_path / "nothing"))


MANIFEST = manifest_of({"a": b"", "b/c.json": b"{}"}, ENTRIES)


def test_the_manifest_has_one_spelling() -> None:
    """Read and written again it is the same."""
    read = parse_manifest(MANIFEST)
    assert (read.wish, read.count, list(read.files), read.version) == (WISH, 2, ["a", "b/c.json"], "0.1.0")
    assert read.encode() == MANIFEST
    assert parse_manifest(replace(read, files={}).encode()).files == {}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (b'{"chosen"', b'{ "chosen"', "manifest.json is not the manifest of a bundle"),
        (b'"count":2', b'"count":02', "manifest.json is not spelled as a manifest is"),
        (b'"count":2', b'"count":-2', "manifest.json is not the manifest of a bundle"),
        (b'"a":', b'"c":', "manifest.json is not spelled as a manifest is"),
        (b'"a":', b'"b/c.json":', "manifest.json is not spelled as a manifest is"),
        (b'"a":', b'"\\u0061":', "manifest.json is not the manifest of a bundle"),
        (b"v1", b"v2", "manifest.json is not the manifest of a bundle"),
        (b'"version"', b'"note":"","version"', "manifest.json is not the manifest of a bundle"),
        (b'"since":"2026-11-22"', b'"since":"now"', "manifest.json is not the manifest of a bundle"),
        (b'"0.1.0"}', b'"0.1.0"}\n', "manifest.json is not the manifest of a bundle"),
        (MANIFEST, b"", "manifest.json is not the manifest of a bundle"),
        (MANIFEST, b"[" * 100_000, "manifest.json is not the manifest of a bundle"),
    ],
)
def test_another_spelling_is_no_manifest(old: bytes, new: bytes, sentence: str) -> None:
    """C1, C2: what two readers might read in two ways is read by none."""
    assert old in MANIFEST
    with pytest.raises(MalformedInput) as refused:
        parse_manifest(MANIFEST.replace(old, new, 1))
    assert (refused.value.rule, refused.value.sentence) == ("bundle.manifest", sentence)


# --- the command ----------------------------------------------------------------------------------------------------


def run(*arguments: object) -> Result:
    """Run a command; whatever happens, it ends by itself and without a traceback."""
    result = CliRunner().invoke(main, [str(each) for each in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def test_the_command_takes_a_zip_file(tmp_path: Path) -> None:
    """Exit 0, as for a folder; a bent one exit 1 with the member's name, and a rule."""
    good = run("verify", whole(tmp_path / "F.zip", honest_entries(3)), "--log-key", LOG_VKEY)
    assert (good.exit_code, "result: good" in good.output) == (0, True)
    bad = run("verify", bent(tmp_path / "G.zip", lambda files: files.pop("README.txt"), announce=False))
    assert bad.exit_code == 1
    assert "bundle.missing README.txt is missing\n" in bad.output


@pytest.mark.parametrize("raw", [b"", b"PK", b"x" * 1000])
def test_what_is_no_zip_is_bad_and_no_wrong_question(tmp_path: Path, raw: bytes) -> None:
    """Exit 1 with a sentence: the file was given as evidence."""
    path = tmp_path / "F.zip"
    path.write_bytes(raw)
    result = run("verify", path)
    assert result.exit_code == 1
    assert "rule: archive.end" in result.output
