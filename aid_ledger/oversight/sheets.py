"""The summary as an XLSX workbook: one sheet per table, text kept as text, formulas off."""

from __future__ import annotations

import io

import xlsxwriter

from aid_ledger.oversight.summary import Summary
from aid_ledger.web.formats import kata_tahap

OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
"""A cell that begins with '=' stays text: the workbook is opened by auditors, on their machines."""


def workbook(summary: Summary) -> bytes:
    """Write the summary as a workbook of three sheets."""
    written = io.BytesIO()
    book = xlsxwriter.Workbook(written, OPTIONS)
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    number = book.add_format({"num_format": "#,##0"})
    for name, head, rows in _sheets(summary):
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, head, bold)
        for place, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                sheet.write(place, column, value, number if isinstance(value, int) else None)
        sheet.autofit()
    book.close()
    return written.getvalue()


Cell = str | int
Sheet = tuple[str, list[str], list[list[Cell]]]


def _sheets(summary: Summary) -> list[Sheet]:
    return [_sources(summary), _programs(summary), _districts(summary)]


def _sources(summary: Summary) -> Sheet:
    stages = [stage.value for stage in summary.stages]
    rows: list[list[Cell]] = [
        [
            row.code,
            row.name,
            "APBD" if row.in_rkud else "di luar APBD",
            row.commodity.unit,
            *(row.amounts[stage] for stage in stages),
        ]
        for row in summary.sources
    ]
    return "Sumber", ["Kode", "Sumber", "Anggaran", "Satuan", *(kata_tahap(stage) for stage in stages)], rows


def _programs(summary: Summary) -> Sheet:
    head = ["Kode", "Program", "Satuan", "Keluarga", "Sampai", "Gagal", "Belum pasti", "Dalam proses"]
    rows: list[list[Cell]] = [
        [
            row.program.code,
            row.program.name,
            row.commodity.unit,
            row.households,
            row.delivered,
            row.failed,
            row.unknown,
            row.under_way,
            row.delivered_amount,
            row.receipts,
        ]
        for row in summary.programs
    ]
    return "Program", [*head, "Nilai sampai", "Tanda terima"], rows


def _districts(summary: Summary) -> Sheet:
    head = ["Kode", "Kecamatan", "Program", "Satuan", "Keluarga", "Sampai", "Nilai sampai"]
    rows: list[list[Cell]] = [
        [row.code, row.name, row.program.code, row.commodity.unit, row.households, row.delivered, row.amount]
        for row in summary.districts
    ]
    return "Kecamatan", head, rows
