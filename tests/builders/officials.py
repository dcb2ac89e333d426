"""A founded agency with one official per role, made through the services that officials use.

It is founded on a fixed day in the past, so that offices, roles and devices are in force whether a test runs on
today's clock or freezes one in 2021. The founding stays open, so that factors and policies take effect at once;
`close_founding` ends it.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import pyotp
from sqlalchemy import Engine

from aid_ledger.core import clock, migrating
from aid_ledger.core.act import Act, Actor, Acts
from aid_ledger.custody import stamps
from aid_ledger.custody.handed import StampWord
from aid_ledger.founding import service as founding
from aid_ledger.officials import queries, service
from aid_ledger.regions import service as regions
from tests.benches import ORIGIN, Bench
from tests.builders import receipt_keys
from tests.builders.memory import Given, Memory

FOUNDED_AT = dt.datetime(2021, 1, 4, 1, 0, tzinfo=dt.UTC)
SINCE = dt.date(2021, 1, 4)
PASSWORD = "kata sandi untuk uji coba"
STEP_S = 30
ON_ITS_WAY_S = 8
"""How long a code may be on its way from the test to the server on a busy machine."""

DINSOS = "Dinas Sosial"
SETDA = "Sekretariat Daerah"
KOMINFO = "Dinas Kominfo"
INSPEKTORAT = "Inspektorat"
BPKD = "BPKD"

FOUNDERS = (
    founding.Founder("sekda", "Sari Pendiri", SETDA, "SEKDA", "Sekretaris Daerah", "821.2/Kep.01-BKPSDM/2021"),
    founding.Founder("kadinsos", "Budi Pendiri", DINSOS, "KADINSOS", "Kepala Dinas Sosial", "821.2/Kep.02-BKPSDM/2021"),
)
PEOPLE = {
    "operator": ("operator", DINSOS, "PPTK", "PPTK Dinas Sosial"),
    "verifier": ("verifier", DINSOS, "PPK_SKPD", "PPK-SKPD Dinas Sosial"),
    "approver": ("approver", DINSOS, "KPA", "Kuasa Pengguna Anggaran"),
    "approver2": ("approver", SETDA, "PA", "Pengguna Anggaran"),
    "treasurer": ("treasurer", BPKD, "BENDAHARA", "Bendahara Pengeluaran"),
    "field": ("field", DINSOS, "POSKO", "Petugas Posko Isoman"),
    "auditor": ("auditor", INSPEKTORAT, "INSPEKTUR_BANTU", "Inspektur Pembantu"),
    "admin": ("admin", KOMINFO, "ADMIN_KOMINFO", "Pengelola Sistem"),
    "admin2": ("admin", SETDA, "ADMIN_SETDA", "Kepala Bagian Organisasi"),
}
"""Login: role, unit, office code, office title. The founders are `sekda` and `kadinsos`."""


@dataclass
class Person:
    """An official of a test: what only they know."""

    login: str
    official_id: int
    office: str
    secret: str
    recovery_codes: tuple[str, ...]
    password: str = PASSWORD
    last_step: int = 0

    def code(self) -> str:
        """Give a code never given before: the earliest the server will still take in a while; some three a minute.

        When they are used up, a clock that runs is waited for, and one that stands still is the test's to advance.
        """
        # A machine is quick enough to ask twice within a microsecond, never a thousand times.
        first = clock.now()
        is_running = any(clock.now() != first for _ in range(1_000))
        while (step := max(_earliest_step(is_running=is_running), self.last_step + 1)) > _step(0) + 1:
            if not is_running:
                raise RuntimeError(f"{self.login} has used the codes of this minute: advance the clock by 30 s a code")
            time.sleep(1)
        self.last_step = step
        return pyotp.TOTP(self.secret).generate_otp(self.last_step)

    def actor(self, door: str = "web") -> Actor:
        """Give the actor of this person's deeds."""
        return Actor(type="official", id=self.login, office=self.office, door=door, official_id=self.official_id)


def _step(later_s: int) -> int:
    return (int(clock.now().timestamp()) + later_s) // STEP_S


def _earliest_step(*, is_running: bool) -> int:
    """Tell the earliest step that counts now and, where the clock runs, still does when a slow machine gets to it."""
    return _step(ON_ITS_WAY_S if is_running else 0) - 1


