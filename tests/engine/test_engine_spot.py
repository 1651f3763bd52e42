"""Trades in coins: long only, targets watched instead of resting, and a stop that leaves for the sale of all."""

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.commands import CloseTrade
from cockpit.domain.kinds import ExitReason, OrderRole, OrderType, Side, TradePhase
from tests.engine.scenario import Bare, Scenario, config_with
from tests.execution.spot_stage import with_spot


def spot_config(watch: str) -> CockpitConfig:
    config = with_spot(config_with())
    assets = {
        name: where.model_copy(update={"trade_on": "coinbase", "watch": watch}) for name, where in config.assets.items()
    }
    return config.model_copy(update={"assets": assets})


@pytest.fixture(scope="session")
def config() -> CockpitConfig:
    return spot_config("binance")


def coins(bare: Bare) -> Bare:
    bare.opened()
    assert bare.last_trade.venue == "coinbase" and bare.last_trade.stop_rests_on_venue
    return bare


def test_nothing_is_sold_short(scene: Scenario) -> None:
    answer = scene.signal(side=Side.SHORT)
    assert not answer.ok and "ETH-USD on coinbase is spot: 0 ETH can be sold short there" in answer.sentence
    assert scene.check("spot_side").startswith("block: ")
    assert scene.placed() == []
    assert (
        scene.signal().ok
        and scene.check("spot_side") == "pass: ETH-USD on coinbase is spot: bought with what is there, 1x"
    )


def test_no_target_rests_and_each_is_sold_at_its_price_once_that_is_reached(bare: Bare) -> None:
    coins(bare)
    assert bare.placed(OrderRole.TARGET) == [] and len(bare.last_trade.rungs) == 3
    first = bare.last_trade.rungs[0]
    bare.move("ETH", round(first.price - 0.5, 2))
    assert bare.placed(OrderRole.TARGET) == []
    bare.move("ETH", round(first.price + 0.5, 2))
    (target,) = bare.placed(OrderRole.TARGET)
    assert (target.order_type, target.side, target.limit_price, target.qty, target.reduce_only) == (
        OrderType.LIMIT, Side.SHORT, first.price, first.qty, True,
    )  # fmt: skip
    bare.move("ETH", 4_100.0)
    assert len(bare.placed(OrderRole.TARGET)) == 1, "one at a time"
    bare.accept(target)
    bare.fill(target, first.price)
    stop = bare.placed(OrderRole.STOP)[-1]
    trade = bare.last_trade
    assert trade.stop_at_entry and stop.qty == trade.open_qty
    bare.move("ETH", 4_100.0)
    assert len(bare.placed(OrderRole.TARGET)) == 1, "not before the stop rests"
    bare.accept(stop)
    bare.move("ETH", 4_100.1)
    assert len(bare.placed(OrderRole.TARGET)) == 2


def test_a_target_that_was_not_met_is_watched_again_and_not_hammered(bare: Bare) -> None:
    coins(bare)
    first = bare.last_trade.rungs[0]
    bare.move("ETH", round(first.price + 0.5, 2))
    (target,) = bare.placed(OrderRole.TARGET)
    bare.accept(target)
    part = round(target.qty / 4, 8)
    bare.fill(target, first.price, part)
    bare.accept(bare.placed(OrderRole.STOP)[-1])
    bare.cancelled(target, "not met")
    watched = [rung for rung in bare.last_trade.rungs if not rung.order_id]
    assert watched[0].price == first.price and watched[0].qty == pytest.approx(first.qty - part)
    assert sum(rung.qty for rung in bare.last_trade.rungs) == pytest.approx(bare.last_trade.entry_qty)
    bare.move("ETH", round(first.price + 0.6, 2))
    assert len(bare.placed(OrderRole.TARGET)) == 1
    bare.wait_s(5.0)
    bare.move("ETH", round(first.price + 0.7, 2))
    again = bare.placed(OrderRole.TARGET)[-1]
    assert again.order_id != target.order_id and again.qty == pytest.approx(first.qty - part)


def test_a_stop_that_left_for_the_sale_of_all_is_not_laid_anew(bare: Bare) -> None:
    coins(bare)
    (stop,) = bare.placed(OrderRole.STOP)
    bare.command(CloseTrade, trade_id=bare.last_trade.trade_id)
    (close,) = bare.placed(OrderRole.CLOSE)
    bare.accept(close)
    bare.cancelled(stop)
    assert bare.placed(OrderRole.STOP) == [stop] and bare.notices("critical") == []
    bare.fill(close, 4_000.0)
    assert bare.last_trade.phase is TradePhase.CLOSED


def test_a_stop_that_somebody_took_off_is_laid_anew(bare: Bare) -> None:
    coins(bare)
    (stop,) = bare.placed(OrderRole.STOP)
    bare.cancelled(stop)
    assert len(bare.placed(OrderRole.STOP)) == 2


def test_targets_keep_their_distance_where_another_market_is_watched(bare: Bare) -> None:
    """Bought 2 % under what the watched perpetual prints: its prints count for as much less."""
    assert bare.signal().ok
    entry = bare.placed(OrderRole.ENTRY)[-1]
    bare.accept(entry)
    bare.fill(entry, 3_920.0)
    bare.accept(bare.placed(OrderRole.STOP)[-1])
    first = bare.last_trade.rungs[0]
    assert first.price == pytest.approx(3_920.0 * (1 + first.distance_bps / 10_000), abs=0.02)
    bare.move("ETH", 4_005.0)
    assert bare.placed(OrderRole.TARGET) == []
    bare.move("ETH", round(4_000.0 * (1 + first.distance_bps / 10_000) + 1.0, 2))
    (target,) = bare.placed(OrderRole.TARGET)
    assert target.limit_price == first.price, "never under it, whatever the watched market says"


def test_on_paper_a_whole_trade_goes_through(scene: Scenario) -> None:
    trade = scene.open_trade()
    assert scene.placed(OrderRole.TARGET) == []
    for rung in trade.rungs:
        scene.move("ETH", round(rung.price + 0.2, 2))
        scene.settled(trade)
        scene.move("ETH", round(rung.price + 0.3, 2))
        scene.settled(trade)
    closed = scene.trades[trade.trade_id]
    assert closed.phase is TradePhase.CLOSED and closed.exit_reason is ExitReason.TARGETS
    assert scene.is_flat()
