"""A journal that is deleted, replaced or cut under its engine is noticed, and what is decided then waits beside it."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from journal_samples import SESSION, life, notice

from cockpit.journal.spill import Spill
from cockpit.journal.store import Journal
from tests.patience import patient_s


def _delete(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


def _cut(path: Path) -> None:
    os.truncate(path, 0)


def until(is_so: Callable[[], bool]) -> None:
    give_up_s = time.monotonic() + patient_s(30)
    while not is_so():
        assert time.monotonic() < give_up_s
        time.sleep(0.01)


@pytest.mark.parametrize(("lose", "said"), [(_delete, "deleted"), (_replace, "replaced"), (_cut, "cut from")])
def test_it_is_noticed_though_nothing_is_to_be_written(tmp_path: Path, lose: Callable[[Path], None], said: str) -> None:
    path = tmp_path / "journal.sqlite"
    journal = Journal(path, backoff_s=(0.01,))
    journal.begin(SESSION)
    for number in range(1, 30):
        journal.append(life(number, 0.05))
    assert journal.flush(30)
    time.sleep(1.2)  # the file is looked at once a second: it is to be seen at its size
    lose(path)
    until(lambda: not journal.health().ok)
    assert said in journal.health().last_error
    assert "put a backup in its place" in journal.health().last_error
    journal.append([notice(1)])
    assert not journal.flush(0.3), "nothing is called written that went into a file nobody will find"
    assert journal.close(30)
    waiting = Spill(path.with_suffix(".spill"))
    assert waiting.records == 1
    waiting.close()


def test_damage_in_the_side_file_costs_only_what_it_hit(tmp_path: Path) -> None:
    path = tmp_path / "journal.spill"
    journal = Journal(tmp_path / "journal.sqlite")
    journal.begin(SESSION)
    journal.close(30)
    spill, sizes = Spill(path), [0]
    for number in range(5):
        spill.append([[entry] for entry in journal._entries([notice(number)])])
        sizes.append(path.stat().st_size)
    spill.close()
    data = bytearray(path.read_bytes())
    for position in range(sizes[2], sizes[3]):
        flipped = bytearray(data)
        flipped[position] ^= 0x55
        path.write_bytes(flipped)
        spill = Spill(path)
        assert spill.records == 4, f"byte {position}"
        assert "were damaged" in spill.damage
        assert path.with_suffix(".spill.damaged").read_bytes() == flipped
        spill.close()
    path.write_bytes(data[:-3])
    spill = Spill(path)
    assert (spill.records, spill.damage) == (4, ""), "a torn end is what a kill leaves"
    spill.close()
    path.write_bytes(bytes(flipped))
    taken = Journal(tmp_path / "journal.sqlite")
    assert "were damaged" in taken.damage
    taken.close(30)
