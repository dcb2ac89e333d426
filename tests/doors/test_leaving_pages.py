"""The pages of the way on without witnesses, the marks, the kept leaves, and the policy at the command line."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from aid_ledger.cli.main import main
from aid_ledger.core import clock
from aid_ledger.core.roles import Role
from aid_ledger.delivery import service as delivery
from aid_ledger.log.export import export
from audit.cli import main as audit_main
from tests.builders import delivering, leaving
from tests.builders import witnesses as builders
from tests.builders.officials import Founded
from tests.builders.web import browse

ANSWERABLE = {Role.APPROVER, Role.TREASURER}
FORM = {"reason": leaving.REASON, "cap": "10.000.000", "lines": "100", "hours": "4"}


@pytest.fixture
def four(founded: Founded) -> Iterator[list[builders.Watching]]:
    """Run the four witnesses that are recommended, and have them added."""
    with builders.recommended(founded) as found:
        yield found


@pytest.fixture
def policy(founded: Founded, four: list[builders.Watching]) -> str:
    """Have the recommended policy in force."""
    return leaving.set_policy(founded, leaving.policy_text(founded, four))


@pytest.mark.parametrize("role", list(Role))
def test_everybody_reads_and_only_who_answers_for_money_proposes(
    web_app: Flask,
    founded: Founded,
    policy: str,
    role: Role,
) -> None:
    """THREATS 19: the table of route by role."""
    reference = leaving.proposed(founded)
    browser = browse(web_app, founded, role.value)
    read = [browser.get(path).status_code for path in ("/tanpa-saksi/", f"/tanpa-saksi/{reference}")]
    assert read == [200, 200]
    may = role in ANSWERABLE
    assert browser.get("/tanpa-saksi/baru").status_code == (200 if may else 403)
    assert browser.client.get("/tanpa-saksi/periksa", query_string=FORM).status_code == (200 if may else 403)
    posts = ("/tanpa-saksi/usulkan", f"/tanpa-saksi/{reference}/buka")
    if not may:
        assert [browser.post(path, page="/").status_code for path in posts] == [403, 403]


def test_a_way_goes_through_two_hands_in_the_browser(
    web_app: Flask,
    founded: Founded,
    policy: str,
) -> None:
    """UX 1: look once more, propose, be refused oneself, be opened by the second, and everybody's page says so."""
    treasurer, approver = browse(web_app, founded, "treasurer"), browse(web_app, founded, "approver")
    assert "Saksi belum kembali" in treasurer.get("/").text
    look = treasurer.client.get("/tanpa-saksi/periksa", query_string=FORM)
    assert "sepuluh juta rupiah" in look.text.lower()
    done = treasurer.post("/tanpa-saksi/usulkan", FORM, page="/tanpa-saksi/")
    address = done.headers["Location"]
    assert "Buka sampai" not in treasurer.get(address).text
    assert treasurer.post(f"{address}/buka", page=address).status_code == 403
    assert "menunggu pejabat kedua" in approver.get("/").text
    assert "Buka sampai Rp10.000.000, 4 jam" in approver.get(address).text
    assert approver.post(f"{address}/buka", page=address).status_code == 302
    for login in ("operator", "auditor", "admin"):
        page = browse(web_app, founded, login).get("/").text
        assert "Berjalan tanpa saksi" in page
        assert "Sisa Rp10.000.000 dan 100 baris" in page
    listed = approver.get("/tanpa-saksi/").text
    assert "terbuka" in listed
    with clock.frozen(clock.now() + dt.timedelta(hours=4, minutes=1)):
        assert "Berjalan tanpa saksi" not in web_app.test_client().get("/log/").text


