"""The session's clock: whatever is done to the wall clock, it goes on; what the machine slept through has passed."""

from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.steady_clock import PROCESS_CLOCK, SteadyClock, running_ns

NOON_NS = 1_760_875_200 * NS_PER_S
HOUR_NS = 3_600 * NS_PER_S


class Machine:
    """A wall clock and one that only runs."""

    def __init__(self) -> None:
        self.wall_ns = NOON_NS
        self.runs_ns = 77 * NS_PER_S
        self.clock = SteadyClock(lambda: self.wall_ns, lambda: self.runs_ns)

    def pass_s(self, seconds: float) -> None:
        self.wall_ns += round(seconds * NS_PER_S)
        self.runs_ns += round(seconds * NS_PER_S)


def test_it_begins_with_the_wall_clock_and_never_looks_at_it_again() -> None:
    machine = Machine()
    machine.pass_s(10)
    for step_s in (-3_600, 7_200, -120):
        machine.wall_ns += step_s * NS_PER_S
        assert machine.clock.now_ns() == NOON_NS + 10 * NS_PER_S
    machine.pass_s(5)
    assert machine.clock.now_ns() == NOON_NS + 15 * NS_PER_S


def test_it_is_told_once_what_time_it_is() -> None:
    machine = Machine()
    machine.clock.begin_at(NOON_NS - HOUR_NS)
    machine.pass_s(3)
    assert machine.clock.now_ns() == NOON_NS - HOUR_NS + 3 * NS_PER_S


def test_it_makes_up_for_a_difference_by_a_thousandth_of_what_passes() -> None:
    machine = Machine()
    machine.clock.follow(2 * NS_PER_S)
    machine.pass_s(100)
    assert machine.clock.now_ns() == NOON_NS + 100 * NS_PER_S - NS_PER_S // 10, "2 s ahead: a little slower"
    machine.pass_s(10_000)
    assert machine.clock.now_ns() == NOON_NS + 10_100 * NS_PER_S - 2 * NS_PER_S, "and no more than that"
    machine.clock.follow(-NS_PER_S)
    before_ns = machine.clock.now_ns()
    machine.pass_s(100)
    assert machine.clock.now_ns() - before_ns == 100 * NS_PER_S + NS_PER_S // 10, "behind: a little faster"


def test_it_never_runs_backwards_however_far_ahead_it_is() -> None:
    machine = Machine()
    last_ns = machine.clock.now_ns()
    for _ in range(100):
        machine.clock.follow(HOUR_NS)
        machine.pass_s(0.5)
        assert machine.clock.now_ns() > last_ns
        last_ns = machine.clock.now_ns()


def test_the_processes_own_runs() -> None:
    assert running_ns() > 0
    assert PROCESS_CLOCK.now_ns() <= PROCESS_CLOCK.now_ns()
