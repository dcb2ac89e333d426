"""What the book does after a restore: every movement that was forgotten is made again, in the order of the log."""

from __future__ import annotations

from aid_ledger.book import service
from aid_ledger.core.act import Act
from aid_ledger.log.recover import Loss
from audit.facts.money import Move


def restore(act: Act, loss: Loss) -> None:
    """Post the lost facts' moves, so that the book holds what the log says."""
    for deed in loss.deeds:
        moves: tuple[Move, ...] = getattr(deed.fact, "moves", ())
        service.repost(act, moves, batch=getattr(deed.fact, "batch", None))
