"""A parser in prison can refuse or answer; it cannot take the server, the network or another file with it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from aid_ledger.core.errors import DomainError
from aid_ledger.core.prison import MEBIBYTE, Confines, FileUnreadable, Task, imprisoned
from tests.unit.core import prisoners

NARROW = Confines(memory_bytes=512 * MEBIBYTE, cpu_s=1, wall_s=20, result_bytes=4 * MEBIBYTE)


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    """Give a small file to parse."""
    path = tmp_path / "upload"
    path.write_bytes(b"isi")
    return path


@pytest.mark.parametrize(
    "task",
    [
        prisoners.crash,
        prisoners.hoard,
        prisoners.spin,
        prisoners.flood,
        prisoners.drip,
        prisoners.link,
        prisoners.run_a_program,
        prisoners.refuse_strangely,
        prisoners.leave_in_silence,
    ],
    ids=lambda task: task.__name__,
)
def test_misbehaving_parser_is_only_an_unreadable_file(task: Task, upload: Path) -> None:
    """Bombs end in a sentence for the official, never in a dead server or a half-believed result."""
    with pytest.raises(FileUnreadable) as refused, imprisoned(task, upload, confines=NARROW):
        pytest.fail("the results of a dead parser were offered")

    assert refused.value.code == "file.unreadable"


def test_waiting_parser_is_ended_by_the_clock_on_the_wall(upload: Path) -> None:
    """A parser that waits uses no processor time; it is ended all the same."""
    with pytest.raises(FileUnreadable) as refused, imprisoned(prisoners.sleep, upload, confines=Confines(wall_s=1)):
        pytest.fail("the parser came back")

    assert refused.value.facts == {"seconds": 1}


def test_parser_cannot_reach_the_network(upload: Path) -> None:
    """What a hostile list makes the parser read cannot be sent anywhere, not even to this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        port = listener.getsockname()[1]
        with pytest.raises(FileUnreadable), imprisoned(prisoners.call_home, upload, arguments={"port": port}):
            pytest.fail("the parser got out")
        with pytest.raises(TimeoutError):
            listener.accept()


def test_parser_is_given_no_secrets(upload: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the server, with its database address and keys, stays outside."""
    monkeypatch.setenv("AID_LEDGER_DATABASE_URL", "postgresql://secret")

    with imprisoned(prisoners.tell_environment, upload) as results:
        names = (results / "environment").read_text(encoding="utf-8").split()

    assert set(names) <= {"TMPDIR", "POLARS_MAX_THREADS", "LC_CTYPE"}


def test_refusal_crosses_the_wall_with_its_facts(upload: Path) -> None:
    """A refusal the caller named arrives as itself, so that the page can say its sentence."""
    with (
        pytest.raises(prisoners.Foretold) as refused,
        imprisoned(prisoners.refuse, upload, refusals=[prisoners.Foretold]),
    ):
        pytest.fail("a refused file was offered")

    assert isinstance(refused.value, DomainError)
    assert refused.value.facts == {"size": 3}


def test_results_are_offered_and_then_removed(upload: Path) -> None:
    """Personal data in results lives only as long as it is being read."""
    with imprisoned(prisoners.copy, upload, arguments={"times": 2}) as results:
        assert (results / "copy").read_bytes() == b"isiisi"
        kept = results

    assert not kept.exists()
