"""A position that is not ours becomes a trade of ours: stop first, within the limits, or refused with the reason."""

import pytest

from cockpit.domain import commands as asked
from cockpit.domain.actions import AdoptPosition, CommandAnswered
from cockpit.domain.events import ForeignPosition, VenuePosition
from cockpit.domain.kinds import OrderRole, Side, TradePhase
from cockpit.domain.units import NS_PER_S
from tests.engine.scenario import Bare, config_with, restore_of


def foreign(bare: Bare, qty: float = 0.02, asset: str = "ETH", **more: object) -> None:
    given = {"margin_mode": "isolated", "position_side": "", "entry_price": 3_950.0, "mark_price": 4_000.0} | more
    bare.feed(
        ForeignPosition(
            bare.now_ns,
            "okx",
            asset,
            str(given["margin_mode"]),
            str(given["position_side"]),
            qty,
            float(given["entry_price"]),  # type: ignore[arg-type]
            float(given["mark_price"]),  # type: ignore[arg-type]
            None,
        )
    )


def adopt(bare: Bare, asset: str = "ETH", **more: object) -> CommandAnswered:
    return bare.command(asked.Adopt, venue="okx", asset=asset, **more)


def test_it_gets_a_stop_first_and_then_its_ladder(bare: Bare) -> None:
    foreign(bare)
    answer = adopt(bare)
    assert answer.ok and answer.sentence == "t000001 is long 0.02 ETH on okx, at 4,000 now, a stop 28.0 bps away"
    assert [(one.venue, one.asset, one.qty) for one in bare.seen.of(AdoptPosition)] == [("okx", "ETH", 0.02)]
    (stop,) = bare.placed()
    assert (stop.role, stop.side, stop.qty, stop.trigger_price) == (OrderRole.STOP, Side.SHORT, 0.02, 3_988.8)
    bare.accept(stop)
    targets = bare.placed(OrderRole.TARGET)
    assert sum(order.qty for order in targets) == pytest.approx(0.02)
    trade = bare.last_trade
    assert (trade.phase, trade.setup, trade.entry_price, trade.open_qty) == (TradePhase.OPEN, "adopted", 4_000.0, 0.02)
    assert bare.engine.foreign.held == ()
    assert bare.account.trades_today == 1 and bare.account.realised_usd == 0.0
    bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", 0.02, 3_950.0, 4))
    assert bare.engine.book.unexplained("okx", "ETH") is None


def test_a_short_too_and_with_a_stop_of_ones_own(bare: Bare) -> None:
    foreign(bare, -0.03)
    assert adopt(bare, stop_price=4_020.0, template="single").ok
    (stop,) = bare.placed()
    assert (stop.side, stop.trigger_price) == (Side.LONG, 4_020.0)
    assert bare.last_trade.max_hold_s == 900.0 and bare.last_trade.time_stop_ns == bare.now_ns + 900 * NS_PER_S


@pytest.mark.parametrize(
    ("held", "wanted", "reason"),
    [
        ({}, {"asset": "BTC"}, "expected a position that is not ours (okx ETH +0.02), was okx BTC"),
        ({"margin_mode": "cross"}, {}, "expected isolated margin, was cross: no order of ours acts on it"),
        ({"position_side": "long"}, {}, "expected a net position, was one on a long side of its own"),
        ({"qty": 0.0205}, {}, "expected whole lots of 0.001, was 0.0205 ETH"),
        ({"qty": 0.2}, {}, "notional 800.00 USD over 415.00: larger than any position may be"),
        ({}, {"stop_bps": 600.0}, "stop 600.0 bps over 500.0: too far to risk money on"),
        ({}, {"stop_price": 4_100.0}, "expected a stop on the losing side of 4,000, was 4,100"),
        ({}, {"template": "moon"}, "expected a template among scalp, single, was 'moon'"),
        ({}, {"expires_ns": 1}, "it expired at"),
    ],
)
def test_it_is_refused_with_the_reason(
    bare: Bare, held: dict[str, object], wanted: dict[str, object], reason: str
) -> None:
    foreign(bare, **held)  # type: ignore[arg-type]
    answer = adopt(bare, **wanted)  # type: ignore[arg-type]
    assert not answer.ok and answer.sentence.startswith("not adopted: ") and reason in answer.sentence
    assert bare.placed() == [] and bare.seen.of(AdoptPosition) == []
    assert len(bare.engine.foreign.held) == 1, "it stays flagged"


def test_only_while_armed(bare: Bare) -> None:
    foreign(bare)
    bare.command(asked.Disarm)
    assert adopt(bare).sentence.startswith("not adopted: disarmed: ")
    assert bare.placed() == []


def test_crowded_shorts_are_no_reason_to_leave_it_bare(bare: Bare) -> None:
    foreign(bare, -0.02)
    bare.positioning("ETH", 60.0)
    assert adopt(bare).ok


def test_it_is_closed_and_restored_like_any_trade(bare: Bare) -> None:
    foreign(bare)
    assert adopt(bare).ok
    bare.accept(bare.placed(OrderRole.STOP)[-1])
    memory, trades, orders = restore_of(bare)
    fresh = Bare(config_with())
    fresh.feed(asked.Restore(bare.now_ns, "r", "test", memory, trades, orders))
    assert fresh.engine.book.find("t000001") is not None
    assert bare.command(asked.CloseTrade, trade_id="t000001").ok
    close = bare.placed(OrderRole.CLOSE)[-1]
    bare.fill(close, 4_010.0)
    trade = bare.trades["t000001"]
    assert trade.phase is TradePhase.CLOSED and trade.gross_usd == pytest.approx(0.2)
