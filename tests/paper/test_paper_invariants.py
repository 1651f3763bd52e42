"""What holds for every sequence of prints, tops and orders."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paper_scene import BUY, SELL, START_NS

from cockpit.config.model import CockpitConfig
from cockpit.config.venues import PaperSection
from cockpit.domain.actions import CancelOrder, FlattenVenues, PlaceOrder
from cockpit.domain.events import Depth, OrderCancelled, OrderFilled, OrderRejected, Tick, Top, Trade, VenueEvent
from cockpit.domain.kinds import OrderRole, OrderType
from cockpit.domain.orders import OrderRequest
from cockpit.domain.units import BPS, NS_PER_MS
from cockpit.engine.order_venue import Request
from cockpit.paper.venue import PaperVenue

VENUE, ASSET, LOT, TICK = "binance", "BTC", 0.001, 0.1

Market = Top | Depth | Trade | Tick


class Step(msgspec.Struct, frozen=True):
    """One thing that happened to the venue, what it answered, and the position after it."""

    done: Market | Request
    said: tuple[VenueEvent, ...]
    position: float


prices = st.integers(-20, 20).map(lambda n: round(100_000.0 + n * 10.0, 1))
sizes = st.integers(1, 3_000).map(lambda lots: round(lots * LOT, 10))
sides = st.sampled_from([BUY, SELL])


@st.composite
def scripts(draw: st.DrawFn, with_depth: bool = True) -> list[Market | Request]:
    """Market events and requests in time order; order ids are counted, cancels name one of them."""
    now, sent = START_NS, 0
    script: list[Market | Request] = []
    kinds = ["top", "top", "print", "print", "print", "tick", "order", "order", "order", "cancel", "flatten"]
    for kind in draw(st.lists(st.sampled_from(kinds + ["depth"] * with_depth), min_size=5, max_size=40)):
        now += draw(st.integers(0, 30)) * NS_PER_MS
        if kind == "top":
            bid = draw(prices)
            ask = round(bid + draw(st.integers(1, 200)) * TICK, 1)
            script.append(Top(now, now, VENUE, ASSET, bid, draw(sizes), ask, draw(sizes)))
        elif kind == "depth":
            bid = draw(prices)
            bids = tuple((round(bid - n * 5.0, 1), draw(sizes)) for n in range(draw(st.integers(0, 3))))
            asks = tuple((round(bid + 1.0 + n * 5.0, 1), draw(sizes)) for n in range(draw(st.integers(0, 3))))
            script.append(Depth(now, now, VENUE, ASSET, bids, asks))
        elif kind == "print":
            script.append(Trade(now, now, VENUE, ASSET, draw(prices), draw(sizes), draw(st.booleans()), len(script)))
        elif kind == "tick":
            script.append(Tick(now))
        elif kind == "order":
            sent += 1
            script.append(PlaceOrder(now, draw(requests(f"o{sent}", now))))
        elif kind == "cancel":
            script.append(CancelOrder(now, f"o{draw(st.integers(1, max(sent, 1)))}", VENUE, ASSET))
        elif kind == "flatten" and draw(st.booleans()):
            script.append(FlattenVenues(now, (VENUE,), "test"))
    return script


@st.composite
def requests(draw: st.DrawFn, order_id: str, now_ns: int) -> OrderRequest:
    order_type = draw(st.sampled_from(list(OrderType)))
    price = draw(prices)
    reduce_only = draw(st.booleans())
    role = OrderRole.ENTRY
    if reduce_only:
        role = {OrderType.MARKET: OrderRole.CLOSE, OrderType.LIMIT: OrderRole.TARGET}.get(order_type, OrderRole.STOP)
    is_limit = order_type is OrderType.LIMIT
    return OrderRequest(
        order_id=order_id,
        trade_id="t1",
        venue=VENUE,
        asset=ASSET,
        side=draw(sides),
        role=role,
        order_type=order_type,
        qty=draw(sizes),
        reduce_only=reduce_only,
        decided_ns=now_ns,
        decision_price=price,
        limit_price=price if is_limit else None,
        trigger_price=price if order_type is OrderType.STOP_MARKET else None,
        expires_ns=draw(st.none() | st.integers(1, 200).map(lambda ms: now_ns + ms * NS_PER_MS)) if is_limit else None,
    )


@pytest.fixture(scope="module", params=[0.0, 20.0], ids=["no latency", "latency"])
def config(request: pytest.FixtureRequest, shipped_config: CockpitConfig) -> CockpitConfig:
    return shipped_config.model_copy(update={"paper": PaperSection(latency_ms=request.param)})


def played(
    config: CockpitConfig, script: Sequence[Market | Request], before_each: Callable[[PaperVenue], None] | None = None
) -> list[Step]:
    venue, steps = PaperVenue(config), []
    for item in script:
        if before_each is not None:
            before_each(venue)
        said = venue.on_market(item) if isinstance(item, Market) else venue.submit(item)
        steps.append(Step(item, tuple(said), venue.position(VENUE, ASSET)))
    return steps


def asked(steps: Sequence[Step]) -> dict[str, OrderRequest]:
    return {step.done.order.order_id: step.done.order for step in steps if isinstance(step.done, PlaceOrder)}


def executions(steps: Sequence[Step]) -> list[tuple[Step, OrderFilled]]:
    return [(step, event) for step in steps for event in step.said if isinstance(event, OrderFilled)]


def sign_of(fill: OrderFilled, orders: dict[str, OrderRequest], position: float) -> int:
    """+1 bought, -1 sold; a closing order of the venue's own trades against the position."""
    order = orders.get(fill.order_id)
    return order.side.sign if order is not None else -1 if position > 0 else 1


