"""The log's tables. Entries are the only original; positions, tiles and checkpoints are derived from them.

Of these rows only the witnesses are covered by row digests: the Merkle tree and the signed checkpoint cover the
entries, and the rest is recomputed from them by `audit diff`.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from aid_ledger.core.db import Base, Id, Instant, derived, housekeeping, record

DIGEST_BYTES = 32


class LogEntry(Base):
    """One entry's exact bytes, written by the pen inside an Act and never changed."""

    __tablename__ = "log_entries"
    __table_args__ = (
        UniqueConstraint("act", "ordinal"),
        CheckConstraint("ordinal >= 0", name="ordinal"),
        {"info": derived("the pen, inside an Act") | {"append_only": "yes"}, "sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    act: Mapped[str] = mapped_column(String(32))
    ordinal: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(40))
    recorded_at: Mapped[dt.datetime] = mapped_column(Instant)
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary)


class LogPosition(Base):
    """Which entry lies at which position; written once by the sequencer."""

    __tablename__ = "log_positions"
    __table_args__ = ({"info": derived("the sequencer") | {"append_only": "yes"}},)

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(ForeignKey("log_entries.id"), unique=True)


class LogTile(Base):
    """One hash tile as far as it is filled: up to 256 hashes of 32 bytes. A partial tile is a prefix of it."""

    __tablename__ = "log_tiles"
    __table_args__ = ({"info": derived("the sequencer")},)

    level: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hashes: Mapped[bytes] = mapped_column(LargeBinary)


