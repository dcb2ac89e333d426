"""Reading episodes: which are verified on a day, and the lists of a posko.

Whether an episode is verified is asked of the checks themselves, which are only ever added, and not of the word
stored on the episode: that word is for lists.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Select, and_, case, func, or_, select

from aid_ledger.isolation import rules
from aid_ledger.isolation.models import IsolationCheck, IsolationEpisode


def verified_episodes(on: dt.date) -> Select[tuple[int, int]]:
    """Select `person_id` and `episode_id` of verified isolations that count on a day: at most one, the newest, each."""
    covering = (
        select(IsolationEpisode.id, IsolationEpisode.person_id)
        .join(IsolationCheck, IsolationCheck.episode_id == IsolationEpisode.id)
        .where(
            IsolationEpisode.started_on <= on,
            or_(
                IsolationEpisode.ends_on >= on - rules.GRACE,
                and_(
                    IsolationEpisode.ends_on.is_(None), IsolationEpisode.started_on >= on - rules.LONGEST - rules.GRACE
                ),
            ),
            IsolationCheck.outcome == rules.Outcome.APPROVED.value,
            IsolationCheck.pillar.in_([pillar.value for pillar in rules.Pillar]),
        )
        .group_by(IsolationEpisode.id, IsolationEpisode.person_id)
        .having(
            func.count(IsolationCheck.pillar.distinct()) >= rules.PILLARS_NEEDED,
            func.max(case((IsolationCheck.pillar == rules.MANDATORY.value, 1), else_=0)) == 1,
        )
        .subquery()
    )
    return select(covering.c.person_id, func.max(covering.c.id).label("episode_id")).group_by(covering.c.person_id)
