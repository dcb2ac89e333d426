"""The two tables of jobs, and the database's clock they are written with.

`job_progress` is the queue and the notice board: the row is the request, committed or rolled back with the deed that
asks for it. `job_leases` says which workers are alive. Both may change without a fact: a job records what it does in
the Acts of its steps, so these rows are convenience and never history.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, String, Table, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from aid_ledger.core.db import Base, housekeeping

job_progress = Table(
    "job_progress",
    Base.metadata,
    Column("id", String(100), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("state", String(12), nullable=False),
    Column("args", Text, nullable=False),
    Column("unit", String(24), nullable=False, server_default=""),
    Column("done", BigInteger, nullable=False, server_default="0"),
    Column("total", BigInteger),
    Column("queued_at_ms", BigInteger, nullable=False),
    Column("handed_at_ms", BigInteger),
    Column("started_at_ms", BigInteger),
    Column("moved_at_ms", BigInteger, nullable=False),
    Column("ended_at_ms", BigInteger),
    Column("result", Text),
    Column("error_code", String(80)),
    Column("error_facts", Text),
    CheckConstraint("state IN ('queued', 'running', 'cancelling', 'done', 'failed', 'cancelled')", name="state_known"),
    CheckConstraint("(error_code IS NOT NULL) = (state = 'failed')", name="failed_with_code"),
    CheckConstraint("done >= 0 AND (total IS NULL OR done <= total)", name="done_within_total"),
    Index("ix_job_progress_state_queued_at_ms", "state", "queued_at_ms"),
    info=housekeeping("Jobs asked for and how far they are; what they do is recorded by the Acts of their steps."),
)
"""Written by `queue.py` (asked, cancelled) inside Acts and by `notices.py` (handed, moved, ended) for the worker.

`handed_at_ms` is null until the engine has the job; `total` is null until the plan is made; `result` only when done.
"""

job_leases = Table(
    "job_leases",
    Base.metadata,
    Column("executor_id", String(200), primary_key=True),
    Column("started_at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False),
    info=housekeeping("Which job workers are alive, rewritten every two seconds; empty when none runs."),
)
"""Written by `leases.py` only."""

ENGINE_TABLES = frozenset(
    {
        "application_versions",
        "dbos_migrations",
        "event_dispatch_kv",
        "notifications",
        "operation_outputs",
        "queues",
        "streams",
        "workflow_events",
        "workflow_events_history",
        "workflow_input",
        "workflow_output",
        "workflow_schedules",
        "workflow_status",
    }
)
"""The engine's own tables: schema `dbos` on PostgreSQL, beside ours in the embedded file. They are no part of our
models, so migrations leave them alone; `migrate` in `engine.py` creates them."""


class NowMs(FunctionElement[int]):
    """The database's clock in milliseconds since 1970: machines disagree about the time, their database does not."""

    type = BigInteger()
    inherit_cache = True


@compiles(NowMs, "postgresql")
def _now_ms_postgresql(_element: NowMs, _compiler: SQLCompiler, **_options: Any) -> str:  # noqa: ANN401 - compiler API
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"


@compiles(NowMs, "sqlite")
def _now_ms_sqlite(_element: NowMs, _compiler: SQLCompiler, **_options: Any) -> str:  # noqa: ANN401 - compiler API
    return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
