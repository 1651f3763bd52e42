"""Flatten, whatever is going on: it ends flat on the venue with no order left, and then halted."""

from collections.abc import Callable

import pytest

from cockpit.domain.actions import FlattenVenues, PlaceOrder, QueryPosition
from cockpit.domain.commands import Disarm, HaltTrading
from cockpit.domain.events import OrderUnknown, VenueFlat, VenuePosition
from cockpit.domain.kinds import EngineState, ExitReason, OrderRole, TradePhase
from cockpit.engine.views import snapshot
from tests.engine.scenario import MOMENTUM, Bare, Scenario, config_with


def nothing_open(scene: Scenario) -> None:
    return None


def entry_on_its_way(scene: Scenario) -> None:
    assert scene.signal().ok


def entry_partly_filled(scene: Scenario) -> None:
    scene.quote("ETH", 4_000.0, qty=0.004)
    assert scene.signal().ok
    scene.wait_ms(60)
    assert scene.last_trade.open_qty == 0.004


def stop_on_its_way(scene: Scenario) -> None:
    assert scene.signal().ok
    scene.wait_ms(60)
    assert scene.last_trade.open_qty == 0.01


def open_with_targets(scene: Scenario) -> None:
    scene.open_trade()


def stop_at_entry(scene: Scenario) -> None:
    trade = scene.open_trade()
    scene.move("ETH", 4_010.03)
    scene.settled(trade)


def stop_being_moved(scene: Scenario) -> None:
    scene.open_trade()
    scene.move("ETH", 4_010.03)


def already_closing(scene: Scenario) -> None:
    trade = scene.open_trade(strategy=MOMENTUM)
    scene.wait_until(trade.time_stop_ns or 0)
    assert scene.trades[trade.trade_id].phase is TradePhase.CLOSING


def three_trades(scene: Scenario) -> None:
    for asset in ("BTC", "ETH", "SOL"):
        scene.open_trade(asset)


def open_and_disarmed(scene: Scenario) -> None:
    scene.open_trade()
    scene.command(Disarm)


def open_and_halted(scene: Scenario) -> None:
    scene.open_trade()
    scene.command(HaltTrading, reason="looking")


def a_gap_through_the_stop(scene: Scenario) -> None:
    scene.open_trade()
    scene.top("ETH", 3_800.0, 3_800.01)


MOMENTS = [
    nothing_open,
    entry_on_its_way,
    entry_partly_filled,
    stop_on_its_way,
    open_with_targets,
    stop_at_entry,
    stop_being_moved,
    already_closing,
    three_trades,
    open_and_disarmed,
    open_and_halted,
    a_gap_through_the_stop,
]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.__name__)
@pytest.mark.parametrize("delay_ms", [0, 20, 50, 70])
def test_flatten_at_any_moment(scene: Scenario, moment: Callable[[Scenario], None], delay_ms: int) -> None:
    moment(scene)
    if delay_ms:
        scene.wait_ms(delay_ms)
    answer = scene.flatten()
    assert answer.ok
    assert scene.state is EngineState.FLATTENING
    entries = len(scene.placed(OrderRole.ENTRY))
    assert not scene.signal("XRP", strategy=MOMENTUM).ok
    for _ in range(20):
        scene.wait_ms(60)
    assert scene.is_flat()
    assert scene.state is EngineState.HALTED
    assert len(scene.placed(OrderRole.ENTRY)) == entries
    assert all(trade.open_qty == 0 for trade in scene.trades.values())
    assert len(scene.engine.book) == 0
    assert snapshot(scene.engine).flatten_steps[-1].endswith("FLAT")
    scene.wait_s(5)
    assert scene.is_flat()
    assert not scene.arm().ok


def test_flattening_twice_is_flattening_once(scene: Scenario) -> None:
    scene.open_trade()
    scene.flatten()
    closes = len(scene.placed(OrderRole.CLOSE))
    answer = scene.flatten("again")
    assert answer.ok and "already flattening" in answer.sentence
    assert len(scene.placed(OrderRole.CLOSE)) == closes


def test_every_close_leaves_in_the_same_step_as_the_command(scene: Scenario) -> None:
    three_trades(scene)
    scene.flatten()
    item, actions = scene.seen.steps[-1]
    assert getattr(item, "reason", "") == "asked"
    closes = [action.order for action in actions if isinstance(action, PlaceOrder)]
    assert sorted(order.asset for order in closes) == ["BTC", "ETH", "SOL"]


def test_a_venue_must_say_flat_twice(bare: Bare) -> None:
    bare.flatten()
    assert [action.venues for action in bare.seen.of(FlattenVenues)] == [("okx",)]
    bare.feed(VenueFlat(bare.now_ns, "okx"))
    assert bare.state is EngineState.FLATTENING
    bare.wait_s(3_600)
    assert bare.state is EngineState.FLATTENING
    bare.feed(VenueFlat(bare.now_ns, "okx"))
    assert bare.state is EngineState.HALTED


