"""A venue's request allowance: its own count is believed, and what it said to wait is waited."""

import pytest

from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.allowance import Allowance


class Clock:
    now_ns = 120 * NS_PER_S

    def __call__(self) -> int:
        return self.now_ns

    def passes(self, seconds: float) -> None:
        self.now_ns += round(seconds * NS_PER_S)


def used(weight: str) -> dict[str, str]:
    return {"X-MBX-USED-WEIGHT-1M": weight}


def test_nothing_is_known_before_the_first_answer() -> None:
    allowance = Allowance(2_400.0, Clock())
    assert allowance.used_share() is None and allowance.wait_s() == 0


def test_the_venues_own_count_is_the_share_until_its_minute_is_over() -> None:
    clock = Clock()
    allowance = Allowance(2_400.0, clock)
    allowance.answered(200, used("600"))
    assert allowance.used_share() == 0.25
    clock.passes(61)
    assert allowance.used_share() == 0.0


@pytest.mark.parametrize(
    ("status", "headers", "wait_s"),
    [
        (429, {"Retry-After": "30"}, 30),
        (418, {"retry-after": "120"}, 120),
        (429, {}, 10),
        (429, {"Retry-After": "x"}, 10),
    ],
)
def test_a_refusal_is_waited_out(status: int, headers: dict[str, str], wait_s: float) -> None:
    clock = Clock()
    allowance = Allowance(2_400.0, clock)
    allowance.answered(status, headers)
    assert allowance.wait_s() == wait_s
    clock.passes(wait_s)
    assert allowance.wait_s() == 0


def test_a_later_shorter_word_does_not_shorten_a_ban() -> None:
    clock = Clock()
    allowance = Allowance(2_400.0, clock)
    allowance.answered(418, {"Retry-After": "120"})
    allowance.answered(429, {"Retry-After": "1"})
    assert allowance.wait_s() == 120


def test_a_venue_that_counts_by_endpoint_refuses_one_without_closing_the_others() -> None:
    allowance = Allowance(None, Clock())
    allowance.answered(429, {})
    assert allowance.wait_s() == 0 and allowance.used_share() is None


def test_a_count_that_is_no_number_is_no_count() -> None:
    allowance = Allowance(2_400.0, Clock())
    allowance.answered(200, used("many"))
    assert allowance.used_share() is None
