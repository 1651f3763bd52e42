"""What stands in the place of a profile's files: links that lead nowhere, directories, files of another kind. The
checklist says what a start would refuse, and nothing is begun anew where the old may only be away.
"""

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cockpit.commands.left_open import left_open
from cockpit.config.load import load_config
from cockpit.config.places import Places, shipped_config_path
from cockpit.config.secrets import Secrets
from cockpit.domain.kinds import Mode
from cockpit.journal.errors import JournalError
from cockpit.journal.reading import JournalReader
from cockpit.journal.store import Journal
from cockpit.preflight.checks import preflight
from cockpit.runtime.halt_mark import FILE_NAME, POLL_EVERY_S, HaltMarkWatch, halt_mark, leave_halt_mark
from cockpit.runtime.lock import InstanceLock

AWAY = "no-such-disk/journal.sqlite"
BESIDE = "no-such-file.sqlite"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places(tmp_path / "home", shipped_config_path())
    made.make_home()
    return made


def failures(places: Places) -> dict[str, str]:
    checklist = preflight(places, load_config(places.config), Mode.PAPER, Secrets({}, lambda _: None))
    return {item.name: item.detail for item in checklist.items if not item.ok}


@pytest.mark.parametrize("target", [AWAY, BESIDE, "journal.sqlite"])
def test_a_journal_whose_disk_is_away_is_not_one_that_never_was(places: Places, target: str) -> None:
    """Behind it are the open trades: a new file there would begin without them."""
    link = places.journal.file
    link.symlink_to(target)
    expected = f"a link to {target}, where nothing is"
    assert expected in failures(places)["journal"]
    with pytest.raises(JournalError, match=expected):
        Journal(places.journal)
    with pytest.raises(JournalError, match=expected):
        JournalReader(places.journal)
    with pytest.raises(JournalError, match=expected):
        left_open(places.journal)
    assert not (places.home / BESIDE).exists()


def test_a_link_to_a_journal_that_is_there_is_as_good_as_the_file(places: Places) -> None:
    places.journal.file.symlink_to(places.home.parent / "elsewhere.sqlite")
    (places.home.parent / "elsewhere.sqlite").touch()
    Journal(places.journal).close(30)
    assert "journal" not in failures(places)
    assert left_open(places.journal) == []


@pytest.mark.parametrize("name", ["x" * 300, "loop/home"])
def test_a_home_that_cannot_be_looked_into_is_not_one_without_a_journal(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    shut = Places(tmp_path / name, shipped_config_path())
    assert "expected" in failures(shut)["home"]
    assert "journal" in failures(shut)
    with pytest.raises(JournalError):
        left_open(shut.journal)
    with pytest.raises(JournalError, match="expected a readable journal"):
        JournalReader(shut.journal)


def a_file(path: Path) -> None:
    path.touch()


def a_link(path: Path) -> None:
    path.symlink_to("/no-such-disk/x")


def a_directory(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("put", [a_file, a_link])
@pytest.mark.parametrize("name", ["recordings", "logs", "logs/api", "."])
def test_no_directory_where_one_has_to_be(places: Places, name: str, put: Callable[[Path], None]) -> None:
    path = places.home / name
    shutil.rmtree(path)
    put(path)
    with pytest.raises(OSError, match=f"{path} is no directory"):
        places.make_home()
    assert f"{path}" in failures(places)["home"]


@pytest.mark.parametrize("put", [a_directory, a_link])
def test_no_file_where_the_lock_has_to_be(places: Places, put: Callable[[Path], None]) -> None:
    put(places.lock)
    with pytest.raises(OSError, match=r"engine\.lock"):
        places.make_home()
    with pytest.raises(OSError):
        InstanceLock(places.lock).acquire()
    assert str(places.lock) in failures(places)["home"]


@pytest.mark.parametrize("put", [a_directory, a_link, a_file])
def test_another_file_where_the_socket_has_to_be(places: Places, put: Callable[[Path], None]) -> None:
    put(places.socket)
    assert f"expected {places.socket} to be a socket or absent" in failures(places)["home"]


def test_a_mark_is_never_written_through_a_link(places: Places) -> None:
    other = places.home.parent / "other"
    other.write_text("mine")
    mark = places.home / FILE_NAME
    for target in (other, "/no-such-disk/x"):
        mark.unlink(missing_ok=True)
        mark.symlink_to(target)
        assert halt_mark(places), "whatever it leads to, somebody left it"
        assert leave_halt_mark(places) == ""
        assert not mark.is_symlink() and "flattened past the engine at" in halt_mark(places)
    assert other.read_text() == "mine"


async def test_a_mark_that_cannot_be_taken_away_halts_once(places: Places, caplog: pytest.LogCaptureFixture) -> None:
    """Else an operator who resumes is halted again in a quarter of a second, without a word why."""
    mark = places.home / FILE_NAME
    mark.mkdir()
    halts: list[str] = []
    looked = asyncio.Event()

    async def halt(found: str) -> None:
        halts.append(found)
        looked.set()

    watching = asyncio.ensure_future(HaltMarkWatch(places, halt).run())
    try:
        await asyncio.wait_for(looked.wait(), 30)
        await asyncio.sleep(3 * POLL_EVERY_S)
        assert len(halts) == 1
        assert f"{mark} could not be removed" in caplog.text
        looked.clear()
        mark.rmdir()
        while halt_mark(places):
            await asyncio.sleep(0)
        await asyncio.sleep(3 * POLL_EVERY_S)
        assert leave_halt_mark(places) == ""
        await asyncio.wait_for(looked.wait(), 30)
        assert len(halts) == 2 and not os.path.lexists(mark)
    finally:
        watching.cancel()
