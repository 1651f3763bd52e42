"""The watchdog: a blocked loop is recorded with how long and what ran. Real time: the loop is really blocked."""

import asyncio
import tempfile
import threading
import time
import traceback
from types import FrameType

import pytest

from cockpit.runtime.watchdog import BEAT_S, STALL_S, STALLS_KEPT, LoopWatchdog, innermost_frames


def hold_the_loop(for_s: float) -> None:
    time.sleep(for_s)


async def test_a_blocked_loop_is_recorded_with_what_ran() -> None:
    watchdog = LoopWatchdog()
    watchdog.start()
    await asyncio.sleep(3 * BEAT_S)
    before = watchdog.stalls_total
    hold_the_loop(0.25)
    await asyncio.sleep(3 * BEAT_S)
    watchdog.stop()
    assert watchdog.stalls_total == before + 1
    stall = watchdog.stalls[-1]
    assert "hold_the_loop" in stall.running
    assert "test_runtime_watchdog.py" in stall.running
    assert 200.0 <= stall.lasted_ms < 2_000.0


async def test_a_stall_that_no_thread_could_look_at_is_recorded_all_the_same() -> None:
    """Held inside one call that never lets go of the interpreter, the loop comes back before the thread looks."""
    watchdog = LoopWatchdog()
    loop = asyncio.get_running_loop()
    watchdog._beat_s = time.monotonic() - STALL_S - 2 * BEAT_S
    watchdog._beat(loop)
    watchdog.stop()
    assert [stall.running for stall in watchdog.stalls] == ["not seen: it let no other thread run"]
    assert watchdog.stalls[0].lasted_ms > 100.0


async def test_only_the_newest_stalls_are_kept_and_all_are_counted() -> None:
    watchdog = LoopWatchdog()
    for _ in range(STALLS_KEPT + 7):
        watchdog._record(0.2, "x")
    assert (len(watchdog.stalls), watchdog.stalls_total) == (STALLS_KEPT, STALLS_KEPT + 7)


def test_the_frames_of_a_thread_that_goes_on_are_never_walked_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """They end under the walk, and the interpreter with them."""

    def walked(frame: FrameType | None) -> None:
        raise AssertionError(f"walked {frame}")

    monkeypatch.setattr(traceback, "walk_stack", walked)
    waiting, done = threading.Event(), threading.Event()

    def wait_until_done() -> None:
        waiting.set()
        done.wait()

    thread = threading.Thread(target=wait_until_done)
    thread.start()
    waiting.wait()
    try:
        with tempfile.TemporaryFile(buffering=0) as scratch:
            seen = [innermost_frames(thread.ident or 0, scratch) for _ in range(2)]
            nobody = innermost_frames(1, scratch)
    finally:
        done.set()
        thread.join()
    assert "wait_until_done" in seen[0] and seen[0] == seen[1]
    assert nobody == "not seen: its frames could not be written down"
