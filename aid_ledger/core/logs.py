"""How this program speaks to those who run it: structured events, one line each, no personal data.

JSON in production, coloured lines elsewhere, UTC everywhere, and everything said by gunicorn, SQLAlchemy or the job
engine goes through the same redaction. This is not the log of the ledger: nothing here is evidence of anything.

    log = logs.get(__name__)
    log.info("batch_submitted", batch="BTC-2026-000123-K")
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from aid_ledger.core import clock
from aid_ledger.core.redaction import redact, redact_text

LIBRARIES = (
    "alembic",
    "dbos",
    "flask_limiter",
    "gunicorn",
    "gunicorn.access",
    "gunicorn.error",
    "sqlalchemy",
    "sqlalchemy.engine",
    "weasyprint",
    "werkzeug",
)
"""Loggers that bring handlers of their own, which would go round the redaction."""


def configure(*, is_production: bool, level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Set up logging for this process; may be called again, for example after a fork or after a library began."""
    speak = (
        structlog.processors.JSONRenderer()
        if is_production
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_common(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_common(),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _without_secrets,
                speak,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    adopt(*LIBRARIES)


def adopt(*names: str) -> None:
    """Take away the handlers of these loggers, so that what they say goes through ours."""
    for name in names:
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True


def get(name: str) -> structlog.stdlib.BoundLogger:
    """Give a module its logger."""
    return structlog.stdlib.get_logger(name)


@contextmanager
def about(**values: str | int) -> Iterator[None]:
    """Say with every event inside what it is about: `act`, `request`, `office`; never a person."""
    with structlog.contextvars.bound_contextvars(**values):
        yield


def _common() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
        _with_time,
    ]


def _with_time(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event["at"] = clock.instant_text(clock.now())
    return event


def _without_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Redact last, when the exception is text already and nothing can be added any more."""
    return {redact_text(key): value if key == "at" else redact(key, value) for key, value in event.items()}
