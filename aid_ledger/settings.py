"""Where this installation lives and how it is set: the only reader of the environment.

What an agency *is* (its name, region code, policies) is in the database, set by a recorded deed; here are only the
things a host decides: addresses, folders, the database, the place of key files. Secrets are files, never variables.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

PREFIX = "AID_LEDGER_"
DEFAULT_BASE_URL = "http://127.0.0.1:8000"
DEMO_ORIGIN = "demo.example/aid-ledger"
"""The log of a demo says so in its permanent name; production refuses it."""

NEW_FACTOR_WAIT = dt.timedelta(hours=72)
WAIT_HOURS_MAX = 720
UNWITNESSED_HOURS_MAX = 24
"""A way without witnesses is for one outage; this only shortens it."""
LOG_KEY_WAIT_HOURS_MIN = 72
LOG_KEY_WAIT = dt.timedelta(hours=LOG_KEY_WAIT_HOURS_MIN)
"""What every verifier asks for (`audit.keys.WAIT`); a setting may only lengthen it."""

_OTHERS = 0o077
_ORIGIN = re.compile(r"[a-z0-9][a-z0-9.-]*\.[a-z]{2,}(?:/[a-z0-9._-]+)*")
_PRACTICE_HOST = re.compile(r"(?:^|[./-])(?:demo|contoh|latihan|example|test|invalid|localhost)(?:$|[./-])")
_NAMES = frozenset(
    {
        *("DATABASE_URL", "DATABASE_POOLER", "VAR", "ENV", "ORIGIN", "BASE_URL", "TIMEZONE"),
        *("SECRET_KEY_FILE", "NEW_FACTOR_WAIT_HOURS", "UNWITNESSED_HOURS", "LOG_KEY_WAIT_HOURS", "TIMESTAMP_URL"),
    },
)


class Environment(Enum):
    """What an installation is for; production is the default, because it is the one that refuses."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"
    DEMO = "demo"
    TEST = "test"


class Process(Enum):
    """Which kind of process asks for faults: the sequencer must hold the log key, the web process must not."""

    WEB = "web"
    WORKER = "worker"
    SEQUENCER = "sequencer"
    COMMAND = "command"


class Pooler(Enum):
    """What stands between us and PostgreSQL: nothing, or a pooler that gives each transaction another connection."""

    NONE = "none"
    TRANSACTION = "transaction"


