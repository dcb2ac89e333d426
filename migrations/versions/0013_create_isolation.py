"""Create the tables of the isolation room.

Takes no lock that matters: the tables are new. Going down drops them, which only an empty database may do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aid_ledger.core.db import Instant
from migrations.append_only import protect

revision = "0013_create_isolation"
down_revision = "0012_create_recipients"


def upgrade() -> None:
    """Create tables, indexes and the triggers of the append-only ones."""
    op.create_table(
        "isolation_episodes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("place", sa.String(length=20), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("health_centre", sa.String(length=300), nullable=False),
        sa.Column("tested_on", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reported_by", sa.String(length=40), nullable=False),
        sa.Column("reported_at", Instant(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_isolation_episodes_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_isolation_episodes")),
        sa.UniqueConstraint("reference", name=op.f("uq_isolation_episodes_reference")),
    )
    op.create_index("ix_isolation_person", "isolation_episodes", ["person_id", "started_on"], unique=False)
    op.create_table(
        "isolation_checks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("episode_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("pillar", sa.String(length=20), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("checker_name", sa.String(length=300), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.String(length=40), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["episode_id"], ["isolation_episodes.id"], name=op.f("fk_isolation_checks_episode_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_isolation_checks")),
        sa.UniqueConstraint("episode_id", "pillar", name=op.f("uq_isolation_checks_episode_id_pillar")),
    )
    protect("isolation_checks")


def downgrade() -> None:
    """Drop the tables again, newest first."""
    op.drop_table("isolation_checks")
    op.drop_table("isolation_episodes")