def test_a_flat_of_before_the_sweep_does_not_count(bare: Bare) -> None:
    bare.opened()
    bare.flatten()
    for _ in range(2):
        bare.feed(VenueFlat(bare.now_ns, "okx"))
    assert bare.state is EngineState.FLATTENING
    bare.fill(bare.placed(OrderRole.CLOSE)[0], 4_000.0)
    assert len(bare.seen.of(FlattenVenues)) == 1
    assert bare.state is EngineState.FLATTENING


def test_a_close_the_venue_refuses_is_asked_for_again_at_a_walk(bare: Bare) -> None:
    bare.opened()
    bare.cancelled(bare.placed(OrderRole.STOP)[0], "taken away by hand")
    bare.reject(bare.placed(OrderRole.STOP)[-1], "no stops today")
    for attempt in range(1, 6):
        bare.reject(bare.placed(OrderRole.CLOSE)[-1], "system busy")
        bare.wait_s(1)
        assert len(bare.seen.of(QueryPosition)) >= attempt
        bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", 0.01, 4_000.0, 1))
        assert len(bare.placed(OrderRole.CLOSE)) == attempt + 1
    assert len(bare.seen.of(QueryPosition)) <= 11
    assert "system busy" in bare.notices("critical", "close")[-1]
    bare.fill(bare.placed(OrderRole.CLOSE)[-1], 4_000.0)
    assert bare.last_trade.phase is TradePhase.CLOSED


def test_a_refused_close_of_a_position_that_is_gone_ends_the_trade(bare: Bare) -> None:
    bare.opened()
    bare.top("ETH", 3_900.0, 3_900.01)
    bare.flatten()
    bare.reject(bare.placed(OrderRole.CLOSE)[-1], "reduce-only: no position")
    bare.wait_s(1, fresh=False)
    bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", 0.0, 0.0, 0))
    closed = bare.last_trade
    assert (closed.phase, closed.exit_reason) == (TradePhase.CLOSED, ExitReason.OUTSIDE)
    # Nobody told us the price: the result is taken from the book, never left at nothing.
    assert closed.pnl_usd < -0.01 * 99.0
    assert closed.exit_price == 3_900.0


def test_an_entry_nobody_knows_of_does_not_keep_the_venue_from_being_swept(bare: Bare) -> None:
    bare.signal()
    entry = bare.placed()[0]
    bare.feed(OrderUnknown(bare.now_ns, entry.order_id, "timeout"))
    bare.flatten()
    assert bare.seen.of(FlattenVenues) == []
    bare.wait_s(6)
    assert len(bare.seen.of(FlattenVenues)) == 1
    for _ in range(2):
        bare.feed(VenueFlat(bare.now_ns, "okx"))
    assert bare.state is EngineState.FLATTENING
    bare.cancelled(entry)
    assert bare.state is EngineState.HALTED


def test_a_slow_venue_does_not_keep_another_from_being_swept() -> None:
    bare = Bare(config_with("assets.BTC.trade_on=binance", "gate.open_interest_size_factor=1"))
    bare.signal("BTC", 415.0)
    assert bare.placed()[0].venue == "binance"
    bare.flatten()
    assert [action.venues for action in bare.seen.of(FlattenVenues)] == [("okx",)]
    bare.cancelled(bare.placed()[0])
    assert [action.venues for action in bare.seen.of(FlattenVenues)] == [("okx",), ("binance",)]


def test_a_close_that_nobody_knows_of_is_not_waited_for(bare: Bare) -> None:
    bare.opened()
    bare.flatten()
    assert bare.seen.of(FlattenVenues) == []
    bare.feed(OrderUnknown(bare.now_ns, bare.placed(OrderRole.CLOSE)[0].order_id, "timeout"))
    assert [sweep.venues for sweep in bare.seen.of(FlattenVenues)] == [("okx",)]


def test_a_close_that_hangs_is_not_waited_for_where_the_venue_answers_else(bare: Bare) -> None:
    bare.opened()
    bare.flatten()
    asked = len(bare.seen.of(QueryPosition))
    bare.wait_s(1)
    assert bare.seen.of(FlattenVenues) == [], "the venue may hang as a whole: the close may still be on its way"
    assert len(bare.seen.of(QueryPosition)) == asked + 1
    bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", 0.01, 4_000.0, 1))
    assert [sweep.venues for sweep in bare.seen.of(FlattenVenues)] == [("okx",)]
    bare.wait_s(10)
    assert len(bare.seen.of(FlattenVenues)) == 1 and len(bare.seen.of(QueryPosition)) == asked + 1


def test_a_close_that_is_refused_is_not_waited_for(bare: Bare) -> None:
    bare.opened()
    bare.flatten()
    bare.reject(bare.placed(OrderRole.CLOSE)[0], "too small")
    assert [sweep.venues for sweep in bare.seen.of(FlattenVenues)] == [("okx",)]
