"""Reading a code tree: the four that come with the product are good, and every way to bend one is refused."""

from __future__ import annotations

import pytest

from aid_ledger.regions import rules, service

HEAD = "level,code,parent_code,name,type\n"
PROVINCE = "province,32,,Jawa Barat,provinsi\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "code,name\n32,Jawa Barat\n",
        HEAD,
        HEAD + "province,32,,Jawa Barat\n",
        HEAD + "province,3,,Jawa Barat,provinsi\n",
        HEAD + "regency,32,,Jawa Barat,provinsi\n",
        HEAD + "province,32,,Jawa Barat,negara\n",
        HEAD + "province,32,,,provinsi\n",
        HEAD + "regency,32.16,32,Kabupaten Bekasi,kabupaten\n",
        HEAD + PROVINCE + PROVINCE,
        HEAD + PROVINCE + "regency,32.16,31,Kabupaten Bekasi,kabupaten\n",
    ],
)
def test_a_bent_code_file_is_refused(text: str) -> None:
    """Cheat: a part under another whole would move its people to another officer's area."""
    with pytest.raises(rules.RegionFileMalformed):
        rules.read_codes(text.encode())


def test_bytes_that_are_no_text_are_refused() -> None:
    """A spreadsheet given as a code file."""
    with pytest.raises(rules.RegionFileMalformed):
        rules.read_codes(b"PK\x03\x04\xff\xfe")


@pytest.mark.parametrize(
    ("agency", "districts", "villages"),
    [("32.16", 23, 187), ("32.75", 12, 56), ("62.03", 17, 231), ("16.73", 8, 72)],
)
def test_the_codes_that_come_with_the_product_are_whole(agency: str, districts: int, villages: int) -> None:
    """Counts as published in Kepmendagri 300.2.2-2138 Tahun 2025."""
    content = service.codes_of(agency)
    assert content is not None
    rows = rules.read_codes(content)
    assert sum(row.level == "district" for row in rows) == districts
    assert sum(row.level == "village" for row in rows) == villages
    assert rows[1].code == agency


@pytest.mark.parametrize("code", ["../../etc/passwd", "32.16.csv", "", "99.99"])
def test_no_code_leads_out_of_the_folder(code: str) -> None:
    """THREATS 20: an agency's code is no path."""
    assert service.codes_of(code) is None
