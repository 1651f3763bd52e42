"""A venue's clock against ours: the quick answers count, one wrong answer does not, a real jump does."""

from cockpit.domain.units import NS_PER_MS, NS_PER_S
from cockpit.exchanges.base.venue_clock import VenueClock

BEGAN_NS = 1_760_875_200 * NS_PER_S


class Asking:
    """Questions a second apart; `ahead_s` is what the venue's clock says beyond ours."""

    def __init__(self) -> None:
        self.clock = VenueClock()
        self._asked_ns = BEGAN_NS

    def answer(self, ahead_s: float, took_s: float = 0.01, answered_after_s: float | None = None) -> float:
        """One answer; what the clock then says in seconds."""
        self._asked_ns += NS_PER_S
        after_s = took_s / 2 if answered_after_s is None else answered_after_s
        venue_ns = self._asked_ns + round((after_s + ahead_s) * NS_PER_S)
        self.clock.answered(self._asked_ns, venue_ns, self._asked_ns + round(took_s * NS_PER_S))
        return self.clock.offset_ns / NS_PER_S


def test_nobody_knows_before_the_first_answer() -> None:
    clock = VenueClock()
    assert (clock.known, clock.in_doubt, clock.offset_ns, clock.jump) == (False, False, 0, None)


def test_a_first_answer_that_waited_for_its_connection_counts_no_more_once_there_are_quick_ones() -> None:
    asking = Asking()
    assert abs(asking.answer(0.0, took_s=2.2, answered_after_s=2.195)) > 1.0, "half way between is a second off"
    assert abs(asking.answer(0.0)) < 0.001
    assert abs(asking.answer(0.002)) < 0.005


def test_one_wrong_answer_at_the_start_is_outvoted_by_the_next_two() -> None:
    for wrong_s in (50.0, -50.0, 3_600.0):
        asking = Asking()
        assert asking.answer(wrong_s) == wrong_s
        asking.answer(0.0)
        assert asking.clock.in_doubt
        assert asking.answer(0.0) == 0.0
        assert not asking.clock.in_doubt
        assert asking.clock.jump is None, "it was never known otherwise"


def test_one_wrong_answer_later_changes_nothing_and_is_asked_about_again() -> None:
    asking = Asking()
    for _ in range(3):
        asking.answer(0.1)
    assert abs(asking.answer(-3_600.0) - 0.1) < 0.001
    assert asking.clock.in_doubt
    assert abs(asking.answer(0.1) - 0.1) < 0.001
    assert not asking.clock.in_doubt
    assert abs(asking.answer(-3_600.0) - 0.1) < 0.001, "a wrong one now and then makes no jump"
    assert asking.clock.jump is None


def test_two_answers_that_contradict_each_other_make_no_jump() -> None:
    asking = Asking()
    for _ in range(3):
        asking.answer(0.0)
    for wrong_s in (60.0, -60.0, 90.0):
        assert asking.answer(wrong_s) == 0.0
    assert asking.clock.in_doubt


def test_a_jump_is_followed_with_the_second_answer_that_says_so_and_both_values_are_known() -> None:
    asking = Asking()
    for _ in range(5):
        asking.answer(0.5)
    asking.answer(-120.0)
    assert asking.answer(-120.0) == -120.0
    jump = asking.clock.jump
    assert jump is not None
    assert (jump.before_ns, jump.after_ns) == (NS_PER_S // 2, -120 * NS_PER_S)
    assert asking.answer(-120.0) == -120.0


def test_slow_answers_all_of_them_still_tell_a_jump_from_a_busy_machine() -> None:
    asking = Asking()
    asking.answer(0.0, took_s=3.0, answered_after_s=0.1)
    asking.answer(0.0, took_s=3.0, answered_after_s=2.9)
    assert not asking.clock.in_doubt, "each is wrong by half of what it took at the most"
    assert abs(asking.clock.offset_ns) < 1_500 * NS_PER_MS
