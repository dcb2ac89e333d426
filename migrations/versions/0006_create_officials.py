"""Create the tables of the officials room.

Takes no lock that matters: the tables are new. Going down drops them, which only an empty database may do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aid_ledger.core.db import Instant
from migrations.append_only import protect

revision = "0006_create_officials"
down_revision = "0005_create_regions"


def upgrade() -> None:
    """Create tables, indexes and the triggers of the append-only ones."""
    op.create_table(
        "offices",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("agency_unit", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offices")),
        sa.UniqueConstraint("code", name=op.f("uq_offices_code")),
    )
    op.create_table(
        "officials",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("login", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("agency_unit", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("founder", sa.Boolean(), nullable=False),
        sa.Column("enrolled_at", Instant(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_officials")),
        sa.UniqueConstraint("login", name=op.f("uq_officials_login")),
    )
    op.create_table(
        "sign_in_attempts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hour", Instant(), nullable=False),
        sa.Column("fails", sa.BigInteger(), nullable=False),
        sa.Column("blocked_until", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempts")),
        sa.UniqueConstraint("name_hash", "hour", name=op.f("uq_sign_in_attempts_name_hash_hour")),
    )
    op.create_table(
        "credentials",
        sa.Column(
            "official_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("is_temporary", sa.Boolean(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("enrolment_token_hash", sa.LargeBinary(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["official_id"], ["officials.id"], name=op.f("fk_credentials_official_id")),
        sa.PrimaryKeyConstraint("official_id", name=op.f("pk_credentials")),
    )
    op.create_table(
        "factor_resets",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("official_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("factor", sa.String(length=20), nullable=False),
        sa.Column("decree", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("requested_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("requested_at", Instant(), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["decided_by_id"], ["officials.id"], name=op.f("fk_factor_resets_decided_by_id")),
        sa.ForeignKeyConstraint(["official_id"], ["officials.id"], name=op.f("fk_factor_resets_official_id")),
        sa.ForeignKeyConstraint(["requested_by_id"], ["officials.id"], name=op.f("fk_factor_resets_requested_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_factor_resets")),
        sa.UniqueConstraint("reference", name=op.f("uq_factor_resets_reference")),
    )
    op.create_table(
        "founding_signatures",
        sa.Column(
            "official_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("signed_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["official_id"], ["officials.id"], name=op.f("fk_founding_signatures_official_id")),
        sa.PrimaryKeyConstraint("official_id", name=op.f("pk_founding_signatures")),
    )
    op.create_table(
        "office_terms",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("official_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("office_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("decree", sa.String(length=300), nullable=False),
        sa.Column("acts_for_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["acts_for_id"], ["officials.id"], name=op.f("fk_office_terms_acts_for_id")),
        sa.ForeignKeyConstraint(["office_id"], ["offices.id"], name=op.f("fk_office_terms_office_id")),
        sa.ForeignKeyConstraint(["official_id"], ["officials.id"], name=op.f("fk_office_terms_official_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office_terms")),
    )
    op.create_index(op.f("ix_office_terms_official_id"), "office_terms", ["official_id"], unique=False)
    op.create_table(
        "otp_devices",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("official_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seal", sa.String(length=32), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("enrolled_at", Instant(), nullable=False),
        sa.Column("usable_from", Instant(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("fails", sa.BigInteger(), nullable=False),
        sa.Column("locked_until", Instant(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("fails >= 0", name=op.f("ck_otp_devices_fails")),
        sa.ForeignKeyConstraint(["official_id"], ["officials.id"], name=op.f("fk_otp_devices_official_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_otp_devices")),
        sa.UniqueConstraint("reference", name=op.f("uq_otp_devices_reference")),
        sa.UniqueConstraint("seal", name=op.f("uq_otp_devices_seal")),
    )
    op.create_index(op.f("ix_otp_devices_official_id"), "otp_devices", ["official_id"], unique=False)
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("official_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("spent_at", Instant(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["official_id"], ["officials.id"], name=op.f("fk_recovery_codes_official_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
    )
    op.create_index(op.f("ix_recovery_codes_official_id"), "recovery_codes", ["official_id"], unique=False)
    op.create_table(
        "role_grants",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("official_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("area", sa.String(length=80), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("decree", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("requested_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["decided_by_id"], ["officials.id"], name=op.f("fk_role_grants_decided_by_id")),
        sa.ForeignKeyConstraint(["official_id"], ["officials.id"], name=op.f("fk_role_grants_official_id")),
        sa.ForeignKeyConstraint(["requested_by_id"], ["officials.id"], name=op.f("fk_role_grants_requested_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grants")),
        sa.UniqueConstraint("reference", name=op.f("uq_role_grants_reference")),
    )
    op.create_index("ix_role_grants_live", "role_grants", ["official_id", "state"], unique=False)
    op.create_table(
        "sign_in_sessions",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("official_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("factor", sa.String(length=80), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["official_id"], ["officials.id"], name=op.f("fk_sign_in_sessions_official_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_in_sessions")),
    )
    op.create_index(op.f("ix_sign_in_sessions_official_id"), "sign_in_sessions", ["official_id"], unique=False)
    op.create_table(
        "otp_uses",
        sa.Column(
            "device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("step", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("purpose", sa.String(length=80), nullable=False),
        sa.Column("spent_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["otp_devices.id"], name=op.f("fk_otp_uses_device_id")),
        sa.PrimaryKeyConstraint("device_id", "step", name=op.f("pk_otp_uses")),
    )
    protect("founding_signatures", "otp_uses")


def downgrade() -> None:
    """Drop the tables again, newest first."""
    op.drop_table("otp_uses")
    op.drop_table("sign_in_sessions")
    op.drop_table("role_grants")
    op.drop_table("recovery_codes")
    op.drop_table("otp_devices")
    op.drop_table("office_terms")
    op.drop_table("founding_signatures")
    op.drop_table("factor_resets")
    op.drop_table("credentials")
    op.drop_table("sign_in_attempts")
    op.drop_table("officials")
    op.drop_table("offices")
