"""The floor under every table: engines, column types, naming of constraints, and what each table owes the log.

Every table says in its `info` what it is: `record()` tables are covered by row digests in the log, `derived()` tables
are recomputed by replay, `housekeeping()` tables may change without a fact and say why. Transactions are opened in
`core/act.py` only; nothing here commits.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast
from weakref import WeakKeyDictionary

import psycopg
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    any_,
    create_engine,
    event,
    literal,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, PoolProxiedConnection, QueuePool
from sqlalchemy.types import TypeDecorator, TypeEngine

from aid_ledger.core import clock
from aid_ledger.core.sqlfunctions import SHA256_OF, sha256_of

SQLITE_BUSY_TIMEOUT_S = 15
"""How long a writer waits for another writer of the embedded database before it says BUSY; longer than any Act."""

POOL_SIZE = 8
"""Connections a process keeps; a web worker runs two threads and a sequencer one, so eight leave room for jobs."""

SAID_OFTEN = 5
"""Times that one connection says a statement before the server keeps its plan; psycopg's own number."""

IDLE_S = 1
"""A connection not taken for so long is asked whether it lives: no server restarts in less, and a busy one shows it."""

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The one registry of tables; rooms subclass it in their `models.py`."""

    metadata = MetaData(naming_convention=NAMING)


Id = BigInteger().with_variant(Integer, "sqlite")
"""Primary keys: 64 bits on PostgreSQL, a rowid alias on SQLite (which only INTEGER can be)."""


class Instant(TypeDecorator[dt.datetime]):
    """A UTC instant: timestamptz on PostgreSQL, ISO text with six fraction digits and Z on SQLite (sorts as time)."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type of the database at hand."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> Any:  # noqa: ANN401 - driver value
        """Refuse naive times: a time without a zone has decided nothing."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = "an instant needs a time zone"
            raise TypeError(message)
        utc = value.astimezone(dt.UTC)
        return utc if dialect.name == "postgresql" else clock.instant_text(utc)

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:  # noqa: ANN401 - driver value
        """Give back an aware UTC time whatever the database and its session zone."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            return cast("dt.datetime", value).astimezone(dt.UTC)
        return clock.parse_instant(cast("str", value))


def record(comment: str) -> dict[str, str]:
    """Describe a table whose every row is covered by a digest in the log; the comment says who may write it."""
    return {"keeping": "record", "comment": comment}


def derived(comment: str) -> dict[str, str]:
    """Describe a table that replay or the tree recomputes from the log, so that rows need no digest of their own."""
    return {"keeping": "derived", "comment": comment}


def housekeeping(reason: str) -> dict[str, str]:
    """Describe a table that may change without a fact; the reason is printed by `audit diff` and must hold there."""
    return {"keeping": "housekeeping", "comment": reason}


def keeping(table: Table) -> str:
    """Tell what a table owes the log: `record`, `derived` or `housekeeping`; a table that does not say is a bug."""
    try:
        return cast("str", table.info["keeping"])
    except KeyError:
        message = f"table {table.name} does not say what it owes the log"
        raise RuntimeError(message) from None


