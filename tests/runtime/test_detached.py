"""An engine that a screen starts: it listens where no other does, also where that changes while it starts."""

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from cockpit.config.places import Places, find_places
from cockpit.runtime import detached
from tests.patience import patient_s

WITHIN_S = patient_s(30.0)
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
"""It outlives whoever started it: that is what it is for."""


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    """A profile whose engine is ended afterwards."""
    found = find_places(tmp_path)
    yield found
    with suppress(OSError, ValueError, KeyError):
        os.kill(int(str(holder(found)["pid"])), signal.SIGKILL)


@pytest.fixture
def usual(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A socket, not bound yet, and the usual port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr(detached, "USUAL_PORT", free.getsockname()[1])
    with socket.socket() as other:
        yield other


def holder(places: Places) -> dict[str, object]:
    """Who runs it, once it says where: the socket answers a moment before."""
    deadline_s = time.monotonic() + WITHIN_S
    while True:
        read: dict[str, object] = json.loads(places.lock.read_text(encoding="utf-8") or "{}")
        if "url" in read or time.monotonic() > deadline_s:
            return read
        time.sleep(detached.POLL_EVERY_S)


def taken(other: socket.socket) -> None:
    other.bind(("127.0.0.1", detached.USUAL_PORT))
    other.listen()


def test_it_listens_on_the_usual_port(places: Places, usual: socket.socket) -> None:
    assert "started an engine" in detached.ensure_engine(places, (), within_s=WITHIN_S)
    assert str(holder(places)["url"]).endswith(f":{detached.USUAL_PORT}")


def test_one_that_somebody_has_is_left_to_them(places: Places, usual: socket.socket) -> None:
    taken(usual)
    assert "started an engine" in detached.ensure_engine(places, (), within_s=WITHIN_S)
    assert not str(holder(places)["url"]).endswith(f":{detached.USUAL_PORT}")


def test_one_that_somebody_takes_while_it_starts_is_left_to_them(places: Places, usual: socket.socket) -> None:
    """Two screens of two profiles that start at once: both have looked before either engine listens."""
    waited: list[float] = []

    def sleep(pause_s: float) -> None:
        if not waited:
            taken(usual)
        waited.append(pause_s)
        time.sleep(pause_s)

    told = detached.ensure_engine(places, (), within_s=WITHIN_S, sleep=sleep)
    assert "started an engine" in told and told.endswith(str(holder(places)["pid"]))
    assert not str(holder(places)["url"]).endswith(f":{detached.USUAL_PORT}")


def test_one_that_was_asked_for_is_not_another(places: Places, usual: socket.socket) -> None:
    taken(usual)
    asked = ("--port", str(detached.USUAL_PORT))
    with pytest.raises(detached.EngineDidNotStart, match="to be free, was: Address already in use"):
        detached.ensure_engine(places, asked, within_s=WITHIN_S)
