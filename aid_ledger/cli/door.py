"""How a command comes to act: `--as LOGIN` names somebody, and their password and code prove it (THREATS 1).

    @main.command("import")
    @click.argument("file")
    @as_official(Role.OPERATOR)
    def import_list(clerk: Clerk, file: str) -> None:
        clerk.act(service.import_recipients, ...)

Password and code are asked for at the terminal, or read from standard input, one line each. They never come from the
environment or from arguments, which every process list and shell history shows.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, cast

import click
from sqlalchemy.orm import Session

from aid_ledger import app as composition
from aid_ledger.core import clock
from aid_ledger.core.act import Act, Actor, keeping_house
from aid_ledger.core.db import reading
from aid_ledger.core.roles import Role
from aid_ledger.officials import passwords, queries, refusals, service, sessions
from aid_ledger.settings import Process, Settings
from aid_ledger.web.guard import CurrentOfficial, RoleNeeded

PLACE: Final = "cli"
"""All command lines of this host are one place to the delay after wrong passwords."""

LINE_MAX: Final = 1_024

P = ParamSpec("P")
T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Clerk:
    """A signed-in official at the command line, with the installation they act in."""

    office: composition.Office
    official: CurrentOfficial

    @property
    def actor(self) -> Actor:
        """Give the actor of this official's deeds through this door."""
        return Actor(
            type="official",
            id=self.official.login,
            office=self.official.office,
            door="cli",
            official_id=self.official.official_id,
        )

    def act(self, deed: Callable[Concatenate[Act, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one service in one Act of this official."""
        return self.office.acts.run(self.actor, deed, *args, **kwargs)

    def read(self) -> AbstractContextManager[Session]:
        """Open a read-only session."""
        return reading(self.office.engine)


def at_database(command: Command) -> Command:
    """Give a command `--db URL` and, as its first argument, the settings."""

    @click.option("--db", "database", metavar="URL", default="", help="Basis data; kosong berarti menurut pengaturan.")
    @functools.wraps(command)
    def wrapped(*args: object, database: str, **kwargs: object) -> object:
        settings = Settings.from_env()
        return command(settings.with_database(database) if database else settings, *args, **kwargs)

    return cast("Command", wrapped)


def at_office(process: Process = Process.COMMAND) -> Callable[[Command], Command]:
    """Give a command `--db URL` and, as its first argument, the open installation; nobody is signed in."""

    def decorate(command: Command) -> Command:
        @at_database
        @functools.wraps(command)
        def wrapped(settings: Settings, *args: object, **kwargs: object) -> object:
            return command(open_here(settings, process), *args, **kwargs)

        return cast("Command", wrapped)

    return decorate


def as_official(*roles: Role) -> Callable[[Command], Command]:
    """Give a command `--as LOGIN` and `--db URL`, and a Clerk as its first argument, who holds one of `roles`."""
    if not roles:
        raise RuntimeError("a command for an official names the roles it is for")

    def decorate(command: Command) -> Command:
        @click.option("--as", "acting_as", metavar="LOGIN", required=True, help="Nama masuk pejabat yang bertindak.")
        @at_database
        @functools.wraps(command)
        def wrapped(settings: Settings, *args: object, acting_as: str, **kwargs: object) -> object:
            return command(sign_in(settings, acting_as, *roles), *args, **kwargs)

        return cast("Command", wrapped)

    return decorate


def sign_in(settings: Settings, login: str, *roles: Role) -> Clerk:
    """Open the installation and have an official who holds one of `roles` prove themselves, until the command ends."""
    return sign_in_at(open_here(settings, Process.COMMAND), login, frozenset(roles))


def ask(prompt: str) -> str:
    """Ask for a secret at the terminal, unseen; without a terminal read one line of standard input."""
    if sys.stdin.isatty():
        return str(click.prompt(prompt, hide_input=True, err=True))
    return sys.stdin.readline(LINE_MAX).rstrip("\r\n")


def open_here(settings: Settings, process: Process) -> composition.Office:
    """Open the installation until the command ends."""
    office = composition.open_office(settings, process)
    click.get_current_context().call_on_close(office.engine.dispose)
    return office


def sign_in_at(office: composition.Office, login: str, roles: frozenset[Role]) -> Clerk:
    """Prove an official and open a session that ends with the command.

    Raises:
        SignInDelayed, SignInRefusedHere, DeviceNotFound, CodeWrong, RoleNeeded.
    """
    outcome = service.check_password(
        office.engine, office.kit.keys, login=login, password=ask("Kata sandi"), place=PLACE
    )
    if outcome.wait_s:
        raise refusals.SignInDelayed(seconds=outcome.wait_s)
    if outcome.official is None:
        raise refusals.SignInRefusedHere
    if outcome.needs_device:
        raise refusals.DeviceNotFound(login=login)
    on = clock.today(office.agency.zone)
    with reading(office.engine) as rows:
        place = queries.office_on(rows, outcome.official.id, on)
    actor = Actor(
        type="official",
        id=outcome.official.login,
        office=place.code if place else "",
        door="cli",
        official_id=outcome.official.id,
    )
    proof = office.acts.run(actor, service.sign_in, official_id=outcome.official.id, code=ask("Kode"))
    if not proof.accepted:
        raise refusals.CodeWrong
    click.get_current_context().call_on_close(lambda: _forget(office, proof.token))
    with reading(office.engine) as rows:
        described = sessions.describe(
            rows,
            outcome.official,
            on,
            session_hash=passwords.session_hash(proof.token),
            factor=proof.factor,
        )
    if not roles & described.roles:
        raise RoleNeeded(roles=", ".join(role.label for role in Role if role in roles))
    return Clerk(office, described)


def _forget(office: composition.Office, token: str) -> None:
    with keeping_house(office.engine) as rows:
        sessions.end_session(rows, token)
