"""Facts of the log itself and of the agency's beginning; the first entry of every log is LogFounded."""

from __future__ import annotations

from audit.facts.codec import Code, Count, Digest, Fact, Line, MaybeCode, fact


@fact("agencies")
class LogFounded(Fact):
    """The agency's log begins; everything a verifier pins is here.

    `vocabulary` 0 says that vectors may still change before release 1.0. `custody` is `single-host` where one machine
    holds every key. `receipt_root` is the SHA-256 of the receipts' root certificate (DER).
    """

    vocabulary: Count
    origin: Line
    log_vkey: Line
    receipt_root: Digest
    schema: Digest
    custody: Code
    agency: Code
    agency_name: Line
    practice: Count


@fact()
class SchemaChanged(Fact):
    """The database is built by other migrations than before: `old` and `new` digest them, as `schema` of LogFounded.

    Said by the process that orders the log, once, when it first runs with them.
    """

    old: Digest
    new: Digest


@fact("regions")
class RegionsLoaded(Fact):
    """A code tree was loaded; `file` is the SHA-256 of the file it came from."""

    region: Code
    file: Digest
    count: Count


@fact("founding_signatures", "agencies")
class FoundingClosed(Fact):
    """Both founders have signed: from now on new factors and policies wait, and grants need a second official."""

    founders: tuple[Code, ...]


@fact("founding_signatures")
class FoundingSigned(Fact):
    """One founder signed the end of the founding."""

    official: Code


@fact("*")
class RowsWritten(Fact):
    """Further row digests of the fact at ordinal `of` of the same Act; explains nothing by itself."""

    of: Count


@fact()
class RepairNoted(Fact):
    """The operator of the log noted an incident that a reader of the log should know of."""

    incident: Code
    note: Line
    document: MaybeCode


@fact("witnesses")
class WitnessAdded(Fact):
    """From now on the log asks this witness to cosign its checkpoints; `url` is where it takes them.

    Whether anybody believes it is decided by the inspector's policy, never here.
    """

    name: Code
    vkey: Line
    url: Line
