"""A tiny application that shows every part of a page with sample values, for the tests of the look only.

It has no database and no rooms: if a macro needs more than values to be shown, it is not a macro.
"""

import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask, Response, current_app, flash, render_template, request
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined

from aid_ledger.core.roles import Role
from aid_ledger.web import assets, formats, shapes, slots

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
AGENCY = "Pemerintah Kabupaten Bekasi (contoh)"
NOON = dt.datetime(2021, 8, 5, 7, 5, tzinfo=dt.UTC)
DIGEST = "9f2c01ab77de5a10" * 4
VIEWER = slots.Viewer(
    name="Rina Contoh",
    office="Kepala Dinas Sosial",
    roles=frozenset({Role.APPROVER}),
    sign_out_url="/out",
    account_url="/akun",
)
MENU = (
    ("Beranda", "home", "home"),
    ("Sumber dana", "sources", "money"),
    ("Program", "programs", "list"),
    ("Penerima", "people", "people"),
    ("Batch", "forms", "paper"),
    ("Persetujuan", "approval", "stamp"),
    ("Pengaduan", "complaints", "chat"),
    ("Tanda bahaya", "flags", "flag"),
    ("Log", "log", "log"),
)
SOURCES = [
    {
        "label": "Belanja Tidak Terduga 2021",
        "url": "/sources",
        "stages": {
            "received": 1_200_000_000,
            "allocated": 2_400_000_000,
            "reserved": 900_000_000,
            "in_transit": 372_900_000,
            "delivered": 8_100_000_000,
            "returned": 41_700_000,
        },
    },
    {"label": "CSR PT Contoh Makmur", "url": "", "stages": {"received": 250_000_000, "delivered": 1_750_000_000}},
    {
        "label": "ASN Peduli",
        "url": "",
        "stages": {"allocated": 91_000_000, "delivered": 310_500_000, "lost": 1_200_000},
    },
]
FLOW = [
    ("BTT 2021", "BLT terdampak", 8_100_000_000),
    ("BTT 2021", "Sembako isoman", 2_000_000_000),
    ("CSR PT Contoh", "Sembako isoman", 1_750_000_000),
    ("ASN Peduli", "Beras keluarga", 310_500_000),
    ("BLT terdampak", "Cikarang Utara", 4_600_000_000),
    ("BLT terdampak", "Tambun Selatan", 3_500_000_000),
    ("Sembako isoman", "Tambun Selatan", 2_250_000_000),
    ("Sembako isoman", "Babelan", 1_500_000_000),
    ("Beras keluarga", "Babelan", 310_500_000),
]
BATCHES = [
    {
        "number": "BTC-2021-000123-7",
        "program": "BLT terdampak pandemi",
        "people": 1243,
        "total": 372_900_000,
        "age": 2,
        "state": "submitted",
    },
    {
        "number": "BTC-2021-000124-5",
        "program": "Sembako isolasi mandiri",
        "people": 87,
        "total": 26_100_000,
        "age": 5,
        "state": "unknown",
    },
    {
        "number": "BTC-2021-000119-2",
        "program": "BLT terdampak pandemi",
        "people": 10_412,
        "total": 3_123_600_000,
        "age": 9,
        "state": "delivered",
    },
    {
        "number": "BTC-2021-000117-0",
        "program": "Beras keluarga",
        "people": 310,
        "total": 31_000_000,
        "age": 12,
        "state": "rejected",
    },
]
FACTS = [
    {
        "title": "Batch diverifikasi",
        "by": "Budi Contoh",
        "office": "PPK-SKPD Dinas Sosial",
        "at": NOON,
        "entry": 48_210,
        "proof_url": "/log",
        "look": "moving",
    },
    {
        "title": "Dua baris ditahan",
        "by": "Sistem",
        "office": "",
        "at": NOON,
        "entry": 48_207,
        "proof_url": "/log",
        "look": "waiting",
        "note": "NIK ganda dengan program lain",
    },
    {
        "title": "Batch diajukan",
        "by": "Sari Contoh",
        "office": "PPTK Dinas Sosial",
        "at": NOON,
        "entry": None,
        "look": "quiet",
    },
]
HOME = (
    slots.HomeCard(
        title="Batch menunggu persetujuan Anda",
        sentence="Yang tertua sudah 2 hari; aturannya 3 hari kerja.",
        url="/approval",
        verb="Periksa yang tertua",
        count=3,
        is_urgent=True,
    ),
    slots.HomeCard(
        title="Tanda bahaya terbuka", sentence="1 berat, 11 ringan.", url="/flags", verb="Lihat semuanya", count=12
    ),
    slots.HomeCard(
        title="Sisa dana Sembako isoman",
        sentence="Rp1.250.000.000 dari Rp3.750.000.000 belum dibagikan.",
        url="/programs",
        verb="Buka program",
    ),
)
ERRORS = {
    "total": {"message": "Jumlah harus rupiah bulat tanpa koma.", "code": "money.not_whole"},
    "source": "Pilih satu sumber dana.",
    "agree": "Nyatakan bahwa daftar sudah diperiksa.",
    "": "Sisa dana sumber ini tidak cukup untuk batch ini.",
}
TYPED = {
    "title": "BLT Agustus",
    "total": "12,5",
    "people": "1243",
    "source": "",
    "channel": "pos",
    "on": "2021-08-05",
    "note": "Tahap dua",
}
PROGRESS = {
    "title": "Memeriksa daftar penerima",
    "done": 61_500,
    "total": 100_000,
    "unit": "baris",
    "seconds_left": 140,
    "poll_url": "/poll",
}


