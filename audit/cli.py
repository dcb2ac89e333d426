"""The command line of the verifier; `aid-audit openings` and `aid-audit witness` are in files of their own.

It prints lines of `key: value` and ends with 0 (good), 1 (bad), 2 (asked wrongly) or 3 (an entry of a kind newer
than this verifier). Without a key from the inspector it says `anchored: no`: then a log merely agrees with itself.
The checks are in `verify.py`, `replay/` and `pdf/`; this file only asks and tells.
"""

from __future__ import annotations

import re
import sys
import time
import warnings
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from cryptography.utils import CryptographyDeprecationWarning

from audit import __version__, checkpoint, merkle, note, pdf, policy, stamp, stampkeys, timestamps
from audit.asking import ask_witnesses, contradictions
from audit.bundle import verify_place
from audit.errors import AuditError, Finding, MalformedInput, UnknownKind
from audit.facts import reference
from audit.opening_commands import openings
from audit.pdf import ReturnReport
from audit.pdf.revocation import MAX_LIST_BYTES
from audit.replay import Replay
from audit.source import URLSource, read_file
from audit.terminal import GOOD, asked, place, policy_file, progress, tell, tell_bad, tell_newer, tell_result, vkey
from audit.timestamp_commands import authority_file, tell_timestamps, timestamp_command
from audit.verify import verify_log
from audit.witness.commands import witness

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.pdf import ReceiptReport, ReturnFields
    from audit.policy import Policy, Trust
    from audit.shown import Shown
    from audit.source import Source
    from audit.stamp import Stamp
    from audit.stampkeys import StampKeys
    from audit.timestamp import Authority
    from audit.verify import Checker

