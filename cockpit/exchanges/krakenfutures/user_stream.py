"""Kraken Futures' private feeds: one socket, a challenge that is signed, and three subscriptions that carry it.

A feed of orders says what rests and what rests no more; of an order that fills at once only the feed of executions
speaks. The feed of positions says all that is open each time: what it leaves out is flat.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from typing import Any

from cockpit.domain.bounded import BoundedMap, Recent
from cockpit.domain.kinds import OrderStatus
from cockpit.domain.quantity import rounded
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.account import OrderUpdate, PositionUpdate, StreamUpdate, VenueOrder
from cockpit.exchanges.base.private_stream import DIAL_WITHIN_S, Asked, PrivateStream
from cockpit.exchanges.base.values import number_or_none
from cockpit.exchanges.krakenfutures.client import FEEDS
from cockpit.exchanges.krakenfutures.parsing import KrakenParser

WAITERS = "account"
ORDERS_KEPT = 500
FILLED = frozenset({"full_fill", "partial_fill", "stop_order_triggered", "limit_order_from_stop"})
"""Why an order rests no more although nothing became of it but executions, of which their own feed speaks."""
REFUSED = frozenset({"not_enough_margin", "would_not_reduce_position", "market_inactive", "would_execute_self"})


@dataclass
class _Executed:
    """What was executed of an order: `before` the link stood, and as its executions were told since."""

    before: float = 0.0
    qty: float = 0.0
    quote_usd: float = 0.0


class KrakenStream(PrivateStream):
    """The library signs the challenge, and says ping."""

    def __init__(self, account: Asked, parser: KrakenParser) -> None:
        super().__init__(account)
        self.parser = parser
        self._orders: BoundedMap[str, VenueOrder] = BoundedMap(ORDERS_KEPT)
        self._executions: BoundedMap[str, _Executed] = BoundedMap(ORDERS_KEPT)
        self._asked: BoundedMap[str, float] = BoundedMap(ORDERS_KEPT)
        self._counted: Recent[str] = Recent(2_000)
        self._held: set[str] = set()

    def asks_for(self, client_id: str, qty: float) -> None:
        """An order of ours is about to be sent: how much of it was executed shows in what is left of that."""
        self._asked[client_id] = qty

    async def _dial(self) -> Iterable[Awaitable[Any]]:
        client = self.account.client
        self.expect_confirmed(FEEDS)
        login = asyncio.ensure_future(client.authenticate())
        try:
            await self.within(DIAL_WITHIN_S, [login], "a challenge")
        finally:
            login.cancel()
        signed = {
            "api_key": client.apiKey,
            "original_challenge": client.options["challenge"],
            "signed_challenge": client.options["signedChallenge"],
        }
        self.secrets = [str(signed["signed_challenge"])]
        waiting = [
            client.watch(self._url, WAITERS, {"event": "subscribe", "feed": feed, **signed}, feed)
            for feed in sorted(FEEDS)
        ]
        await self.until_confirmed(waiting)
        return waiting

    @property
    def _url(self) -> str:
        return str(self.account.client.urls["api"]["ws"])

    async def _hang_up(self) -> None:
        if self.account.client is not None:
            await self.drop(self._url)

    def _read(self, message: Any) -> list[StreamUpdate] | None:
        if not isinstance(message, dict):
            return None
        match message.get("event"):
            case "subscribed":
                self.confirm(str(message.get("feed")))
                return []
            case "alert" | "error":
                if "Already subscribed" not in str(message.get("message")):
                    self.break_off(f"the venue said {message.get('message')!r}")
                return []
            case None:
                return self._data(str(message.get("feed")), message)
        return None

    def _data(self, feed: str, message: Any) -> list[StreamUpdate] | None:
        match feed:
            case "fills":
                return [self._executed(row) for row in message["fills"]]
            case "open_orders":
                update = self._order(message)
                return [] if update is None else [update]
            case "open_positions":
                return list(self._positions(message))
            case "open_orders_snapshot":
                for order in map(self.parser.feed_order, message["orders"]):
                    self._remember(order)
                    self._executions[order.venue_order_id] = _Executed(order.filled_qty)
                return []
            case "fills_snapshot":
                return []  # of before the link stood: they are asked for
        return None

    def _order(self, message: Any) -> OrderUpdate | None:
        """An order that rests, or rests no more; why not is said of it by its id alone."""
        if not message.get("is_cancel"):
            order = self.parser.feed_order(message["order"])
            self._remember(order)
            return OrderUpdate(order, None, int(message["order"]["last_update_time"]) * NS_PER_MS)
        order_id, reason = str(message.get("order_id") or message["order"]["order_id"]), str(message["reason"])
        known = self._orders.get(order_id)
        if known is None or reason in FILLED:
            return None
        ended = known._replace(
            status=OrderStatus.REJECTED if reason in REFUSED else OrderStatus.CANCELLED, detail=reason
        )
        self._remember(ended)
        return OrderUpdate(ended, None, int(self.account.timing.clock()))

    def _executed(self, row: Any) -> OrderUpdate:
        """The order as it is after an execution of it: by what is left of it where its size is known, so that an
        execution nobody told of shows; else as far as its executions were told."""
        fill, left = self.parser.feed_fill(row), float(row["remaining_order_qty"])
        known = self._orders.get(fill.venue_order_id)
        executed = self._executions.get(fill.venue_order_id) or _Executed()
        self._executions[fill.venue_order_id] = executed
        if fill.fill_id not in self._counted:
            self._counted.add(fill.fill_id)
            executed.qty += fill.qty
            executed.quote_usd += fill.qty * fill.price
        asked = self._asked.get(fill.client_id, 0.0 if known is None else known.qty)
        filled = rounded(asked - left if asked > left else executed.before + executed.qty)
        order = VenueOrder(
            client_id=fill.client_id,
            venue_order_id=fill.venue_order_id,
            asset=fill.asset,
            side=fill.side,
            status=OrderStatus.PARTLY_FILLED if left > 0.0 else OrderStatus.FILLED,
            qty=rounded(filled + left),
            filled_qty=filled,
            average_price=executed.quote_usd / executed.qty,
            reduce_only=False if known is None else known.reduce_only,
            is_conditional=False,
            limit_price=None if known is None else known.limit_price,
            trigger_price=None if known is None else known.trigger_price,
            detail=fill.forced,
        )
        self._remember(order)
        return OrderUpdate(order, fill, fill.ts_ns)

    def _positions(self, message: Any) -> Iterable[PositionUpdate]:
        ts_ns = int(message["timestamp"]) * NS_PER_MS
        held: set[str] = set()
        for row in message["positions"]:
            listing = self.parser.listings.of(str(row["instrument"]).upper())
            held.add(listing.market_id)
            nets = self.parser.listings.is_first(listing)
            qty, entry_price = listing.held(row["balance"]), number_or_none(row.get("entry_price")) or 0.0
            yield PositionUpdate(listing.asset, qty, entry_price, "", ts_ns, nets)
        for market_id in sorted(self._held - held):
            listing = self.parser.listings.of(market_id)
            yield PositionUpdate(listing.asset, 0.0, 0.0, "", ts_ns, self.parser.listings.is_first(listing))
        self._held = held

    def _remember(self, order: VenueOrder) -> None:
        self._orders[order.venue_order_id] = order
