"""Create the table of the roots of receipts after the first: what was proposed, and what became of it.

Takes no lock that matters: the table is new. Going down drops it, which only a log that never changed its root may.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aid_ledger.core.db import Id, Instant
from migrations.append_only import keep

revision = "0023_create_receipt_roots"
down_revision = "0022_create_log_keys"


def upgrade() -> None:
    """Create the table; a root that was proposed once stays known for ever."""
    op.create_table(
        "receipt_roots",
        sa.Column("id", Id, nullable=False),
        sa.Column("fingerprint", sa.String(length=43), nullable=False),
        sa.Column("old_fingerprint", sa.String(length=43), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("old_certificate", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("decree", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("proposed_by", sa.String(length=80), nullable=False),
        sa.Column("proposed_at", Instant(), nullable=False),
        sa.Column("usable_from", Instant(), nullable=True),
        sa.Column("announced_act", sa.String(length=32), nullable=False),
        sa.Column("taken_act", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_roots")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_receipt_roots_fingerprint")),
    )
    keep("receipt_roots")


def downgrade() -> None:
    """Drop the table again."""
    op.drop_table("receipt_roots")
