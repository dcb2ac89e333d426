"""Which workers are alive: one row per worker, renewed every few seconds, judged by the database's clock.

A lease that has run out proves nothing about the process behind it, which may only be frozen. It is therefore no
licence to assume: the engine's fence stops a returning worker at its next record, and steps are idempotent.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, insert, select, update

from aid_ledger.core.jobs.notices import House
from aid_ledger.core.jobs.tables import NowMs, job_leases


def renew(house: House, executor_id: str, *, ttl_ms: int) -> None:
    """Take or renew the lease of a worker. It takes it anew if others gave the worker up while it was frozen."""
    expiry = NowMs() + ttl_ms
    mine = job_leases.c.executor_id == executor_id
    with house() as session:
        renewed = update(job_leases).where(mine).values(expires_at_ms=expiry).returning(job_leases.c.executor_id)
        if not session.execute(renewed).all():
            session.execute(
                insert(job_leases).values(executor_id=executor_id, started_at_ms=NowMs(), expires_at_ms=expiry)
            )


def alive(house: House) -> set[str]:
    """Name the workers whose lease has not run out."""
    with house() as session:
        return set(
            session.execute(select(job_leases.c.executor_id).where(job_leases.c.expires_at_ms > NowMs())).scalars()
        )


def give_up(house: House, executor_id: str) -> None:
    """Give up one's own lease on leaving, so that others take over at once instead of waiting for it to run out."""
    with house() as session:
        session.execute(delete(job_leases).where(job_leases.c.executor_id == executor_id))


def clear(house: House, *, but: Collection[str]) -> None:
    """Remove leases that have run out, but keep those of workers that still have jobs to recover.

    A lease goes only after a sweep that found nothing left behind it, so a crash during recovery forgets no one.
    """
    with house() as session:
        session.execute(
            delete(job_leases).where(job_leases.c.expires_at_ms <= NowMs(), job_leases.c.executor_id.not_in(but))
        )
