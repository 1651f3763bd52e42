"""The paper venue on five real minutes of BTCUSDT: 21,313 trades and 66,089 tops, sweeps and equal stamps and all."""

from pathlib import Path

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import PlaceOrder
from cockpit.domain.events import OrderFilled, Top, Trade
from cockpit.domain.kinds import OrderRole, OrderType, Side
from cockpit.domain.orders import OrderRequest
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.binance.raw_capture import BinanceCapture
from cockpit.paper.venue import PaperVenue

VENUE, ASSET, QTY = "okx", "BTC", 0.001
EVERY = 1_500
STOP_DISTANCE_USD = 5.0


@pytest.fixture(scope="module")
def ticks(real_data_dir: Path) -> list[Trade | Top]:
    path = real_data_dir / "usdm_btcusdt_20240808.gz"
    if not path.is_file():
        pytest.skip(f"real market data not found: expected {path}")
    return list(BinanceCapture(path).events())


def order(order_id: str, side: Side, kind: OrderType, ts_ns: int, price: float | None = None) -> PlaceOrder:
    is_entry = side is Side.LONG
    return PlaceOrder(
        ts_ns,
        OrderRequest(
            order_id=order_id,
            trade_id="t1",
            venue=VENUE,
            asset=ASSET,
            side=side,
            role=OrderRole.ENTRY if is_entry else OrderRole.STOP,
            order_type=kind,
            qty=QTY,
            reduce_only=not is_entry,
            decided_ns=ts_ns,
            decision_price=60_000.0,
            limit_price=price if kind is OrderType.LIMIT else None,
            trigger_price=price if kind is OrderType.STOP_MARKET else None,
        ),
    )


def test_a_market_buy_is_filled_at_the_ask_of_the_last_top_at_decision_plus_latency(
    ticks: list[Trade | Top], shipped_config: CockpitConfig
) -> None:
    venue = PaperVenue(shipped_config)
    latency_ns = round(shipped_config.paper.latency_ms * NS_PER_MS)
    filled: dict[str, OrderFilled] = {}
    decided_at = range(EVERY, len(ticks) - EVERY, EVERY)
    for n, tick in enumerate(ticks):
        for event in venue.on_market(tick):
            if isinstance(event, OrderFilled):
                filled[event.order_id] = event
        if n in decided_at:
            venue.submit(order(f"buy{n}", Side.LONG, OrderType.MARKET, tick.ts_ns))
    assert len(filled) == len(decided_at) > 50
    for n in decided_at:
        due_ns = ticks[n].ts_ns + latency_ns
        first_past = next(i for i in range(n + 1, len(ticks)) if ticks[i].ts_ns >= due_ns)
        known = next(tick for tick in reversed(ticks[:first_past]) if isinstance(tick, Top))
        fill = filled[f"buy{n}"]
        assert (fill.price, fill.qty, fill.ts_ns) == (known.ask, QTY, due_ns)


def test_a_stop_fills_no_better_than_the_print_that_triggered_it(
    ticks: list[Trade | Top], shipped_config: CockpitConfig
) -> None:
    venue = PaperVenue(shipped_config)
    trigger, stops, worse_than_bid, bid = 0.0, 0, 0, 0.0
    for n, tick in enumerate(ticks):
        for event in venue.on_market(tick):
            if not isinstance(event, OrderFilled):
                continue
            if event.order_id.startswith("buy"):
                trigger = round(event.price - STOP_DISTANCE_USD, 1)
                venue.submit(order(f"stop{n}", Side.SHORT, OrderType.STOP_MARKET, tick.ts_ns, trigger))
            elif isinstance(tick, Trade) and event.ts_ns == tick.ts_ns and tick.price <= trigger:
                assert event.price <= tick.price <= trigger
                assert event.price == min(bid, tick.price)
                stops += 1
                worse_than_bid += event.price < bid
        bid = tick.bid if isinstance(tick, Top) else bid
        if n % EVERY == 0 and venue.position(VENUE, ASSET) == 0 and not venue.working():
            venue.submit(order(f"buy{n}", Side.LONG, OrderType.MARKET, tick.ts_ns))
    assert stops > 10
    assert worse_than_bid > 0


def test_a_resting_limit_fills_at_the_first_print_beyond_it(
    ticks: list[Trade | Top], shipped_config: CockpitConfig
) -> None:
    venue = PaperVenue(shipped_config)
    latency_ns = round(shipped_config.paper.latency_ms * NS_PER_MS)
    first_top = next(tick for tick in ticks if isinstance(tick, Top))
    limit = round(first_top.bid - 2 * STOP_DISTANCE_USD, 1)
    start = ticks.index(first_top)
    venue.on_market(first_top)
    venue.submit(order("dip", Side.LONG, OrderType.LIMIT, first_top.ts_ns, limit))
    arrived = [tick for tick in ticks[start + 1 :] if tick.ts_ns >= first_top.ts_ns + latency_ns]
    through = next(tick for tick in arrived if isinstance(tick, Trade) and tick.price < limit)
    for tick in ticks[start + 1 :]:
        fills = [event for event in venue.on_market(tick) if isinstance(event, OrderFilled)]
        if fills:
            assert tick is through
            assert [(fill.price, fill.is_maker) for fill in fills] == [(limit, True)]
            return
    pytest.fail(f"expected a fill at {limit}, was none")
