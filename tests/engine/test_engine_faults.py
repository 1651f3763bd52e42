"""A defect in one part breaks one step off; what had been decided by then is not lost, and exits go on."""

import pytest

from cockpit.domain.events import Tick
from cockpit.domain.kinds import EngineState, OrderRole
from cockpit.market.bars import Bar
from tests.engine.scenario import NOON_NS, Scenario


def broken(asset: str, bar: Bar, now_ns: int) -> None:
    raise ZeroDivisionError("a setup's own mistake")


def test_the_closes_of_a_kill_go_out_although_a_setup_breaks_in_the_same_step(
    scene: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade = scene.open_trade(amount_usd=415.0)
    scene.wait_until(NOON_NS + 4 * 10**9 - 10**6)
    scene.top("ETH", 3_800.0, 3_800.01)
    scene.wait_until(NOON_NS + 4 * 10**9)
    monkeypatch.setattr(scene.engine.setups["btc_lower_band_long"], "on_bar", broken)
    scene.trade("BTC", 108_402.0)
    with pytest.raises(ZeroDivisionError):
        scene.wait_until(NOON_NS + 5 * 10**9)
    assert scene.placed(OrderRole.CLOSE) == []
    assert scene.state is EngineState.FLATTENING
    scene.now_ns += 10**6
    scene.feed(Tick(scene.now_ns))
    assert [order.trade_id for order in scene.placed(OrderRole.CLOSE)] == [trade.trade_id]
    scene.settled(trade)
    assert scene.is_flat()


def test_a_setup_that_always_breaks_does_not_stop_the_watch(scene: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.open_trade(amount_usd=415.0)
    monkeypatch.setattr(scene.engine.setups["btc_lower_band_long"], "on_bar", broken)
    scene.top("ETH", 3_800.0, 3_800.01)
    faults = 0
    for _ in range(30):
        scene.now_ns += 500_000_000
        try:
            scene.trade("BTC", 108_402.0)
        except ZeroDivisionError:
            faults += 1
    assert faults > 0
    assert scene.account.halt is not None and scene.account.halt.cause == "drawdown"
    assert scene.is_flat()
