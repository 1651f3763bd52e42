"""Somebody else closes our position and the venue tells at what price: it is booked like any exit, once."""

import pytest
from msgspec.structs import replace

from cockpit.domain.actions import FillBooked
from cockpit.domain.commands import Restore
from cockpit.domain.events import OrderFilled, VenuePosition
from cockpit.domain.kinds import ExitReason, OrderRole, OrderType, TradePhase
from cockpit.domain.orders import OrderRequest
from cockpit.domain.trades import TradeRecord
from tests.engine.scenario import Bare, restore_of

PRICE, FEE_USD = 3_990.0, 0.0199


def taken(
    bare: Bare, qty: float, fill_id: str = "ETH-7", order_id: str = "outside-okx-ETH-839", forced: str = ""
) -> None:
    bare.feed(OrderFilled(bare.now_ns, order_id, fill_id, qty, PRICE, FEE_USD, False, forced))


def test_what_somebody_else_closed_is_an_exit_at_its_price_with_its_fee(bare: Bare) -> None:
    trade = bare.opened()
    before = bare.account.realised_usd
    for _ in range(2):
        taken(bare, 0.01)
    closed = bare.trades[trade.trade_id]
    assert (closed.phase, closed.exit_reason, closed.exit_price) == (TradePhase.CLOSED, ExitReason.OUTSIDE, PRICE)
    assert closed.exit_detail == ("closed outside: 0.01 ETH at 3,990 on okx, order 839, which is not ours")
    assert closed.fees_usd == pytest.approx(trade.fees_usd + FEE_USD)
    assert closed.gross_usd == pytest.approx(0.01 * (PRICE - 4_000.0))
    assert bare.account.realised_usd == pytest.approx(before + closed.gross_usd - FEE_USD)
    assert bare.notices("critical", "position") == [f"{trade.trade_id}: {closed.exit_detail}"]
    assert trade.stop_order_id in bare.cancels()


@pytest.mark.parametrize("forced", ["liquidation", "auto-deleveraging"])
def test_what_the_venue_closed_by_itself_is_named(bare: Bare, forced: str) -> None:
    bare.opened()
    taken(bare, 0.01, forced=forced)
    assert bare.last_trade.exit_detail.startswith(f"{forced}: 0.01 ETH at 3,990")


def test_after_a_part_the_stop_follows_the_size(bare: Bare) -> None:
    trade = bare.opened()
    taken(bare, 0.004)
    assert bare.last_trade.phase is TradePhase.OPEN and bare.last_trade.open_qty == 0.006
    stop = bare.placed(OrderRole.STOP)[-1]
    assert (stop.qty, stop.order_id != trade.stop_order_id) == (0.006, True)
    bare.accept(stop)
    bare.fill(stop, 3_988.0)
    assert bare.last_trade.exit_reason is ExitReason.STOP
    assert bare.last_trade.fees_usd == pytest.approx(trade.fees_usd + FEE_USD + 0.006 * 3_988.0 * 5 / 10_000)


def test_what_is_beyond_our_trades_is_nobodys(bare: Bare) -> None:
    bare.opened()
    taken(bare, 0.03)
    assert bare.last_trade.phase is TradePhase.CLOSED
    assert bare.last_trade.fees_usd == pytest.approx(0.01 * 4_000.0 * 5 / 10_000 + FEE_USD / 3)
    assert "fill ETH-7 of 0.02 at 3,990" in bare.notices("critical", "order")[-1]


def test_a_refused_close_is_no_reason_when_somebody_else_was_first(bare: Bare) -> None:
    trade = bare.opened()
    bare.flatten()
    bare.reject(bare.placed(OrderRole.CLOSE)[-1], "51169 no position")
    taken(bare, 0.01, forced="liquidation")
    bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", 0.0, 0.0, 0))
    closed = bare.trades[trade.trade_id]
    assert (closed.exit_reason, closed.exit_price) == (ExitReason.OUTSIDE, PRICE)


def test_a_flatten_that_this_engine_did_not_ask_for_is_called_one(bare: Bare) -> None:
    bare.opened()
    taken(bare, 0.01, order_id="flatten-okx-ETH-1763816824001")
    assert bare.last_trade.exit_reason is ExitReason.FLATTEN
    assert bare.last_trade.exit_detail == "taken by flatten-okx-ETH-1763816824001"


@pytest.mark.parametrize("order_id", ["outside-okx-ETH-839", "flatten-okx-ETH-1763816824001"])
def test_what_an_earlier_engine_booked_is_not_booked_again(bare: Bare, order_id: str) -> None:
    bare.opened()
    taken(bare, 0.004, order_id=order_id)
    memory, trades, orders = restore_of(bare)
    after = Bare(bare.config)
    after.command(Restore, memory=memory, trades=trades, orders=orders, booked=(("okx", "ETH-7"), ("binance", "ETH-8")))
    taken(after, 0.004, order_id=order_id)
    (restored,) = after.engine.book.trades
    assert (restored.record.open_qty, restored.record.fees_usd) == (0.006, trades[0].fees_usd)
    taken(after, 0.006, "ETH-8", order_id)
    assert after.last_trade.phase is TradePhase.CLOSED


@pytest.mark.parametrize("role", "cst")
def test_an_exit_of_ours_that_the_journal_lost_is_its_trades(bare: Bare, role: str) -> None:
    """The engine that sent it was killed before it was written down."""
    trade = bare.opened()
    for _ in range(2):
        taken(bare, 0.01, order_id=f"{trade.trade_id}{role}77")
    closed = bare.trades[trade.trade_id]
    assert (closed.phase, closed.exit_price) == (TradePhase.CLOSED, PRICE)
    assert closed.exit_detail == f"taken by {trade.trade_id}{role}77"
    assert closed.fees_usd == pytest.approx(trade.fees_usd + FEE_USD)
    assert bare.notices("critical", "order") == []