def make_gallery() -> Flask:
    """Build the gallery with the wiring of templates/web/README.md and the product's own policy."""
    app = Flask("gallery", static_folder=str(assets.STATIC_FOLDER), static_url_path="/static")
    app.secret_key = "gallery only"
    app.jinja_env.undefined = StrictUndefined
    here = FileSystemLoader(Path(__file__).parent / "gallery")
    app.jinja_env.loader = ChoiceLoader([FileSystemLoader(assets.TEMPLATE_FOLDER), here])
    app.jinja_env.globals["csrf_token"] = lambda: "token-of-the-gallery"
    formats.register(app.jinja_env)
    shapes.register(app.jinja_env)
    assets.install(app)
    slots.install(app, agency_name=AGENCY, viewer=lambda: None if request.args.get("nobody") else VIEWER)
    _add_pages(app)

    @app.after_request
    def strict(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = CSP
        return response

    return app


def received(app: Flask) -> list[dict[str, object]]:
    """Give the forms the gallery was sent, oldest first."""
    forms: list[dict[str, object]] = app.extensions.setdefault("gallery.received", [])
    return forms


def _add_pages(app: Flask) -> None:
    for order, (label, endpoint, icon) in enumerate(MENU):
        slots.register_menu(app, slots.MenuItem(label, endpoint, frozenset({Role.APPROVER}), order, icon))
        app.add_url_rule(f"/{endpoint}", endpoint, _page_of(endpoint), methods=["GET"])
    slots.register_home_cards(app, Role.APPROVER, lambda _viewer: HOME)

    @app.get("/poll")
    def poll() -> str:
        return render_template("web/partials/progress.html", progress={**PROGRESS, "done": 100_000, "state": "done"})

    @app.post("/refused")
    def refused() -> tuple[str, int]:
        received(app).append({"csrf_header": request.headers.get("X-CSRFToken", "")})
        return "Sisa dana tidak cukup.", 422

    @app.post("/approval")
    @app.post("/forms")
    def receive() -> str:
        received(app).append(dict(request.form.items(multi=True)) | {"batch": request.form.getlist("batch")})
        time.sleep(0.3)
        return "diterima"

    @app.get("/public")
    def public() -> str:
        return render_template("gallery_public.html")

    @app.get("/problem/<int:status>")
    def problem(status: int) -> tuple[str, int]:
        facts = {
            "status": status,
            "title": "",
            "message": "Anda yang membuat batch ini, jadi Anda tidak boleh menyetujuinya.",
            "todo": "",
            "who": "Kepala Dinas atau pejabat yang ditunjuk",
            "code": "approval.self_approval",
            "reference": "7f3a21",
            "back_url": "/home",
        }
        page = "web/problem_public.html" if request.args.get("public") else "web/problem.html"
        return render_template(page, problem=facts), status


def _page_of(endpoint: str) -> Callable[[], str]:
    page = endpoint if endpoint in {"home", "sources", "forms", "approval", "people"} else "empty"

    def view() -> str:
        if request.args.get("flash"):
            flash("Batch BTC-2021-000123-7 diajukan: 1.243 penerima, Rp372.900.000.", "success")
        cards = slots.home_cards_for(current_app, VIEWER)
        return render_template(
            f"gallery_{page}.html",
            cards=cards,
            sources=SOURCES,
            links=FLOW,
            batches=BATCHES[2:] if request.args.get("after") else BATCHES,
            facts=FACTS,
            errors=ERRORS if request.args.get("errors") else {},
            typed=TYPED,
            progress=PROGRESS,
            digest=DIGEST,
            noon=NOON,
        )

    return view
