"""Entries by hand: sized, stopped and judged like everybody's, sent once, and only while armed."""

import pytest

from cockpit.domain import commands as asked
from cockpit.domain.actions import CommandAnswered, Decided
from cockpit.domain.commands import ManualEntry
from cockpit.domain.kinds import OrderRole, OrderStatus, Side, TradePhase
from cockpit.domain.units import NS_PER_S
from cockpit.domain.verdict import Target, Verdict
from tests.engine.scenario import OVER, Scenario, config_with

FEE_BPS = 10.0
"""OKX, taker both ways."""


def enter(
    scene: Scenario, request_id: str | None = None, expires_ns: int | None = None, **wanted: object
) -> CommandAnswered:
    wanted = {"asset": "ETH", "side": Side.LONG, **wanted}
    return scene.command(asked.Enter, entry=ManualEntry(**wanted), request_id=request_id, expires_ns=expires_ns)  # type: ignore[arg-type]


def preview(scene: Scenario, **wanted: object) -> Verdict | str:
    return scene.engine.preview(ManualEntry(**{"asset": "ETH", "side": Side.LONG, **wanted}))  # type: ignore[arg-type]


def test_an_entry_becomes_a_trade_with_its_stop_and_ladder(scene: Scenario) -> None:
    answer = enter(scene, amount_usd=80.0, reason="reclaim seen")
    assert answer.ok and answer.trade_id == "t000001"
    trade = scene.settled(scene.last_trade)
    assert (trade.setup, trade.phase, trade.stop_rests_on_venue) == ("manual", TradePhase.OPEN, True)
    assert trade.stop_bps == 28.0 and [rung.distance_bps for rung in trade.rungs] == [25.0, 50.0, 90.0]
    assert scene.verdict.proposal.why == "by test: reclaim seen"
    assert len(scene.verdict.checks) > 15, "all four layers"
    assert scene.account.trades_today == 1


def test_disarmed_nothing_is_sent_and_it_is_said(scene: Scenario) -> None:
    scene.command(asked.Disarm)
    answer = enter(scene)
    assert not answer.ok and answer.sentence == "disarmed: judged, not sent: arm first"
    assert scene.verdict.approved and not scene.verdict.sent
    assert scene.placed() == []


def test_a_gate_that_denies_is_the_answer(scene: Scenario) -> None:
    answer = enter(scene, amount_usd=500.0)
    assert not answer.ok and answer.sentence.startswith("notional 500.00 USD over 415.00")


def test_hands_may_be_tied_by_the_config() -> None:
    scene = Scenario(config_with("manual.enabled=false"))
    answer = enter(scene)
    assert not answer.ok and answer.sentence == "manual is switched off: 0 trades allowed to it"
    verdict = preview(scene)
    assert isinstance(verdict, Verdict) and verdict.reason_check == "setup_enabled"


@pytest.mark.parametrize(("risk_usd", "stop_bps"), [(0.5, 28.0), (1.0, 90.0), (0.25, 15.0)])
def test_a_risk_is_what_a_full_stop_loses_with_fees(scene: Scenario, risk_usd: float, stop_bps: float) -> None:
    verdict = preview(scene, risk_usd=risk_usd, stop_bps=stop_bps)
    assert isinstance(verdict, Verdict) and verdict.sizing is not None
    lot_usd = 0.001 * 4_000.0
    assert risk_usd - lot_usd * (stop_bps + FEE_BPS) / 10_000.0 < verdict.sizing.loss_usd <= risk_usd
    assert verdict.sizing.asked_loss_usd == pytest.approx(risk_usd)


def test_units_are_multiples_of_the_base_unit_and_one_is_usual(scene: Scenario) -> None:
    for units, usd in ((None, 41.5), (2.0, 83.0), (0.5, 20.75)):
        verdict = preview(scene, units=units)
        assert isinstance(verdict, Verdict) and verdict.proposal.requested_usd == pytest.approx(usd)


def test_a_stop_at_a_price_rests_there(scene: Scenario) -> None:
    assert enter(scene, stop_price=3_988.0).ok
    trade = scene.settled(scene.last_trade)
    assert trade.stop_price == 3_988.0
    assert trade.stop_bps == pytest.approx(30.0, abs=0.1)


def test_a_stop_at_a_price_is_nearer_where_the_entry_slipped(scene: Scenario) -> None:
    assert enter(scene, stop_price=3_988.0).ok
    scene.top("ETH", 4_010.0, 4_010.01)
    trade = scene.settled(scene.last_trade)
    assert trade.entry_price == 4_010.01
    assert trade.stop_price == pytest.approx(4_010.01 * 0.997, abs=0.01), (
        "as far from the entry as was judged, no further"
    )