def sharing(bare: Bare) -> tuple[TradeRecord, OrderRequest]:
    """A trade closed by its targets, its close on the way all the same, and a second one whose entry nobody told."""
    first = bare.opened()
    assert bare.signal("ETH").ok
    entry = bare.placed(OrderRole.ENTRY)[-1]
    bare.flatten()
    for target in bare.placed(OrderRole.TARGET):
        bare.fill(target, target.limit_price or 0.0)
    return first, entry


def test_an_exit_that_is_told_before_the_entry_it_took_from_waits_for_it(bare: Bare) -> None:
    first, entry = sharing(bare)
    close = bare.placed(OrderRole.CLOSE)[0]
    bare.fill(close, PRICE, 0.01, "ETH-9")
    assert bare.notices("critical", "order") == []
    bare.fill(entry, 4_001.0)
    second = bare.trades[entry.trade_id]
    assert (second.open_qty, second.exit_price) == (pytest.approx(entry.qty - 0.01), PRICE)
    assert second.fees_usd == pytest.approx((entry.qty * 4_001.0 + 0.01 * PRICE) * 5 / 10_000)
    assert bare.trades[first.trade_id].phase is TradePhase.CLOSED
    booked = [fill for fill in bare.seen.of(FillBooked) if fill.order_id == close.order_id]
    assert [(fill.trade_id, fill.qty) for fill in booked] == [(entry.trade_id, pytest.approx(0.01))]


def test_an_exit_that_took_from_another_trade_alone_is_all_that_ones(bare: Bare) -> None:
    _, entry = sharing(bare)
    bare.fill(entry, 4_001.0)
    bare.fill(bare.placed(OrderRole.CLOSE)[0], PRICE, 0.01, "ETH-9")
    assert bare.trades[entry.trade_id].open_qty == pytest.approx(entry.qty - 0.01)
    assert bare.notices("critical", "order") == []


def test_nobody_waits_for_an_entry_that_rests_at_its_price(bare: Bare) -> None:
    """It may rest for long: what was executed before it filled was never of it."""
    bare.opened()
    for target in bare.placed(OrderRole.TARGET):
        bare.fill(target, target.limit_price or 0.0)
    stop = bare.placed(OrderRole.STOP)[0]
    assert bare.signal("ETH").ok
    entry = bare.placed(OrderRole.ENTRY)[-1]
    resting = replace(entry, order_type=OrderType.LIMIT, limit_price=3_900.0)
    orders = bare.engine.book._orders
    orders._orders[entry.order_id] = replace(orders._orders[entry.order_id], request=resting)
    bare.fill(stop, PRICE, 0.01, "ETH-9")
    assert "more than t000001 held" in bare.notices("critical", "order")[-1]
    bare.fill(entry, 3_900.0)
    assert bare.trades[entry.trade_id].open_qty == pytest.approx(entry.qty)


def test_a_flatten_of_the_venue_waits_for_no_entry(bare: Bare) -> None:
    """What it closed may have been anybody's."""
    assert bare.signal("ETH").ok
    entry = bare.placed(OrderRole.ENTRY)[-1]
    taken(bare, 0.01, order_id="flatten-okx-ETH-1763816824001")
    assert "that no trade of ours held" in bare.notices("info", "flatten")[-1]
    bare.fill(entry, 4_001.0)
    assert bare.trades[entry.trade_id].open_qty == pytest.approx(entry.qty)


def test_an_exit_that_waited_for_an_entry_that_never_was_is_nobodys(bare: Bare) -> None:
    _, entry = sharing(bare)
    bare.fill(bare.placed(OrderRole.CLOSE)[0], PRICE, 0.01, "ETH-9")
    bare.reject(entry, "no margin")
    assert "fill ETH-9 of 0.01 at 3,990" in bare.notices("critical", "order")[-1]
    assert bare.trades[entry.trade_id].phase is TradePhase.ABANDONED


@pytest.mark.parametrize("order_id", ["t000001e77", "t000001s2t2000001", "t000009c3", "f1763816824001"])
def test_what_is_no_exit_of_an_open_trade_is_nobodys(bare: Bare, order_id: str) -> None:
    bare.opened()
    taken(bare, 0.01, order_id=order_id)
    assert bare.last_trade.phase is TradePhase.OPEN
    assert f"on order {order_id}, which is not ours" in bare.notices("critical", "order")[-1]


def test_a_guess_says_that_it_is_one(bare: Bare) -> None:
    bare.opened()
    bare.top("ETH", 3_900.0, 3_900.01)
    for _ in range(2):
        bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", 0.0, 0.0, 0))
        bare.wait_s(1, fresh=False)
    assert bare.last_trade.exit_reason is ExitReason.OUTSIDE
    assert bare.last_trade.exit_detail.endswith("valued at 3,900: a guess, no execution was told, no exit fee is in it")


def test_an_exit_by_others_leaves_no_stop_of_nothing_while_its_entry_may_fill(bare: Bare) -> None:
    """The entry was witnessed, and nobody knows yet whether more of it executes."""
    entry = bare.inferred()
    taken(bare, entry.qty)
    assert bare.last_trade.open_qty == 0.0
    assert all(stop.qty > 0.0 for stop in bare.placed(OrderRole.STOP))
    bare.reject(entry, "it never arrived")
    assert bare.last_trade.phase is TradePhase.CLOSED
