"""Let a line have one receipt that counts, and before it those that it has replaced.

Until now a line had one receipt at all. Changes no row; on PostgreSQL it locks the table while the index is built.
Going down works as long as no receipt was replaced.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025_replace_receipts"
down_revision = "0024_create_timestamps"


def upgrade() -> None:
    """Put a unique index over what was not replaced in the place of the unique constraint."""
    with op.batch_alter_table("receipts") as table:
        table.drop_constraint(op.f("uq_receipts_line_id"), type_="unique")
    op.create_index(op.f("ix_receipts_line_id"), "receipts", ["line_id"], unique=False)
    op.create_index(
        "uq_receipts_one_counts",
        "receipts",
        ["line_id"],
        unique=True,
        postgresql_where=sa.text("state != 'replaced'"),
        sqlite_where=sa.text("state != 'replaced'"),
    )


def downgrade() -> None:
    """Put the constraint back."""
    op.drop_index("uq_receipts_one_counts", table_name="receipts")
    op.drop_index(op.f("ix_receipts_line_id"), table_name="receipts")
    with op.batch_alter_table("receipts") as table:
        table.create_unique_constraint(op.f("uq_receipts_line_id"), ["line_id"])