def make_engine(url: str, *, reading: bool = False, behind_pooler: bool = False) -> Engine:
    """Build an engine with the transaction rules of this ledger.

    SQLite runs in driver autocommit so that BEGIN IMMEDIATE is ours to say, with its statement cache off so that the
    guard's authorizer sees every statement. `reading` gives a `mode=ro` engine there. On PostgreSQL what is said often
    is prepared on the server; `behind_pooler` says that the next transaction may be on another server connection,
    which knows nothing of it, so that nothing is prepared.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(parsed, reading=reading)
    engine = create_engine(
        parsed,
        poolclass=QueuePool,
        pool_size=POOL_SIZE,
        hide_parameters=True,
        connect_args={"prepare_threshold": None if behind_pooler else SAID_OFTEN},
    )
    _ask_the_idle(engine)
    if not behind_pooler:
        _remember_reports(engine)
    if reading:
        engine = engine.execution_options(postgresql_readonly=True)
    return engine


def _ask_the_idle(engine: Engine) -> None:
    """Have connections that nobody took for a while asked whether they live, and all replaced when one does not.

    Asking each time, as SQLAlchemy's own `pool_pre_ping` does, costs every Act a journey to the server.
    """

    @event.listens_for(engine, "checkout")
    def taken(connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        now_s = clock.monotonic()
        last_s, entry.info["taken_at_s"] = entry.info.get("taken_at_s"), now_s
        if last_s is None or now_s - last_s < IDLE_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except psycopg.OperationalError as gone:
            raise InvalidatePoolError("the connection died while nobody used it") from gone


_WILL_REPORT, _AT_ZERO = "counts_will_be_reported", "counts_begin_at_zero"
"""What is remembered of a PostgreSQL connection: what its last transaction asked for, what this one may rely on."""


def _remember_reports(engine: Engine) -> None:
    """Let each transaction know whether the one before it on the same connection had its counts reported.

    Only behind no pooler: there the next transaction may be on a server connection that another one counted on.
    """

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        connection.info[_AT_ZERO] = connection.info.pop(_WILL_REPORT, False)


def will_report(connection: Connection) -> None:
    """Remember that the server was told to report what this transaction counts as soon as it ends, well or not."""
    connection.info[_WILL_REPORT] = True


def begins_at_zero(connection: Connection) -> bool:
    """Tell whether nothing was counted on this connection that is not reported."""
    return bool(connection.info.get(_AT_ZERO))


def _sqlite_engine(url: URL, *, reading: bool) -> Engine:
    path = Path(url.database or "").resolve()
    mode = "ro" if reading else "rwc"
    address = URL.create("sqlite", database=f"file:{path}", query={"mode": mode, "uri": "true"})
    engine = create_engine(
        address,
        poolclass=NullPool if reading else QueuePool,
        hide_parameters=True,
        connect_args={
            "isolation_level": None,
            "cached_statements": 0,
            "timeout": SQLITE_BUSY_TIMEOUT_S,
            "check_same_thread": False,
        },
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cast("sqlite3.Connection", connection).create_function(SHA256_OF, -1, sha256_of, deterministic=True)
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA recursive_triggers = ON")
        if not reading:
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA synchronous = FULL")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's Connection; typed loosely by its event API
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Open a READ ONLY transaction: pages and checks read through this, and a stray write in them fails."""
    # Closing expires nothing, so that a page may still show what was read.
    with Session(_reader_of(engine), expire_on_commit=False, autoflush=False) as session:
        if engine.dialect.name != "postgresql":
            yield session
            return
        session.execute(text("SET TRANSACTION READ ONLY"))
        connection = session.connection()
        if begins_at_zero(connection):
            # Who only reads counts no rows.
            will_report(connection)
        yield session
        if connection.in_transaction() and not connection.invalidated:
            # What only read may as well be committed. A rollback, which closing does to any other transaction, has the
            # driver forget every statement that the server keeps prepared on this connection. A server that is gone by
            # now takes nothing back that was read.
            with suppress(DBAPIError):
                ask(connection, "COMMIT")


_READERS: WeakKeyDictionary[Engine, Engine] = WeakKeyDictionary()


def _reader_of(engine: Engine) -> Engine:
    """On SQLite readers have an engine of their own, so that they neither write nor wait for a writer."""
    if engine.dialect.name == "postgresql":
        return engine
    reader = _READERS.get(engine)
    if reader is None:
        reader = _READERS[engine] = _sqlite_engine(make_url(f"sqlite:///{_file_of(engine)}"), reading=True)
    return reader


def _file_of(engine: Engine) -> str:
    return str(engine.url.database).removeprefix("file:")


def dialect_of(session: Session) -> str:
    """Name the database behind a session: `postgresql` or `sqlite`."""
    return session.get_bind().dialect.name


def ask(connection: Connection, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Say a statement to PostgreSQL through its driver and give its rows: for what every Act says.

    SQLAlchemy's own way costs twice as much of our time as the driver's. Errors are what they are there.
    """
    driver = cast("psycopg.Connection", connection.connection.driver_connection)
    try:
        cursor = driver.execute(statement, parameters)
        # Not `description`, which makes an object for every column only to say that there are some.
        result = cursor.pgresult
        return cursor.fetchall() if result and result.nfields else []
    except psycopg.Error as error:
        is_gone = driver.closed or driver.broken
        if is_gone:
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement,
            None,
            error,
            psycopg.Error,
            hide_parameters=True,
            connection_invalidated=is_gone,
            dialect=connection.dialect,
        ) from error


def among(
    column: ColumnElement[int] | InstrumentedAttribute[int], ids: Sequence[int], dialect: str
) -> ColumnElement[bool]:
    """Select the rows of these ids: on PostgreSQL one array, so that every list of ids is the same statement."""
    if dialect == "postgresql":
        return column == any_(literal(list(ids), ARRAY(BigInteger)))
    return column.in_(ids)


def key_columns(table: Table) -> list[Column[Any]]:
    """List a table's primary key columns in their declared order; every table here has at least one."""
    return list(table.primary_key.columns)


def key_text(values: tuple[object, ...]) -> str:
    """Write a primary key as the log does: its parts as text, joined by '/'."""
    return "/".join(str(value) for value in values)
