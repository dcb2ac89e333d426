"""The people of the demonstration: two founders and one official per role, enrolled as anybody would be.

They walk the officers' own way: one-time link, password, device, role by decree. Their secrets are made here, shown at
the end of the demonstration so that a visitor can sign in, and worth nothing anywhere else.
"""

from __future__ import annotations

import datetime as dt
import secrets
import time
from dataclasses import dataclass, field
from typing import Final

import pyotp

from aid_ledger.core import clock
from aid_ledger.core.act import Actor, Acts
from aid_ledger.founding import service as founding
from aid_ledger.officials import queries, service

SINCE: Final = dt.date(2021, 1, 4)
"""The day from which the demonstration's offices and roles hold."""

ACTING_UNTIL: Final = dt.date(2027, 12, 31)
"""An acting official's term has an end; late enough for whoever tries the demonstration."""

STEP_S: Final = 30
"""A TOTP step (RFC 6238 section 4.1)."""
ON_ITS_WAY_S: Final = 8
"""How long a code may be on its way, on a machine that is busy."""

DINSOS, SETDA, KOMINFO, INSPEKTORAT, BPKD = (
    "Dinas Sosial",
    "Sekretariat Daerah",
    "Dinas Kominfosantik",
    "Inspektorat",
    "BPKD",
)

FOUNDERS: Final = (
    founding.Founder("sekda", "Pj. Sekretaris Daerah (contoh)", SETDA, "SEKDA", "Sekretaris Daerah", "821.2/01/2021"),
    founding.Founder("kadis", "Kepala Dinas Sosial (contoh)", DINSOS, "KADIS", "Kepala Dinas Sosial", "821.2/02/2021"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """One official: login, role, unit, office."""

    login: str
    name: str
    role: str
    unit: str
    office: str
    title: str
    status: str = "definitif"
    until: dt.date | None = None


PARTS: Final = (
    Part("operator", "Rina Contoh", "operator", DINSOS, "PPTK", "PPTK Bansos Dinas Sosial"),
    Part("verifikator", "Dedi Contoh", "verifier", DINSOS, "PPK_SKPD", "PPK-SKPD Dinas Sosial"),
    Part("penyetuju", "Sri Contoh", "approver", DINSOS, "KPA", "Kuasa Pengguna Anggaran Dinas Sosial"),
    Part(
        "penyetuju2",
        "Asep Contoh",
        "approver",
        SETDA,
        "PA",
        "Asisten Perekonomian dan Pembangunan",
        "plt",
        ACTING_UNTIL,
    ),
    Part("bendahara", "Wati Contoh", "treasurer", BPKD, "BENDAHARA", "Bendahara Pengeluaran"),
    Part("posko", "Ujang Contoh", "field", DINSOS, "POSKO", "Koordinator Posko PPKM"),
    Part("pengantar", "Maman Contoh", "field", DINSOS, "PENGANTAR", "Petugas Antar Posko PPKM"),
    Part("pemeriksa", "Nina Contoh", "auditor", INSPEKTORAT, "INSPEKTUR", "Inspektur Pembantu"),
    Part("admin", "Tono Contoh", "admin", KOMINFO, "ADMIN_SISTEM", "Pengelola Sistem"),
    Part("admin2", "Lia Contoh", "admin", SETDA, "ADMIN_ORGANISASI", "Kepala Bagian Organisasi"),
)


@dataclass
class Member:
    """What only this official knows, and what the demonstration shows at its end."""

    login: str
    office: str
    official_id: int
    password: str
    secret: str
    spent: int = 0

    def actor(self, door: str = "cli") -> Actor:
        """Give the actor of this official's deeds."""
        return Actor(type="official", id=self.login, office=self.office, door=door, official_id=self.official_id)

    def code(self) -> str:
        """Give a code never given before, waiting for the next one where the server would take no more.

        The oldest that still counts would do, unless it ran out before a slow machine has answered.
        """
        while True:
            now_s = int(clock.now().timestamp())
            wanted = max((now_s + ON_ITS_WAY_S) // STEP_S - 1, self.spent + 1)
            if wanted <= now_s // STEP_S + 1:
                self.spent = wanted
                return pyotp.TOTP(self.secret).generate_otp(wanted)
            time.sleep(1)


@dataclass
class Cast:
    """Everybody, by login."""

    members: dict[str, Member] = field(default_factory=dict)

    def actor(self, login: str) -> Actor:
        """Give the actor of an official."""
        return self.members[login].actor()


def enrol(acts: Acts, links: dict[str, str], on: dt.date) -> Cast:
    """Enrol founders and officials through the services; `links` are the founders' one-time links."""
    cast = Cast()
    for founder in FOUNDERS:
        cast.members[founder.login] = _accept(acts, founder.login, founder.office, links[founder.login], on)
    for number, part in enumerate(PARTS, start=10):
        link = _appoint(acts, cast, part, number, on)
        cast.members[part.login] = _accept(acts, part.login, part.office, link, on)
    return cast


def close_founding(acts: Acts, cast: Cast, on: dt.date) -> None:
    """Let both founders sign the end of the founding."""
    for founder in FOUNDERS:
        with acts.open(cast.actor(founder.login), on=on) as act:
            founding.sign_founding(act)


def _appoint(acts: Acts, cast: Cast, part: Part, number: int, on: dt.date) -> str:
    with acts.open(cast.actor(FOUNDERS[0].login), on=on) as act:
        service.enrol_official(act, login=part.login, name=part.name, agency_unit=part.unit)
        service.open_office(act, code=part.office, title=part.title, agency_unit=part.unit)
        service.hold_office(
            act,
            login=part.login,
            office=part.office,
            status=part.status,
            since=SINCE,
            until=part.until,
            decree=f"821.2/{number}/2021",
        )
        link = service.open_enrolment(act, login=part.login)
        service.request_role(
            act, login=part.login, role=part.role, since=SINCE, until=None, decree=f"800/{number}/2021"
        )
    return link


def _accept(acts: Acts, login: str, office: str, link: str, on: dt.date) -> Member:
    password = "-".join(secrets.token_hex(2) for _ in range(4))
    with acts.open(Actor(type="official", id=login, office=office, door="cli"), on=on) as act:
        official_id = queries.by_link(act.session, link, act.at).id
        service.accept_enrolment(act, token=link, password=password)
    offer = service.begin_device(acts.kit.keys, official_id=official_id, login=login, at=clock.now())
    member = Member(login, office, official_id, password, offer.secret)
    with acts.open(member.actor(), on=on) as act:
        service.confirm_device(act, official_id=official_id, sealed=offer.sealed, code=member.code())
    return member
