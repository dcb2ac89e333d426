"""The roots that were proposed for receipts to hang from, and what became of each."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from aid_ledger.core.db import Base, Id, Instant, record


class ReceiptRoot(Base):
    """A root certificate after the first, which the first entry of the log names and which has no row.

    Certificates (DER) and the old root's signature are base64, fingerprints as facts spell them. `announced_act` and
    `taken_act` are the acts of its entries, "" until there are any; what hangs from it follows from the latter.
    """

    __tablename__ = "receipt_roots"
    __table_args__ = (
        {"info": record("two administrators, and the sequencer when the time has come") | {"lasting": "yes"}},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(43), unique=True)
    old_fingerprint: Mapped[str] = mapped_column(String(43))
    certificate: Mapped[str] = mapped_column(Text)
    old_certificate: Mapped[str] = mapped_column(Text)
    signature: Mapped[str] = mapped_column(Text)
    decree: Mapped[str] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(20))
    proposed_by: Mapped[str] = mapped_column(String(80))
    proposed_at: Mapped[dt.datetime] = mapped_column(Instant)
    usable_from: Mapped[dt.datetime | None] = mapped_column(Instant)
    announced_act: Mapped[str] = mapped_column(String(32))
    taken_act: Mapped[str] = mapped_column(String(32))
