"""The kinds of long work this product knows, gathered from the rooms for the worker."""

from __future__ import annotations

from aid_ledger.app import Office
from aid_ledger.core.jobs import Registry
from aid_ledger.recipients import jobs as recipients


def registry(office: Office) -> Registry:
    """List every kind of job, bound to an open installation."""
    return Registry([recipients.import_kind(office.acts)])