class SettingsFault(RuntimeError):
    """A variable of the environment cannot be understood; the message names it and says what it may be."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one installation; an empty `database_url` is the embedded SQLite file under `var`."""

    environment: Environment = Environment.PRODUCTION
    database_url: str = field(default="", repr=False)
    pooler: Pooler = Pooler.NONE
    """`transaction` for PgBouncer and its like in that mode: statements are then not prepared, which is slower."""
    var: Path = Path("var")
    origin: str = ""
    base_url: str = DEFAULT_BASE_URL
    timezone: str = "Asia/Jakarta"
    secret_key_file: Path | None = None
    new_factor_wait: dt.timedelta = NEW_FACTOR_WAIT
    """How long a new factor signs in but does not approve (THREATS 2)."""
    unwitnessed_hours: int = UNWITNESSED_HOURS_MAX
    """How long two officials may let things leave without the witnesses' quorum (THREATS 4)."""
    log_key_wait: dt.timedelta = LOG_KEY_WAIT
    """How long an announced key of the log lies in the open before it signs (THREATS 11)."""
    timestamp_url: str = ""
    """The authority that stamps the log's checkpoints (RFC 3161); "" asks nobody."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read the variables `AID_LEDGER_*`; an unknown one is refused, since a misspelt setting is no setting.

        Raises:
            SettingsFault: a variable is unknown or cannot be understood.
        """
        values = {name.removeprefix(PREFIX): text.strip() for name, text in environ.items() if name.startswith(PREFIX)}
        unknown = sorted(values.keys() - _NAMES)
        if unknown:
            known = ", ".join(PREFIX + name for name in sorted(_NAMES))
            raise SettingsFault(f"unknown variable {PREFIX}{unknown[0]}; known are {known}")
        environment = _environment(values.get("ENV", ""))
        key_file = values.get("SECRET_KEY_FILE", "")
        return cls(
            environment=environment,
            database_url=_database_url(values.get("DATABASE_URL", "")),
            pooler=_pooler(values.get("DATABASE_POOLER", "")),
            var=Path(values.get("VAR", "") or "var").absolute(),
            origin=_origin(values.get("ORIGIN", ""), environment),
            base_url=_address("BASE_URL", values.get("BASE_URL", "") or DEFAULT_BASE_URL),
            timezone=_timezone(values.get("TIMEZONE", "") or "Asia/Jakarta"),
            secret_key_file=Path(key_file).absolute() if key_file else None,
            new_factor_wait=_wait(values, "NEW_FACTOR_WAIT_HOURS", NEW_FACTOR_WAIT, least=1),
            unwitnessed_hours=_unwitnessed_hours(values.get("UNWITNESSED_HOURS", "")),
            log_key_wait=_wait(values, "LOG_KEY_WAIT_HOURS", LOG_KEY_WAIT, least=LOG_KEY_WAIT_HOURS_MIN),
            timestamp_url=_address("TIMESTAMP_URL", values.get("TIMESTAMP_URL", "")),
        )

    @classmethod
    def for_demo(cls, *, base_url: str, environ: Mapping[str, str] = os.environ) -> Self:
        """Give the settings of the demonstration: practice, the embedded database, a folder of its own."""
        folder = environ.get(PREFIX + "VAR", "").strip() or "var/demo"
        return cls(environment=Environment.DEMO, var=Path(folder).absolute(), origin=DEMO_ORIGIN, base_url=base_url)

    def child_environment(self, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Give the environment of a child process that is to have these settings, whatever our own says."""
        own = {
            "DATABASE_URL": self.database_url,
            "DATABASE_POOLER": self.pooler.value,
            "VAR": str(self.var),
            "ENV": self.environment.value,
            "ORIGIN": self.origin,
            "BASE_URL": self.base_url,
            "TIMEZONE": self.timezone,
            "SECRET_KEY_FILE": str(self.secret_key_file or ""),
            "NEW_FACTOR_WAIT_HOURS": str(int(self.new_factor_wait.total_seconds() // 3600)),
            "UNWITNESSED_HOURS": str(self.unwitnessed_hours),
            "LOG_KEY_WAIT_HOURS": str(int(self.log_key_wait.total_seconds() // 3600)),
            "TIMESTAMP_URL": self.timestamp_url,
        }
        inherited = {name: text for name, text in environ.items() if not name.startswith(PREFIX)}
        return inherited | {PREFIX + name: text for name, text in own.items() if text}

    def with_database(self, url: str) -> Self:
        """Give the same settings with another database, as `--db` asks.

        Raises:
            SettingsFault: the address cannot be understood.
        """
        return replace(self, database_url=_database_url(url))

    @property
    def is_production(self) -> bool:
        """Tell whether faults stop the start."""
        return self.environment is Environment.PRODUCTION

    @property
    def is_sqlite(self) -> bool:
        """Tell whether the ledger lives in the embedded database: one host, one process, sequenced inline."""
        return self.engine_url().startswith("sqlite")

    def engine_url(self) -> str:
        """Give the address of the database for SQLAlchemy."""
        return self.database_url or f"sqlite:///{self.var / 'aid-ledger.sqlite'}"

    @property
    def is_behind_pooler(self) -> bool:
        """Tell whether the next transaction may be on another connection of the server."""
        return self.pooler is Pooler.TRANSACTION

    @property
    def keys_folder(self) -> Path:
        """The folder of all key files, outside the database and its backups."""
        return self.var / "keys"

    @property
    def field_keys_file(self) -> Path:
        """Keys of encrypted personal data."""
        return self.keys_folder / "field-keys.json"

    @property
    def log_key_file(self) -> Path:
        """The log's signing key, which the sequencer alone holds."""
        return self.keys_folder / "log.skey"

    @property
    def log_next_key_file(self) -> Path:
        """The key that is to sign the log next, while a change is under way; it takes the place of the other one."""
        return self.keys_folder / "log-next.skey"

    @property
    def key_statement_file(self) -> Path:
        """What both those keys have signed about it, for officials to propose; public."""
        return self.var / "log" / "next-key.note"

    @property
    def receipt_signing_file(self) -> Path:
        """Key and certificate that sign receipts."""
        return self.keys_folder / "receipt-signing.pem"

    @property
    def receipt_next_signing_file(self) -> Path:
        """The same under the root that receipts are to hang from next, while that one is waited for."""
        return self.keys_folder / "receipt-signing-next.pem"

    @property
    def receipt_stamp_file(self) -> Path:
        """The key that stamps receipts: it signs what their QR codes state."""
        return self.keys_folder / "receipt-stamp.pem"

    @property
    def receipt_stamp_word_file(self) -> Path:
        """The root's word on the first such key, public, for `init` to record."""
        return self.var / "receipt-stamp.txt"

    @property
    def receipt_root_file(self) -> Path:
        """The root key of receipts, exported at `init` and then taken off the host."""
        return self.keys_folder / "receipt-root.pem"

    @property
    def receipt_root_certificate_file(self) -> Path:
        """The root certificate of receipts, public: printed, pinned and handed to whoever checks a receipt."""
        return self.var / "receipt-root.crt"

    @property
    def timestamp_authority_file(self) -> Path:
        """The certificates (PEM) by which the authority of time is known: public, and pinned by whoever installs."""
        return self.var / "timestamp-authority.pem"

    @property
    def receipt_crl_file(self) -> Path:
        """What the receipts' root has taken back (RFC 5280), public; made where the root's key lies."""
        return self.var / "receipt-root.crl"

    @property
    def stamp_duty_file(self) -> Path:
        """Which receipts need a stamp of duty, where the agency's reading is not the built-in one."""
        return self.var / "stamp-duty.toml"

    @property
    def session_key_file(self) -> Path:
        """The key that signs sessions and forms."""
        return self.secret_key_file or self.keys_folder / "session.key"

    def production_faults(self, process: Process = Process.WEB, *, genesis_environment: str = "") -> list[str]:
        """Say, in sentences, what forbids serving real people (THREATS 12); empty outside production.

        `genesis_environment` is what the log's first entry says the log was made for; "" when there is no log yet.
        """
        if not self.is_production:
            return []
        return [
            *self._address_faults(),
            *_genesis_faults(genesis_environment),
            *self._key_file_faults(),
            *self._custody_faults(process),
        ]

    def _address_faults(self) -> list[str]:
        faults = []
        if not self.origin:
            faults.append(f"{PREFIX}ORIGIN is empty: give the log its permanent name, such as bansos.kota.go.id/log.")
        elif _PRACTICE_HOST.search(self.origin):
            faults.append(f"The log's name {self.origin} is one for practice: set {PREFIX}ORIGIN to the agency's own.")
        if not self.base_url.startswith("https://"):
            faults.append(f"{PREFIX}BASE_URL is {self.base_url}: people must reach this site by https only.")
        if self.timestamp_url and not self.timestamp_authority_file.exists():
            faults.append(f"{PREFIX}TIMESTAMP_URL needs that authority's certificate: {self.timestamp_authority_file}.")
        return faults

    def _key_file_faults(self) -> list[str]:
        faults = []
        if self.keys_folder.exists() and _is_open_to_others(self.keys_folder):
            faults.append(f"The folder {self.keys_folder} is open to other users: run chmod 700 on it.")
        secret_files = (
            self.field_keys_file,
            self.log_key_file,
            self.log_next_key_file,
            self.receipt_signing_file,
            self.receipt_next_signing_file,
            self.receipt_stamp_file,
            self.receipt_root_file,
            self.session_key_file,
        )
        faults += [
            f"The key file {path} is readable by other users: run chmod 600 on it and replace its key."
            for path in secret_files
            if path.exists() and _is_open_to_others(path)
        ]
        if not self.session_key_file.exists():
            faults.append(f"The session key {self.session_key_file} is missing: run aid-ledger init.")
        return faults

    def _custody_faults(self, process: Process) -> list[str]:
        faults = []
        if self.new_factor_wait < NEW_FACTOR_WAIT:
            # Whoever replays the log of a real agency holds every approval against these hours.
            hours = int(NEW_FACTOR_WAIT.total_seconds() // 3600)
            faults.append(
                f"{PREFIX}NEW_FACTOR_WAIT_HOURS is below {hours}: verifiers refuse approvals by so new a factor."
            )
        if self.receipt_root_file.exists():
            faults.append(f"The receipts' root key {self.receipt_root_file} is still here: keep it offline, remove it.")
        # The embedded database is sequenced inside the web process: the genesis says `custody: single-host` for it.
        if process is Process.WEB and not self.is_sqlite:
            faults += [
                f"The web process can read the log's key {path}: give it to the sequencer's own user only."
                for path in (self.log_key_file, self.log_next_key_file)
                if os.access(path, os.R_OK)
            ]
        return faults


def _genesis_faults(genesis_environment: str) -> list[str]:
    if genesis_environment in {"", Environment.PRODUCTION.value}:
        return []
    return [f"This log began as {genesis_environment}: production needs a database and a log of its own."]


def _is_open_to_others(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & _OTHERS)


def _environment(text: str) -> Environment:
    try:
        return Environment(text or Environment.PRODUCTION.value)
    except ValueError:
        known = ", ".join(member.value for member in Environment)
        raise SettingsFault(f"{PREFIX}ENV is {text!r}; it may be {known}") from None


def _pooler(text: str) -> Pooler:
    try:
        return Pooler(text or Pooler.NONE.value)
    except ValueError:
        known = ", ".join(member.value for member in Pooler)
        raise SettingsFault(f"{PREFIX}DATABASE_POOLER is {text!r}; it may be {known}") from None


def _wait(values: Mapping[str, str], name: str, default: dt.timedelta, *, least: int) -> dt.timedelta:
    """Read a wait of up to thirty days: a shorter one than the least would undo its rule, a longer lock people out."""
    text = values.get(name, "")
    return dt.timedelta(hours=_hours(name, text, least=least, most=WAIT_HOURS_MAX)) if text else default


def _unwitnessed_hours(text: str) -> int:
    """Read how long a way may be open; no agency lets things leave unseen for longer than a day."""
    return _hours("UNWITNESSED_HOURS", text, least=1, most=UNWITNESSED_HOURS_MAX) if text else UNWITNESSED_HOURS_MAX


def _hours(name: str, text: str, *, least: int, most: int) -> int:
    if not text.isascii() or not text.isdigit() or not least <= int(text[:4]) <= most:
        raise SettingsFault(f"{PREFIX}{name} is {text!r}; it may be {least} to {most}")
    return int(text)


def _database_url(text: str) -> str:
    """Name the driver where it is left open; the address itself is not quoted, since it may hold a password."""
    if text.startswith(("postgresql://", "postgres://")):
        return "postgresql+psycopg://" + text.split("://", 1)[1]
    if text.startswith(("postgresql+psycopg://", "sqlite:///")) or not text:
        return text
    raise SettingsFault(f"{PREFIX}DATABASE_URL must begin with postgresql+psycopg:// or sqlite:///, or be empty")


def _origin(text: str, environment: Environment) -> str:
    if not text:
        return "" if environment is Environment.PRODUCTION else DEMO_ORIGIN
    if _ORIGIN.fullmatch(text) is None:
        raise SettingsFault(
            f"{PREFIX}ORIGIN is {text!r}; it is a lower-case host and path without scheme, such as kota.go.id/log"
        )
    return text


def _address(name: str, text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment):
        raise SettingsFault(f"{PREFIX}{name} is {text!r}; it is an address such as https://bansos.kota.go.id")
    return text.rstrip("/")


def _timezone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsFault(
            f"{PREFIX}TIMEZONE is {text!r}; it may be Asia/Jakarta, Asia/Makassar or Asia/Jayapura"
        ) from None
