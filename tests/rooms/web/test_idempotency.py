"""A double click does nothing twice: one key of one actor and route is one deed; another body is a conflict."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask, g, request
from sqlalchemy import func, select

from aid_ledger.core.act import Act
from aid_ledger.officials import service
from aid_ledger.officials.models import RoleGrant
from aid_ledger.web import desk, guard, idempotency
from aid_ledger.web.idempotency import Done
from tests.builders.officials import SINCE, Founded

FORM = {"role": "field", "idempotency_key": "kunci-1", "csrf_token": "x"}
PATH = "/pejabat/orang/operator/peran"


def ask(act: Act, role: str = "field") -> RoleGrant:
    """Stand for any service that makes an object with a reference."""
    return service.request_role(act, login="operator", role=role, since=SINCE, until=None, decree="SK.1")


def click(app: Flask, founded: Founded, form: dict[str, str], *, login: str = "admin", path: str = PATH) -> Done:
    """Send a form once, as a signed-in official."""
    person = founded.people[login]
    with app.test_request_context(path, method="POST", data=form):
        g.official = guard.CurrentOfficial(
            official_id=person.official_id,
            login=login,
            name=login,
            roles=frozenset(),
            area="",
            office=person.office,
            office_title="",
            office_status="",
            session_hash=b"",
            factor="totp",
        )
        return desk.act_once(ask, role=request.form["role"])


def grants(founded: Founded) -> int:
    """Count what was made."""
    with founded.bench.reading() as session:
        query = select(func.count()).select_from(RoleGrant).where(RoleGrant.decree == "SK.1")
        return session.scalar(query) or 0


def test_a_deed_without_a_key_is_refused(web_app: Flask, founded: Founded) -> None:
    """Law: a request that moves value says which request it is."""
    for key in ("", "k" * 65):
        with pytest.raises(idempotency.IdempotencyKeyMissing):
            click(web_app, founded, {**FORM, "idempotency_key": key})
    assert grants(founded) == 0


def test_a_second_click_gives_the_first_object(web_app: Flask, founded: Founded) -> None:
    """Cheat of impatience: two clicks, one deed, one reference; a fresh form token changes nothing."""
    first = click(web_app, founded, FORM)
    second = click(web_app, founded, {**FORM, "csrf_token": "y"})
    assert (first.is_repeated, second.is_repeated) == (False, True)
    assert first.reference == second.reference
    assert grants(founded) == 1


def test_another_body_under_one_key_is_a_conflict(web_app: Flask, founded: Founded) -> None:
    """Cheat: replay a key with another amount, hoping for the first answer to cover the second deed."""
    click(web_app, founded, FORM)
    with pytest.raises(idempotency.IdempotencyMismatch):
        click(web_app, founded, {**FORM, "role": "treasurer"})
    assert grants(founded) == 1


def test_a_key_belongs_to_its_actor_and_its_route(web_app: Flask, founded: Founded) -> None:
    """THREATS 19: somebody else's key, or one of another page, is a new request and not their object."""
    references = {
        click(web_app, founded, FORM).reference,
        click(web_app, founded, FORM, login="admin2").reference,
        click(web_app, founded, FORM, path="/" + "panjang/" * 20).reference,
    }
    assert len(references) == 3


def test_a_refused_deed_frees_its_key(web_app: Flask, founded: Founded) -> None:
    """Law: key and deed are one transaction; what failed may be sent again."""
    refused: Callable[[], Done] = lambda: click(web_app, founded, {**FORM, "role": "auditor"})  # noqa: E731 - used twice
    for _ in range(2):
        with pytest.raises(Exception, match="roles_clash"):
            refused()
    assert click(web_app, founded, FORM).is_repeated is False


def test_clicks_at_the_same_instant_do_one_deed(web_app: Flask, founded: Founded) -> None:
    """Cheat: six requests in flight with one key; each answers with the one reference there is."""
    answers: list[Done] = []
    ready = threading.Barrier(6)

    def hand() -> None:
        ready.wait()
        answers.append(click(web_app, founded, FORM))

    hands = [threading.Thread(target=hand) for _ in range(6)]
    for one in hands:
        one.start()
    for one in hands:
        one.join()
    assert len(answers) == 6
    assert len({answer.reference for answer in answers}) == 1
    assert [answer.is_repeated for answer in answers].count(False) == 1
    assert grants(founded) == 1
