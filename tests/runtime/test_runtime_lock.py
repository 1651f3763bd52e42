"""One engine a profile: real processes contend for the lock, and a killed one does not keep it."""

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cockpit.runtime.lock import InstanceLock, LockHeld, is_held, read_holder

HOLD = """
import sys, time
from pathlib import Path
from cockpit.runtime.lock import InstanceLock
lock = InstanceLock(Path(sys.argv[1]))
lock.acquire()
lock.write(pid=__import__("os").getpid(), url="http://127.0.0.1:8000", mode="paper")
print("held", flush=True)
time.sleep(60)
"""


def holder(path: Path) -> "subprocess.Popen[str]":
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline() == "held\n"
    return child


def end(child: "subprocess.Popen[str]") -> None:
    child.kill()
    child.communicate()


def test_the_second_one_is_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "engine.lock"
    child = holder(path)
    try:
        with pytest.raises(LockHeld) as refused:
            InstanceLock(path).acquire()
    finally:
        end(child)
    assert f"was process {child.pid} at http://127.0.0.1:8000" in str(refused.value)
    assert str(path) in str(refused.value)


def test_whoever_deletes_the_file_makes_no_room_for_a_second(tmp_path: Path) -> None:
    path = tmp_path / "engine.lock"
    child = holder(path)
    try:
        path.unlink()
        with pytest.raises(LockHeld):
            InstanceLock(path).acquire()
        path.unlink()
        path.write_text("")
        with pytest.raises(LockHeld):
            InstanceLock(path).acquire()
    finally:
        end(child)


def test_a_killed_holder_leaves_the_lock_free(tmp_path: Path) -> None:
    path = tmp_path / "engine.lock"
    child = holder(path)
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    assert read_holder(path)["pid"] == child.pid, "a killed process cannot take its word back"
    lock = InstanceLock(path)
    lock.acquire()
    assert read_holder(path) == {"pid": os.getpid()}
    lock.release()


def test_letting_go_lets_the_next_one_in_and_says_nothing_more(tmp_path: Path) -> None:
    path = tmp_path / "home" / "engine.lock"
    first, second = InstanceLock(path), InstanceLock(path)
    first.acquire()
    with pytest.raises(LockHeld, match=f"was process {os.getpid()}"):
        second.acquire()
    first.release()
    assert read_holder(path) == {}
    second.acquire()
    second.release()
    second.release()


def test_a_shorter_word_leaves_nothing_of_a_longer_one(tmp_path: Path) -> None:
    path = tmp_path / "engine.lock"
    lock = InstanceLock(path)
    lock.acquire()
    lock.write(pid=1, url="http://127.0.0.1:8000", feed="simulated: seed 27")
    lock.write(pid=2)
    assert json.loads(path.read_text()) == {"pid": 2}
    assert path.stat().st_mode & 0o077 == 0
    lock.release()


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"pid": 1}{"pid"', "\x00\xff"])
def test_a_file_that_says_nothing_readable_names_nobody(tmp_path: Path, text: str) -> None:
    path = tmp_path / "engine.lock"
    path.write_text(text, encoding="utf-8")
    assert read_holder(path) == {}


def test_a_full_disk_keeps_it_from_talking_not_from_holding(tmp_path: Path) -> None:
    path = tmp_path / "engine.lock"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        lock = InstanceLock(path)
        lock.acquire()
        with pytest.raises(LockHeld, match="was another process"):
            InstanceLock(path).acquire()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    lock.release()


def test_nobody_holds_a_lock_that_is_not_there(tmp_path: Path) -> None:
    not_a_home = tmp_path / "file"
    not_a_home.touch()
    assert not is_held(tmp_path / "engine.lock")
    assert not is_held(not_a_home / "engine.lock")
