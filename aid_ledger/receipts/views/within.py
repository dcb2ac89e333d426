"""Where the pages of receipts are: the installation they serve, and the areas an official sees."""

from __future__ import annotations

from typing import cast

from flask import current_app

from aid_ledger.core.roles import Role
from aid_ledger.settings import Settings
from aid_ledger.web import desk


def settings_here() -> Settings:
    """Give the settings of the installation that this application serves."""
    return cast("Settings", current_app.extensions["aid_ledger.office"].settings)


def areas_of(*roles: Role) -> frozenset[str]:
    """Tell where the official may see what these roles see: the areas in which they hold one, "" for everywhere."""
    areas = desk.official.areas
    return frozenset(area for role in roles if role in desk.official.roles for area in areas.get(role, ("",)))
