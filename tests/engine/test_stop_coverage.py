"""One lot that no stop covers is a naked position: neither two lots, nor one, count as covered."""

import pytest
from msgspec.structs import replace

from cockpit.domain.events import OrderAccepted
from cockpit.domain.kinds import Mode, OrderRole, OrderType, Side, TradePhase
from cockpit.domain.orders import OrderRequest
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_S
from cockpit.engine.accountant import DRAWDOWN_READS, Accountant
from cockpit.engine.order_manager import OrderManager
from cockpit.engine.outbox import Outbox
from cockpit.engine.stop_coverage import StopCoverage

LOT = 0.001
TRADE = TradeRecord(
    "t000001", "v1", "test", "ETH", "okx", Side.LONG, Mode.TEST, TradePhase.OPEN, 0, 4_000.0, 0.01, 30.0, 3_988.0,
    0.1, 40.0, 40.0, 1.0, entry_qty=0.01, entry_price=4_000.0, open_qty=0.01, stop_order_id="t000001s2",
)  # fmt: skip


def coverage(stop_qty: float) -> StopCoverage:
    """What rests for the trade is one stop of that size."""
    orders, out = OrderManager(), Outbox(0, [])
    stop = OrderRequest(
        "t000001s2", "t000001", "okx", "ETH", Side.SHORT, OrderRole.STOP, OrderType.STOP_MARKET, stop_qty, True, 0,
        4_000.0, trigger_price=3_988.0,
    )  # fmt: skip
    orders.place(stop, out)
    orders.apply(OrderAccepted(0, stop.order_id, "77"), out)
    return StopCoverage(orders, LOT, NS_PER_S)


@pytest.mark.parametrize("lots_bare", [1, 2, 3])
def test_lots_that_no_stop_covers_are_due_within_the_second(lots_bare: int) -> None:
    cover = coverage(TRADE.open_qty - lots_bare * LOT)
    assert not cover.is_whole(TRADE)
    assert cover.failing(TRADE, (), 0) is None
    assert cover.due_ns == 0.6 * NS_PER_S
    assert cover.failing(TRADE, (), NS_PER_S - 1) is None
    why = cover.failing(TRADE, (), NS_PER_S)
    assert why is not None and f"was {TRADE.open_qty - lots_bare * LOT:g}" in why


@pytest.mark.parametrize("noise", [0.0, 1e-12, -1e-12])
def test_what_a_stop_covers_whole_is_never_due(noise: float) -> None:
    cover = coverage(TRADE.open_qty + noise)
    assert cover.is_whole(TRADE)
    assert cover.failing(TRADE, (), 10 * NS_PER_S) is None
    assert cover.due_ns is None


def test_one_lot_more_is_a_fill_with_a_second_of_its_own() -> None:
    cover = coverage(TRADE.open_qty)
    cover.review(TRADE, (), 0)
    grown = replace(TRADE, open_qty=TRADE.open_qty + LOT)
    assert cover.failing(grown, (), 5 * NS_PER_S) is None
    assert cover.due_ns == 5.6 * NS_PER_S


@pytest.mark.parametrize(("short_of_usd", "halts"), [(0.0, True), (1e-6, False), (-1e-6, True)])
def test_a_drawdown_at_its_limit_has_reached_it(short_of_usd: float, halts: bool) -> None:
    accountant, limit_usd = Accountant(0, Mode.TEST), 19.92
    reads = [accountant.review(short_of_usd - limit_usd, limit_usd, is_watch=True) for _ in range(DRAWDOWN_READS)]
    assert (reads[-1] is not None) is halts
