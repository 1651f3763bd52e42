"""Outside signals: known names, in time, once; the same gate and the same stop and ladder."""

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import CommandAnswered, Decided
from cockpit.domain.kinds import Mode, Side
from tests.engine.scenario import MOMENTUM, Scenario


def test_an_unknown_name_is_refused_with_the_known_ones(scene: Scenario) -> None:
    answer = scene.signal(strategy="Moon Shot")
    assert not answer.ok
    assert answer.sentence == "unknown strategy 'Moon Shot'; known: Cross-Exchange Arbitrage, Momentum Signal"
    assert scene.seen.of(Decided) == []


def test_a_signal_for_another_mode_is_refused(scene: Scenario) -> None:
    answer = scene.signal(mode=Mode.LIVE)
    assert answer.sentence == "signal asks for live mode, the engine is in paper mode"


def test_an_expired_signal_is_refused(scene: Scenario) -> None:
    assert scene.signal(expires_ns=scene.now_ns).sentence.startswith("signal expired at 2025-10-19T12:00:00.000Z")
    assert scene.signal(expires_ns=scene.now_ns + 1).ok


@pytest.mark.parametrize("amount", [0.0, -5.0, float("nan")])
def test_an_amount_that_is_none_is_refused(scene: Scenario, amount: float) -> None:
    assert scene.signal(amount_usd=amount).sentence.startswith("expected an amount over 0 USD")


def test_an_endless_amount_is_denied_by_the_gate(scene: Scenario) -> None:
    assert not scene.signal(amount_usd=float("inf")).ok
    assert scene.placed() == []


def test_the_same_id_gets_the_same_answer_and_no_second_trade(scene: Scenario) -> None:
    first = scene.signal(signal_id="s-1")
    second = scene.signal(signal_id="s-1")
    assert first.ok and first.trade_id == "t000001"
    assert (second.ok, second.sentence, second.trade_id, second.verdict_id) == (
        first.ok,
        first.sentence,
        first.trade_id,
        first.verdict_id,
    )
    assert first.command_id != second.command_id
    assert len(scene.placed()) == 1
    assert len(scene.seen.of(Decided)) == 1


def test_a_denial_is_repeated_too(scene: Scenario) -> None:
    scene.positioning("ETH", 60.0)
    first = scene.signal(signal_id="s-2", side=Side.SHORT)
    scene.positioning("ETH", 40.0)
    second = scene.signal(signal_id="s-2", side=Side.SHORT)
    assert not second.ok and second.sentence == first.sentence


def test_signals_without_an_id_are_each_their_own(scene: Scenario) -> None:
    assert scene.signal("ETH").trade_id == "t000001"
    assert scene.signal("SOL").trade_id == "t000002"


def test_side_auto_takes_the_registered_side_and_the_registered_ladder(scene: Scenario) -> None:
    scene.signal(strategy=MOMENTUM)
    proposal = scene.verdict.proposal
    assert proposal.side is Side.LONG
    assert proposal.stop_bps == 40.0
    assert [(target.distance_bps, target.share_pct) for target in proposal.targets] == [(30.0, 50.0), (60.0, 50.0)]
    assert proposal.max_hold_s == 900.0


def test_an_asset_the_strategy_does_not_trade_is_refused(scene: Scenario) -> None:
    assert scene.signal("XRP").sentence == "Cross-Exchange Arbitrage trades BTC, ETH, SOL, was XRP"


def test_a_venue_the_engine_does_not_run_is_refused(scene: Scenario) -> None:
    assert scene.signal(venues=("kraken",)).sentence == "this engine runs binance, okx, was asked for kraken"


def test_venues_are_tried_in_order(scene: Scenario) -> None:
    assert scene.signal(venues=("binance", "okx")).ok
    assert scene.placed()[0].venue == "binance"


def test_without_a_price_nothing_is_traded(config: CockpitConfig) -> None:
    blind = Scenario(config, calm=False)
    assert blind.signal().sentence == "no price of ETH yet: no blind trading"


def test_every_signal_is_answered(scene: Scenario) -> None:
    before = len(scene.seen.of(CommandAnswered))
    for strategy in (MOMENTUM, "Moon Shot"):
        scene.signal(strategy=strategy)
    assert len(scene.seen.of(CommandAnswered)) == before + 2


def test_an_id_that_traded_is_known_after_a_thousand_others(scene: Scenario) -> None:
    first = scene.signal(signal_id="mine")
    assert first.trade_id is not None
    for number in range(1_001):
        assert not scene.signal(signal_id=f"other-{number}", strategy="Moon Shot").ok
    sent = len(scene.placed())
    again = scene.signal(signal_id="mine")
    assert (again.ok, again.trade_id, again.sentence) == (True, first.trade_id, first.sentence)
    assert len(scene.placed()) == sent
    assert scene.signal(signal_id="other-1000", strategy="Moon Shot").sentence.startswith("unknown strategy")
