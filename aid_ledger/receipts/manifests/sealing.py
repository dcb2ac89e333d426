"""One seal from beginning to end, for every door: draw up, record the asking, ask, record what came of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy.orm import Session

from aid_ledger.receipts import layout
from aid_ledger.receipts.manifests import bsre, queries, service
from aid_ledger.receipts.manifests.bsre import Account, Typed
from aid_ledger.receipts.models import BatchManifest

Read = Callable[[], AbstractContextManager[Session]]


def seal(
    read: Read, act: Callable[..., Any], account: Account, batch: str, typed: Typed, *, after: str = ""
) -> BatchManifest:
    """Have the manifest of a batch sealed by whoever acts; `read` opens a session, `act` runs a service in an Act.

    A crash after the first Act leaves a manifest that was asked for and has no outcome.

    Raises:
        BatchNotFound, NothingIssued, NotSealed: there is nothing to state, or not yet.
        LayoutUnavailable: the libraries that lay pages out are not here.
        RoleMissing, ManifestOutdated, ManifestOpen, ManifestSealedAlready: see `service.ask`.
    """
    with read() as session:
        stated = queries.draw_up(session, batch)
    page: bytes = layout.load("aid_ledger.receipts.manifests.paper").lay_out(stated)
    asked: BatchManifest = act(service.ask, stated, page, after=after)
    outcome = bsre.seal(account, page, typed)
    concluded: BatchManifest = act(service.conclude, asked.reference, outcome)
    return concluded
