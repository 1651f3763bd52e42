"""Hyperliquid's feeds of one account: nobody logs in, an address is enough. Three subscriptions on one socket.

A word of an order says neither whether it reduces nor whether it waits for a trigger: of ours that is known from its
placing, others' are asked for. Executions come in a feed of their own, and say what is left of nothing; the state of
the account says all that is open each time: what it leaves out is flat.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Iterator
from typing import Any

from cockpit.domain.bounded import BoundedMap, Recent
from cockpit.domain.kinds import OrderStatus
from cockpit.domain.quantity import rounded
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.account import (
    HeldPosition,
    OrderUpdate,
    PositionUpdate,
    StreamUpdate,
    VenueFailure,
    VenueFill,
    VenueOrder,
)
from cockpit.exchanges.base.private_stream import PrivateStream
from cockpit.exchanges.hyperliquid.client import FEEDS
from cockpit.exchanges.hyperliquid.cloids import client_id_of
from cockpit.exchanges.hyperliquid.parsing import FILLED, OPEN, HyperliquidParser, status_of
from cockpit.exchanges.hyperliquid.signed_calls import SignedCalls

KEPT = 500
EXECUTIONS_WITHIN_S = 1.0
"""An order that is filled has been told of in the other feed by then."""


class HyperliquidStream(PrivateStream):
    """The library says ping."""

    account: SignedCalls

    def __init__(self, account: SignedCalls, parser: HyperliquidParser, user: str) -> None:
        super().__init__(account)
        self.parser = parser
        self._user = user.lower()
        self._terms: BoundedMap[str, VenueOrder] = BoundedMap(KEPT)
        self._executed: BoundedMap[str, tuple[float, float]] = BoundedMap(KEPT)
        self._counted: Recent[str] = Recent(2_000)
        self._held: dict[str, HeldPosition] = {}
        self._asking: set[asyncio.Task[None]] = set()

    def asks_for(self, order: VenueOrder) -> None:
        """An order of ours is about to be sent: its terms are known from here."""
        self._terms[order.client_id] = order

    async def _dial(self) -> Iterable[Awaitable[Any]]:
        self.expect_confirmed(FEEDS)
        self._held = {}
        waiting = []
        for feed in sorted(FEEDS):
            asked = {"type": feed, "user": self._user}
            frame = {"method": "subscribe", "subscription": asked}
            waiting.append(self.account.client.watch(self._url, feed, frame, feed))
        await self.until_confirmed(waiting)
        return waiting

    @property
    def _url(self) -> str:
        return str(self.account.client.urls["api"]["ws"]["public"])

    async def _hang_up(self) -> None:
        for task in self._asking:
            task.cancel()
        if self.account.client is not None:
            await self.drop(self._url)

    def _read(self, message: Any) -> list[StreamUpdate] | None:
        if not isinstance(message, dict):
            return None
        data = message.get("data")
        match message.get("channel"):
            case "subscriptionResponse":
                self.confirm(str(message["data"]["subscription"]["type"]))
                return []
            case "error":
                if not str(data).startswith("Already subscribed"):
                    self.break_off(f"the venue said {str(data)[:80]!r}")
                return []
            case "orderUpdates":
                return [update for row in message["data"] for update in self._order(row)]
            case "userFills":
                rows = () if message["data"].get("isSnapshot") else message["data"]["fills"]
                return [self._execution(row) for row in rows]
            case "clearinghouseState":
                return list(self._positions(message["data"]["clearinghouseState"]))
        return None

    # -- orders

    def _order(self, row: Any) -> Iterator[OrderUpdate]:
        basic, name = row["order"], str(row["status"])
        client_id, ts_ns = client_id_of(basic.get("cloid")), int(row["statusTimestamp"]) * NS_PER_MS
        terms = self._terms.get(client_id or str(basic["oid"]))
        if terms is None:
            self._later(self._ask_for(str(basic["oid"]), ts_ns))
            return
        order = self._with_terms(terms, basic, name)
        if name == FILLED:
            self._later(self._unless_executed(order, ts_ns))
        else:
            yield OrderUpdate(order, None, ts_ns)

    def _with_terms(self, terms: VenueOrder, basic: Any, name: str) -> VenueOrder:
        """With the terms it was placed with. How much of it was executed never becomes less."""
        listing = self.parser.listings.of(str(basic["coin"]))
        left, status, order_id = listing.coins(basic["sz"]), status_of(name), str(basic["oid"])
        filled = rounded(
            max(terms.qty - left if name != FILLED else terms.qty, self._executed.get(order_id, (0.0, 0))[0])
        )
        if status is OrderStatus.WORKING and filled:
            status = OrderStatus.PARTLY_FILLED
        order = terms._replace(
            venue_order_id=order_id,
            status=status,
            filled_qty=filled,
            is_conditional=terms.is_conditional and name not in ("triggered", FILLED),
            detail="" if name in (OPEN, FILLED) else name,
        )
        self._remember(order)
        return order

    def _execution(self, row: Any) -> OrderUpdate:
        """The order as it is after an execution of it, as far as its executions were told."""
        fill = self.parser.fill(row)
        qty, quote_usd = self._executed.get(fill.venue_order_id, (0.0, 0.0))
        if fill.fill_id not in self._counted:
            self._counted.add(fill.fill_id)
            qty, quote_usd = rounded(qty + fill.qty), quote_usd + fill.qty * fill.price
            self._executed[fill.venue_order_id] = qty, quote_usd
        terms = self._terms.get(fill.client_id or fill.venue_order_id) or _unknown_order(fill)
        whole = max(terms.qty, qty)
        filled = max(qty, terms.filled_qty if terms.filled_qty < whole else 0.0)
        order = terms._replace(
            venue_order_id=fill.venue_order_id,
            status=OrderStatus.FILLED if qty >= whole - 1e-12 else OrderStatus.PARTLY_FILLED,
            qty=whole,
            filled_qty=filled,
            average_price=quote_usd / qty,
            is_conditional=False,
            detail=fill.forced,
        )
        self._remember(order)
        return OrderUpdate(order, fill, fill.ts_ns)

    def _remember(self, order: VenueOrder) -> None:
        self._terms[order.client_id or order.venue_order_id] = order

    # -- what is asked for

    def _later(self, doing: Any) -> None:
        task = asyncio.ensure_future(doing)
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _unless_executed(self, order: VenueOrder, ts_ns: int) -> None:
        """The word of an execution was lost: what is filled is said all the same, and its executions are asked for."""
        await self.account.timing.sleep(EXECUTIONS_WITHIN_S)
        if self._executed.get(order.venue_order_id, (0.0, 0.0))[0] < order.qty - 1e-12:
            self._emit(OrderUpdate(order, None, ts_ns))

    async def _ask_for(self, venue_order_id: str, ts_ns: int) -> None:
        """An order of somebody else's; one that cannot be asked for is found when orders are listed."""
        try:
            order = await self.account.order_of(venue_order_id)
        except VenueFailure:
            return
        if order is not None:
            self._remember(order)
            self._emit(OrderUpdate(order, None, ts_ns))

    # -- positions

    def _positions(self, state: Any) -> Iterable[PositionUpdate]:
        """Those that have changed: the state comes every now and then, whatever happened."""
        ts_ns = int(state["time"]) * NS_PER_MS
        held = {one.market_id: one for one in map(self.parser.position, state["assetPositions"]) if one is not None}
        for market_id, one in held.items():
            before = self._held.get(market_id)
            if before is None or (before.qty, before.entry_price) != (one.qty, one.entry_price):
                yield PositionUpdate(one.asset, one.qty, one.entry_price, "", ts_ns, one.nets_with_ours)
        for market_id in sorted(self._held.keys() - held.keys()):
            gone = self._held[market_id]
            yield PositionUpdate(gone.asset, 0.0, 0.0, "", ts_ns, gone.nets_with_ours)
        self._held = held


def _unknown_order(fill: VenueFill) -> VenueOrder:
    """An order of which nothing but an execution was told."""
    return VenueOrder(
        client_id=fill.client_id,
        venue_order_id=fill.venue_order_id,
        asset=fill.asset,
        side=fill.side,
        status=OrderStatus.FILLED,
        qty=0.0,
        filled_qty=0.0,
        average_price=0.0,
        reduce_only=False,
        is_conditional=False,
        limit_price=None,
        trigger_price=None,
    )