def test_what_is_typed_wrongly_comes_back(
    web_app: Flask,
    founded: Founded,
    policy: str,
) -> None:
    """UX 3: the sentence beside the field or on top, what was typed is kept."""
    treasurer = browse(web_app, founded, "treasurer")
    for change, said in (
        ({"hours": "25"}, "leaving.way_refused"),
        ({"reason": "putus"}, "leaving.way_refused"),
        ({"cap": "banyak"}, "Tulis jumlah dalam rupiah bulat"),
    ):
        page = treasurer.client.get("/tanpa-saksi/periksa", query_string=FORM | change)
        assert page.status_code == 422
        assert said in page.text
        assert 'value="100"' in page.text
    refused = treasurer.post("/tanpa-saksi/usulkan", FORM | {"hours": "25"}, page="/tanpa-saksi/")
    assert (refused.status_code, "leaving.way_refused" in refused.text) == (422, True)


def test_the_page_says_who_is_missing_and_then_who_vouches(
    web_app: Flask,
    founded: Founded,
    four: list[builders.Watching],
    policy: str,
) -> None:
    """THREATS 4, UX 8: grey with names and a way on; the refusal says the same; green when they are back."""
    bench = founded.bench
    batch, _paid = delivering.approved(bench, founded, count=1)
    leaving.cosign(bench, "bpkp", "inspektorat")
    treasurer = browse(web_app, founded, "treasurer")
    assert "belum disaksikan kuorum" in treasurer.get(f"/pengiriman/paket/{batch}/kirim").text
    refused = treasurer.post(f"/pengiriman/paket/{batch}/kirim", page=f"/pengiriman/paket/{batch}/kirim")
    assert refused.status_code == 503
    assert "Sudah: BPKP, Inspektorat. Belum: KPK, Universitas" in refused.text
    assert "log.not_witnessed" in refused.text
    leaving.cosign(bench, *leaving.QUORUM)
    sent = treasurer.post(f"/pengiriman/paket/{batch}/kirim", page=f"/pengiriman/paket/{batch}/kirim")
    address = sent.headers["Location"]
    bench.sequencer.run_once()
    page = treasurer.get(address).text
    assert "belum disaksikan" in page
    assert "Berkas belum boleh keluar" in page
    assert treasurer.post(f"{address}/berkas", page=address).status_code == 503
    leaving.cosign(bench, *leaving.QUORUM)
    page = treasurer.get(address).text
    assert "disaksikan Bpkp" not in page
    assert "disaksikan BPKP, Inspektorat, KPK, kurang dari satu menit yang lalu" in page
    assert treasurer.post(f"{address}/berkas", page=address).status_code == 200
    assert "disaksikan BPKP, Inspektorat, KPK" in treasurer.get(f"/pengiriman/paket/{batch}").text


def test_by_an_open_way_the_page_says_what_it_is_charged_to(
    web_app: Flask,
    founded: Founded,
    policy: str,
) -> None:
    """The officer sees before the deed that it goes on without witnesses; the log page shows nobody's agreement."""
    batch, _paid = delivering.approved(founded.bench, founded, count=1)
    way = leaving.opened(founded)
    treasurer = browse(web_app, founded, "treasurer")
    assert f"dikirim lewat jalan {way}" in treasurer.get(f"/pengiriman/paket/{batch}/kirim").text
    with founded.act("treasurer") as act:
        instruction = delivery.instruct(act, batch).reference
    founded.bench.sequencer.run_once()
    page = treasurer.get(f"/pengiriman/perintah/{instruction}").text
    assert f"keluar lewat jalan {way}" in page
    assert "Unduh berkas" in page
    assert batch in treasurer.get(f"/tanpa-saksi/{way}").text
    public = web_app.test_client().get("/log/").text
    assert "belum BPKP, Inspektorat, KPK, Universitas" in public
    assert policy in public


