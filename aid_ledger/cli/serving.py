"""`aid-ledger serve`, `worker` and `demo`: processes that stay, and the demonstration that ends in one.

`serve` runs the same gunicorn that production runs; on the embedded database with one process (SQLite has one writer)
and a worker for long jobs beside it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Final

import click

from aid_ledger import app as composition
from aid_ledger import jobs
from aid_ledger.cli.door import at_database
from aid_ledger.core.jobs import engine
from aid_ledger.core.jobs.sibling import Sibling
from aid_ledger.core.jobs.worker import work
from aid_ledger.demo import story
from aid_ledger.log import heads
from aid_ledger.log.fingerprint import tell_schema
from aid_ledger.settings import Process, Settings

DEFAULT_PORT: Final = 8000
POLL_S: Final = 0.5
REQUEST_LIMIT_S: Final = 120
"""A hundred thousand lines are submitted in one request; everything longer is a job."""


@click.command()
@click.option("--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(1, 65_535), help="Porta.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Alamat yang didengarkan.")
@at_database
def serve(settings: Settings, port: int, host: str) -> None:
    """Layani halaman web; di basis data tertanam juga menjalankan pekerja."""
    _serve(settings, host=host, port=port)


@click.command()
@click.option("--parent-pid", type=int, default=None, help="Berhenti bila proses ini tidak ada lagi.")
@at_database
def worker(settings: Settings, parent_pid: int | None) -> None:
    """Jalankan pekerjaan panjang sampai dihentikan."""
    office = composition.open_office(settings, Process.COMMAND)
    engine.migrate(settings.engine_url())
    work(office.engine, settings.engine_url(), jobs.registry(office), parent_pid=parent_pid)


@click.command()
@click.option("--no-serve", is_flag=True, help="Berhenti setelah ceritanya selesai.")
@click.option("--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(1, 65_535), help="Porta.")
def demo(*, no_serve: bool, port: int) -> None:
    """Mainkan seluruh siklus Kabupaten Bekasi dengan data sintetis, lalu layani halamannya."""
    settings = Settings.for_demo(base_url=f"http://127.0.0.1:{port}")
    told = story.play(settings, click.echo)
    click.echo("")
    for line in story.last_words(told):
        click.echo(line)
    told.office.engine.dispose()
    click.echo("\n" + "\n".join(story.how_to_go_on(settings.base_url)), err=True)
    if not no_serve:
        click.echo(f"\nBuka http://127.0.0.1:{port} (Ctrl-C untuk berhenti)", err=True)
        _serve(settings, host="127.0.0.1", port=port)


def _serve(settings: Settings, *, host: str, port: int) -> None:
    office = composition.open_office(settings, Process.WEB)
    if office.sequencer is not None:
        # On the embedded database the processes started here are the sequencer.
        heads.refuse_if_witnesses_know_more(office.engine, office.sequencer.verifiers())
        office.sequencer.run_once()
        tell_schema(office.engine, office.acts)
    office.engine.dispose()
    environment = settings.child_environment()
    command = gunicorn_command(settings, host=host, port=port)
    # A service manager ends us by SIGTERM; without this the server would live on and keep the port.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    server = subprocess.Popen(command, env=environment)  # noqa: S603 - our own command
    sibling = Sibling(_worker(), environment=environment) if settings.is_sqlite else None
    try:
        while server.poll() is None:
            if sibling is not None:
                sibling.tend()
            time.sleep(POLL_S)
    except KeyboardInterrupt:
        click.echo("Berhenti.", err=True)
    finally:
        if sibling is not None:
            sibling.stop()
        server.terminate()
        server.wait()


def gunicorn_command(settings: Settings, *, host: str, port: int) -> list[str]:
    """Say how the web server is started, in production as here."""
    processes = 1 if settings.is_sqlite else 2 * (os.cpu_count() or 1)
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "--bind",
        f"{host}:{port}",
        "--workers",
        str(processes),
        "--worker-class",
        "gthread",
        "--threads",
        "2",
        "--timeout",
        str(REQUEST_LIMIT_S),
        "--no-control-socket",
        "aid_ledger.app:create_app()",
    ]


def _worker() -> list[str]:
    return [sys.executable, "-m", "aid_ledger", "worker", "--parent-pid", str(os.getpid())]
