"""R is a trade's own risk: a full stop without slippage is -1.00 R whatever the size; a session's R is the sum."""

import pytest
from msgspec.structs import replace

from cockpit.domain.actions import TradeChanged
from cockpit.domain.kinds import EngineState, OrderRole, RiskOf, Side, TradePhase
from cockpit.domain.trades import TradeRecord
from tests.engine.scenario import Bare, Scenario, config_with, restarted


def stopped(stage: Bare, asset: str = "ETH", price: float = 4_000.0) -> TradeRecord:
    """An open trade whose stop fills at its own price."""
    trade = stage.opened(asset, price)
    stop = stage.placed(OrderRole.STOP)[-1]
    assert stop.trigger_price == trade.initial_stop_price
    stage.fill(stop, trade.initial_stop_price)
    return stage.trades[trade.trade_id]


@pytest.mark.parametrize(
    ("asset", "price", "amount_usd"),
    [("ETH", 4_000.0, 41.5), ("ETH", 4_000.0, 415.0), ("ETH", 4_003.37, 8.1), ("BTC", 108_402.0, 29.05)],
)
@pytest.mark.parametrize("side", [Side.LONG, Side.SHORT])
def test_a_full_stop_is_minus_1_r_whatever_the_size(
    bare: Bare, asset: str, price: float, amount_usd: float, side: Side
) -> None:
    answer = bare.signal(asset, amount_usd, side=side)
    assert answer.ok, answer.sentence
    entry = bare.placed(OrderRole.ENTRY)[-1]
    bare.accept(entry)
    bare.fill(entry, price)
    stop = bare.placed(OrderRole.STOP)[-1]
    bare.accept(stop)
    bare.fill(stop, stop.trigger_price or 0.0)
    closed = bare.last_trade
    assert closed.phase is TradePhase.CLOSED
    assert closed.r == pytest.approx(-1.0, abs=1e-9)
    assert closed.risk_usd == pytest.approx(-closed.pnl_usd)
    assert bare.account.session_r == pytest.approx(-1.0, abs=1e-9)


def test_an_entry_in_parts_counts_what_has_filled(bare: Bare) -> None:
    bare.signal("ETH", 41.5)
    entry = bare.placed(OrderRole.ENTRY)[-1]
    bare.accept(entry)
    asked_usd = bare.last_trade.risk_usd
    bare.fill(entry, 4_000.0, 0.004)
    assert bare.last_trade.risk_usd == pytest.approx(asked_usd * 0.4, rel=1e-2)
    bare.fill(entry, 4_002.0, 0.006)
    stop = bare.placed(OrderRole.STOP)[-1]
    bare.accept(stop)
    bare.fill(stop, stop.trigger_price or 0.0)
    assert bare.last_trade.r == pytest.approx(-1.0, abs=1e-9)


def test_slippage_of_the_stop_is_more_than_1_r(bare: Bare) -> None:
    bare.opened()
    stop = bare.placed(OrderRole.STOP)[-1]
    bare.fill(stop, (stop.trigger_price or 0.0) - 2.0)
    assert bare.last_trade.r == pytest.approx(-1.0 - 0.01 * 2.0 * (1 - 5e-4) / bare.last_trade.risk_usd)


def test_the_session_r_is_the_sum_of_its_trades_r(scene: Scenario) -> None:
    won, lost = scene.win(amount_usd=41.5), scene.lose(amount_usd=8.1)
    assert won.r > 0 > lost.r
    assert scene.account.session_r == pytest.approx(won.r + lost.r)


def test_plus_1_r_ends_the_day_whatever_it_is_in_money(scene: Scenario) -> None:
    """Three lots of 0.001 ETH: a whole ladder is not 0.05 USD, and more than the trade's own risk."""
    won = scene.win(amount_usd=12.1)
    assert 1.0 < won.r < 1.3 and won.pnl_usd < 0.06
    scene.wait_s(1)
    assert scene.state is EngineState.STANDING_DOWN
    assert "session at +1." in scene.engine.risk.reason


def test_a_reduced_trade_risks_less_money_for_the_same_r() -> None:
    full, reduced = Bare(config_with()), Bare(config_with())
    reduced.open_interest("ETH", 5.0)
    whole, part = stopped(full), stopped(reduced)
    assert (whole.r, part.r) == (pytest.approx(-1.0), pytest.approx(-1.0))
    assert part.pnl_usd > whole.pnl_usd and part.entry_qty == 0.008


def test_an_old_trade_goes_on_counting_as_it_was_opened(scene: Scenario) -> None:
    """0.1.0 wrote no `risk_of`: 1 R was the base unit's risk, and stays so for that trade."""
    trade = scene.open_trade()
    old = replace(trade, risk_of=RiskOf.BASE_UNIT, risk_usd=0.166)
    scene.seen.actions.append(TradeChanged(scene.now_ns, old, "restored"))
    after = restarted(scene)
    after.move("ETH", 4_036.03)
    closed = after.settled(trade)
    assert (closed.risk_usd, closed.risk_of) == (0.166, RiskOf.BASE_UNIT)
