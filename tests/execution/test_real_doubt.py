"""Orders in doubt: none is told as gone that may rest, none waited for that never was, no position before its exits."""

import pytest
from real_stage import real_stage
from restart_stage import BUY, ENTRY, SELL, STOP, guarded

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import OrderFilled, VenueEvent, VenuePosition
from cockpit.domain.kinds import OrderRole
from tests.loopback import trading_faults as faults

ON_BOTH_PAIRS = True

VENUES = pytest.mark.parametrize("name", ["binance", "okx"])
TARGET = "t000001t3"


@VENUES
async def test_a_stop_in_doubt_that_is_taken_back_is_cancelled_at_the_venue(
    shipped_config: CockpitConfig, name: str
) -> None:
    """It rests, its answer was lost and so was the look-up's: nobody may say that it was never sent."""
    async with real_stage(shipped_config, name) as stage:
        stage.place(ENTRY, BUY, 0.01)
        await stage.until(lambda: stage.filled(ENTRY) >= 0.01 - 1e-9)
        stage.venue.faults.add(faults.truncated(), roles={"stop"})
        stage.venue.faults.add(faults.dropped_before(), roles={"lookup_stop"}, times=None)
        stage.place(STOP, SELL, 0.01, OrderRole.STOP, trigger=99_000.0)
        await stage.until(lambda: "OrderUnknown" in stage.of(STOP))
        stage.venue.faults.clear()
        stage.cancel(STOP)
        await stage.until(lambda: "OrderCancelled" in stage.of(STOP))
        assert not stage.venue.algo_orders


@VENUES
async def test_an_entry_that_only_a_strangers_position_witnessed_is_given_up_once_that_is_closed(
    shipped_config: CockpitConfig, name: str
) -> None:
    async with real_stage(shipped_config, name) as stage:
        stage.venue.faults.add(faults.dropped_before(), roles={"entry"})
        stage.place(ENTRY, BUY, 0.01)
        await stage.until(lambda: "OrderUnknown" in stage.of(ENTRY))
        stage.venue.trade_by_hand("BTC", "buy", 0.01)
        await stage.until(lambda: "FillInferred" in stage.of(ENTRY))
        stage.venue.trade_by_hand("BTC", "sell", 0.01)
        await stage.until(lambda: "OrderRejected" in stage.of(ENTRY))
        assert stage.filled(ENTRY) == 0.0
        await stage.settled()
        last = [event for event in stage.events if isinstance(event, VenuePosition) and event.asset == "BTC"][-1]
        assert last.qty == 0.0


@VENUES
async def test_a_position_is_told_after_the_executions_of_the_exit_that_took_it(
    shipped_config: CockpitConfig, name: str
) -> None:
    """The order says that it has filled, its executions are not listed yet, and the position is asked for meanwhile."""
    async with real_stage(shipped_config, name) as stage:
        await guarded(stage)
        await stage.settled()
        stage.place(TARGET, SELL, 0.01, OrderRole.TARGET, limit=100_500.0)
        await stage.until(lambda: "OrderAccepted" in stage.of(TARGET))
        stage.venue.user_stream.drop_next = 100
        stage.venue.faults.add(faults.hanging(0.5), roles={"history"}, times=None)
        await stage.venue.move("BTC", 100_600.0, 100_600.1, mark=100_600)
        stage.query(TARGET)
        for _ in range(3):
            stage.query_position()
        await stage.until(lambda: stage.filled(TARGET) >= 0.01 - 1e-9)
        told = [event for event in stage.events if getattr(event, "asset", "BTC") == "BTC"]
        held = [event.qty for event in told[: _filled_at(told)] if isinstance(event, VenuePosition)]
        assert 0.0 not in held[held.index(0.01) :], held


def _filled_at(told: list[VenueEvent]) -> int:
    return next(n for n, event in enumerate(told) if isinstance(event, OrderFilled) and event.order_id == TARGET)
