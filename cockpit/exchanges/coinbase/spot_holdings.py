"""A spot account's own orders and coins as last read, and as its answers and its channel have told of them since."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from cockpit.config.endpoints import VenueUrls
from cockpit.config.exits import AccountConfig
from cockpit.config.secrets import VenueKeys
from cockpit.domain.bounded import BoundedMap
from cockpit.domain.kinds import Side
from cockpit.domain.orders import OrderRequest
from cockpit.domain.quantity import rounded
from cockpit.exchanges.base.account import VenueOrder
from cockpit.exchanges.base.account_lists import ORDERS
from cockpit.exchanges.base.timing import Timing
from cockpit.exchanges.coinbase.account import HISTORY, ORDERS_A_PAGE, CoinbaseAccount
from cockpit.exchanges.coinbase.parsing import value_of
from cockpit.exchanges.coinbase.spot_books import OwnOrder, SpotBooks, mark_of
from cockpit.exchanges.coinbase.spot_stream import SpotStream

KEPT = 500
QUANTITY = 1e-9
COINS_EVERY_S = 4.0
"""So often the coins are read while stops hold all of ours: nobody sells those before a stop has left."""


class SpotHoldings(CoinbaseAccount):
    """`SpotStops` and `SpotExits` keep to them."""

    _stream: SpotStream

    def __init__(self, config: AccountConfig, keys: VenueKeys, urls: VenueUrls, timing: Timing | None = None) -> None:
        self._spot = config.venues[self.venue].spot_products
        self._asset_of = {product: asset for asset, product in self._spot.items()}
        self._books = SpotBooks()
        self._is_read = False
        self._reading: asyncio.Future[None] | None = None
        """The look at our orders that is under way, or was the last one."""
        self._rested: frozenset[str] = frozenset()
        """The orders, by the venue's ids, that were in the last list of them."""
        self._coins_read_ns: int | None = None
        self._noted: BoundedMap[str, VenueOrder] = BoundedMap(KEPT)
        """Our orders as the venue last told of each."""
        super().__init__(config, keys, urls, timing)

    # -- what is ours

    async def _read_what_is_ours(self) -> None:
        """The coins count once the orders are read: what those tell of new is in the coins already, as a rule."""
        self._reading = asyncio.ensure_future(self._read_orders())
        asked_ns, executions = self.timing.clock(), self._books.executions
        _, (totals, available) = await asyncio.gather(self._reading, self._ask_balances())
        self._books.listed(totals, available, asked_ns, executions)
        self._coins_read_ns = asked_ns

    async def _read_changes(self) -> None:
        """The orders alone where those show that nobody has taken coins of ours: the coins are another request."""
        if not self._stops_hold_all():
            await self._read_what_is_ours()
            return
        self._reading = asyncio.ensure_future(self._read_orders())
        await self._reading
        if not self._stops_hold_all():
            await self._read_balances()

    def _stops_hold_all(self) -> bool:
        """Whether stops that were in the last list of orders hold all of ours, by coins that were read lately."""
        read_ns, books = self._coins_read_ns, self._books
        if read_ns is None or self.timing.since_s(read_ns) >= COINS_EVERY_S:
            return False
        resting = list(books.unfinished())
        do_rest = all(order.is_stop and order.order_id in self._rested for order in resting)
        is_free = any(books.free(asset, self.listings.of(product)) > QUANTITY for asset, product in self._spot.items())
        return bool(resting) and do_rest and not is_free

    async def _read_orders(self) -> None:
        """All of them once, then the newest, and those of before that may still execute."""
        asked = {"product_ids": sorted(self._asset_of), "limit": ORDERS_A_PAGE}
        seen: set[str] = set()
        async for rows in self._pages(HISTORY, "orders", asked):
            seen |= {order.venue_order_id for order in self._read_rows(rows)}
            if self._is_read:
                break
        self._is_read = True
        missing = [order.order_id for order in self._books.unfinished() if order.order_id not in seen]
        if missing:
            answer = await self.ask(HISTORY, {"order_ids": missing[:ORDERS_A_PAGE]})
            seen |= {order.venue_order_id for order in self._read_rows(answer.get("orders") or ())}
        self._rested = frozenset(seen)

    def _read_rows(self, rows: Sequence[Any]) -> list[VenueOrder]:
        """Ours among them."""
        with self.judged():
            own = [row for row in rows if mark_of(str(row.get("client_order_id") or "")) is not None]
            orders = self.lists.read(ORDERS, own, self._parser.order)
        for order in orders:
            self._learn(order)
        return orders

    async def _read_balances(self) -> None:
        asked_ns, executions = self.timing.clock(), self._books.executions
        self._books.listed(*await self._ask_balances(), asked_ns, executions)
        self._coins_read_ns = asked_ns

    async def _read_executions_of_others(self, asset: str) -> None:
        """Where the list of balances leaves a coin out: what others have traded of it since it was listed."""
        since_ns = self._books.left_out_since_ns(asset)
        if since_ns is None:
            return
        fills = await super().fills_since(asset, since_ns)
        others = [fill for fill in fills if fill.client_id and mark_of(fill.client_id) is None]
        self._books.traded_by_others(asset, rounded(sum(fill.qty * fill.side.sign for fill in others)))

    async def _ask_balances(self) -> tuple[dict[str, float], dict[str, float]]:
        """All that is there of each coin, and what of it nothing holds."""
        totals: dict[str, float] = defaultdict(float)
        available: dict[str, float] = defaultdict(float)
        async for rows in self._pages("v3PrivateGetBrokerageAccounts", "accounts", {"limit": ORDERS_A_PAGE}):
            with self.judged():
                for row in rows:
                    coin, free = str(row["currency"]), value_of(row["available_balance"])
                    available[coin] += free
                    totals[coin] += free + value_of(row.get("hold") or 0.0)
        return dict(totals), dict(available)

    def _learn(self, order: VenueOrder) -> None:
        mark = mark_of(order.client_id)
        if mark is not None:
            order = order._replace(client_id=mark.client_id)
        self._names.learn(order.venue_order_id, order)
        if not self._books.is_superseded(order.venue_order_id):
            self._noted[order.client_id] = order
            super()._learn(order)

    async def _send_order(self, order: OrderRequest, body: dict[str, Any]) -> VenueOrder:
        placed = await super()._send_order(order, body)
        self._note(body, placed.venue_order_id, order)
        return placed

    def _note(self, body: Mapping[str, Any], order_id: str, order: OrderRequest) -> None:
        """It is placed: from now on it counts."""
        mark, ((_, terms),) = mark_of(body["client_order_id"]), body["order_configuration"].items()
        if mark is not None:
            qty, now_ns = float(terms["base_size"]), self.timing.clock() + self.clock.offset_ns
            is_sale, stop = order.side is Side.SHORT, terms.get("stop_price") or ""
            limit = terms["limit_price"] if stop else ""
            self._books.take(OwnOrder(order_id, mark, order.asset, is_sale, qty, 0.0, 0.0, False, now_ns, stop, limit))
