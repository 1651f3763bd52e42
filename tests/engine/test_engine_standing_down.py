"""Standing down: no entries while a cause holds, exits go on, and it clears by itself."""

from cockpit.config.model import CockpitConfig
from cockpit.domain.commands import Disarm
from cockpit.domain.events import JitoTip, PriorityFee
from cockpit.domain.kinds import EngineState
from tests.engine.scenario import MOMENTUM, Scenario, config_with


def test_funding_stale_for_11_minutes_stands_down_and_clears_by_itself(scene: Scenario) -> None:
    trade = scene.open_trade()
    scene.forget("FundingRate")
    scene.wait_s(10 * 60)
    assert scene.state is EngineState.ARMED
    scene.wait_s(60)
    assert scene.state is EngineState.STANDING_DOWN
    assert "funding" in scene.engine.risk.reason and "limit 600 s" in scene.engine.risk.reason
    answer = scene.signal("SOL")
    assert not answer.ok and "no data on funding spread (SOL)" in answer.sentence

    scene.move("ETH", 4_010.03)
    assert scene.settled(trade).stop_at_entry

    for asset in ("BTC", "ETH", "SOL", "XRP"):
        scene.funding(asset, 0.1, 0.1)
    scene.wait_s(1)
    assert scene.state is EngineState.ARMED
    assert scene.signal("SOL").ok


def test_an_age_never_reads_like_the_limit_it_is_past() -> None:
    scene = Scenario(config_with("feeds.funding.stand_down_after_s=599.75"))
    scene.forget("FundingRate")
    scene.wait_s(600)
    assert "for 600.0 s, limit 599.75 s" in scene.engine.risk.reason


def test_positioning_stale_stands_down(scene: Scenario) -> None:
    scene.forget("Positioning")
    scene.wait_s(11 * 60)
    assert scene.state is EngineState.STANDING_DOWN
    assert scene.engine.risk.reason == "no BTC, SOL, XRP, ETH short % (binance) for 660 s, limit 600 s"


def test_a_dead_stream_stands_down_after_15_seconds(scene: Scenario) -> None:
    scene.wait_s(17, fresh=False)
    assert scene.state is EngineState.STANDING_DOWN
    for asset, price in (("BTC", 108_402.0), ("ETH", 4_000.0), ("SOL", 190.0), ("XRP", 2.4)):
        scene.move(asset, price)
    scene.wait_s(1)
    assert scene.state is EngineState.ARMED


def test_the_health_factor_stale_for_over_5_minutes_stands_down(scene: Scenario) -> None:
    scene.health(3.0)
    scene.wait_s(5 * 60)
    assert scene.state is EngineState.ARMED
    scene.wait_s(2)
    assert scene.state is EngineState.STANDING_DOWN
    assert scene.account.halt is None


def test_plus_1_r_on_the_session_is_enough_for_today(scene: Scenario) -> None:
    # 1 R is 41.50 USD x (30 + 10) bps = 0.166 USD; a whole ladder earns less, so two are needed.
    scene.win()
    assert scene.state is EngineState.ARMED
    scene.win()
    assert scene.account.session_r >= 1.0
    assert scene.state is EngineState.STANDING_DOWN
    assert "at or above +1.00 R" in scene.engine.risk.reason
    assert "earned enough" in scene.signal().sentence


def test_the_daily_loss_limit_stands_down() -> None:
    scene = Scenario(config_with("limits.daily_loss_usd=1.5"))
    scene.lose(amount_usd=415.0)
    assert scene.state is EngineState.ARMED
    scene.lose(amount_usd=415.0)
    assert -scene.account.realised_usd >= 1.5
    scene.resume()
    scene.arm()
    assert scene.state is EngineState.STANDING_DOWN
    assert "of 1.50 USD" in scene.engine.risk.reason
    assert "at or above 1.50: no entries until the next UTC day" in scene.signal().sentence


def test_profit_never_counts_as_loss() -> None:
    scene = Scenario(config_with("limits.daily_loss_usd=1", "limits.net_profit_stop_r=1000"))
    for _ in range(2):
        scene.win(amount_usd=415.0)
    assert scene.account.realised_usd > 1.0
    assert scene.state is EngineState.ARMED
    assert scene.signal().ok
    assert scene.check("daily_loss") == "pass: loss today 0.00 USD under 1.00"


def test_stale_fees_stand_down_sol_alone(scene: Scenario) -> None:
    scene.feed(PriorityFee(scene.now_ns, 10_000.0))
    scene.feed(JitoTip(scene.now_ns, 0.00001))
    scene.wait_s(200)
    assert scene.state is EngineState.ARMED
    assert {cause.scope for cause in scene.engine.risk.stand_downs.causes} == {"priority_fee"}


def test_disarmed_computes_and_logs_the_verdict_and_sends_nothing(config: CockpitConfig) -> None:
    scene = Scenario(config, armed=False)
    answer = scene.signal()
    assert not answer.ok
    assert answer.sentence == "disarmed: judged, not sent: arm first"
    assert scene.verdict.approved and not scene.verdict.sent
    assert scene.verdict.not_sent_because == answer.sentence
    assert scene.placed() == [] and scene.account.trades_today == 0


def test_disarming_never_touches_exits(scene: Scenario) -> None:
    trade = scene.open_trade(strategy=MOMENTUM)
    scene.command(Disarm)
    assert scene.state is EngineState.DISARMED
    assert len(scene.working()) == 3
    scene.move("ETH", 4_012.05)
    assert scene.settled(trade).stop_at_entry
