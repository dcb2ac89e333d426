"""What doors remember of a request so that a double click does nothing twice."""

from __future__ import annotations

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from aid_ledger.core.columns import Moment
from aid_ledger.core.db import Base, housekeeping


class IdempotencyKey(Base):
    """A money-moving request that was carried out: same key and body give the same object, another body a conflict."""

    __tablename__ = "idempotency_keys"
    __table_args__ = ({"info": housekeeping("says which object a repeated request meant; the deed has its own fact")},)

    actor: Mapped[str] = mapped_column(String(40), primary_key=True)
    route: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    body_hash: Mapped[bytes] = mapped_column(LargeBinary)
    reference: Mapped[str] = mapped_column(String(80))
    kept_at: Mapped[Moment]