MAX_RECEIPT_BYTES: Final = 16 * 1024 * 1024
"""House rule: our receipts have some 200 kB; what is a hundred times longer is none of ours."""
MAX_CERTIFICATE_BYTES: Final = 65_536
MAX_KEYS_BYTES: Final = 65_536
"""The list is canonical JSON, which is no longer."""
MAX_LEAVES_BYTES: Final = 16 * 1024 * 1024
"""House rule: some 300,000 leaves, more deeds than one office does in its life."""
_AGE: Final = re.compile(r"([1-9][0-9]{0,6})([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@asked
def checkpoint_file(typed: str) -> bytes:
    """Read a checkpoint kept from an earlier day; who signed it is checked with the log."""
    raw = read_file(Path(typed), note.MAX_NOTE_BYTES)
    checkpoint.parse(note.parse(raw).text)
    return raw


@asked
def age(typed: str) -> int:
    """Read a length of time such as 90s, 15m, 24h or 7d, in seconds."""
    match = _AGE.fullmatch(typed)
    if match is None:
        raise MalformedInput("write an age as 90s, 15m, 24h or 7d")
    return int(match[1]) * _SECONDS[match[2]]


@asked
def leaf(typed: str) -> bytes:
    """Read a leaf hash that somebody kept after they had acted."""
    raw = note.decode_base64(typed)
    if len(raw) != merkle.HASH_BYTES:
        raise MalformedInput(f"a leaf hash is {merkle.HASH_BYTES} bytes")
    return raw


@asked
def leaves_file(typed: str) -> list[bytes]:
    """Read a file of kept leaf hashes, one to a line; empty lines and lines that begin with # are for people."""
    text = read_file(Path(typed), MAX_LEAVES_BYTES).decode(errors="replace")
    lines = [line.strip() for line in text.splitlines()]
    return [leaf(line) for line in lines if line and not line.startswith("#")]


@click.group()
@click.version_option(__version__, message="%(version)s")
def main() -> None:
    """Check an Aid Ledger log or receipt, believing nothing that can be checked."""
    # What the library below warns of stands in a stranger's certificate: a refusal, and no line upon the screen.
    warnings.filterwarnings("error", category=CryptographyDeprecationWarning)


@main.command()
@click.argument("source", type=place)
@click.option(
    "--policy", "trusted", type=policy_file, help="File that says which log, witnesses and quorum to believe."
)
@click.option("--log-key", type=vkey, help="Verifier key of the log, from the signed minutes, not from the log.")
@click.option("--old-checkpoint", type=checkpoint_file, help="Checkpoint kept from an earlier day.")
@click.option("--max-age", "max_age_s", type=age, help="How old the witnesses' cosignatures may be, such as 24h.")
@click.option("--leaf", "leaves", type=leaf, multiple=True, help="Leaf hash kept after a deed; may be given often.")
@click.option("--leaves", "more_leaves", type=leaves_file, help="File of kept leaf hashes, one to a line.")
@click.option("--offline", "is_offline", is_flag=True, help="Speak to nobody but SOURCE: ask no witness.")
@click.option("--hashes-only", is_flag=True, help="Hash the entries to the signed root and check nothing else.")
@click.option(
    "--tsa", type=authority_file, help="Certificate (PEM) of the authority whose tokens of time are believed."
)
def verify(  # noqa: PLR0913 - the options of the command, each by its name
    source: Source,
    *,
    trusted: Policy | None,
    log_key: Policy | None,
    old_checkpoint: bytes | None,
    max_age_s: int | None,
    leaves: Sequence[bytes],
    more_leaves: Sequence[bytes] | None,
    is_offline: bool,
    hashes_only: bool,
    tsa: Authority | None,
) -> None:
    """Verify the log at SOURCE, an address, a folder or an evidence bundle, down to every byte and every rule."""
    believed = _both(trusted, log_key)
    stamped = timestamps.read(source, tsa, now_s=int(time.time())) if tsa else None
    with progress() as tell_progress:
        check = partial(
            verify_log,
            source,
            now_s=int(time.time()),
            trusted=believed,
            old_checkpoint=old_checkpoint,
            max_age_s=max_age_s,
            kept=(*leaves, *(more_leaves or ())),
            hashes_only=hashes_only,
            tell_progress=tell_progress,
        )
        checkers: list[Checker] = [Replay(), *([stamped] if stamped else [])]
        report = check() if hashes_only else verify_place(source, check, checkers=checkers)
    shown = report.shown
    if shown is not None:
        _tell_trust(shown.trust)
        if shown.unwitnessed:
            newer = shown.unwitnessed
            tell("unwitnessed", f"{newer} {'entry' if newer == 1 else 'entries'} newer than the witnesses' word")
        if believed is not None and believed.witnesses:
            asked_of = None if is_offline else source
            # A witness may show what the log signed with another of its keys.
            known = believed.with_keys(report.keys)
            report = replace(report, findings=report.findings + _ask_witnesses(asked_of, known, shown))
        if not hashes_only:
            told = tell_timestamps(source, stamped, shown.newest.checkpoint)
            report = replace(report, findings=(*report.findings, *told))
    tell("anchored", "yes" if report.is_anchored else "no")
    tell("bracketed", report.bracketed)
    if hashes_only:
        tell("unchecked", "what entries say, their order and times, every rule, stored hash tiles, what a bundle adds")
    sys.exit(tell_result(report))


@main.command()
@click.argument("source", type=place)
@click.option(
    "--policy", "trusted", type=policy_file, help="File that says which log, witnesses and quorum to believe."
)
@click.option("--log-key", type=vkey, help="Verifier key of the log, from the signed minutes, not from the log.")
def keys(source: Source, trusted: Policy | None, log_key: Policy | None) -> None:
    """Verify the log at SOURCE, then print which key signs which sizes of it, as lines for a policy."""
    believed = _both(trusted, log_key)
    check = partial(verify_log, source, now_s=int(time.time()), trusted=believed)
    report = verify_place(source, check, checkers=[Replay()])
    if not report.is_good:
        sys.exit(tell_result(report))
    if not report.is_anchored:
        click.echo("# anchored: no")
    urls = {each.key: each.url for each in believed.logs} if believed else {}
    for each in report.keys:
        click.echo(policy.write_log_line(replace(each, url=urls.get(each.key, ""))), nl=False)


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--qr", "text", help="What a receipt's QR code holds, instead of FILE: the address with its stamp.")
@click.option(
    "--keys",
    "key_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The list of stamp keys that --qr is checked with, as the ledger's page hands it out.",
)
@click.option(
    "--root",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="Certificate (PEM or DER) of the root that the agency's receipts are signed under.",
)
@click.option("--log-key", type=vkey, required=True, help="Verifier key of the log.")
@click.option("--policy", "trusted", type=policy_file, help="File that says which witnesses and quorum to believe.")
@click.option(
    "--crl",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The root's list of revoked certificates (PEM or DER), if there is one.",
)
def receipt(  # noqa: PLR0913 - the options of the command, each by its name
    *,
    file: Path | None,
    text: str | None,
    key_file: Path | None,
    root: Path,
    log_key: Policy,
    trusted: Policy | None,
    crl: Path | None,
) -> None:
    """Check the receipt or the paper of a return (STS) in FILE offline: its bytes, signature, and entry in the log.

    With --qr and --keys instead, check what its QR code states: far less, and enough to find a forged paper.
    """
    if text is not None and key_file is not None and file is None:
        believed = log_key if trusted is None else trusted.of_log(str(log_key.logs[0].key))
        sys.exit(tell_stamp(partial(_check_stamp, text, key_file, root, believed)))
    if file is None or text is not None or key_file is not None:
        raise click.UsageError("give a FILE, or --qr together with --keys")
    path = file

    def check() -> ReceiptReport | ReturnReport:
        raw, root_cert = read_file(path, MAX_RECEIPT_BYTES), read_file(root, MAX_CERTIFICATE_BYTES)
        revoked = read_file(crl, MAX_LIST_BYTES) if crl else b""
        vkey = str(log_key.logs[0].key)
        return pdf.verify_paper(raw, root_cert=root_cert, log_key=vkey, policy=trusted, crl=revoked)

    sys.exit(tell_receipt(check))


@main.command()
def kinds() -> None:
    """Print every kind of entry this verifier knows, with its members, as Markdown."""
    click.echo(reference.document(), nl=False)


main.add_command(openings)
main.add_command(timestamp_command)
main.add_command(witness)


def tell_receipt(check: Callable[[], ReceiptReport | ReturnReport]) -> int:
    """Say what a checked receipt says, by whose word, and how the check went; return the exit code."""
    try:
        report = check()
    except UnknownKind as error:
        return tell_newer(Finding(error.rule, error.index, error.sentence))
    except AuditError as error:
        return tell_bad((Finding(error.rule, error.index, error.sentence),))
    if isinstance(report, ReturnReport):
        _tell_returned(report.fields)
    else:
        _tell_received(report)
    tell("signer", report.signer)
    tell("signed_at", report.signed_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    tell("origin", report.origin)
    tell("index", str(report.index))
    tell("size", str(report.size))
    tell("copy", str(report.impression.copy))
    tell("language", report.impression.language)
    for name in report.witnesses:
        tell("cosigned", name)
    tell("anchored", "yes" if report.anchored else "no")
    tell("result", "good")
    return GOOD


def _tell_received(report: ReceiptReport) -> None:
    tell("number", report.number)
    tell("kind", report.kind)
    tell("amount", f"{report.amount} {report.commodity}")
    tell("paid_on", report.paid_on.isoformat() if report.paid_on else "")


def _tell_returned(said: ReturnFields) -> None:
    tell("number", said.number)
    tell("kind", "setoran")
    tell("amount", f"{said.amount} {said.commodity}")
    tell("source", said.source)
    tell("program", said.program)
    tell("returned", f"{said.lines} lines of {said.batch}" if said.batch else "what the programme had left")
    tell("document", said.document)


def tell_stamp(check: Callable[[], tuple[Stamp, StampKeys]]) -> int:
    """Say what a checked stamp says, by whose word, and how the check went; return the exit code."""
    try:
        stated, keys = check()
    except UnknownKind as error:
        return tell_newer(Finding(error.rule, error.index, error.sentence))
    except AuditError as error:
        return tell_bad((Finding(error.rule, error.index, error.sentence),))
    tell("number", stated.number)
    tell("amount", f"{stated.amount} {stated.unit or 'IDR'}")
    for name in ("contents", "payee", "program"):
        if value := getattr(stated, name):
            tell(name, value)
    tell("paid_on", stated.paid_on.isoformat())
    tell("origin", keys.trust.checkpoint.origin)
    tell("index", str(stated.index))
    tell("unchecked", "that the log holds the receipt, and that it stands: its file and the ledger's page tell")
    tell("result", "good")
    return GOOD


def _check_stamp(text: str, key_file: Path, root: Path, believed: Policy) -> tuple[Stamp, StampKeys]:
    """Check a stamp by the keys of a list, which the root and the log's key must stand behind."""
    root_cert = read_file(root, MAX_CERTIFICATE_BYTES)
    listed = stampkeys.parse(read_file(key_file, MAX_KEYS_BYTES))
    keys = stampkeys.check(listed, believed, root_cert=root_cert, now_s=int(time.time()))
    signed = stamp.read(text)
    stamp.verify(signed, keys.trust.checkpoint.origin, keys.keys)
    return signed.stamp, keys


def _ask_witnesses(source: Source | None, believed: Policy, shown: Shown) -> tuple[Finding, ...]:
    """Ask the witnesses of a log at an address, tell what each says, and return what contradicts the log."""
    if not isinstance(source, URLSource):
        tell("asked", "nobody: witnesses are asked about a log at an address, and not with --offline")
        return ()
    # The clock anew: reading a long log takes longer than a cosignature may be ahead of it.
    now_s = int(time.time())
    answers = ask_witnesses(believed, shown.trust, now_s=now_s)
    for each in answers:
        forgot = " and has cosigned more for this log" if each.has_forgotten else ""
        said = f"{each.seen.size} {_instant(each.time_s)}" if each.seen else f"no word: {each.silence}"
        tell("asked", f"{each.name} {said}{forgot}")
    return tuple(contradictions(source, believed, shown, answers, now_s=now_s))


def _both(trusted: Policy | None, log_key: Policy | None) -> Policy | None:
    """Put both answers together: the file says which witnesses to ask for, and the key which log."""
    if trusted is None or log_key is None:
        return trusted or log_key
    return trusted.of_log(str(log_key.logs[0].key))


def _tell_trust(trust: Trust) -> None:
    """Say which log this is, and who has sworn to it when."""
    stated = trust.checkpoint
    tell("origin", stated.origin)
    tell("size", str(stated.size))
    tell("root", note.encode_base64(stated.root))
    tell("log_key", str(trust.log_key))
    for each in trust.cosigned:
        tell("cosigned", f"{each.key.name} {_instant(each.time_s)}")


def _instant(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
