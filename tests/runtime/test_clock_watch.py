"""Clocks that jump are told with both values, and the ones that are wrong until they are right."""

import logging

import pytest

from cockpit.config.endpoints import VenueUrls
from cockpit.config.live import LiveSection
from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.base.true_time import TrueTime
from cockpit.exchanges.binance.market import Binance
from cockpit.exchanges.okx.market import Okx
from cockpit.runtime.clock_watch import ClockWatch

NOON_NS = 1_760_875_200 * NS_PER_S


class Machine:
    """Clocks that a test sets: `wall` is anybody's to set, `running` counts sleep, `awake` does not."""

    def __init__(self) -> None:
        self.wall_ns = self.session_ns = NOON_NS
        self.running_ns = self.awake_ns = 50 * NS_PER_S
        nowhere, live = VenueUrls("http://127.0.0.1:1", "ws://127.0.0.1:1"), LiveSection()
        self.exchanges: dict[str, Exchange] = {
            "binance": Binance(["BTC"], nowhere, live),
            "okx": Okx(["BTC"], nowhere, live),
        }
        self.truth = TrueTime(lambda: self.session_ns, self.exchanges, lambda: self.wall_ns)
        self.watch = ClockWatch(
            lambda: self.session_ns,
            self.truth.now_ns,
            self.exchanges,
            lambda: self.wall_ns,
            lambda: self.running_ns,
            lambda: self.awake_ns,
        )

    def pass_s(self, seconds: float, slept: bool = False) -> None:
        passed_ns = round(seconds * NS_PER_S)
        self.wall_ns += passed_ns
        self.session_ns += passed_ns
        self.running_ns += passed_ns
        self.awake_ns += 0 if slept else passed_ns

    def compare(self) -> tuple[str, ...]:
        self.watch.compare()
        return self.watch.problems()

    def venue_is(self, venue: str, ahead_s: float, answers: int = 3) -> None:
        for _ in range(answers):
            now_ns = self.session_ns
            self.exchanges[venue].clock.answered(now_ns, now_ns + round(ahead_s * NS_PER_S), now_ns)


@pytest.mark.parametrize(("step_s", "side", "after"), [(-3_600, "back", "11:00:01"), (120, "forward", "12:02:01")])
def test_a_wall_clock_that_was_set_is_told_with_both_values_and_for_ten_minutes(
    step_s: int, side: str, after: str, caplog: pytest.LogCaptureFixture
) -> None:
    machine = Machine()
    machine.pass_s(1)
    machine.wall_ns += step_s * NS_PER_S
    with caplog.at_level(logging.WARNING, "cockpit"):
        (told,) = machine.compare()
    assert f"set {side} by {abs(step_s)}.0 s" in told
    assert f"from 2025-10-19T12:00:01.000Z to 2025-10-19T{after}.000Z" in told
    assert told in caplog.messages
    machine.pass_s(599)
    assert machine.compare() == (told,)
    machine.pass_s(2)
    assert machine.compare() == ()


def test_a_clock_that_is_slewed_or_read_late_was_not_set() -> None:
    machine = Machine()
    for _ in range(100):
        machine.pass_s(7.5)
        machine.wall_ns += NS_PER_S // 2
        assert machine.compare() == ()


def test_a_machine_that_slept_is_told() -> None:
    machine = Machine()
    machine.pass_s(45, slept=True)
    (told,) = machine.compare()
    assert "slept for 45.0 s" in told


def test_a_wall_clock_that_two_venues_contradict_is_told_until_it_is_set() -> None:
    machine = Machine()
    machine.venue_is("binance", 0.0)
    machine.venue_is("okx", 0.1)
    assert machine.compare() == ()
    machine.wall_ns -= 90 * NS_PER_S
    standing, _ = machine.compare()
    assert "this machine's clock is 90.0 s behind binance and okx" in standing
    assert "it says 2025-10-19T11:58:30.000Z, they say 2025-10-19T12:00:00.0" in standing
    machine.wall_ns += 90 * NS_PER_S
    assert not [told for told in machine.compare() if "set it" in told]


def test_one_venue_whose_clock_is_wrong_is_outvoted() -> None:
    machine = Machine()
    machine.venue_is("binance", 50.0)
    machine.venue_is("okx", 0.0)
    assert machine.truth.now_ns() == machine.session_ns
    assert machine.compare() == ()


def test_a_session_that_goes_on_ahead_of_the_venues_says_so() -> None:
    machine = Machine()
    machine.venue_is("binance", -3_600.0)
    machine.venue_is("okx", -3_600.0)
    machine.wall_ns -= 3_600 * NS_PER_S
    problems = machine.compare()
    assert any("the session's clock is 3600.0 s ahead of binance and okx" in told for told in problems)
    assert not [told for told in problems if "this machine's clock is" in told]


def test_a_venues_clock_that_jumped_is_told_with_both_values() -> None:
    machine = Machine()
    machine.venue_is("binance", 0.0)
    machine.venue_is("okx", 0.0)
    machine.venue_is("okx", 120.0)
    (told,) = machine.compare()
    assert told == "okx's clock jumped by +120.0 s: it was +0.0 s from ours, is +120.0 s; it is followed"
