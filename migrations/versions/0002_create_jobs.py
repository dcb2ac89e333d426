"""Create the tables of the jobs room.

Takes no lock that matters: the tables are new. Going down drops them, which only an empty database may do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_create_jobs"
down_revision = "0001_create_numbering"


def upgrade() -> None:
    """Create tables, indexes and constraints."""
    op.create_table(
        "job_leases",
        sa.Column("executor_id", sa.String(length=200), nullable=False),
        sa.Column("started_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("executor_id", name=op.f("pk_job_leases")),
    )
    op.create_table(
        "job_progress",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("args", sa.Text(), nullable=False),
        sa.Column("unit", sa.String(length=24), server_default="", nullable=False),
        sa.Column("done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("queued_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("handed_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("started_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("moved_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("error_code", sa.String(length=80), nullable=True),
        sa.Column("error_facts", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(error_code IS NOT NULL) = (state = 'failed')", name=op.f("ck_job_progress_failed_with_code")
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'cancelling', 'done', 'failed', 'cancelled')",
            name=op.f("ck_job_progress_state_known"),
        ),
        sa.CheckConstraint(
            "done >= 0 AND (total IS NULL OR done <= total)", name=op.f("ck_job_progress_done_within_total")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_progress")),
    )
    op.create_index("ix_job_progress_state_queued_at_ms", "job_progress", ["state", "queued_at_ms"], unique=False)


def downgrade() -> None:
    """Drop the tables again, newest first."""
    op.drop_table("job_progress")
    op.drop_table("job_leases")
