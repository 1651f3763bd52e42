"""Setups inside the engine: their patterns become verdicts and trades, and they stand down as the rules say."""

from cockpit.domain.actions import Decided
from cockpit.domain.events import MarkPrice, Positioning
from cockpit.domain.kinds import ExitReason, SetupPhase, Side
from cockpit.domain.units import NS_PER_S
from cockpit.engine.views import snapshot
from tests.engine.scenario import Scenario, config_with

LOWER, UPPER = "btc_lower_band_long", "btc_upper_band_short"


def premium(scene: Scenario) -> None:
    scene.funding("BTC", 2.9, -0.7)


def seconds(scene: Scenario, count: int, price: float, buys: bool = True) -> None:
    """So many seconds with a print each."""
    for _ in range(count):
        scene.wait_s(1)
        scene.trade("BTC", price, buys=buys)


def reclaim(scene: Scenario) -> None:
    """A flush under 106,800, the first print back above it, and 31 s held there by buyers."""
    scene.move("BTC", 106_700.0)
    seconds(scene, 2, 106_700.0, buys=False)
    scene.move("BTC", 106_810.0)
    seconds(scene, 36, 106_815.0)


def failed_reclaim(scene: Scenario) -> None:
    """Back above it for a moment, and under it again until the attempt's minute is over."""
    scene.move("BTC", 106_810.0)
    seconds(scene, 66, 106_700.0, buys=False)


def phase(scene: Scenario, name: str = LOWER) -> SetupPhase:
    return next(view.phase for view in snapshot(scene.engine).setups if view.name == name)


def test_a_reclaim_is_bought_with_28_bps_and_0_7_of_the_unit(scene: Scenario) -> None:
    premium(scene)
    reclaim(scene)
    trade = scene.last_trade
    assert (trade.setup, trade.side, trade.stop_bps) == (LOWER, Side.LONG, 28.0)
    assert trade.requested_usd == 1_660 * 0.025 * 0.7
    assert phase(scene) is SetupPhase.TRIGGERED
    assert trade.decided_ns % (5 * NS_PER_S) == 0


def test_a_reclaim_that_fails_twice_stands_the_setup_down_for_30_minutes(scene: Scenario) -> None:
    premium(scene)
    scene.move("BTC", 106_700.0)
    failed_reclaim(scene)
    assert phase(scene) is SetupPhase.WATCHING
    failed_reclaim(scene)
    assert phase(scene) is SetupPhase.COOLING_DOWN
    reclaim(scene)
    assert scene.seen.of(Decided) == []
    seconds(scene, 1_800, 108_402.0)
    reclaim(scene)
    assert [decided.verdict.proposal.setup for decided in scene.seen.of(Decided)] == [LOWER]


def test_the_engine_wakes_a_setup_at_the_very_instant_it_asked_for(scene: Scenario) -> None:
    """Between two looks of the watch, with nothing but a book that moves: the attempt is over at its 60 s."""
    premium(scene)
    scene.move("BTC", 106_700.0)
    scene.wait_ms(300)
    scene.move("BTC", 106_810.0)
    ends_ns = scene.now_ns + 60 * NS_PER_S
    seconds(scene, 59, 106_700.0, buys=False)
    scene.wait_ms(800)
    assert scene.engine.next_due_ns == ends_ns
    scene.wait_ms(199)
    assert waits_for(scene).startswith("buyers' close above 106,800.0")
    scene.now_ns = ends_ns
    scene.quote("BTC", 106_700.0)
    assert waits_for(scene).startswith("print back above 106,800.0")
    assert scene.engine.next_due_ns > ends_ns


def test_a_reading_that_cannot_be_is_said_and_changes_nothing(scene: Scenario) -> None:
    scene.positioning("BTC", 50.0)
    for _ in range(3):
        scene.feed(Positioning(scene.now_ns, "BTC", "binance", 101.0, -1.0))
    assert scene.engine.market.short_pct("BTC", scene.now_ns).value == 50.0
    assert scene.notices("warning", "reading") == ["positioning of BTC refused: expected 0 to 100, was -1 from binance"]


def waits_for(scene: Scenario, name: str = LOWER) -> str:
    return next(view.waiting_for for view in snapshot(scene.engine).setups if view.name == name)


def test_a_denied_setup_says_why_and_cools_down(scene: Scenario) -> None:
    premium(scene)
    scene.health(2.1)
    reclaim(scene)
    assert scene.verdict.reason == "health factor 2.10 under 2.20: no entries"
    assert phase(scene) is SetupPhase.COOLING_DOWN
    assert scene.placed() == []


BAND = "bands.BTC.upper=[[108450,108500]]"
"""A break of a few bps: no squeeze."""


def wick_and_lower_high(scene: Scenario) -> None:
    scene.positioning("BTC", 48.0)
    seconds(scene, 61, 108_402.0)
    scene.move("BTC", 108_470.0)
    seconds(scene, 16, 108_460.0)
    scene.move("BTC", 108_430.0)
    seconds(scene, 45, 108_420.0)


def test_a_failed_break_is_sold_where_shorts_are_few() -> None:
    scene = Scenario(config_with(BAND))
    wick_and_lower_high(scene)
    trade = scene.last_trade
    assert (trade.setup, trade.side, trade.stop_bps) == (UPPER, Side.SHORT, 30.0)
    assert trade.requested_usd == 1_660 * 0.025 * 0.5


def test_a_break_that_holds_60_s_above_the_band_by_50_usd_closes_the_short_at_market() -> None:
    scene = Scenario(config_with(BAND))
    wick_and_lower_high(scene)
    trade = scene.last_trade
    scene.move("BTC", 108_560.0)
    seconds(scene, 59, 108_570.0)
    assert scene.trades[trade.trade_id].exit_reason is None
    seconds(scene, 1, 108_570.0)
    closed = scene.settled(trade)
    assert closed.exit_reason is ExitReason.INVALIDATED
    assert closed.exit_detail.startswith("held 60 s above 108,550.0")
    assert scene.is_flat()


def test_a_basis_that_rises_for_3_minutes_closes_the_short_at_market() -> None:
    scene = Scenario(config_with(BAND))
    wick_and_lower_high(scene)
    trade = scene.last_trade
    for step in range(200):
        scene.feed(MarkPrice(scene.now_ns, scene.now_ns, "binance", "BTC", 108_420.0 + step * 0.1, 108_420.0))
        seconds(scene, 1, 108_420.0)
    closed = scene.settled(trade)
    assert closed.exit_reason is ExitReason.INVALIDATED
    assert closed.exit_detail.startswith("perp basis rising for 180 s: its one-minute medians were ")
