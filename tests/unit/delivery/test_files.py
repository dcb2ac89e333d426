"""Files that leave and answers that come back: no formulas, leading zeros kept, control totals that bite."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aid_ledger.delivery import rules
from aid_ledger.delivery.channels import answers, cells, generic_csv, handover_csv
from aid_ledger.delivery.channels.generic_csv import Sheet, Transfer

SHEET = Sheet("BTC-2026-000123-X", "IDR", "Bansos JPS 2021-08", dt.date(2026, 8, 5))
names = st.text(max_size=60)


def transfer(line_no: int, *, amount: int = 600_000, account: str = "0001234567", name: str = "Siti") -> Transfer:
    """Make one payment of a file."""
    reference = rules.partner_reference(SHEET.batch, line_no)
    return Transfer(line_no, reference, amount, "110", account, name, f"token{line_no}")


def rows(content: bytes) -> list[list[str]]:
    """Read a file as a bank's program does."""
    return list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))


@given(st.lists(st.tuples(st.integers(1, 10**15), st.from_regex(r"[0-9]{6,20}", fullmatch=True), names), max_size=20))
def test_a_transfer_file_says_exactly_what_is_paid(payments: list[tuple[int, str, str]]) -> None:
    """Every amount, account and count comes back as it was, whatever a name holds; and twice the same bytes."""
    transfers = [transfer(n, amount=a, account=no, name=name) for n, (a, no, name) in enumerate(payments, start=1)]
    content = b"".join(generic_csv.write(SHEET, transfers))
    assert content == b"".join(generic_csv.write(SHEET, transfers))
    header, *lines, footer = rows(content)
    assert tuple(header) == generic_csv.COLUMNS
    assert [(int(line[3]), line[6]) for line in lines] == [(amount, account) for amount, account, _ in payments]
    assert footer[:3] == ["#TOTAL", str(len(payments)), str(sum(amount for amount, _, _ in payments))]
    body = content.split(b"\r\n", 1)[1].rpartition(b'"#TOTAL"')[0]
    assert footer[3] == hashlib.sha256(body).hexdigest()


@given(names)
def test_no_cell_begins_a_formula(name: str) -> None:
    """CSV injection by a recipient's name: =HYPERLINK, +, -, @, full-width signs, tabs and line ends before them."""
    cell = cells.safe_cell(name)
    assert not cell.lstrip().startswith(tuple(cells.FORMULA))
    assert "\n" not in cell
    assert "\r" not in cell
    assert "\t" not in cell


@pytest.mark.parametrize("name", ['=HYPERLINK("http://x")', "+62", "-1", "@SUM(A1)", "\t=1", "\r\n=1", "\uff1d1"])
def test_known_formulas_are_spelt_out(name: str) -> None:
    """The list of OWASP, by name."""
    line = b"".join(generic_csv.write(SHEET, [transfer(1, name=name)]))
    assert rows(line)[1][7].startswith("'")


def test_leading_zeros_are_text() -> None:
    """An account number is no number: quoted, with its zeros; an amount is bare."""
    content = b"".join(generic_csv.write(SHEET, [transfer(7, account="00123")])).decode()
    assert ',"00123",' in content
    assert ",600000," in content


def test_a_handover_list_ends_in_control_totals() -> None:
    """A list cut short, or with a family added by hand, no longer adds up."""
    receivers = [
        handover_csv.Receiver(n, rules.partner_reference("B", n), "32.16.01.2001", "Siti", "3216••00", 2, f"t{n}")
        for n in (1, 2, 3)
    ]
    content = b"".join(handover_csv.write("B", "paket", dt.date(2026, 8, 5), receivers))
    assert rows(content)[-1][:3] == ["#TOTAL", "3", "6"]


# --- answers --------------------------------------------------------------------------------------------------------

HEADER = ",".join(answers.COLUMNS)
LINES = (
    "BTC-2026-000123-X.00001.1,SUCCESS,2001800,ok,REF1,2026-08-05T10:00:00+07:00,600000",
    "BTC-2026-000123-X.00002.1,FAILED,4041811,,REF2,,600000.00",
)


