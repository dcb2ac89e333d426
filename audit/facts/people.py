"""Facts on recipients and home isolation. No person is named: rows are covered by digests of ciphertext and salt."""

from __future__ import annotations

from audit.facts.codec import Code, Count, Day, Digest, Fact, MaybeCode, Moment, Words, fact


@fact("imports", "import_problems", "households", "people", "bank_accounts")
class RecipientsImported(Fact):
    """A list of recipients was read; `content` is the digest of its normalised good rows under a salt."""

    intake: Code
    file: Digest
    mode: Code
    good: Count
    bad: Count
    people_new: Count
    people_changed: Count


@fact("people", "households")
class PersonCorrected(Fact):
    """An official corrected a person's particulars."""

    person: Code
    reason: Words


@fact("bank_accounts")
class BankAccountChanged(Fact):
    """A recipient's account was added or replaced; lines that are frozen keep their commitment to the old one."""

    person: Code
    account: Code
    reason: Words


@fact("people")
class CivilStatusRecorded(Fact):
    """A person died or moved; only that there is a record is public."""

    person: Code
    document: MaybeCode


@fact("external_aid")
class ExternalAidLoaded(Fact):
    """A list of recipients of another agency's programme was loaded for the double-aid check."""

    program: Code
    file: Digest
    count: Count


@fact("personal_views")
class PeopleViewed(Fact):
    """Unmasked personal data was shown; `root` commits to whose under a salt."""

    purpose: Words
    count: Count
    root: Digest


@fact("personal_views")
class ViewRefused(Fact):
    """An official reached the daily limit of unmasked views."""

    today: Count


@fact("isolation_episodes")
class IsolationReported(Fact):
    """A home-isolation episode was taken in; who and where stay out of the log."""

    episode: Code
    origin: Code


@fact("isolation_checks", "isolation_episodes")
class IsolationChecked(Fact):
    """One of the four pillars checked an episode."""

    episode: Code
    pillar: Code
    outcome: Code


@fact("isolation_episodes")
class IsolationEnded(Fact):
    """An episode was closed."""

    episode: Code
    on_day: Day
    noted_at: Moment
