"""SOL on chain beside the perp: a warning when they part, a word when they agree again, and nothing is ever denied."""

import pytest

from cockpit.domain.events import FeedHealth, LiquidationCluster, LiquidationMap, OnChainPrice
from cockpit.domain.kinds import FeedState, Reading
from cockpit.engine.views import snapshot
from tests.engine.scenario import NOON_NS, PRICES, Scenario

SOL = PRICES["SOL"]


def on_chain(scene: Scenario, price: float, minute: float | None = None, asset: str = "SOL") -> None:
    scene.feed(OnChainPrice(scene.now_ns, asset, "birdeye", price, minute))


def cross_checks(scene: Scenario) -> list[str]:
    return [*scene.notices("warning", "cross_check"), *scene.notices("info", "cross_check")]


def test_parting_warns_once_and_meeting_again_says_so(scene: Scenario) -> None:
    for price in (SOL * 1.0029, SOL * 1.0031, SOL * 1.004):
        on_chain(scene, price)
    assert scene.notices("warning", "cross_check") == [
        "SOL on chain 190.589 (birdeye, last price) is 31.0 bps over the perp's 190, limit 30.0 bps: prices part"
    ]
    on_chain(scene, SOL * 0.9999)
    assert scene.notices("info", "cross_check") == [
        "SOL on chain 189.981 (birdeye, last price) is 1.0 bps under the perp's 190, limit 30.0 bps: prices agree again"
    ]
    on_chain(scene, SOL * 0.99)
    assert len(scene.notices("warning", "cross_check")) == 2


def test_the_minutes_average_counts_where_both_have_one(scene: Scenario) -> None:
    scene.wait_s(6)
    on_chain(scene, SOL * 1.05, SOL)
    assert cross_checks(scene) == []
    on_chain(scene, SOL, SOL * 1.05)
    assert "minute average" in cross_checks(scene)[0]


def test_without_a_perp_price_there_is_nothing_to_compare(scene: Scenario) -> None:
    scene.wait_s(20, fresh=False)
    on_chain(scene, SOL * 2)
    on_chain(scene, 1.0, asset="DOGE")
    assert cross_checks(scene) == []
    view = next(asset for asset in snapshot(scene.engine).assets if asset.asset == "SOL")
    assert (view.onchain_price, view.onchain_apart_bps) == (None, None)


def test_it_denies_nothing_and_is_shown(scene: Scenario) -> None:
    on_chain(scene, SOL * 2)
    assert scene.signal("SOL").ok
    view = next(asset for asset in snapshot(scene.engine).assets if asset.asset == "SOL")
    assert view.onchain_price == SOL * 2
    assert view.onchain_apart_bps == pytest.approx(10_000.0)
    [feed] = [feed for feed in snapshot(scene.engine).feeds if feed.reading is Reading.ONCHAIN_PRICE]
    assert (feed.name, feed.state) == ("onchain_price.SOL", FeedState.FRESH)


def test_a_source_that_is_off_says_why(scene: Scenario) -> None:
    reason = "no key: set BIRDEYE_API_KEY"
    scene.feed(FeedHealth(scene.now_ns, Reading.ONCHAIN_PRICE, "birdeye", FeedState.OFF, reason))
    [feed] = [feed for feed in snapshot(scene.engine).feeds if feed.reading is Reading.ONCHAIN_PRICE]
    assert (feed.state, feed.age_s) == (FeedState.OFF, None)
    assert reason in feed.detail


def test_the_liquidation_map_is_shown_and_stands_nobody_down_when_it_is_old(scene: Scenario) -> None:
    price = PRICES["BTC"]
    cluster = LiquidationCluster(price * 0.99, price * 0.991, 5e6, "estimated", 0, True)
    scene.feed(LiquidationMap(NOON_NS - 7_200 * 10**9, "BTC", "binance", (), 10.0))
    assert scene.signal().ok
    scene.feed(LiquidationMap(scene.now_ns, "BTC", "binance", (cluster,), 35.0))
    view = next(asset for asset in snapshot(scene.engine).assets if asset.asset == "BTC")
    assert view.clusters == (cluster,)
    assert view.estimated_explained_pct == 35.0