def test_a_setups_stop_may_be_taken(scene: Scenario) -> None:
    verdict = preview(scene, stop_of="btc_upper_band_short")
    assert isinstance(verdict, Verdict) and verdict.stop_bps == 30.0


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"asset": "DOGE"}, "expected an asset among BTC, SOL, XRP, ETH, was DOGE"),
        ({"amount_usd": 20.0, "risk_usd": 1.0}, "expected one size of amount, units and risk, was more"),
        ({"amount_usd": float("nan")}, "expected an amount over 0 USD, was nan"),
        ({"risk_usd": -1.0}, "expected a risk over 0 USD, was -1"),
        ({"stop_bps": 20.0, "stop_price": 3_990.0}, "expected one stop of bps, price and a setup's, was 2"),
        ({"stop_price": 4_010.0}, "expected a long's stop under its entry, was 4,010 against an entry at 4,000.01"),
        ({"side": Side.SHORT, "stop_price": 3_990.0}, "expected a short's stop over its entry"),
        ({"stop_of": "moon"}, "expected a setup among "),
        ({"template": "moon"}, "expected a template among scalp, single, was 'moon'"),
        ({"venue": "kraken"}, "expected a venue that lists ETH (binance, okx), was kraken"),
        ({"post_only": True}, "expected a limit price with post-only or a time limit, was a market entry"),
        ({"limit_price": 0.0}, "expected a limit price above 0, was 0"),
        ({"mode": "live"}, "asked for live mode, the engine is in paper mode"),
    ],
)
def test_what_never_reaches_the_gate_says_why(scene: Scenario, wanted: dict[str, object], reason: str) -> None:
    found = preview(scene, **wanted)
    assert isinstance(found, str) and reason in found
    answer = enter(scene, **wanted)
    assert not answer.ok and answer.sentence == f"not sent: {found}"
    assert scene.seen.of(Decided) == [] and scene.placed() == []


def test_a_limit_rests_until_its_time_is_over(scene: Scenario) -> None:
    assert enter(scene, limit_price=3_990.004, within_s=5.0).ok
    scene.wait_s(1)
    (entry,) = scene.working(OrderRole.ENTRY)
    assert entry.request.limit_price == 3_990.0, "on the grid, no worse than asked"
    scene.wait_s(5)
    assert scene.last_trade.phase is TradePhase.ABANDONED
    assert scene.account.trades_today == 0


def test_post_only_never_takes(scene: Scenario) -> None:
    answer = enter(scene, limit_price=4_001.0, post_only=True)
    assert not answer.ok and answer.sentence == "4,001 against the ask 4,000.01 would take: it is post-only"
    assert enter(scene, limit_price=4_000.0, post_only=True).ok
    scene.top("ETH", 3_998.0, 3_999.0)
    trade = scene.settled(scene.last_trade)
    assert trade.phase is TradePhase.ABANDONED and "post-only: 4000 would take at 3999" in trade.exit_detail


def test_a_limit_far_from_the_price_is_a_slip_of_the_finger(scene: Scenario) -> None:
    answer = enter(scene, limit_price=3_700.0)
    assert answer.sentence == "limit 3,700 is 750.0 bps from 4,000: over 500"


def test_one_key_struck_twice_is_one_order(scene: Scenario) -> None:
    assert enter(scene).ok
    again = enter(scene)
    assert again.sentence == "not sent: an entry of ETH by hand went out 0.00 s ago: the next after 1 s"
    scene.wait_s(2)
    assert enter(scene).ok
    assert len(scene.placed(OrderRole.ENTRY)) == 2


def test_one_on_its_way_keeps_the_next_back() -> None:
    scene = Scenario(config_with("manual.cooldown_s=0", "paper.latency_ms=500"))
    assert enter(scene).ok
    again = enter(scene)
    assert again.sentence == "not sent: t000001 of ETH is still on its way (sent): one at a time"


def test_the_same_ticket_is_answered_once(scene: Scenario) -> None:
    first, second = enter(scene, "k-1"), enter(scene, "k-1", asset="BTC")
    assert (first.sentence, first.trade_id) == (second.sentence, second.trade_id)
    assert len(scene.placed(OrderRole.ENTRY)) == 1


def test_a_late_one_is_refused_with_its_numbers(scene: Scenario) -> None:
    answer = enter(scene, expires_ns=scene.now_ns - 2 * NS_PER_S)
    assert answer.sentence == "not sent: it expired at 2025-10-19T11:59:58.000Z, 2.0 s before it came: ask again"
    assert scene.seen.of(Decided) == []


def test_a_preview_changes_nothing_and_says_what_an_entry_would_get(scene: Scenario) -> None:
    seen = preview(scene, amount_usd=60.0, stop_bps=33.0, targets=(Target(40.0, 100.0),))
    assert isinstance(seen, Verdict) and seen.approved
    assert scene.seen.of(Decided) == []
    assert enter(scene, amount_usd=60.0, stop_bps=33.0, targets=(Target(40.0, 100.0),)).ok
    assert (scene.verdict.qty, scene.verdict.stop_bps, scene.verdict.sizing) == (seen.qty, seen.stop_bps, seen.sizing)


def test_they_count_in_every_limit(scene: Scenario) -> None:
    for asset in ("BTC", "ETH", "SOL"):
        assert enter(scene, asset=asset, amount_usd=60.0).ok
    assert enter(scene, asset="XRP").sentence == "3 trades open of 3: no room for another"
    assert all(trade.phase not in OVER for trade in scene.trades.values())
    assert not any(order.status is OrderStatus.REJECTED for order in scene.working())
