"""Reading a stranger's PDF in a prison of its own: five seconds, no network, no keys, and the answer as plain JSON.

The child runs the published verifier, which alone can say yes. A file that it accepts is read once more by a reader of
other people (`receipts/second_reader.py`), which can only say no; whatever our verifier refuses never reaches it. What
the child answers is read as strictly as if a stranger had written it, and compared with our record by `checking.py`.
"""

from __future__ import annotations

import json
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aid_ledger.core.prison import MEBIBYTE, Arguments, Confines, FileUnreadable, imprisoned
from aid_ledger.receipts import layout
from aid_ledger.receipts.opinion import Opinion
from audit import note, policy
from audit.errors import AuditError
from audit.pdf import ReceiptReport, ReturnReport, revocation, verify_paper
from audit.pdf.certificates import SURPRISES, load_root
from audit.pdf.fields import ReceiptFields
from audit.pdf.returns import ReturnFields
from audit.policy import Policy

if TYPE_CHECKING:
    # The prisoner imports this file, and has no business with what reads databases.
    from aid_ledger.custody.queries import Root

UPLOAD_MAX_BYTES: Final = 2 * MEBIBYTE
"""A receipt has some 200 kB; the verifier itself refuses more than one MiB."""
CONFINES: Final = Confines(memory_bytes=768 * MEBIBYTE, cpu_s=5, wall_s=5, result_bytes=MEBIBYTE)
AT_ONCE: Final = 2
"""Files read at once by one process; who comes later waits, then is told to come back."""
PATIENCE_S: Final = 5
OTHER_ROOT: Final = "receipt.certificate"
"""The rule of the verifier that fails where another root issued the certificate."""
ANSWER: Final = "answer.json"

_FIELDS: Final[dict[bool, type[ReceiptFields | ReturnFields]]] = {True: ReturnFields, False: ReceiptFields}

_seats = threading.BoundedSemaphore(AT_ONCE)


class ReadersBusy(FileUnreadable):
    """Too many files are being read just now."""

    code = "file.readers_busy"


@dataclass(frozen=True, slots=True)
class Trusted:
    """What a receipt is held against: the roots and the log's keys, each for its sizes, our clock, what is revoked."""

    roots: tuple[Root, ...]
    log: Policy
    now_s: int
    crl: bytes = b""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the verifier says of a file, and of one it accepts another reader: `rule` names the failed check, if any."""

    rule: str
    index: int = 0
    signer: str = ""
    signed_at_s: int = 0
    copy: int = 0
    fields: ReceiptFields | ReturnFields | None = None
    second: Opinion | None = None


def read_file(pdf: bytes, trusted: Trusted) -> Reading:
    """Have a file verified by a child process.

    Raises:
        FileUnreadable: the child died, took too long, or answered what no verifier answers; ReadersBusy.
    """
    if not _seats.acquire(timeout=PATIENCE_S):
        raise ReadersBusy
    try:
        with tempfile.TemporaryDirectory(prefix="aid-receipt-") as folder:
            source = Path(folder) / "receipt.pdf"
            source.write_bytes(pdf)
            with imprisoned(verify, source, arguments=order(trusted), confines=CONFINES) as results:
                return understood(_answer_in(results))
    finally:
        _seats.release()


def _answer_in(results: Path) -> bytes:
    """Read what the child left; a child that ended well and left nothing was no verifier."""
    answer = results / ANSWER
    return answer.read_bytes() if answer.exists() else b""


def order(trusted: Trusted) -> Arguments:
    """Write down for the prisoner what a receipt is held against."""
    return {
        "roots": "\n".join(map(_spell, trusted.roots)),
        "log_key": str(trusted.log.logs[-1].key),
        "policy": "".join(map(policy.write_log_line, trusted.log.logs)) + "quorum none\n",
        "now_s": trusted.now_s,
        "crl": note.encode_base64(trusted.crl),
    }


def _spell(root: Root) -> str:
    """Write a root for the prisoner: its sizes and its certificate."""
    return f"{root.first} {'' if root.last is None else root.last} {note.encode_base64(root.certificate)}"


def verify(source: Path, results: Path, arguments: Arguments) -> None:
    """Do the prisoner's work: verify one file, have what is good read once more, and leave the answer."""
    pdf = source.read_bytes()
    try:
        report = _verified(pdf, arguments)
    except AuditError as refusal:
        answer: dict[str, object] = {"rule": refusal.rule}
    else:
        answer = {
            "rule": "",
            "index": report.index,
            "signer": report.signer,
            "signed_at_s": int(report.signed_at.timestamp()),
            "copy": report.impression.copy,
            "is_return": isinstance(report, ReturnReport),
            "fields": report.fields.to_json(),
            "second": _read_again(pdf, arguments).to_json(),
        }
    (results / ANSWER).write_text(json.dumps(answer), encoding="utf-8")


def _verified(pdf: bytes, arguments: Arguments) -> ReceiptReport | ReturnReport:
    """Verify under the newest root that issued the file's certificate, which must be the one for its checkpoint.

    Raises:
        AuditError: no root did, or another one is for that size, or the receipt is not what it should be.
    """
    refusal, crl = AuditError("there is no root", rule=OTHER_ROOT), note.decode_base64(str(arguments["crl"]))
    roots = _roots_of(arguments)
    if crl and not any(_is_by(crl, certificate) for _first, _last, certificate in roots):
        raise AuditError("the list of revoked certificates is none of our roots'", rule="receipt.crl")
    for first, last, certificate in roots:
        try:
            report = verify_paper(
                pdf,
                root_cert=note.decode_base64(certificate),
                log_key=str(arguments["log_key"]),
                policy=policy.parse(str(arguments["policy"]).encode()),
                crl=crl if crl and _is_by(crl, certificate) else b"",
                now_s=int(arguments["now_s"]),
            )
        except AuditError as error:
            if error.rule != OTHER_ROOT:
                raise
            refusal = error
            continue
        if int(first) <= report.size and (not last or report.size <= int(last)):
            return report
        raise AuditError(f"size {report.size} is not one that this root is for", rule=OTHER_ROOT)
    raise refusal


def _roots_of(arguments: Arguments) -> list[list[str]]:
    """Read the roots as `_spell` wrote them, the newest first."""
    return [spelled.split(" ") for spelled in reversed(str(arguments["roots"]).split("\n"))]


def _read_again(pdf: bytes, arguments: Arguments) -> Opinion:
    roots = [note.decode_base64(certificate) for _first, _last, certificate in _roots_of(arguments)]
    opinion: Opinion = layout.load("aid_ledger.receipts.second_reader").opinion_of(pdf, roots)
    return opinion


def _is_by(crl: bytes, certificate: str) -> bool:
    return revocation.is_by(crl, load_root(note.decode_base64(certificate)))


def understood(raw: bytes) -> Reading:
    """Read what a prisoner answered; raises FileUnreadable unless a verifier could have said it."""
    try:
        answer = json.loads(raw)
        if answer["rule"]:
            return Reading(str(answer["rule"]))
        return Reading(
            rule="",
            index=int(answer["index"]),
            signer=str(answer["signer"]),
            signed_at_s=int(answer["signed_at_s"]),
            copy=int(answer["copy"]),
            fields=_FIELDS[answer["is_return"]].from_json(answer["fields"]).check(),
            second=Opinion.from_json(answer["second"]),
        )
    except (*SURPRISES, AuditError) as error:
        raise FileUnreadable("the verifier answered what no verifier answers") from error
