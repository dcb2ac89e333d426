"""Facts on openings: what stands behind commitments, lodged sealed with an auditor before anybody is paid."""

from __future__ import annotations

from audit.facts.codec import Code, Count, Day, Digest, Fact, Line, fact


@fact("auditor_keys")
class AuditorKeyProposed(Fact):
    """An administrator named the key of an auditor; nothing is sealed to it until the auditor agrees."""

    key: Code
    auditor: Code
    public: Line


@fact("auditor_keys")
class AuditorKeySet(Fact):
    """A second official, an auditor, found the key to be the one on their machine; it replaces that auditor's last.

    From the next day on nothing is paid before its openings are lodged under this key.
    """

    key: Code
    auditor: Code
    public: Line


@fact("lodged_openings")
class OpeningsLodged(Fact):
    """The openings of a batch's lines, as frozen under this digest, lie sealed to a key; `file` is their SHA-256."""

    batch: Code
    digest: Digest
    key: Code
    auditor: Code
    lines: Count
    file: Digest


@fact()
class OpeningsGiven(Fact):
    """The sealed openings of a programme's batches of some days were handed to the auditor they are sealed to."""

    auditor: Code
    program: Code
    since: Day
    until: Day
    batches: Count
