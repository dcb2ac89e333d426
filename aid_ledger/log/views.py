"""The pages of the log, for everybody: what it is, its entries and their proofs; and the log itself as files (C2SP).

No sign-in and no cookie: whoever can reach this server may read and mirror all of it, since no entry holds personal
data. The files are those of `log export`, at the addresses of tlog-tiles, so a verifier needs nothing but this prefix.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Final

from flask import Blueprint, Flask, Response, current_app, redirect, render_template, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from aid_ledger.core import clock
from aid_ledger.core.roles import Role
from aid_ledger.log import export, history, queries, quorum, schemas, service, timestamping
from aid_ledger.log.queries import PlacedEntry
from aid_ledger.log.rules import EntryNotFound
from aid_ledger.log.timeline import item_of, timeline
from aid_ledger.log.words import ACCORDING_TO_SERVER, DOORS, WITNESS_ALARMS, ago
from aid_ledger.web import desk, slots
from aid_ledger.web.guard import public
from aid_ledger.web.sending import BYTES, TEXT, send_bytes
from audit.note import encode_base64

bp = Blueprint("log", __name__, url_prefix="/log")

ORDER: Final = 90
PAGE: Final = 50
FOREVER: Final = "public, max-age=31536000, immutable"
"""A tile's address says how full it is, so what it holds never changes (C2SP tlog-tiles)."""

A_MOMENT: Final = "public, max-age=2"
OPEN_TO_ALL: Final = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""Verifiers may run inside other people's pages."""


def install(app: Flask) -> None:
    """Hang the pages on an application."""
    app.register_blueprint(bp)
    app.jinja_env.filters["yang_lalu"] = ago
    slots.register_menu(app, slots.MenuItem("Log", "log.index", frozenset(Role), ORDER, "log"))


@bp.get("/")
@public
def index() -> ResponseReturnValue:
    """Say what this log is and how to check it without believing this server."""
    with desk.read() as session:
        newest, status = queries.newest_checkpoint(session), queries.status(session)
        return render_template(
            "log/index.html",
            name=queries.name_of_log(session),
            coming=queries.coming_key(session),
            status=status,
            is_late=status.is_late(clock.now()),
            newest=newest,
            today=desk.today(),
            witnesses=quorum.witnesses(session),
            witnessed=quorum.newest_witnessed(session),
            alarms=WITNESS_ALARMS,
            stamped=timestamping.standing(session, current_app.extensions["aid_ledger.office"].settings),
            latest=[item_of(entry) for entry in queries.page_before(session, None, limit=5)],
        )


@bp.get("/entri")
@public
def entries() -> ResponseReturnValue:
    """List entries, newest first."""
    before = desk.filters(schemas.PageFilter())["sebelum"]
    with desk.read() as session:
        found = queries.page_before(session, before, limit=PAGE + 1)
    shown = found[:PAGE]
    return render_template(
        "log/entries.html",
        items=[item_of(entry) for entry in shown],
        next_before=shown[-1].position if len(found) > PAGE else None,
        is_first=before is None,
    )


@bp.get("/cari")
@public
def search() -> ResponseReturnValue:
    """Lead from a number or a reference to its page."""
    wanted = desk.filters(schemas.Search())["q"]
    if isinstance(wanted, int):
        return redirect(url_for(".entry", position=wanted))
    return redirect(url_for(".mentions", reference=wanted))


@bp.get("/rujukan/<path:reference>")
@public
def mentions(reference: str) -> ResponseReturnValue:
    """List what the log says of one object."""
    with desk.read() as session:
        items = timeline(session, reference)
    if not items:
        raise EntryNotFound(reference=reference[:60])
    return render_template("log/mentions.html", reference=reference, items=items)


@bp.get("/entri/<int:position>")
@public
def entry(position: int) -> ResponseReturnValue:
    """Show one entry: what it says, in words and byte for byte, and what proves it."""
    with desk.read() as session:
        found = queries.entry_at(session, position)
        check = service.check_entry(session, found)
        same_act = [item_of(each) for each in queries.entries_of_act(session, found.act) if each.position != position]
        size = queries.sealed_size(session)
        mark = quorum.mark_of(session, position)
    item = item_of(found)
    envelope = {} if item.note else found.envelope()
    return render_template(
        "log/entry.html",
        item=item,
        check=check,
        envelope=envelope,
        door=DOORS.get(envelope["actor"]["door"], "") if envelope else "",
        written=json.dumps(envelope, indent=2, ensure_ascii=False)
        if envelope
        else found.raw.decode("utf-8", "replace"),
        leaf_hash=encode_base64(found.leaf_hash),
        same_act=same_act,
        mentioned=queries.mentioned_in(found),
        is_according_to_server=found.kind in ACCORDING_TO_SERVER,
        size=size,
        mark=mark,
    )


@bp.get("/perbuatan/<act>")
@public
def act(act: str) -> ResponseReturnValue:
    """Show the entries of one act with their leaf hashes, for the one who acted to keep (THREATS 4)."""
    entries = _entries_of(act)
    return render_template(
        "log/act.html", act=act, rows=[(item_of(each), encode_base64(each.leaf_hash)) for each in entries]
    )