def answer_file(*lines: str, header: str = HEADER, footer: str | None = None) -> bytes:
    """Write a result file as a channel would, with a right footer unless another is given."""
    body = "".join(f"{line}\r\n" for line in lines)
    total = sum(int(line.split(",")[6].removesuffix(".00")) for line in lines) if footer is None else 0
    told = footer if footer is not None else f"#TOTAL,{len(lines)},{total},{hashlib.sha256(body.encode()).hexdigest()}"
    return f"{header}\r\n{body}{told}\r\n".encode()


def test_an_answer_is_read() -> None:
    """A good file, with and without the echo of the account, the digest and a mark of UTF-8."""
    read = answers.read(answer_file(*LINES))
    assert [(a.partner_ref[-7:], a.status, a.code, a.amount, a.account_no) for a in read] == [
        ("00001.1", "SUCCESS", "2001800", 600_000, None),
        ("00002.1", "FAILED", "4041811", 600_000, None),
    ]
    assert read[0].processed_at == dt.datetime(2026, 8, 5, 3, 0, tzinfo=dt.UTC)
    echoed = answer_file(LINES[0] + ",'00123", LINES[1] + ",", header=HEADER + ",account_no", footer="#TOTAL,2,1200000")
    assert [a.account_no for a in answers.read(b"\xef\xbb\xbf" + echoed)] == ["00123", None]


def test_an_answer_is_read_the_same_in_prison() -> None:
    """THREATS 20: what a stranger sends is parsed by a child that can do nothing else."""
    content = answer_file(*LINES)
    assert answers.imprisoned(content) == answers.read(content)
    with pytest.raises(rules.ControlTotalWrong):
        answers.imprisoned(answer_file(*LINES, footer="#TOTAL,2,1"))


@pytest.mark.parametrize(
    "footer",
    ["#TOTAL,1,1200000", "#TOTAL,3,1200000", "#TOTAL,2,1200001", "#TOTAL,2,600000", f"#TOTAL,2,1200000,{'0' * 64}"],
)
def test_control_totals_that_do_not_fit_refuse_the_file(footer: str) -> None:
    """RF-35: count, sum or digest of lines."""
    with pytest.raises(rules.ControlTotalWrong):
        answers.read(answer_file(*LINES, footer=footer))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\r\n\r\n",
        answer_file(footer="#TOTAL,0,0"),
        answer_file(*LINES, footer=""),
        answer_file(*LINES, footer="TOTAL,2,1200000"),
        answer_file(*LINES, header="partner_ref,amount"),
        answer_file(*LINES, header=HEADER + ",note"),
        answer_file(LINES[0] + ",more", footer="#TOTAL,1,600000"),
        answer_file(LINES[0].replace("600000", "600.000"), footer="#TOTAL,1,600000"),
        answer_file(LINES[0].replace("600000", "-600000"), footer="#TOTAL,1,600000"),
        answer_file(LINES[0].replace("600000", "600000.50"), footer="#TOTAL,1,600000"),
        answer_file(LINES[0].replace("600000", "٦"), footer="#TOTAL,1,6"),
        answer_file(LINES[0].replace("+07:00", ""), footer="#TOTAL,1,600000"),
        answer_file(LINES[0].replace("2026-08-05T10:00:00+07:00", "kemarin"), footer="#TOTAL,1,600000"),
        answer_file('"open', footer="#TOTAL,1,600000"),
        answer_file("x" * 3_000, footer="#TOTAL,1,600000"),
        answer_file(*LINES).replace(b"ok", b"\xff"),
        answer_file(*LINES).replace(b"REF1", b"a\x00b"),
    ],
)
def test_a_file_of_another_form_is_refused(content: bytes) -> None:
    """Cut short, another header, other cells, fractions of a rupiah, times without a zone, bytes that are no text."""
    with pytest.raises((rules.AnswerMalformed, rules.ControlTotalWrong)):
        answers.read(content)


def test_a_file_larger_than_any_answer_is_not_read() -> None:
    """A bomb is refused by its size, before a child is even started."""
    with pytest.raises(rules.AnswerTooLarge):
        answers.imprisoned(b"x" * (answers.SIZE_LIMIT_BYTES + 1))


@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_stumble(content: bytes) -> None:
    """Whatever comes is an answer or a refusal in our words."""
    with suppress(rules.AnswerRefused):
        assert isinstance(answers.read(content), list)
