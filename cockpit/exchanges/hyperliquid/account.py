"""An account on Hyperliquid, traded by its agent. One-way positions; orders and stops live in one book of numbers.

There is no market order: one is a limit that takes at once what lies within a bound of the middle, or nothing. What
is asked needs no key; what is signed is an order or a cancel. The dead-man switch cancels stops too, and is not used.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from cockpit.config.secrets import VenueKeys
from cockpit.domain.kinds import OrderStatus, OrderType, Side
from cockpit.domain.orders import OrderRequest
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.account import (
    Ambiguous,
    FundingUpdate,
    HeldPosition,
    NotSent,
    Refused,
    VenueFailure,
    VenueFill,
    VenueOrder,
)
from cockpit.exchanges.base.account_facts import AccountFacts, TradeSettings
from cockpit.exchanges.base.account_lists import ORDERS, POSITIONS
from cockpit.exchanges.base.contracts import Listing
from cockpit.exchanges.base.markets import raw_answer
from cockpit.exchanges.base.order_terms import accepted, given, kind_of
from cockpit.exchanges.base.rows import as_list, names_in, read_rows, row_name, rows_but_others, rows_with
from cockpit.exchanges.base.timing import all_of
from cockpit.exchanges.hyperliquid.agent import checked_keys
from cockpit.exchanges.hyperliquid.client import VENUE, hyperliquid_client
from cockpit.exchanges.hyperliquid.cloids import cloid_of
from cockpit.exchanges.hyperliquid.codes import NOT_OPEN
from cockpit.exchanges.hyperliquid.parsing import HyperliquidParser, asset_of, listing_of
from cockpit.exchanges.hyperliquid.signed_calls import SignedCalls, before_sending
from cockpit.exchanges.hyperliquid.user_stream import HyperliquidStream

FILLS_A_PAGE, MOST_PAGES = 2_000, 10
MOST_NAMED = 20
"""So many orders behind executions are asked for at once, where an execution does not say our id."""
MARKET_BOUND, STOP_BOUND = 0.05, 0.10
"""How far from the middle a market order may take, and from its trigger a stop's: the venue's own for stops."""
RESTING, AT_ONCE = {"limit": {"tif": "Gtc"}}, {"limit": {"tif": "Ioc"}}
RATE_AS_BPS = 10_000.0
MARKS_FOR_S = 1.0
"""One answer has the marks of all coins: probes of several in a row ask once."""
UNIFIED = frozenset({"unifiedAccount", "portfolioMargin"})


class HyperliquidAccount(SignedCalls):
    """Its API key is the account's address (or a sub-account's, or a vault's), its secret an agent's private key."""

    venue = VENUE
    quote = "USDC"
    signs_reads = False
    least_round_s, least_peek_s = 5.0, 1.0
    """A list of open orders weighs 20, of 1,200 a minute: rounds of 2 s and looks of 0.6 s would be 2,000."""
    _stream: HyperliquidStream

    def _make_client(self, keys: VenueKeys | None) -> Any:
        client = hyperliquid_client(self._urls, keys, self.is_demo)
        if keys is not None:
            self._agent = checked_keys(keys, client.eth_get_address_from_private_key)
        return client

    def _make_stream(self) -> HyperliquidStream:
        self.begin_calls()
        self._numbers: dict[str, int] = {}
        self._marks: tuple[int, Any] | None = None
        self._parser = HyperliquidParser(self.listings, self._fees, self._user)
        return HyperliquidStream(self, self._parser, self._user)

    def asset_of(self, market_id: str) -> str:
        """The coin."""
        return asset_of(market_id)

    def _secrets(self) -> list[str]:
        """The key with and without its 0x."""
        secret = self._keys.secret.get_secret_value()
        return [*super()._secrets(), secret.removeprefix("0x")]

    def _ask_listings(self) -> tuple[list[Listing], tuple[str, ...]]:
        """An order names its coin by the number of its row."""
        rows = raw_answer(self._make_client(None), "publicPostInfo", {"type": "meta"})["universe"]
        self._take_numbers(rows)
        return read_rows(f"{self.venue} contracts", rows, listing_of)

    async def open(self) -> None:
        """What every account does; a key that is no agent's is refused before anything is asked for with it."""
        await super().open()
        await self._know_whose()

    async def _server_time_ms(self) -> float:
        answer = await self.info("exchangeStatus")
        with self.judged():
            return float(answer["time"])

    async def _number(self, listing: Listing) -> int:
        """The coin's number, which never changes; asked for where no list has come yet."""
        if listing.market_id not in self._numbers:
            with before_sending():
                await self._read_numbers()
        number = self._numbers.get(listing.market_id)
        if number is None:
            raise NotSent(f"{self.venue}: expected a number of {listing.market_id}, was none listed")
        return number

    async def _read_numbers(self) -> None:
        """From the list; where that cannot be had, from the answer that has the marks beside it."""
        try:
            await self.lists.load()
        except VenueFailure:
            meta, _ = await self.info("metaAndAssetCtxs")
            self._take_numbers(meta["universe"])

    def _take_numbers(self, rows: Sequence[Any]) -> None:
        self._numbers |= {row_name(row, "name")[0]: number for number, row in enumerate(rows)}

    # -- orders

    async def _place(
        self, listing: Listing, order: OrderRequest, client_id: str, position: HeldPosition | None
    ) -> VenueOrder:
        size = _size(listing, order, position)
        if order.order_type is OrderType.LIMIT:
            price = given(order.limit_price, "a limit price")
            return await self.go_on(self._send_order(listing, order, client_id, size, price, RESTING))
        return await self.go_on(self._take(listing, order, client_id, size, position))

    async def _take(
        self, listing: Listing, order: OrderRequest, client_id: str, size: str, position: HeldPosition | None
    ) -> VenueOrder:
        with before_sending():
            middle = await self._middle(listing, order, position)
        worst = _beyond(middle, order.side, MARKET_BOUND)
        return await self._send_order(listing, order, client_id, size, worst, AT_ONCE)

    async def _place_stop(
        self, listing: Listing, order: OrderRequest, client_id: str, position: HeldPosition | None
    ) -> VenueOrder:
        trigger = given(order.trigger_price, "a trigger price")
        terms = {"isMarket": True, "triggerPx": listing.price(trigger), "tpsl": "sl"}
        worst = _beyond(trigger, order.side, STOP_BOUND)
        size = _size(listing, order, position)
        return await self.go_on(self._send_order(listing, order, client_id, size, worst, {"trigger": terms}))

    async def _send_order(
        self, listing: Listing, order: OrderRequest, client_id: str, size: str, price: float, kind: dict[str, Any]
    ) -> VenueOrder:
        """The venue answers with a status for the order: resting, filled (how much, at what price), by its number,
        or how it waits. The list of executions may come later.
        """
        fields = {
            "a": await self._number(listing),
            "b": order.side is Side.LONG,
            "p": listing.price(price),
            "s": size,
            "r": order.reduce_only,
            "t": kind,
            "c": cloid_of(client_id),
        }
        self._stream.asks_for(accepted(order, client_id, "")._replace(qty=float(size)))
        answer = await self._act({"type": "order", "orders": [fields], "grouping": "na"}, kind_of(order))
        with self.judged():
            (status,) = answer["response"]["data"]["statuses"]
            if not isinstance(status, dict):
                raise Ambiguous(f"{self.venue}: expected the order's number, was {status}")
            filled = status.get("filled") or {}
            order_id = str((status.get("resting") or filled)["oid"])
            placed = accepted(order, client_id, order_id)
            self._names.learn(order_id, placed._replace(detail=""))
            if not filled:
                return placed
            return placed._replace(filled_qty=float(filled["totalSz"]), average_price=float(filled["avgPx"]))

    async def _middle(self, listing: Listing, order: OrderRequest, position: HeldPosition | None) -> float:
        """The middle of the book; where nobody can be asked, what an exit's position or decision was valued at."""
        try:
            answer = await self.info("allMids")
            with self.judged():
                return float(answer[listing.market_id])
        except VenueFailure:
            known = (position.mark_price if position is not None else None) or order.decision_price
            if not order.reduce_only or not known:
                raise
            return known

    async def cancel(self, asset: str, client_id: str, is_conditional: bool) -> None:
        """Cancel one order of ours; an order that is not open (any more) is no error."""
        number = await self._number(self.listing(asset))
        await self._cancel({"type": "cancelByCloid", "cancels": [{"asset": number, "cloid": cloid_of(client_id)}]})

    async def cancel_order(self, order: VenueOrder) -> None:
        """Cancel an order that `open_orders` returned."""
        number = await self._number(self.listing(order.asset))
        await self._cancel({"type": "cancel", "cancels": [{"a": number, "o": int(order.venue_order_id)}]})

    async def _cancel(self, action: dict[str, Any]) -> None:
        try:
            await self._act(action)
        except Refused as refused:
            if refused.code not in NOT_OPEN:
                raise

    async def find(self, asset: str, client_id: str, is_conditional: bool) -> VenueOrder | None:
        """One order by our id, whatever became of it; a triggered stop is no conditional order any more."""
        self.listing(asset)
        found = await self._status(cloid_of(client_id))
        if found is None or (found.is_conditional and not is_conditional):
            return None
        return await self._with_executions(found._replace(client_id=client_id))

    async def _status(self, name: str | int) -> VenueOrder | None:
        """By our id or by the venue's number; a stop's terms are those it was placed with."""
        try:
            answer = await self.info("orderStatus", user=self._user, oid=name)
        except Refused as refused:
            if refused.code in NOT_OPEN:
                return None
            raise
        with self.judged():
            order = self._parser.order(answer["order"]["order"], str(answer["order"]["status"]))
            self._names.learn(order.venue_order_id, order._replace(detail=""))
            return order

    async def order_of(self, venue_order_id: str) -> VenueOrder | None:
        """An order of anybody by the venue's number."""
        return await self._status(int(venue_order_id))

    async def _with_executions(self, order: VenueOrder) -> VenueOrder:
        if order.is_conditional:
            return order
        fills = await self._executions(0, order.venue_order_id)
        filled = sum(fill.qty for fill in fills)
        if not filled:
            return order
        is_whole = filled >= order.qty - 1e-12
        return order._replace(
            status=OrderStatus.FILLED if is_whole else order.status,
            filled_qty=max(order.filled_qty, round(filled, 12)),
            average_price=sum(fill.qty * fill.price for fill in fills) / filled,
            detail=next((fill.forced for fill in fills if fill.forced), order.detail),
        )

    async def fills_of(self, order: VenueOrder) -> tuple[VenueFill, ...]:
        """Every execution of it; none while it waits for its trigger."""
        if order.is_conditional:
            return ()
        fills = await self._executions(0, order.venue_order_id)
        return tuple(fill._replace(client_id=order.client_id) for fill in fills)

    async def fills_since(self, asset: str, since_ns: int) -> tuple[VenueFill, ...]:
        """Every execution there since then; whose order does not say our id, that order is asked for."""
        self.listing(asset)
        since_ms = self._reach_ms(since_ns)
        fills = [fill for fill in await self._executions(since_ms) if fill.asset == asset]
        unnamed = [fill.venue_order_id for fill in fills if not fill.client_id and not fill.forced]
        for order_id in self._names.unknown(unnamed)[:MOST_NAMED]:
            await self._status(int(order_id))
        return tuple(map(self._names.named, fills))

    async def _executions(self, since_ms: int, order_id: str = "") -> list[VenueFill]:
        """Oldest first; of one order where its number is said. A page holds the oldest since its beginning."""
        rows: dict[tuple[str, ...], Any] = {}
        start_ms = since_ms or self._reach_ms(0)
        for _ in range(MOST_PAGES):
            page = await self.info("userFillsByTime", user=self._user, startTime=start_ms)
            with self.judged():
                new = {row_name(row, "tid"): row for row in as_list(page) if row_name(row, "tid") not in rows}
                rows |= new
                if not new or len(page) < FILLS_A_PAGE:
                    break
                times, _ = read_rows("executions", page, lambda row: int(row["time"]))
                start_ms = max(times)
        with self.judged():
            wanted = rows_but_others(rows.values(), "oid", lambda oid: order_id in ("", oid))
            await self._prices.learn(names_in(wanted, "feeToken"))
            fills = self.lists.read("executions", wanted, self._parser.fill)
        return sorted(fills, key=lambda fill: fill.ts_ns)

    async def open_orders(self, assets: Collection[str] | None = None) -> tuple[VenueOrder, ...]:
        """Every open order, plain and conditional: the venue has one list of them."""
        rows = await self.info("frontendOpenOrders", user=self._user)
        with self.judged():
            await self.lists.learn(names_in(rows, "coin"))
            found = self.lists.read(ORDERS, rows, self._parser.order)
        return tuple(
            order
            for order in found
            if (assets is None or order.asset in assets) and not self._probe.is_out(order.client_id)
        )

    async def stops_rest(self, stops: Mapping[str, str]) -> bool:
        """One by one: that weighs a tenth of the list."""
        found = await all_of(*(self._status(cloid_of(client_id)) for client_id in stops))
        return all(order is not None and order.is_conditional and not order.status.is_final for order in found)

    async def guard_entries(self, within_s: float) -> None:
        """Nothing: the venue's dead-man switch cancels every order, stops among them."""

    # -- the account

    async def _state(self) -> Any:
        return await self.info("clearinghouseState", user=self._user)

    async def positions(self) -> tuple[HeldPosition, ...]:
        """Every open position, valued at its mark."""
        state = await self._state()
        with self.judged():
            rows = state["assetPositions"]
            await self.lists.learn(names_in([row["position"] for row in rows_with(rows, "position")], "coin"))
            return tuple(self.lists.read(POSITIONS, rows, self._parser.position))

    async def margin_in_use_usd(self) -> float:
        """What positions tie up, by the summary beside the list of them."""
        state = await self._state()
        with self.judged():
            return float(state["marginSummary"]["totalMarginUsed"])

    async def facts(self) -> AccountFacts:
        """What the venue says of the account; whose agent the key is is asked anew each time."""
        listed = self.listed()
        await self.learn_whose()
        equity_usd, fees, limit, offset_ms, *settings = await asyncio.gather(
            self._equity_usd(),
            self.info("userFees", user=self._user),
            self.info("userRateLimit", user=self._user),
            self.clock_offset_ms(),
            *(self.settings(asset) for asset in listed),
        )
        with self.judged():
            self.learn_limit(limit)
            return AccountFacts(
                can_trade=True,
                dangerous_permissions=(),
                is_ip_restricted=None,
                is_one_way=True,
                equity_usd=equity_usd,
                clock_offset_ms=offset_ms,
                leverage={asset: one.leverage for asset, one in zip(listed, settings, strict=True)},
                is_isolated={asset: one.is_isolated for asset, one in zip(listed, settings, strict=True)},
                taker_fee_bps=float(fees["userCrossRate"]) * RATE_AS_BPS,
                listed=listed,
            )

    async def _equity_usd(self) -> float:
        """The value of the perpetuals' wallet; a unified account keeps its USDC with its coins."""
        state, mode = await asyncio.gather(self._state(), self.info("userAbstraction", user=self._user))
        with self.judged():
            if str(mode).strip('"') not in UNIFIED:
                return float(state["marginSummary"]["accountValue"])
        wallet = await self.info("spotClearinghouseState", user=self._user)
        with self.judged():
            usdc = sum(float(row["total"]) for row in wallet["balances"] if row["coin"] == "USDC")
            return usdc + sum(float(row["position"]["unrealizedPnl"]) for row in state["assetPositions"])

    async def settings(self, asset: str) -> TradeSettings:
        """Leverage and margin mode of one perpetual, read back now."""
        coin = self.listing(asset).market_id
        answer = await self.info("activeAssetData", user=self._user, coin=coin)
        with self.judged():
            leverage = answer["leverage"]
            return TradeSettings(float(leverage["value"]), leverage["type"] == "isolated")

    async def mark_price(self, asset: str) -> float:
        """What the venue values the asset at."""
        coin = self.listing(asset).market_id
        if self._marks is None or self.timing.since_s(self._marks[0]) > MARKS_FOR_S:
            self._marks = self.timing.clock(), await self.info("metaAndAssetCtxs")
        with self.judged():
            meta, contexts = self._marks[1]
            named = zip((row_name(row, "name")[0] for row in meta["universe"]), contexts, strict=True)
            return float(dict(named)[coin]["markPx"])

    async def funding_since(self, since_ms: int) -> list[tuple[str, FundingUpdate]]:
        """Payments booked since then, each by its coin and instant."""
        rows = await self.info("userFunding", user=self._user, startTime=since_ms)
        with self.judged():
            found = self.lists.read("funding", rows, self._parser.funding)
        return [(name, paid) for name, paid in found if paid.ts_ns >= since_ms * NS_PER_MS]


def _beyond(price: float, side: Side, share: float) -> float:
    """The worst price that is still taken."""
    return price * (1.0 + share if side is Side.LONG else 1.0 - share)


def _size(listing: Listing, order: OrderRequest, position: HeldPosition | None) -> str:
    """In whole lots; what a position says of itself, where the venue does not list it any more."""
    if position is not None and not listing.is_listed:
        return position.contracts
    return listing.contracts(order.qty, order.reduce_only)
