"""What people read is exactly what is stored: no rounding, no invented unit, no date of another place."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

from aid_ledger.web import formats

AMOUNTS = st.integers(min_value=-(10**18), max_value=10**18)
WHOLE_ONLY = (formats.rupiah, formats.rupiah_ringkas, formats.terbilang, formats.jumlah, formats.sisa_waktu)
UTC_NOON = dt.datetime(2021, 8, 5, 7, 5, tzinfo=dt.UTC)

# What a word of terbilang is worth; read back by an independent little grammar.
SMALL = ("nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh", "sebelas")
UNITS = {word: value for value, word in enumerate(SMALL)}
SCALES = {"ribu": 10**3, "juta": 10**6, "miliar": 10**9, "triliun": 10**12, "kuadriliun": 10**15}


@pytest.mark.parametrize("write", WHOLE_ONLY, ids=lambda write: str(write.__name__))
@pytest.mark.parametrize("amount", [1.0, 1.5, Decimal(1), "1", True, None], ids=repr)
def test_what_is_not_a_whole_number_is_refused(write: Callable[[object], str], amount: object) -> None:
    """Cheat: half a rupiah that shows as a whole one, or text that passes for a figure."""
    with pytest.raises(TypeError):
        write(amount)


@pytest.mark.parametrize(
    ("amount_idr", "written"),
    [(0, "Rp0"), (999, "Rp999"), (1_000, "Rp1.000"), (1_234_567, "Rp1.234.567"), (-1_234, "-Rp1.234")],
)
def test_rupiah_has_dots_and_no_cents(amount_idr: int, written: str) -> None:
    """Law: the state pays whole rupiah; ',00' suggests otherwise."""
    assert formats.rupiah(amount_idr) == written


@given(AMOUNTS)
def test_every_digit_of_an_amount_is_shown(amount_idr: int) -> None:
    """Law: figures on a page are never rounded."""
    shown = formats.rupiah(amount_idr)
    digits = shown.replace("Rp", "").replace(".", "")
    assert int(digits) == amount_idr


@given(st.integers(min_value=0, max_value=10**18))
def test_an_amount_reads_back_as_it_was_written(amount_idr: int) -> None:
    """Law: what the page shows can be typed into the page and means the same."""
    assert formats.read_rupiah(formats.rupiah(amount_idr)) == amount_idr


@pytest.mark.parametrize(
    "typed", ["", "1.5", "1,50", "1.23.456", "-5", "1 000", "1e6", "12.3456", "Rp", "\u0661\u0662", "1_000", "1.000,00"]
)
def test_a_half_written_amount_is_not_guessed(typed: str) -> None:
    """Cheat: '1.5' meant as a million and a half becomes fifteen rupiah, or the other way round."""
    with pytest.raises(ValueError, match="whole rupiah"):
        formats.read_rupiah(typed)


@pytest.mark.parametrize("typed", ["1500000", "1.500.000", "Rp1.500.000", " rp 1.500.000 "])
def test_an_amount_may_be_typed_with_or_without_dots(typed: str) -> None:
    """An officer copies from a spreadsheet or types by hand."""
    assert formats.read_rupiah(typed) == 1_500_000


@pytest.mark.parametrize(
    ("amount_idr", "written"),
    [
        (999, "Rp999"),
        (1_000, "Rp1 rb"),
        (999_999, "Rp1 jt"),
        (1_532_000_000, "Rp1,53 M"),
        (-25_000_000, "-Rp25 jt"),
        (1_234 * 10**15, "Rp1.234.000 T"),
    ],
)
def test_short_rupiah_is_for_charts(amount_idr: int, written: str) -> None:
    """A thousand of one word is one of the next."""
    assert formats.rupiah_ringkas(amount_idr) == written


def _read_words(words: list[str]) -> int:
    total, group = 0, 0
    for word in words:
        if word in SCALES:
            total, group = total + group * SCALES[word], 0
        elif word == "belas":
            group += 10
        elif word == "puluh":
            group += group % 10 * 9
        elif word == "ratus":
            group *= 100
        elif word in {"seratus", "seribu"}:
            group, total = (group + 100, total) if word == "seratus" else (0, total + 1_000)
        else:
            group += UNITS[word]
    return total + group


@given(st.integers(min_value=0, max_value=10**18 - 1))
def test_words_and_figures_say_the_same_amount(amount_idr: int) -> None:
    """Cheat: a receipt whose words name another amount than its figures."""
    *words, currency = formats.terbilang(amount_idr).split()
    assert currency == "rupiah"
    assert _read_words(words) == amount_idr


def test_one_thousand_is_seribu_wherever_it_stands() -> None:
    """'satu ribu' is not Indonesian."""
    assert formats.terbilang(1_001_000) == "satu juta seribu rupiah"
    assert formats.terbilang(21_000) == "dua puluh satu ribu rupiah"


@pytest.mark.parametrize("amount_idr", [-1, 10**18])
def test_amounts_without_words_are_refused(amount_idr: int) -> None:
    """Better no words than wrong ones."""
    with pytest.raises(ValueError, match="have words"):
        formats.terbilang(amount_idr)


@pytest.mark.parametrize(
    ("part", "whole", "written"),
    [(0, 0, "-"), (0, 5, "0%"), (1, 100_000, "0,1%"), (99_999, 100_000, "99,9%"), (7, 7, "100%"), (3, 7, "42,9%")],
)
def test_a_share_never_claims_more_than_it_is(part: int, whole: int, written: str) -> None:
    """Cheat: 100% on a page while one family still waits."""
    assert formats.persen(part, whole) == written


@given(st.integers(1, 10**12), st.integers(1, 10**12))
def test_only_the_whole_is_a_hundred_percent(part: int, whole: int) -> None:
    """The same law for any numbers."""
    shown = formats.persen(part, whole)
    assert (shown == "100%") <= (part >= whole)
    assert shown != "0%"


def test_quantities_carry_their_unit() -> None:
    """A number alone on a page says nothing."""
    assert formats.banyaknya(1_243, "keluarga") == "1.243 keluarga"


def test_an_instant_is_not_a_date() -> None:
    """Cheat: a payment of 1 January shown as 31 December because UTC was cut off."""
    with pytest.raises(TypeError):
        formats.tanggal(UTC_NOON)


def test_a_time_without_its_zone_is_refused() -> None:
    """Nobody can say which 14.05 it was."""
    with pytest.raises(TypeError):
        formats.waktu(UTC_NOON.replace(tzinfo=None))


def test_dates_are_written_out() -> None:
    """Numbers people can read."""
    day = dt.date(2021, 8, 5)
    assert formats.tanggal(day) == "Kamis, 5 Agustus 2021"
    assert formats.tanggal_ringkas(day) == "5 Agu 2021"
    assert formats.bulan(day) == "Agustus 2021"


@pytest.mark.parametrize(
    ("zone", "clock"), [("Asia/Jakarta", "14.05 WIB"), ("Asia/Makassar", "15.05 WITA"), ("Asia/Jayapura", "16.05 WIT")]
)
def test_times_name_their_zone(zone: str, clock: str) -> None:
    """Three zones share one country."""
    assert formats.waktu(UTC_NOON, zone) == f"Kamis, 5 Agustus 2021, {clock}"
    assert formats.waktu_ringkas(UTC_NOON, zone) == f"5 Agu 2021, {clock}"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (-3, "kurang dari satu menit lagi"),
        (59, "kurang dari satu menit lagi"),
        (60, "kira-kira 1 menit lagi"),
        (140, "kira-kira 3 menit lagi"),
        (3_600, "kira-kira 1 jam lagi"),
        (5_400, "kira-kira 1 jam 30 menit lagi"),
    ],
)
def test_time_left_is_an_estimate(seconds: int, written: str) -> None:
    """It says so, and never promises less than it takes."""
    assert formats.sisa_waktu(seconds) == written


def test_an_unknown_state_has_no_word() -> None:
    """One word each, the same everywhere: a new state must be named here first."""
    with pytest.raises(KeyError):
        formats.kata_status("paid-ish")
    assert formats.kata_status("returned") == "kembali ke kas"
    assert formats.kata_tahap("in_transit") == "dalam perjalanan"


def test_no_two_states_share_a_word() -> None:
    """One thing per word."""
    assert len(set(formats.STATUS_WORDS.values())) == len(formats.STATUS_WORDS)
    assert len(set(formats.STAGE_WORDS.values())) == len(formats.STAGE_WORDS)


def test_filters_are_registered_with_the_agencys_zone() -> None:
    """Templates say `| waktu` and mean the agency's own clock."""
    environment = Environment(autoescape=True)
    formats.register(environment, zone="Asia/Jayapura")
    page = environment.from_string("{{ n | rupiah }} {{ t | waktu }} {{ t | waktu_ringkas }}")
    assert page.render(n=5_000, t=UTC_NOON) == "Rp5.000 Kamis, 5 Agustus 2021, 16.05 WIT 5 Agu 2021, 16.05 WIT"