@bp.get("/perbuatan/<act>/sidik")
@public
def leaves(act: str) -> ResponseReturnValue:
    """Give the leaf hashes of one act as `aid-audit verify --leaves` reads them."""
    lines = [f"# {each.kind}\n{encode_base64(each.leaf_hash)}\n" for each in _entries_of(act)]
    return _file(f"# act {act}\n{''.join(lines)}".encode(), TEXT, A_MOMENT, name=f"sidik-{act[:12]}.txt")


def _entries_of(act: str) -> list[PlacedEntry]:
    with desk.read() as session:
        entries = queries.entries_of_act(session, act)
    if not entries:
        raise EntryNotFound(act=act[:32])
    return entries


@bp.get("/entri/<int:position>/bukti")
@public
def proof(position: int) -> ResponseReturnValue:
    """Give an entry's proof under the newest checkpoint (C2SP tlog-proof)."""
    with desk.read() as session:
        queries.entry_at(session, position)
        text = queries.proof_text(session, position)
    return _file(text.encode(), TEXT, A_MOMENT, name=f"entri-{position}.tlog-proof")


@bp.get("/entri/<int:position>/isi")
@public
def content(position: int) -> ResponseReturnValue:
    """Give an entry's exact bytes, which its proof is about."""
    with desk.read() as session:
        raw = queries.entry_at(session, position).raw
    return _file(raw, "application/json", FOREVER, name=f"entri-{position}.json")


@bp.get("/checkpoint")
@public
def checkpoint() -> ResponseReturnValue:
    """Give the newest signed checkpoint, with the cosignatures collected for it so far."""
    with desk.read() as session:
        newest = queries.newest_checkpoint(session)
        return _file(queries.cosigned_note(session, newest).encode(), TEXT, A_MOMENT) if newest else _absent()


@bp.get("/checkpoint.witnessed")
@public
def witnessed_checkpoint() -> ResponseReturnValue:
    """Give the newest checkpoint that enough witnesses have cosigned; a busy log has a newer one by then."""
    with desk.read() as session:
        held = quorum.newest_witnessed(session)
        return _file(queries.cosigned_note(session, held).encode(), TEXT, A_MOMENT) if held else _absent()


@bp.get("/history")
@public
def history_file() -> ResponseReturnValue:
    """Give earlier checkpoints with their cosignatures, in pieces: the whole may be long."""
    return _long(history.pages)


@bp.get("/timestamps")
@public
def timestamps_file() -> ResponseReturnValue:
    """Give the tokens of time over checkpoints, in pieces; empty where no authority has given one."""
    return _long(timestamping.pages)


@bp.get("/timestamps/<int:size>")
@public
def timestamp_token(size: int) -> ResponseReturnValue:
    """Give the token over the checkpoint of a size (RFC 3161), as `aid-audit timestamp` and `openssl ts` read it."""
    with desk.read() as session:
        token = timestamping.token_of(session, size)
    return _file(token, BYTES, FOREVER, name=f"segel-{size}.tst") if token else _absent()


@bp.get("/timestamps/<int:size>/checkpoint")
@public
def stamped_checkpoint(size: int) -> ResponseReturnValue:
    """Give the checkpoint that a token is over."""
    with desk.read() as session:
        sealed = queries.checkpoint_of(session, size) if timestamping.token_of(session, size) else None
        return _file(sealed.note.encode(), TEXT, FOREVER, name=f"segel-{size}.txt") if sealed else _absent()


@bp.get("/log.vkey")
@public
def vkey() -> ResponseReturnValue:
    """Give the log's public keys, newest first; an inspector takes theirs from paper instead."""
    with desk.read() as session:
        return _file(f"{queries.name_of_log(session).vkeys}\n".encode(), TEXT, A_MOMENT)


@bp.get("/tile/<path:path>")
@public
def tile(path: str) -> ResponseReturnValue:
    """Give a tile of hashes or a bundle of entries, full or partial, as far as the newest checkpoint reaches."""
    with desk.read() as session:
        held = export.served_tile(session, f"tile/{path}")
    # Hashes do not compress; entries do, to a fifth.
    return _file(held, BYTES, FOREVER, may_pack=path.startswith("entries/")) if held else _absent()


def _long(pages: Callable[[Session], Iterator[bytes]]) -> Response:
    """Send a file of the log piece by piece."""

    def pieces() -> Iterator[bytes]:
        with desk.read() as session:
            yield from pages(session)

    response = Response(stream_with_context(pieces()), content_type=BYTES)
    response.headers["Cache-Control"] = A_MOMENT
    response.headers.update(OPEN_TO_ALL)
    return response


def _file(body: bytes, kind: str, keep: str, *, name: str = "", may_pack: bool = False) -> Response:
    response = send_bytes(body, kind, keep=keep, may_pack=may_pack)
    response.headers.update(OPEN_TO_ALL)
    if name:
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _absent() -> Response:
    """Answer plainly what is not there: programs ask, and a moment later it may be."""
    response = Response("Tidak ada di log ini.\n", 404, content_type=TEXT)
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(OPEN_TO_ALL)
    return response
