"""A stop in the operator's hands: moved nearer, to the entry, trailing; never looser, and never bare."""

import pytest

from cockpit.domain import commands as asked
from cockpit.domain.actions import CommandAnswered
from cockpit.domain.commands import ManualEntry
from cockpit.domain.kinds import ExitReason, OrderRole, OrderStatus, Side, TradePhase
from cockpit.domain.trades import Trail, TrailBy
from tests.engine.scenario import Bare, Scenario, config_with

T1 = "t000001"


def close(scene: Scenario | Bare, share: float = 1.0, **more: object) -> CommandAnswered:
    return scene.command(asked.CloseTrade, trade_id=T1, share=share, **more)


def stop(scene: Scenario | Bare, **to: object) -> CommandAnswered:
    return scene.command(asked.MoveStop, trade_id=T1, **to)


def resting_stop(scene: Scenario) -> tuple[float, float]:
    """(price, quantity) of the one stop that rests."""
    (only,) = scene.working(OrderRole.STOP)
    return only.request.trigger_price or 0.0, only.open_qty


def test_a_stop_comes_nearer_and_is_never_bare(scene: Scenario) -> None:
    trade = scene.open_trade()
    assert trade.stop_price is not None
    answer = stop(scene, tighter_bps=5.0)
    assert answer.ok, answer.sentence
    moved = scene.settled(trade)
    assert moved.stop_price == pytest.approx(trade.stop_price + 2.0, abs=0.02)
    assert resting_stop(scene) == (moved.stop_price, trade.open_qty)
    stops = [change.order for change in _orders(scene) if change.order.request.role is OrderRole.STOP]
    rested = [(order.request.order_id, order.status) for order in stops]
    new_rests = rested.index((moved.stop_order_id, OrderStatus.WORKING))
    old_goes = rested.index((trade.stop_order_id, OrderStatus.CANCELLED))
    assert new_rests < old_goes
    assert moved.risk_usd == trade.risk_usd, "R stays the first stop's"


def _orders(scene: Scenario) -> list[object]:
    from cockpit.domain.actions import OrderChanged

    return scene.seen.of(OrderChanged)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        (
            {"price": 3_980.0},
            "expected a stop of t000001 over 3,988.01, where it is, was 3,980: a stop only comes nearer",
        ),
        ({"tighter_bps": -3.0}, ": a stop only comes nearer"),
        ({"price": 4_100.0}, "4,100 is at or through the price 4,000: close it instead"),
        ({"to_entry": True}, "is at or through the price 4,000: close it instead"),
        ({}, "expected one of a price, bps nearer and the entry, was 0"),
        ({"price": 3_999.0, "to_entry": True}, "expected one of a price, bps nearer and the entry, was 2"),
    ],
)
def test_a_stop_never_goes_back_nor_through_the_price(scene: Scenario, to: dict[str, object], reason: str) -> None:
    trade = scene.open_trade()
    assert trade.stop_price == 3_988.01
    answer = stop(scene, **to)
    assert not answer.ok and reason in answer.sentence
    assert resting_stop(scene)[0] == trade.stop_price


def test_a_stop_goes_to_the_entry_with_its_fees(scene: Scenario) -> None:
    trade = scene.open_trade()
    scene.move("ETH", 4_008.0)
    assert stop(scene, to_entry=True).ok
    moved = scene.settled(trade)
    assert moved.stop_at_entry and moved.stop_price == pytest.approx(trade.entry_price * 1.001, abs=0.01)
    scene.move("ETH", 3_990.0)
    closed = scene.settled(trade)
    assert closed.exit_reason is ExitReason.BREAKEVEN_STOP


def test_a_first_target_does_not_take_a_nearer_stop_back(scene: Scenario) -> None:
    trade = scene.open_trade()
    scene.top("ETH", 4_009.5, 4_009.6)
    scene.trade("ETH", 4_009.0)
    assert stop(scene, price=4_008.0).ok
    scene.settled(trade)
    scene.move("ETH", trade.rungs[0].price + 0.1)
    after = scene.settled(trade)
    assert after.rungs[0].filled_qty > 0
    assert after.stop_price == 4_008.0, "at entry would be 4,004"


