"""Asking for the seal of a manifest, and recording what came of it: two Acts, with the certifier between them.

A crash in between leaves a manifest that was asked for and has no outcome: nobody knows, as after an answer that never
came. Nothing here asks again by itself; a person may, who names the asking before and so takes the second seal that
may come of it upon them.
"""

from __future__ import annotations

import base64

from aid_ledger.core.act import Act
from aid_ledger.core.numbering import next_reference
from aid_ledger.core.roles import Role
from aid_ledger.disbursement import queries as batches
from aid_ledger.documents import files
from aid_ledger.officials import powers
from aid_ledger.receipts.manifests import queries, rules
from aid_ledger.receipts.manifests.queries import Statement
from aid_ledger.receipts.manifests.rules import Outcome
from aid_ledger.receipts.models import BatchManifest
from audit.facts import manifests as facts


def ask(act: Act, stated: Statement, page: bytes, *, after: str = "") -> BatchManifest:
    """Record that a seal is about to be asked for on a page that says this; only then may the page leave.

    `after` is the asking before whose outcome nobody knows, "" where there is none.

    Raises:
        BatchNotFound: there is no such batch.
        RoleMissing: the official is no treasurer of the batch's region.
        ManifestOutdated: receipts were issued since the page was drawn up.
        ManifestOpen: the outcome of an earlier asking is not known, or another one is named.
        ManifestSealedAlready: these receipts have a sealed manifest.
    """
    # The batch's row is held, as by whoever issues: none comes between the count and the fact.
    batch = batches.lock_batch(act.session, stated.batch)
    powers.require_role(act, Role.TREASURER, region=batch.region_code)
    newest = queries.newest_of(act.session, batch.id)

    if queries.count(act.session, batch.id) != stated.counted:
        raise rules.ManifestOutdated(batch=stated.batch)
    is_open = newest is not None and newest.state in rules.OPEN
    if after != (newest.reference if newest is not None and is_open else ""):
        raise rules.ManifestOpen(manifest=newest.reference if newest else "", batch=stated.batch)
    if newest is not None and newest.state == rules.SEALED and newest.listing == stated.counted.listing:
        raise rules.ManifestSealedAlready(manifest=newest.reference)

    sha256 = files.store(act.kit.files, page)
    manifest = BatchManifest(
        reference=next_reference(act, rules.PREFIX),
        batch_id=batch.id,
        receipts=stated.counted.receipts,
        amount=stated.counted.amount,
        listing=stated.counted.listing,
        size=stated.size,
        file_sha256=sha256,
        sealed_sha256="",
        state=rules.ASKED,
        reason="",
        asked_by=act.actor.id,
        asked_at=act.at,
        after=after,
    )
    act.session.add(manifest)
    act.session.flush()

    act.record(
        facts.ManifestSealAsked(
            manifest=manifest.reference,
            batch=batch.reference,
            receipts=manifest.receipts,
            amount=manifest.amount,
            commodity=batch.commodity,
            listing=_digest(stated.counted.listing),
            size=stated.size,
            file=_digest(bytes.fromhex(sha256)),
            certifier=rules.BSRE,
            after=after,
        ),
        manifest,
    )
    return manifest


def conclude(act: Act, reference: str, outcome: Outcome) -> BatchManifest:
    """Record what came of an asking.

    Raises:
        ManifestNotFound: there is no such manifest.
        RoleMissing: the official is no treasurer of the batch's region.
        ManifestNotAsked: it waits for no outcome, or somebody else asked.
    """
    manifest, batch = queries.manifest(act.session, reference, is_held=True)
    powers.require_role(act, Role.TREASURER, region=batch.region_code)

    if manifest.state != rules.ASKED or manifest.asked_by != act.actor.id:
        raise rules.ManifestNotAsked(manifest=reference)

    if outcome.state == rules.SEALED:
        manifest.sealed_sha256 = files.store(act.kit.files, outcome.file)
    manifest.state, manifest.reason, manifest.ended_at = outcome.state, outcome.reason, act.at

    act.record(_concluded(manifest), manifest)
    return manifest


def _concluded(manifest: BatchManifest) -> facts.ManifestSealed | facts.ManifestSealRefused | facts.ManifestSealUnknown:
    match manifest.state:
        case rules.SEALED:
            return facts.ManifestSealed(
                manifest=manifest.reference, file=_digest(bytes.fromhex(manifest.sealed_sha256))
            )
        case rules.REFUSED:
            return facts.ManifestSealRefused(manifest=manifest.reference, reason=manifest.reason)
        case _:
            return facts.ManifestSealUnknown(manifest=manifest.reference, reason=manifest.reason)


def _digest(raw: bytes) -> str:
    """Write a digest as facts do."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
