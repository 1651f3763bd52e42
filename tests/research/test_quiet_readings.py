"""Which readings of a day wake nobody, and how long they keep a feed from growing stale."""

from typing import Any

import numpy as np
import pytest

from cockpit.domain.events import (
    FundingRate,
    HealthFactor,
    MarketEvent,
    OpenInterest,
    Positioning,
    PriorityFee,
)
from cockpit.domain.kinds import Origin, Reading
from cockpit.domain.units import NS_PER_DAY, NS_PER_S
from cockpit.market.staleness import Judged
from cockpit.research.quiet_readings import QuietReadings
from cockpit.research.tape import merged
from tests.research.generated import DAY, prints_of

START_NS = DAY * NS_PER_DAY
LIMITS_NS = dict.fromkeys(Reading, 600 * NS_PER_S)


def at(seconds: float) -> int:
    return START_NS + int(seconds * NS_PER_S)


def quiet_of(readings: list[Any], awaited: frozenset[type] | None = frozenset()) -> tuple[QuietReadings, list[Any]]:
    prints = prints_of(np.random.default_rng(1), "BTC", DAY, 500, 4_000.0)
    events: list[MarketEvent] = sorted(readings, key=lambda one: one.ts_ns)
    tape = merged(DAY, [([prints], np.maximum.accumulate(prints.ts_ns))], events)
    return QuietReadings(tape, LIMITS_NS, awaited), [tape.readings[place] for place in tape.reading_places.tolist()]


def positioning(seconds: float, short_pct: float = 49.0, origin: Origin = Origin.FEED) -> Positioning:
    return Positioning(at(seconds), "BTC", "binance", 100.0 - short_pct, short_pct, origin)


def test_the_first_of_a_day_wakes_and_those_in_time_after_it_do_not() -> None:
    every = [positioning(seconds) for seconds in (0.0, 300.0, 600.0, 900.0)]
    quiet, _ = quiet_of(every)
    assert quiet.events == every[1:] and len(quiet.waking) == 1


def test_a_reading_that_ends_a_silence_wakes() -> None:
    every = [positioning(seconds) for seconds in (0.0, 300.0, 899.0, 1_100.0)]
    quiet, _ = quiet_of(every)
    assert quiet.events == [every[1], every[3]]  # 599 s after the one before: nearer to the limit than the margin


@pytest.mark.parametrize(
    "waking",
    [
        positioning(400.0, origin=Origin.EXTERNAL),
        positioning(400.0, short_pct=149.0),
        FundingRate(at(400.0), "BTC", "okx", 0.1, 8.0, at(400.0)),
        HealthFactor(at(400.0), "rpc", 2.0),
        PriorityFee(at(400.0), 5_000.0),
    ],
    ids=["external", "impossible", "payment", "health", "fee"],
)
def test_what_can_mean_more_than_its_value_wakes(waking: Any) -> None:
    before = [positioning(300.0), FundingRate(at(300.0), "BTC", "okx", 0.1), HealthFactor(at(300.0), "rpc", 2.0)]
    quiet, readings = quiet_of([*before, PriorityFee(at(300.0), 5_000.0), waking])
    assert quiet.events == [] and len(quiet.waking) == len(readings)


def test_a_kind_that_a_setup_waits_for_wakes_and_so_does_any_where_it_may_wait_for_any() -> None:
    every = [
        one for seconds in (0.0, 300.0) for one in (positioning(seconds), OpenInterest(at(seconds), "BTC", "x", 1.0))
    ]
    assert [type(one) for one in quiet_of(every, frozenset({Positioning}))[0].events] == [OpenInterest]
    assert quiet_of(every, None)[0].events == []


def test_a_feed_grows_stale_after_the_last_reading_that_came_in_time() -> None:
    every = [FundingRate(at(seconds), "BTC", venue, 0.1) for venue in ("okx", "binance") for seconds in (0.0, 300.0)]
    late = FundingRate(at(2_000.0), "BTC", "okx", 0.1)
    quiet, _ = quiet_of([*every, late])

    def renewed(seconds: float, venue: str = "okx") -> int:
        return quiet.renewed_ns(Judged(Reading.FUNDING, at(seconds), Origin.FEED, venue, "BTC"))

    assert renewed(0.0) == renewed(300.0) == at(300.0)
    assert renewed(2_000.0) == at(2_000.0)
    assert renewed(-500.0) == at(-500.0)  # the day before's: whether the first of today comes in time is seen then
    assert renewed(100.0, "bybit") == at(100.0)