@dataclass
class Founded:
    """A founded agency: the bench it is on, and its people by login."""

    bench: Bench
    people: dict[str, Person] = field(default_factory=dict)
    memory: Memory | None = None
    engines: list[Engine] = field(default_factory=list)
    """What else is connected to the database: the applications that serve it."""

    def once(self, stage: tuple[object, ...], live: Callable[[], Given]) -> Given:
        """Come to a stage where an earlier test of this session was, or live it; see `memory`."""
        return live() if self.memory is None else self.memory.once(self, stage, live)

    def let_go(self) -> None:
        """Close every connection to the database; each is opened anew when it is needed."""
        for engine in (self.bench.engine, *self.engines):
            engine.dispose()

    @property
    def on(self) -> dt.date:
        """Tell today."""
        return clock.today()

    def actor(self, login: str, door: str = "web") -> Actor:
        """Give the actor of an official."""
        return self.people[login].actor(door)

    def code(self, login: str) -> str:
        """Give a fresh TOTP code of an official's device."""
        return self.people[login].code()

    def act(self, login: str) -> AbstractContextManager[Act]:
        """Open an Act of an official."""
        return self.bench.acts.open(self.actor(login))


def found(bench: Bench) -> Founded:
    """Found Kabupaten Bekasi for practice: two founders, one official per role, everybody's device usable at once."""
    with clock.frozen(FOUNDED_AT) as still:
        acts = bench.acts
        agency = founding.Founding(
            agency="32.16",
            name="Pemerintah Kabupaten Bekasi (contoh)",
            zone="Asia/Jakarta",
            origin=ORIGIN,
            log_vkey=str(bench.key.verifier()),
            receipt_root=receipt_keys.root_digest(),
            schema=migrating.schema_digest(),
            custody=founding.SINGLE_HOST,
            is_practice=True,
        )
        links = acts.run(founding.INIT, founding.found_agency, agency, FOUNDERS)
        acts.run(founding.INIT, stamps.record_named, StampWord.read(receipt_keys.stamp_word(ORIGIN), ORIGIN))
        codes = regions.codes_of("32.16")
        assert codes is not None
        acts.run(founding.INIT, regions.load_regions, codes)
        made = Founded(bench)
        for founder in FOUNDERS:
            made.people[founder.login] = accept(acts, founder.login, founder.office, links[founder.login])
        still.advance(minutes=5)
        for number, (login, particulars) in enumerate(PEOPLE.items(), start=10):
            made.people[login] = appoint(made, login, *particulars, number=number)
    return made


def appoint(
    made: Founded, login: str, role: str, unit: str, office: str, title: str, *, number: int, by: str = "sekda"
) -> Person:
    """Enrol an official, give them an office and a role, and let them enrol their factors."""
    with made.act(by) as act:
        service.enrol_official(act, login=login, name=f"{login.title()} Contoh", agency_unit=unit)
        service.open_office(act, code=office, title=title, agency_unit=unit)
        decree = f"821.2/Kep.{number}-BKPSDM/2021"
        service.hold_office(act, login=login, office=office, status="definitif", since=SINCE, until=None, decree=decree)
        link = service.open_enrolment(act, login=login)
    with made.act(by) as act:
        service.request_role(act, login=login, role=role, since=SINCE, until=None, decree=f"800/Kep.{number}/2021")
    return accept(made.bench.acts, login, office, link)


def accept(acts: Acts, login: str, office: str, link: str) -> Person:
    """Walk an official's way from the one-time link to a device of their own."""
    with acts.open(Actor(type="official", id=login, office=office)) as act:
        official_id = queries.by_link(act.session, link, act.at).id
        service.accept_enrolment(act, token=link, password=PASSWORD)
    return enrol_device(acts, login, office, official_id)


def enrol_device(acts: Acts, login: str, office: str, official_id: int) -> Person:
    """Let an official without a device enrol one."""
    actor = Actor(type="official", id=login, office=office, official_id=official_id)
    offer = service.begin_device(acts.kit.keys, official_id=official_id, login=login, at=clock.now())
    person = Person(login, official_id, office, offer.secret, ())
    with acts.open(actor) as act:
        confirmed = service.confirm_device(act, official_id=official_id, sealed=offer.sealed, code=person.code())
    person.recovery_codes = confirmed.recovery_codes
    return person


def close_founding(made: Founded) -> None:
    """End the founding: from now on factors and policies wait, and grants need a second official."""
    for founder in FOUNDERS:
        with made.act(founder.login) as act:
            founding.sign_founding(act)