def test_a_money_deed_offers_its_leaves_to_keep(web_app: Flask, founded: Founded, tmp_path: Path) -> None:
    """THREATS 4, U4: what is downloaded after the deed is what the real command claims from the log years later."""
    batch, _paid = delivering.approved(founded.bench, founded, count=1)
    treasurer = browse(web_app, founded, "treasurer")
    sent = treasurer.post(f"/pengiriman/paket/{batch}/kirim", page=f"/pengiriman/paket/{batch}/kirim")
    kept = re.search(r'href="(/log/perbuatan/[0-9a-f]{32})"', treasurer.get(sent.headers["Location"]).text)
    assert kept
    page = web_app.test_client().get(kept[1])
    assert page.status_code == 200
    assert "Perintah bayar dibuat" in page.text
    saved = web_app.test_client().get(f"{kept[1]}/sidik")
    assert saved.headers["Content-Disposition"].endswith('.txt"')
    (tmp_path / "sidik.txt").write_bytes(saved.data)
    founded.bench.sequencer.run_once()
    vkey = str(founded.bench.key.verifier())
    with founded.bench.reading() as session:
        export(session, tmp_path / "log", vkey=vkey)
    words = ["verify", str(tmp_path / "log"), "--log-key", vkey, "--leaves", str(tmp_path / "sidik.txt")]
    assert CliRunner().invoke(audit_main, words).exit_code == 0
    assert web_app.test_client().get(f"/log/perbuatan/{'0' * 32}").status_code == 404


def command(founded: Founded, login: str, *words: str) -> Result:
    """Run `aid-ledger witnesses policy` as somebody with their password and code."""
    person = founded.people[login]
    typed = f"{person.password}\n{person.code()}\n"
    return CliRunner().invoke(main, ["witnesses", "policy", *words, "--as", login], input=typed)


@pytest.fixture
def installation(web_app: Flask, founded: Founded, monkeypatch: pytest.MonkeyPatch) -> Founded:
    """Point the environment of this process at a founded bench, as the shell of its host is."""
    settings = web_app.extensions["aid_ledger.office"].settings
    monkeypatch.setenv("AID_LEDGER_ENV", "test")
    monkeypatch.setenv("AID_LEDGER_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("AID_LEDGER_VAR", str(settings.var))
    monkeypatch.setenv("AID_LEDGER_ORIGIN", settings.origin)
    return founded


def test_two_administrators_set_the_policy_at_the_command_line(
    installation: Founded,
    four: list[builders.Watching],
    tmp_path: Path,
) -> None:
    """THREATS 1, 4: a deed with a name, agreed by a second, shown as it is; who is not an administrator sets none."""
    file = tmp_path / "policy.txt"
    file.write_text(leaving.policy_text(installation, four))
    assert command(installation, "treasurer", "set", str(file)).exit_code == 4
    proposed = command(installation, "admin", "set", str(file))
    assert proposed.exit_code == 0
    found = re.fullmatch(r"policy: (WPL-\S+) proposed_by=admin since=-\n", proposed.output)
    assert found
    assert command(installation, "admin", "agree", found[1]).exit_code == 4
    agreed = command(installation, "admin2", "agree", found[1])
    since = re.search(r"since=(\S+)\n", agreed.output)
    assert since
    shown = CliRunner().invoke(main, ["witnesses", "policy", "show"])
    assert shown.output == f"in_force: -\npolicy: {found[1]} proposed_by=admin since={since[1]}\n"
    with clock.frozen(clock.parse_instant(since[1])):
        later = CliRunner().invoke(main, ["witnesses", "policy", "show"]).output
        assert later.startswith(f"in_force: {found[1]}\n")
        assert later.endswith(file.read_text())
        listed = CliRunner().invoke(main, ["witnesses", "list"]).output
    assert f"cosigned: 0 of 4\npolicy: {found[1]}\nquorum_met: no\n" in listed


@pytest.mark.parametrize("content", [b"\xff\xfe", b"quorum none\n\x00", b"#" * 70_000])
def test_a_file_that_is_no_policy_is_refused(installation: Founded, tmp_path: Path, content: bytes) -> None:
    """Binary, control characters, or far too long: a sentence, no traceback."""
    file = tmp_path / "policy.txt"
    file.write_bytes(content)
    refused = command(installation, "admin", "set", str(file))
    assert refused.exit_code == 2
    assert "leaving.policy_malformed" in refused.output
