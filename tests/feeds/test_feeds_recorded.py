"""A recording offers a new run its market, without the old run's venue and operator, at the pace asked for."""

import pytest

from cockpit.domain.commands import Arm, Flatten, Signal
from cockpit.domain.events import (
    AnyEvent,
    Depth,
    FeedHealth,
    FundingPaid,
    FundingRate,
    HealthFactor,
    JitoTip,
    Liquidation,
    MarkPrice,
    OpenInterest,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    Positioning,
    PriorityFee,
    Tick,
    Top,
    Trade,
    VenuePosition,
)
from cockpit.domain.kinds import FeedState, Mode, Reading
from cockpit.feeds.recorded import delay_s, market_events

MARKET: list[AnyEvent] = [
    Trade(1, 1, "binance", "BTC", 108_402.0, 0.01, True, 1),
    Top(2, 2, "binance", "BTC", 108_401.9, 1.0, 108_402.0, 1.0),
    Depth(3, 3, "binance", "BTC", ((108_401.9, 1.0),), ((108_402.0, 1.0),)),
    MarkPrice(4, 4, "binance", "BTC", 108_402.0, 108_390.0),
    Liquidation(5, 5, "binance", "BTC", 108_300.0, 1.5, True),
    Positioning(6, "BTC", "binance", 43.8, 56.2),
    FundingRate(7, "BTC", "okx", -0.7),
    OpenInterest(8, "BTC", "binance", 3.0),
    HealthFactor(9, "rpc", 2.41),
    PriorityFee(10, 20_000.0),
    JitoTip(11, 0.00001),
    FeedHealth(12, Reading.FUNDING, "okx", FeedState.DOWN, "timed out"),
    Tick(13),
]
OF_ITS_VENUE: list[AnyEvent] = [
    OrderAccepted(1, "O-1", "77"),
    OrderRejected(2, "O-1", "no margin"),
    OrderFilled(3, "O-1", "f-1", 0.001, 108_402.0, 0.05, False),
    OrderCancelled(4, "O-1", "expired"),
    OrderUnknown(5, "O-1", "timed out"),
    FundingPaid(6, "okx", "BTC", -0.01, 1.0),
    VenuePosition(7, "okx", "BTC", 0.001, 108_402.0, 1),
]
COMMANDS = [
    Arm(1, "c-1", "key"),
    Flatten(2, "c-2", "key", "over"),
    Signal(3, "c-3", "api", "Momentum Signal", "BTC", 40.0, Mode.PAPER),
]


def test_every_market_event_passes_in_its_order() -> None:
    assert list(market_events(MARKET)) == MARKET


def test_the_recorded_venue_and_operator_are_dropped() -> None:
    mixed = [item for trio in zip(MARKET, OF_ITS_VENUE, strict=False) for item in trio]
    assert list(market_events([*COMMANDS, *mixed])) == MARKET[: len(OF_ITS_VENUE)]


@pytest.mark.parametrize(
    ("speed", "elapsed_s", "expected_s"),
    [(1.0, 0.0, 10.0), (10.0, 0.0, 1.0), (0.5, 0.0, 20.0), (0.0, 0.0, 0.0), (1.0, 9.5, 0.5), (1.0, 12.0, 0.0)],
)
def test_the_wait_for_an_event_ten_seconds_in(speed: float, elapsed_s: float, expected_s: float) -> None:
    assert delay_s(11_000_000_000, 1_000_000_000, elapsed_s, speed) == pytest.approx(expected_s)


def test_an_event_stamped_before_the_first_waits_for_nothing() -> None:
    assert delay_s(0, 1_000_000_000, 0.0, 1.0) == 0.0


def test_time_does_not_run_backward() -> None:
    with pytest.raises(ValueError, match="expected a speed of 0 or more, was -1"):
        delay_s(1, 0, 0.0, -1.0)