class LogHead(Base):
    """The size of the tree as integrated so far: one row, changed by the sequencer only."""

    __tablename__ = "log_heads"
    __table_args__ = (
        CheckConstraint("id = 1", name="single"),
        {"info": derived("the sequencer")},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(BigInteger)


class LogCheckpoint(Base):
    """A signed checkpoint, as signed; appended by the sequencer after the tree it names is durable."""

    __tablename__ = "log_checkpoints"
    __table_args__ = ({"info": derived("the sequencer") | {"append_only": "yes"}},)

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[str] = mapped_column(Text)
    signed_at: Mapped[dt.datetime] = mapped_column(Instant)


class LogMention(Base):
    """Which entries mention which object, by its reference, so that a page finds an object's facts without a scan."""

    __tablename__ = "log_mentions"
    __table_args__ = ({"info": derived("the pen, inside an Act") | {"append_only": "yes"}},)

    reference: Mapped[str] = mapped_column(String(60), primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("log_entries.id"), primary_key=True, autoincrement=False)


class Witness(Base):
    """Somebody outside who is asked to cosign; written by `witnessing.add_witness` and never changed."""

    __tablename__ = "witnesses"
    __table_args__ = ({"info": record("log.witnessing.add_witness") | {"append_only": "yes"}},)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    vkey: Mapped[str] = mapped_column(String(200), unique=True)
    url: Mapped[str] = mapped_column(String(300))
    added_at: Mapped[dt.datetime] = mapped_column(Instant)


class WitnessState(Base):
    """How it went with one witness: the size it last cosigned, and the first refusal, which no success wipes out.

    `fault` is "" when the last attempt went well. A refusal is an alarm: the witness saw another history than ours.
    """

    __tablename__ = "witness_states"
    __table_args__ = (
        CheckConstraint("size >= 0", name="size"),
        {"info": housekeeping("each witness shows what it last cosigned to everybody; this row is our note of it")},
    )

    witness_id: Mapped[int] = mapped_column(ForeignKey("witnesses.id"), primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(BigInteger)
    cosigned_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    asked_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    fault: Mapped[str] = mapped_column(String(60))
    refusal: Mapped[str] = mapped_column(String(60))
    refused_size: Mapped[int | None] = mapped_column(BigInteger)
    refused_at: Mapped[dt.datetime | None] = mapped_column(Instant)


class WitnessCosignature(Base):
    """The newest cosignature line of a witness for a checkpoint, checked before it was stored."""

    __tablename__ = "witness_cosignatures"
    __table_args__ = (
        {
            "info": housekeeping(
                "a line carries the witness's own signature; one that is gone or changed counts as none"
            )
        },
    )

    size: Mapped[int] = mapped_column(ForeignKey("log_checkpoints.size"), primary_key=True, autoincrement=False)
    witness_id: Mapped[int] = mapped_column(ForeignKey("witnesses.id"), primary_key=True, autoincrement=False)
    line: Mapped[str] = mapped_column(Text)
    cosigned_at: Mapped[dt.datetime] = mapped_column(Instant)


class LogHistory(Base):
    """A checkpoint of the history file with each witness's first cosignature; a pinned one is never thinned out."""

    __tablename__ = "log_history"
    __table_args__ = (
        {
            "info": housekeeping(
                "a checkpoint carries its signatures; one that is gone makes the times of entries less certain"
            )
        },
    )

    size: Mapped[int] = mapped_column(ForeignKey("log_checkpoints.size"), primary_key=True, autoincrement=False)
    note: Mapped[str] = mapped_column(Text)
    noted_at: Mapped[dt.datetime] = mapped_column(Instant)
    is_pinned: Mapped[bool] = mapped_column(Boolean)


class LogTimestamp(Base):
    """The token of an authority of time over a checkpoint (RFC 3161), checked before it was stored."""

    __tablename__ = "log_timestamps"
    __table_args__ = (
        {
            "info": housekeeping("a token carries the authority's own signature; one that is gone or changed is none")
            | {"append_only": "yes"}
        },
    )

    size: Mapped[int] = mapped_column(ForeignKey("log_checkpoints.size"), primary_key=True, autoincrement=False)
    token: Mapped[bytes] = mapped_column(LargeBinary)
    stamped_at: Mapped[dt.datetime] = mapped_column(Instant)


class TimestampState(Base):
    """How it went with the authority of time: one row. `fault` is "" when it last gave a token; `misses` since then."""

    __tablename__ = "timestamp_states"
    __table_args__ = (
        CheckConstraint("id = 1", name="single"),
        {"info": housekeeping("when the authority was last asked; a token is asked for again whatever it says")},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    asked_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    fault: Mapped[str] = mapped_column(String(60))
    misses: Mapped[int] = mapped_column(Integer)


class WitnessPolicy(Base):
    """A policy that was proposed: whose cosignatures the agency would wait for, as a C2SP tlog-policy."""

    __tablename__ = "witness_policies"
    __table_args__ = ({"info": record("ADMIN") | {"append_only": "yes"}},)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    text: Mapped[str] = mapped_column(Text)
    proposed_by: Mapped[str] = mapped_column(String(40))
    proposed_at: Mapped[dt.datetime] = mapped_column(Instant)


class WitnessPolicyAgreement(Base):
    """The second administrator's word on a proposed policy; the newest one whose time has come is in force."""

    __tablename__ = "witness_policy_agreements"
    __table_args__ = ({"info": record("a second ADMIN; a founder before closing") | {"append_only": "yes"}},)

    policy_id: Mapped[int] = mapped_column(ForeignKey("witness_policies.id"), primary_key=True, autoincrement=False)
    since: Mapped[dt.datetime] = mapped_column(Instant)
    agreed_by: Mapped[str] = mapped_column(String(40))
    agreed_at: Mapped[dt.datetime] = mapped_column(Instant)


KEY_ANNOUNCED = "announced"
"""The state of a key that waits to be taken; the others are the room `custody`'s own."""


class LogKey(Base):
    """A key that was proposed to sign the log after the one in use, and what became of it (room `custody`).

    `announced_act` and `taken_act` are the acts of its entries, "" until there are any; which sizes it signs follows
    from where those lie. The first key of a log has no row: the first entry names it.
    """

    __tablename__ = "log_keys"
    __table_args__ = (
        {"info": record("two administrators, and the sequencer when the time has come") | {"lasting": "yes"}},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    vkey: Mapped[str] = mapped_column(String(300), unique=True)
    old_vkey: Mapped[str] = mapped_column(String(300))
    old_signature: Mapped[str] = mapped_column(String(100))
    new_signature: Mapped[str] = mapped_column(String(100))
    decree: Mapped[str] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(20))
    proposed_by: Mapped[str] = mapped_column(String(80))
    proposed_at: Mapped[dt.datetime] = mapped_column(Instant)
    usable_from: Mapped[dt.datetime | None] = mapped_column(Instant)
    announced_act: Mapped[str] = mapped_column(String(32))
    taken_act: Mapped[str] = mapped_column(String(32))


class LogKeySeal(Base):
    """The first checkpoint over a key's announcement that the quorum was seen to have cosigned, with those lines."""

    __tablename__ = "log_key_seals"
    __table_args__ = (
        {"info": housekeeping("it carries its own signatures; one that is gone makes the new key wait anew")},
    )

    key_id: Mapped[int] = mapped_column(ForeignKey("log_keys.id"), primary_key=True, autoincrement=False)
    note: Mapped[str] = mapped_column(Text)
