"""A venue's request allowance: its own count is believed, and what it said to wait is waited."""

import pytest

from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.allowance import Allowance, EndpointBudget, RestBudget
from cockpit.exchanges.base.call_kind import CallKind
from cockpit.exchanges.base.timing import Timing


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


@pytest.mark.parametrize("per_minute", [2_400.0, None])
@pytest.mark.parametrize(
    ("status", "headers", "wait_s"),
    [
        (429, {"Retry-After": "7"}, 7),
        (418, {"retry-after": "120"}, 120),
        (429, {"Retry-After": "Thu, 01 Jan 1970 00:02:30 GMT"}, 30),
        (429, {}, 10),
        (429, {"Retry-After": "x"}, 10),
        (200, {"Retry-After": "7"}, 0),
    ],
)
def test_a_refusal_is_waited_out_by_one_rule_everywhere(
    per_minute: float | None, status: int, headers: dict[str, str], wait_s: float
) -> None:
    clock = Clock()
    allowance, budget = Allowance(per_minute, clock), RestBudget(per_minute, 0.5, clock)
    allowance.answered(status, headers)
    budget.answered(status, headers)
    assert allowance.wait_s(CallKind.ENTRY) == budget.wait_s() == wait_s
    clock.passes(wait_s)
    assert allowance.wait_s(CallKind.ENTRY) == budget.wait_s() == 0


@pytest.mark.parametrize(
    ("status", "kind", "wait_s"),
    [
        (429, CallKind.EXIT, 0.2),
        (418, CallKind.EXIT, 5.0),
        (429, CallKind.TARGET, 0.5),
        (418, CallKind.TARGET, 5.0),
        (429, CallKind.READ, 30.0),
        (418, CallKind.READ, 30.0),
        (429, CallKind.ENTRY, 3_600.0),
    ],
)
def test_an_hour_is_waited_by_entries_alone(status: int, kind: CallKind, wait_s: float) -> None:
    clock = Clock()
    allowance = Allowance(2_400.0, clock)
    allowance.answered(status, {"Retry-After": "3600"})
    assert allowance.wait_s(kind) == wait_s
    assert allowance.asked_until_ns == clock.now_ns + 3_600 * NS_PER_S
    clock.passes(wait_s)
    assert allowance.wait_s(kind) == 0


def test_a_later_shorter_word_does_not_shorten_a_ban() -> None:
    clock = Clock()
    allowance = Allowance(2_400.0, clock)
    allowance.answered(418, {"Retry-After": "120"})
    allowance.answered(429, {"Retry-After": "1"})
    assert (allowance.wait_s(CallKind.ENTRY), allowance.wait_s(CallKind.EXIT)) == (120, 5)


def test_a_count_that_is_no_number_is_no_count() -> None:
    allowance = Allowance(2_400.0, Clock())
    allowance.answered(200, used("many"))
    assert allowance.used_share() is None


async def test_targets_and_entries_leave_a_share_of_an_endpoint_to_stops_and_closes() -> None:
    """Bybit takes ten orders a second: two trades with their targets are ten."""
    clock, slept = Clock(), []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.passes(seconds)

    budget = EndpointBudget({"create": 10}, 1.0, Timing(clock, sleep))
    for _ in range(6):
        await budget.turn("create", CallKind.TARGET)
    for _ in range(4):
        await budget.turn("create", CallKind.EXIT)
    assert slept == [], "none of them waits"
    await budget.turn("create", CallKind.EXIT)
    assert slept == [1.0], "there were ten"
    for kind in (CallKind.ENTRY, CallKind.TARGET) * 3:
        await budget.turn("create", kind)
    assert slept == [1.0, 1.0], "the sixth beside a stop waits for the next second"
