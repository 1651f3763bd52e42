"""What the headless engine tells of a trade: prices to their tick, never rounded to another price."""

from cockpit.domain.actions import TradeChanged
from cockpit.runtime.narrate import line_of
from tests.engine.scenario import Scenario, config_with


def test_prices_are_told_to_the_tick() -> None:
    scene = Scenario(config_with())
    trade = scene.open_trade("BTC")
    stop = trade.stop_price
    assert stop is not None and stop > 10_000 and stop % 1
    assert line_of(TradeChanged(1, trade, "stop_rests")) == f"{trade.trade_id} BTC long stop rests at {stop:,.1f}"
