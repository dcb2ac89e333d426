"""Programmes as they are defined, without anything in them; `programs.py` makes one that can pay."""

from __future__ import annotations

import datetime as dt

from aid_ledger.book.rules import IDR
from aid_ledger.core.act import Act
from aid_ledger.programs import service
from aid_ledger.programs.models import Program
from tests.builders.funding import counted


def defined(
    act: Act,
    code: str,
    *,
    public_name: str = "Bantuan Sosial",
    commodity: str = IDR,
    sources: tuple[str, ...] = ("btt",),
    needs_isolation: bool = False,
    is_managed: bool = True,
    starts_on: dt.date | None = None,
) -> Program:
    """Define a programme that pays households; it starts on the first day of the Act's year unless told."""
    counted(act, commodity)
    return service.define_program(
        act,
        code=code,
        name=f"Program uji {code}",
        public_name=public_name,
        aliases="",
        pillar="pemulihan",
        unit="household",
        commodity=commodity,
        allowed_sources=sources,
        needs_isolation=needs_isolation,
        is_managed=is_managed,
        starts_on=starts_on or dt.date(act.on.year, 1, 1),
    )
