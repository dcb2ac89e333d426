"""Facts of the manifest of a batch's receipts: one page about them all, which a certifier is asked to sign."""

from __future__ import annotations

from audit.facts.codec import Amount, Code, Count, Digest, Fact, MaybeCode, fact


@fact("manifests")
class ManifestSealAsked(Fact):
    """A certifier was asked to sign the manifest of all receipts of a batch; what came of it is said by another fact.

    `listing` is the SHA-256 over the digests of the batch's receipts as they stand in their facts, in the order of the
    log, each with a line feed. `amount` counts a line once, however often its receipt was replaced. `size` is that of
    the checkpoint the page names, `file` the SHA-256 of the page. `after` is the asking before, when nobody knew its
    outcome and a person asked again all the same.
    """

    manifest: Code
    batch: Code
    receipts: Count
    amount: Amount
    commodity: Code
    listing: Digest
    size: Count
    file: Digest
    certifier: Code
    after: MaybeCode


@fact("manifests")
class ManifestSealed(Fact):
    """The certifier signed the manifest, and changed nothing else of it; `file` is the SHA-256 of what came back."""

    manifest: Code
    file: Digest


@fact("manifests")
class ManifestSealRefused(Fact):
    """The certifier said no, or was never reached: nothing was signed."""

    manifest: Code
    reason: Code


@fact("manifests")
class ManifestSealUnknown(Fact):
    """Nobody knows whether the certifier signed: no answer, or one that cannot be believed."""

    manifest: Code
    reason: Code