def test_a_refused_move_leaves_the_older_stop_in_force() -> None:
    bare = Bare(config_with())
    trade = bare.opened()
    assert stop(bare, tighter_bps=5.0).ok
    new = bare.placed(OrderRole.STOP)[-1]
    bare.reject(new, "not today")
    assert bare.last_trade.phase is TradePhase.OPEN
    assert (bare.last_trade.stop_order_id, bare.last_trade.stop_price) == (trade.stop_order_id, trade.stop_price)
    assert bare.last_trade.stop_rests_on_venue
    assert bare.cancels() == []
    assert any("stop not moved to" in sentence for sentence in bare.notices("warning", "stop"))


def test_a_refused_move_with_the_price_through_it_closes() -> None:
    bare = Bare(config_with())
    bare.opened()
    assert stop(bare, tighter_bps=20.0).ok
    new = bare.placed(OrderRole.STOP)[-1]
    bare.quote("ETH", 3_990.0)
    bare.reject(new, "would trigger at once")
    assert bare.last_trade.phase is TradePhase.CLOSING and bare.last_trade.exit_reason is ExitReason.STOP


def test_later_fills_of_the_entry_keep_a_nearer_stop() -> None:
    bare = Bare(config_with())
    entry = ManualEntry("ETH", Side.LONG, amount_usd=80.0, limit_price=4_000.0, within_s=60.0)
    assert bare.command(asked.Enter, entry=entry).ok
    order = bare.placed(OrderRole.ENTRY)[-1]
    bare.accept(order)
    bare.fill(order, 4_000.0, 0.01)
    bare.accept(bare.placed(OrderRole.STOP)[-1])
    assert stop(bare, tighter_bps=10.0).ok
    nearer = bare.placed(OrderRole.STOP)[-1]
    bare.accept(nearer)
    bare.fill(order, 4_000.0, 0.01)
    last = bare.placed(OrderRole.STOP)[-1]
    assert (last.qty, last.trigger_price) == (0.02, nearer.trigger_price)
    assert bare.last_trade.initial_stop_price < (nearer.trigger_price or 0.0)


@pytest.mark.parametrize(
    ("trail", "stops"),
    [
        (Trail(TrailBy.BPS, 20.0), {4_010.0: 4_001.98, 4_020.0: 4_011.96}),
        (Trail(TrailBy.R, 0.5), {4_010.0: 4_004.0, 4_020.0: 4_014.0}),
        (Trail(TrailBy.RATIO, 0.4), {4_010.0: 4_006.0, 4_020.0: 4_012.0}),
    ],
)
def test_a_trailing_stop_follows_and_never_goes_back(scene: Scenario, trail: Trail, stops: dict[float, float]) -> None:
    trade = scene.open_trade()
    scene.command(asked.SetTargets, trade_id=T1)
    scene.settled(trade)
    assert scene.command(asked.TrailStop, trade_id=T1, distance=trail).ok
    for price, wanted in stops.items():
        scene.move("ETH", price)
        scene.settled(trade)
        assert resting_stop(scene)[0] == pytest.approx(wanted, abs=0.06)
        scene.move("ETH", price - 1.0)
        scene.settled(trade)
        assert resting_stop(scene)[0] == pytest.approx(wanted, abs=0.06)
    scene.move("ETH", 4_005.0)
    closed = scene.settled(trade)
    assert closed.phase is TradePhase.CLOSED and closed.exit_reason is ExitReason.TRAILING_STOP


def test_a_trail_is_taken_away_and_the_stop_stays(scene: Scenario) -> None:
    trade = scene.open_trade()
    scene.command(asked.SetTargets, trade_id=T1)
    assert scene.command(asked.TrailStop, trade_id=T1, distance=Trail(TrailBy.BPS, 10.0)).ok
    scene.move("ETH", 4_006.0)
    at = scene.settled(trade).stop_price
    assert scene.command(asked.TrailStop, trade_id=T1).sentence == f"stop of t000001 stays, at {at:,.8g}"
    scene.move("ETH", 4_030.0)
    assert scene.settled(trade).stop_price == at
