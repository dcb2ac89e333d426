"""Create the tables of the public room.

Takes no lock that matters: the tables are new. Going down drops them, which only an empty database may do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aid_ledger.core.db import Instant

revision = "0018_create_public"
down_revision = "0017_create_receipts"


def upgrade() -> None:
    """Create tables, indexes and constraints."""
    op.create_table(
        "public_checks",
        sa.Column("client", sa.LargeBinary(), nullable=False),
        sa.Column("hour", Instant(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client", name=op.f("pk_public_checks")),
    )
    op.create_index("ix_public_checks_hour", "public_checks", ["hour"], unique=False)


def downgrade() -> None:
    """Drop the tables again, newest first."""
    op.drop_table("public_checks")