@given(script=scripts())
def test_the_signed_sum_of_the_fills_is_the_position(config: CockpitConfig, script: list[Market | Request]) -> None:
    steps = played(config, script)
    orders, position = asked(steps), 0.0
    for step in steps:
        for event in step.said:
            if isinstance(event, OrderFilled):
                position += sign_of(event, orders, position) * event.qty
        assert position == pytest.approx(step.position, abs=1e-9)


@given(script=scripts())
def test_no_order_fills_more_than_its_quantity(config: CockpitConfig, script: list[Market | Request]) -> None:
    steps = played(config, script)
    filled: dict[str, float] = defaultdict(float)
    for _, fill in executions(steps):
        assert fill.qty > 0
        filled[fill.order_id] += fill.qty
    for order_id, order in asked(steps).items():
        assert filled[order_id] <= order.qty + 1e-9


@given(script=scripts())
def test_reduce_only_never_adds_and_never_turns(config: CockpitConfig, script: list[Market | Request]) -> None:
    steps = played(config, script)
    orders, position = asked(steps), 0.0
    for _, fill in executions(steps):
        before = position
        position = round(position + sign_of(fill, orders, position) * fill.qty, 9)
        order = orders.get(fill.order_id)
        if order is None or order.reduce_only:
            assert abs(position) < abs(before)
            assert position * before >= 0


@given(script=scripts())
def test_a_limit_never_fills_worse_than_its_price_and_as_maker_only_on_trade_through(
    config: CockpitConfig, script: list[Market | Request]
) -> None:
    steps = played(config, script)
    orders = asked(steps)
    for step, fill in executions(steps):
        order = orders.get(fill.order_id)
        limit = None if order is None else order.limit_price
        if order is None or limit is None:
            assert not fill.is_maker
            continue
        assert (fill.price - limit) * order.side.sign <= 0
        if fill.is_maker:
            assert fill.price == limit
            assert isinstance(step.done, Trade)
            assert (step.done.price - limit) * order.side.sign < 0


@given(script=scripts())
def test_the_maker_fills_of_one_print_are_no_more_than_it(
    config: CockpitConfig, script: list[Market | Request]
) -> None:
    for step in played(config, script):
        makers = sum(event.qty for event in step.said if isinstance(event, OrderFilled) and event.is_maker)
        assert makers <= (step.done.qty + 1e-9 if isinstance(step.done, Trade) else 0.0)


@given(script=scripts(with_depth=False))
def test_what_is_taken_of_a_top_is_no_more_than_it_showed(
    shipped_config: CockpitConfig, script: list[Market | Request]
) -> None:
    at_once = shipped_config.model_copy(update={"paper": PaperSection(latency_ms=0.0)})
    steps = played(at_once, script)
    orders, position = asked(steps), 0.0
    left = {1: 0.0, -1: 0.0}
    for step in steps:
        if isinstance(step.done, Top):
            left = {1: step.done.ask_qty, -1: step.done.bid_qty}
        for event in step.said:
            if isinstance(event, OrderFilled):
                sign = sign_of(event, orders, position)
                position += sign * event.qty
                left[sign] -= 0.0 if event.is_maker else event.qty
        assert min(left.values()) >= -1e-9


@given(script=scripts())
def test_every_fee_is_the_venues_bps_of_the_notional(config: CockpitConfig, script: list[Market | Request]) -> None:
    venue = config.venues[VENUE]
    for _, fill in executions(played(config, script)):
        fee_bps = venue.maker_fee_bps if fill.is_maker else venue.taker_fee_bps
        assert fill.fee_usd == pytest.approx(fill.qty * fill.price * fee_bps / BPS)


@given(script=scripts())
def test_fill_ids_are_unique_and_nothing_follows_an_orders_end(
    config: CockpitConfig, script: list[Market | Request]
) -> None:
    seen, ended = set(), set()
    for step in played(config, script):
        for event in step.said:
            if isinstance(event, OrderFilled):
                assert event.fill_id not in seen
                assert event.order_id not in ended
                seen.add(event.fill_id)
            elif isinstance(event, OrderCancelled | OrderRejected):
                ended.add(event.order_id)


@given(script=scripts())
def test_no_reduce_only_order_outlives_its_position(config: CockpitConfig, script: list[Market | Request]) -> None:
    venue = PaperVenue(config)
    for item in script:
        _ = venue.on_market(item) if isinstance(item, Market) else venue.submit(item)
        position = venue.position(VENUE, ASSET)
        for order in venue.working():
            assert not order.request.reduce_only or order.request.side.sign * position < 0


@given(script=scripts())
def test_the_same_inputs_give_the_same_answers(config: CockpitConfig, script: list[Market | Request]) -> None:
    assert played(config, script) == played(config, script)


def without_fences(venue: PaperVenue) -> None:
    """Make every tick take the long way."""
    for books in venue._matching.books.by_venue.values():
        for book in books.values():
            book.fence_low, book.fence_high, book.wakes = float("inf"), 0.0, True


@given(script=scripts())
def test_a_tick_the_fences_let_pass_would_have_done_nothing(
    config: CockpitConfig, script: list[Market | Request]
) -> None:
    assert played(config, script) == played(config, script, before_each=without_fences)
