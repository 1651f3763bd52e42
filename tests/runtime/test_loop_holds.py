"""What holds the loop for over 2 ms is counted and named, by an alarm that is rung here by hand but for one test."""

import asyncio
import gc
import json
import subprocess
import sys
from collections.abc import Callable

from cockpit.domain.units import NS_PER_S
from cockpit.runtime.loop_holds import HELD_NS, NAMES_KEPT, UNSEEN, LoopHolds, TimedSelector
from tests.packaging.neighbours import ROOT
from tests.patience import patient_s


class Clock:
    """Time passes only where somebody takes it."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns

    def take(self, ns: int) -> None:
        self.now_ns += ns


class Rig:
    """Holds with a clock and an alarm of the test's own; `ringing` is what was asked of the alarm."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.ringing: list[float] = []
        self.holds = LoopHolds(clock=self.clock, ring=self.ringing.append)

    def run(self, *callbacks: Callable[[], None]) -> None:
        """A loop whose every turn runs what is ready, until nothing is."""
        loop = asyncio.SelectorEventLoop(TimedSelector(self.holds))
        for callback in callbacks:
            loop.call_soon(callback)
        loop.call_soon(loop.call_soon, loop.stop)  # in the turn after theirs
        self.holds.start()
        loop.run_forever()
        self.holds.stop()
        loop.close()

    def rings(self) -> None:
        self.holds.rang(0, sys._getframe(1))


def test_a_turn_over_2_ms_is_counted_with_what_the_alarm_found_most_often() -> None:
    rig = Rig()

    def quick() -> None:
        rig.clock.take(HELD_NS // 2)
        rig.rings()

    def slow() -> None:
        for _ in range(2):
            rig.clock.take(2 * HELD_NS)
            rig.rings()

    rig.run(quick, slow)
    [(name, hold)] = rig.holds.holds.items()
    assert (name.rpartition(".")[2], hold) == ("slow", (1, 9.0))


def test_a_turn_of_2_ms_holds_nobody_and_one_that_no_alarm_rang_in_is_counted_without_a_name() -> None:
    rig = Rig()
    rig.run(lambda: rig.clock.take(HELD_NS))
    assert not rig.holds.holds
    rig.run(lambda: rig.clock.take(HELD_NS + 1))
    assert rig.holds.holds.keys() == {UNSEEN}


def test_what_the_alarm_finds_in_one_turn_is_not_the_next_ones() -> None:
    rig = Rig()
    rig.run(rig.rings)
    rig.run(lambda: rig.clock.take(HELD_NS + 1))
    assert rig.holds.holds.keys() == {UNSEEN}


def test_an_alarm_between_two_turns_finds_nobody() -> None:
    rig = Rig()
    rig.holds._is_watching = True
    rig.holds.turn_begins()
    rig.holds.turn_ends(waits=False)
    rig.rings()
    rig.holds.turn_begins()
    rig.clock.take(HELD_NS + 1)
    rig.holds.turn_ends(waits=False)
    assert rig.holds.holds.keys() == {UNSEEN}


def test_an_alarm_after_the_loop_has_ended_in_the_middle_of_a_turn_raises_nothing() -> None:
    holds = LoopHolds(ring=lambda _: None)
    holds.start()
    try:
        holds.turn_begins()
        holds.rang(0, None)
    finally:
        holds.stop()


def test_the_alarm_rings_only_while_the_loop_has_something_to_do() -> None:
    rig = Rig()
    rig.holds._is_watching = True
    rig.holds._has_alarm = True
    rig.holds.turn_begins()
    rig.holds.turn_ends(waits=False)
    rig.holds.turn_begins()
    assert rig.ringing == [0.002]
    rig.holds.turn_ends(waits=True)
    assert rig.ringing == [0.002, 0.0]


def test_a_turn_that_lasts_is_rung_in_ever_more_seldom_and_the_next_one_as_ever() -> None:
    """What is found after a long pause counts for all of it."""
    rig = Rig()
    rig.holds._is_watching = rig.holds._has_alarm = True
    rig.holds.turn_begins()
    rings = 0
    while rig.clock.now_ns < 60 * NS_PER_S:
        rig.clock.take(round(rig.ringing[-1] * NS_PER_S))
        rig.rings()
        rings += 1
    assert 100 < rings < 200
    assert sum(rig.holds._seen.values()) == rig.clock.now_ns
    rig.holds.turn_ends(waits=False)
    rig.holds.turn_begins()
    assert rig.ringing[-1] == 0.002


SIGNALLED = """
import os, signal, time
from cockpit.runtime.loop_holds import TimedLoop

def hold_for(held_s):
    until_s = time.monotonic() + held_s
    while time.monotonic() < until_s:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGTERM)
    loop.call_later(0.1, loop.stop)

loop, got = TimedLoop(), []
loop.add_signal_handler(signal.SIGTERM, got.append, "SIGTERM")
loop.call_soon(hold_for, 2.0)
loop.holds.start()
loop.run_forever()
loop.holds.stop()
print(got)
"""


def test_a_signal_behind_a_turn_of_two_seconds_is_not_lost() -> None:
    """Each ring leaves a byte in what wakes the loop, as the signal does: it once was full after half a second."""
    done = subprocess.run(
        [sys.executable, "-c", SIGNALLED], cwd=ROOT, capture_output=True, text=True, timeout=patient_s(60), check=False
    )
    assert (done.stdout, done.stderr) == ("['SIGTERM']\n", "")


def test_a_collection_that_takes_too_long_is_named() -> None:
    rig = Rig()
    for generation, took_ns in ((2, HELD_NS + 1), (0, HELD_NS)):
        rig.holds._collected("start", {"generation": generation})
        rig.clock.take(took_ns)
        rig.holds._collected("stop", {"generation": generation})
    assert list(rig.holds.holds) == ["garbage collection of generation 2"]


def test_the_alarm_of_somebody_else_is_left_to_them() -> None:
    """The test runner's own time-out is one."""
    rig = Rig()
    before = len(gc.callbacks)
    rig.holds.start()
    rig.holds.turn_begins()
    rig.holds.stop()
    assert not rig.ringing
    assert len(gc.callbacks) == before


def test_names_have_an_end() -> None:
    rig = Rig()
    for number in range(NAMES_KEPT + 3):
        rig.holds.note(f"{number}", HELD_NS)
    assert len(rig.holds.holds) == NAMES_KEPT


def test_in_a_process_of_its_own_the_alarm_names_tasks_coroutines_and_callbacks() -> None:
    command = [sys.executable, "-m", "tests.runtime.held_loop"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=patient_s(60), check=True)
    named = json.loads(found.stdout)
    assert {"a_slow_callback", "a_slow_step", "market", "a_step_that_sleeps_in_the_system"} <= named.keys()
    assert named["a_slow_step"][0] == named["market"][0] == 2
    assert all(named[name][1] >= 50.0 for name in ("a_slow_callback", "a_slow_step", "market"))
    assert UNSEEN not in named, "stopped, it notes nothing more"
