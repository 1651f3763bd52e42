"""What an engine leaves at a venue and in its journal, and the next engine's venues."""

from collections.abc import Sequence

from msgspec.structs import replace
from real_stage import RealStage, ask, hurried

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import OrderFilled
from cockpit.domain.kinds import Mode, OrderRole, OrderStatus, Side, TradePhase
from cockpit.domain.orders import OrderProgress
from cockpit.domain.trades import TradeRecord

BUY, SELL = Side.LONG, Side.SHORT
ENTRY, STOP = "t000001e1", "t000001s2"


async def guarded(stage: RealStage) -> None:
    """A position of 0.01 BTC and its stop."""
    stage.place(ENTRY, BUY, 0.01)
    await stage.until(lambda: stage.filled(ENTRY) >= 0.01 - 1e-9)
    stage.place(STOP, SELL, 0.01, OrderRole.STOP, trigger=99_000.0)
    await stage.until(lambda: "OrderAccepted" in stage.of(STOP))


def trade(name: str) -> TradeRecord:
    """Its trade, as the journal holds it."""
    return TradeRecord(
        "t000001", "v1", "test", "BTC", name, BUY, Mode.TEST, TradePhase.OPEN, 0, 100_000.0, 0.01, 100.0, 99_000.0,
        0.1, 1_000.0, 1_000.0, 1.0, entry_order_id=ENTRY, entry_qty=0.01, entry_price=100_000.0, open_qty=0.01,
        stop_price=99_000.0, stop_order_id=STOP,
    )  # fmt: skip


def remembered(stage: RealStage, stop: OrderStatus = OrderStatus.WORKING) -> list[OrderProgress]:
    """What the journal of the first engine holds."""
    fills = tuple(event.fill_id for event in stage.events if isinstance(event, OrderFilled))
    return [
        OrderProgress(
            ask(ENTRY, BUY, 0.01, venue=stage.name), OrderStatus.FILLED, 0.01, 100_000.0, 0.5, fill_ids=fills
        ),
        OrderProgress(ask(STOP, SELL, 0.01, OrderRole.STOP, trigger=99_000.0, venue=stage.name), stop),
    ]


async def restarted(
    first: RealStage,
    config: CockpitConfig,
    orders: Sequence[OrderProgress],
    open_qty: float = 0.01,
    booked: Sequence[str] = (),
) -> RealStage:
    """The next engine's venues, told what the journal holds; they ask for every order before they start."""
    stage = RealStage(first.name, first.venue, config, hurried())
    stage.venues.restore(
        orders, [replace(trade(first.name), open_qty=open_qty)], [(first.name, fill_id) for fill_id in booked]
    )
    for order in orders:
        if not order.status.is_final:
            stage.query(order.request.order_id)
    return stage
