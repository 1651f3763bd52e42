"""Coins on paper: nothing is sold short there either."""

from paper_scene import BUY, SELL, Scene, fills, reasons

from cockpit.config.model import CockpitConfig
from tests.execution.spot_stage import with_spot


def test_a_sale_of_coins_that_are_not_held_is_refused(shipped_config: CockpitConfig) -> None:
    scene = Scene(with_spot(shipped_config), venue="coinbase")
    scene.top(99_999.0, 100_001.0)
    assert reasons(scene.market(SELL, 0.01, order_id="entry")) == [
        ("entry", "expected a purchase, was a sale of 0.01 that are not held: BTC is spot")
    ]
    assert fills(scene.market(BUY, 0.01, order_id="bought")) == [(0.01, 100_001.0)]
    assert fills(scene.close(SELL, 0.01)) == [(0.01, 99_999.0)]
