"""A run that is killed leaves nothing behind: not its children, not what left its session, not what those started."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import reaper
from tests.patience import patience, patient_s

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = patient_s(20.0)
RUN = """
import os, subprocess, sys, time
from tests import reaper
reaper.begin()
for command in ("sleep 600", "setsid sleep 600 & exec sleep 600", "(setsid sh -c 'sleep 600' &) ; sleep 600"):
    subprocess.Popen(["sh", "-c", command], start_new_session=True)
print(os.environ[reaper.NAMES].rsplit(":", 1)[-1], flush=True)
time.sleep(600)
"""

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux shows environments")


def until(holds: Callable[[], bool]) -> None:
    give_up_s = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < give_up_s
        time.sleep(0.02)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_leaves_no_process(end: signal.Signals) -> None:
    run = subprocess.Popen([sys.executable, "-c", RUN], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    name = run.stdout.readline().strip()
    until(lambda: len(reaper.left_by(name)) >= 5)
    run.send_signal(end)
    run.wait(WITHIN_S)
    until(lambda: not reaper.left_by(name))
    run.stdout.close()


def test_this_run_has_a_watcher() -> None:
    assert os.environ.get(reaper.NAMES)


def test_a_run_inside_a_run_belongs_to_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(reaper.NAMES, "outer")
    child = subprocess.Popen([sys.executable, "-c", RUN], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    name = child.stdout.readline().strip()
    assert set(reaper.left_by(name)) <= set(reaper.left_by("outer"))
    reaper.end_all(name)
    child.kill()
    child.wait(WITHIN_S)
    child.stdout.close()


def test_patience_grows_with_the_load_and_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COCKPIT_TEST_PATIENCE", raising=False)
    monkeypatch.setattr("tests.patience.usable_cores", lambda: 1)
    for load, factor in ((0.0, 3.0), (4.0, 8.0), (500.0, 20.0)):
        monkeypatch.setattr("os.getloadavg", lambda load=load: (load, load, load))
        assert patience() == factor
    monkeypatch.setenv("COCKPIT_TEST_PATIENCE", "1.5")
    assert patient_s(10.0) == 15.0
