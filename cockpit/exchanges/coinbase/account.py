"""A futures account at Coinbase (its FCM). One-way, one margin for all; orders are raw bodies of the venue's own call.

Orders are looked up by the venue's ids, which are learnt from its answers, its channel and its lists: an order whose
answer was lost is found in the list of its contract's orders by our id. That id is unique there: sent twice, the venue
answers with the order that has it.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any

from cockpit.config.endpoints import VenueUrls
from cockpit.config.exits import AccountConfig
from cockpit.config.secrets import VenueKeys
from cockpit.domain.bounded import BoundedMap
from cockpit.domain.kinds import OrderType
from cockpit.domain.orders import OrderRequest
from cockpit.domain.units import BPS, NS_PER_MS
from cockpit.exchanges.base.account import (
    Ambiguous,
    FundingUpdate,
    HeldPosition,
    KeysLost,
    NotSent,
    Refused,
    VenueFill,
    VenueOrder,
)
from cockpit.exchanges.base.account_facts import AccountFacts, Previewed, TradeSettings, TradingHours
from cockpit.exchanges.base.account_lists import ORDERS, POSITIONS
from cockpit.exchanges.base.allowance import RequestCount
from cockpit.exchanges.base.call_kind import CallKind
from cockpit.exchanges.base.ccxt_account import CcxtAccount
from cockpit.exchanges.base.contracts import Listing
from cockpit.exchanges.base.markets import raw_answer
from cockpit.exchanges.base.order_ids import REMEMBERED
from cockpit.exchanges.base.order_terms import accepted, kind_of
from cockpit.exchanges.base.rows import as_list, names_in, read_rows, row_name, rows_with
from cockpit.exchanges.base.timing import Timing, all_of
from cockpit.exchanges.coinbase.client import coinbase_client
from cockpit.exchanges.coinbase.codes import NOT_FOUND, NOT_OPEN
from cockpit.exchanges.coinbase.keys import parts_of
from cockpit.exchanges.coinbase.parsing import (
    LIQUIDATION,
    CoinbaseParser,
    asset_of,
    listing_of,
    order_body,
    previewed,
    size_of,
    stop_body,
    value_of,
)
from cockpit.exchanges.coinbase.products import Products
from cockpit.exchanges.coinbase.stamps import stamp_text
from cockpit.exchanges.coinbase.user_stream import CoinbaseStream

ORDERS_A_PAGE, FILLS_A_PAGE, MOST_PAGES = 250, 250, 10
REQUESTS_AN_HOUR = 10_000
STANDARD_MARGIN = "INTRADAY_MARGIN_SETTING_STANDARD"
"""The account keeps to the margins of the night by day too."""
CLOCK_APART_MS = 10_000
"""Tokens live two minutes: clocks that far apart may be why one was turned away."""
DANGEROUS = ("can_transfer",)
NOT_OPEN_YET = ["PENDING", "QUEUED", "CANCEL_QUEUED", "EDIT_QUEUED"]
"""What a list of open orders leaves out: they are asked for by themselves, the venue mixes open ones with no other."""
HISTORY = "v3PrivateGetBrokerageOrdersHistoricalBatch"


class CoinbaseAccount(CcxtAccount):
    """`stop_limit_bps` of the venue's section is how far beyond its trigger a stop still leaves."""

    venue = "coinbase"
    quote = "USD"
    product_type = "FUTURE"
    least_round_s, least_peek_s = 6.0, 1.5
    """It allows 10,000 requests an hour: rounds of 2 s and looks of 0.6 s would be 16,000."""
    _stream: CoinbaseStream

    def __init__(self, config: AccountConfig, keys: VenueKeys, urls: VenueUrls, timing: Timing | None = None) -> None:
        self._products = Products()
        self._order_ids: BoundedMap[str, str] = BoundedMap(REMEMBERED)
        self._stop_limit_bps = config.venues[self.venue].stop_limit_bps
        super().__init__(config, keys, urls, timing)
        self._requests = RequestCount(REQUESTS_AN_HOUR, self.timing.clock)

    def _make_client(self, keys: VenueKeys | None) -> Any:
        if self.is_demo:
            raise KeysLost(f"{self.venue}: expected its real account, was a demo one: it has none")
        return coinbase_client(self._urls, keys)

    def _make_stream(self) -> CoinbaseStream:
        self._parser = CoinbaseParser(self.listings, self._fees)
        return CoinbaseStream(self, self._parser)

    def _secrets(self) -> list[str]:
        return super()._secrets() + parts_of(self._keys.secret.get_secret_value())

    def asset_of(self, market_id: str) -> str:
        """BTC for BIP-20DEC30-CDE."""
        return asset_of(market_id, self._products.coins)

    def _ask_listings(self) -> tuple[list[Listing], tuple[str, ...]]:
        asked = {"product_type": "FUTURE"}
        answer = raw_answer(self._make_client(None), "v3PublicGetBrokerageMarketProducts", asked)
        rows = answer["products"]
        self._products.read(rows, self.timing.clock())
        return read_rows(f"{self.venue} contracts", rows, listing_of)

    def trading_hours(self, asset: str) -> TradingHours | None:
        """As its list of products last said; None for a coin that was not in it."""
        return self._products.hours(asset, self.by_our_clock)

    async def _server_time_ms(self) -> float:
        answer = await self.ask("v3PublicGetBrokerageTime")
        with self.judged():
            return float(answer["epochMillis"])

    # -- calls

    async def _ask(self, endpoint: str, params: Any, kind: CallKind) -> Any:
        """A token that was turned away may be one of another time: then the clocks are compared, and it may go again.

        It was turned away unread, either way.
        """
        self._requests.add()
        try:
            return await super()._ask(endpoint, params, kind)
        except KeysLost as lost:
            before_ms = self.clock.offset_ns / NS_PER_MS
            await self._compare_clocks_quietly()
            after_ms = self.clock.offset_ns / NS_PER_MS
            if self.clock.known and abs(after_ms - before_ms) > CLOCK_APART_MS:
                apart = f"the clocks were {(after_ms - before_ms) / 1_000:.0f} s apart"
                raise NotSent(f"{lost}: {apart}", is_clock=True) from None
            raise

    def used_weight_share(self) -> float | None:
        """How much of the hour's requests is used, by our own count."""
        return self._requests.share

    # -- orders

    async def _place(
        self, listing: Listing, order: OrderRequest, client_id: str, position: HeldPosition | None
    ) -> VenueOrder:
        return await self._send_order(order, order_body(listing, order, size_of(listing, order, position), client_id))

    def _body_of(self, listing: Listing, order: OrderRequest, client_id: str) -> dict[str, Any]:
        if order.order_type is OrderType.STOP_MARKET:
            return stop_body(listing, order, client_id, self._stop_limit_bps)
        return order_body(listing, order, size_of(listing, order, None), client_id)

    async def _place_stop(
        self, listing: Listing, order: OrderRequest, client_id: str, position: HeldPosition | None
    ) -> VenueOrder:
        return await self._send_order(order, self._body_of(listing, order, client_id))

    async def _send_order(self, order: OrderRequest, body: dict[str, Any]) -> VenueOrder:
        answer = await self.send("v3PrivatePostBrokerageOrders", body, kind_of(order))
        with self.judged():
            if answer.get("success") is not True:
                raise Ambiguous(f"{self.venue}: expected the order placed, was {str(answer.get('success'))[:40]}")
            taken = answer["success_response"]
            placed = accepted(order, str(taken.get("client_order_id") or ""), str(taken["order_id"]))
            self._learn(placed)
            return placed

    async def preview(self, order: OrderRequest) -> Previewed:
        """The body of the same order without our id: it is judged by the venue's risk, and never placed."""
        with self.judged():
            body = self._body_of(self.listing(order.asset), order, "")
        del body["client_order_id"]
        answer = await self.ask("v3PrivatePostBrokerageOrdersPreview", body)
        with self.judged():
            return previewed(answer)

    def _learn(self, order: VenueOrder) -> None:
        if order.client_id:
            self._order_ids[order.client_id] = order.venue_order_id
        self._names.learn(order.venue_order_id, order)
        self._stream.knows(order)

    async def cancel(self, asset: str, client_id: str, is_conditional: bool) -> None:
        """Cancel one order of ours; an order that is not open (any more) is no error."""
        self.listing(asset)
        order_id = self._order_ids.get(client_id)
        if order_id is None:
            found = await self._listed_order(asset, client_id)
            order_id = None if found is None else found.venue_order_id
        if order_id is not None:
            await self._cancel(order_id)

    async def cancel_order(self, order: VenueOrder) -> None:
        """Cancel an order that `open_orders` returned."""
        await self._cancel(order.venue_order_id)

    async def _cancel(self, order_id: str) -> None:
        answer = await self.send("v3PrivatePostBrokerageOrdersBatchCancel", {"order_ids": [order_id]})
        with self.judged():
            results = [row for row in rows_with(answer["results"]) if str(row.get("order_id")) == order_id]
            result = results[0] if results else {"success": False, "failure_reason": "no answer about it"}
            reason = str(result.get("failure_reason"))
            if result.get("success") is not True and reason not in NOT_OPEN:
                raise Ambiguous(f"{self.venue}: expected the order cancelled, was {reason[:60]}")

    async def find(self, asset: str, client_id: str, is_conditional: bool) -> VenueOrder | None:
        """One order by our id: by the venue's where that is known, else among the newest of its contract.

        A stop keeps its ids when it is triggered: it is no conditional order any more then.
        """
        self.listing(asset)
        order_id = self._order_ids.get(client_id)
        found = await self._order(order_id) if order_id is not None else await self._listed_order(asset, client_id)
        return None if found is None or (found.is_conditional and not is_conditional) else found

    async def _order(self, order_id: str) -> VenueOrder | None:
        try:
            answer = await self.ask("v3PrivateGetBrokerageOrdersHistoricalOrderId", {"order_id": order_id})
        except Refused as refused:
            if refused.code in NOT_FOUND:
                return None
            raise
        with self.judged():
            order = self._parser.order(answer["order"])
            self._learn(order)
            return order

    async def _listed_order(self, asset: str, client_id: str) -> VenueOrder | None:
        """An order whose id at the venue was never learnt: its answer was lost."""
        asked = {"product_ids": [self.listing(asset).market_id], "limit": ORDERS_A_PAGE}
        async for rows in self._pages(HISTORY, "orders", asked):
            with self.judged():
                for order in self.lists.read("orders", rows, self._parser.order):
                    self._learn(order)
                    if order.client_id == client_id:
                        return order
        return None

    async def _pages(self, endpoint: str, key: str, asked: dict[str, Any]) -> AsyncIterator[list[Any]]:
        """The rows of a list, the newest first, page by page."""
        for _ in range(MOST_PAGES):
            page = await self.ask(endpoint, asked)
            with self.judged():
                rows, cursor = as_list(page[key]), str(page.get("cursor") or "")
            yield rows
            if not cursor or not rows or page.get("has_next") is False:
                return
            asked = {**asked, "cursor": cursor}

    async def fills_of(self, order: VenueOrder) -> tuple[VenueFill, ...]:
        """Every execution of it; none while it waits for its trigger."""
        if order.is_conditional:
            return ()
        rows = await self._fill_rows({"order_ids": [order.venue_order_id]}, 0)
        forced = order.detail if order.detail == LIQUIDATION else ""
        with self.judged():
            return tuple(
                self.lists.read("executions", rows, lambda row: self._parser.fill(row, order.client_id, forced))
            )

    async def fills_since(self, asset: str, since_ns: int) -> tuple[VenueFill, ...]:
        """Every execution there since then, each under the id that its order goes by."""
        since_ns = self._reach_ms(since_ns) * NS_PER_MS
        rows = await self._fill_rows({"product_ids": [self.listing(asset).market_id]}, since_ns)
        with self.judged():
            fills = self.lists.read("executions", rows, self._parser.fill)
        fills = [fill for fill in fills if fill.ts_ns >= since_ns]
        await self._learn_names(self._names.unknown(fill.venue_order_id for fill in fills))
        return tuple(self._named(fill) for fill in fills)

    def _named(self, fill: VenueFill) -> VenueFill:
        """The detail of an order that somebody placed is why it ended, not why it was placed."""
        named = self._names.named(fill)
        return named if named.forced == LIQUIDATION else named._replace(forced="")

    async def _learn_names(self, order_ids: list[str]) -> None:
        for first in range(0, len(order_ids), ORDERS_A_PAGE):
            answer = await self.ask(HISTORY, {"order_ids": order_ids[first : first + ORDERS_A_PAGE]})
            with self.judged():
                for order in self.lists.read("orders", answer["orders"], self._parser.order):
                    self._learn(order)

    async def _fill_rows(self, asked: dict[str, Any], since_ns: int) -> list[Any]:
        """Oldest first. The venue lists the newest, page by page."""
        rows: dict[tuple[str, ...], Any] = {}
        asked = {**asked, "limit": FILLS_A_PAGE}
        if since_ns:
            asked["start_sequence_timestamp"] = stamp_text(since_ns)
        async for page in self._pages("v3PrivateGetBrokerageOrdersHistoricalFills", "fills", asked):
            with self.judged():
                rows |= {row_name(row, "entry_id"): row for row in page}
        return sorted(reversed(list(rows.values())), key=lambda row: row_name(row, "trade_time"))

    async def open_orders(self, assets: Collection[str] | None = None) -> tuple[VenueOrder, ...]:
        """Every open order, plain and conditional, and those that the venue has not taken up yet."""
        pages = await all_of(self._orders_of_status(["OPEN"]), self._orders_of_status(NOT_OPEN_YET))
        with self.judged():
            rows = [row for page in pages for row in page]
            await self.lists.learn(names_in(rows, "product_id"))
            found = self.lists.read(ORDERS, rows, self._parser.order)
        for order in found:
            self._learn(order)
        return tuple(
            order
            for order in {order.venue_order_id: order for order in found}.values()
            if not order.status.is_final
            and (assets is None or order.asset in assets)
            and not self._probe.is_out(order.client_id)
        )

    async def _orders_of_status(self, status: list[str]) -> list[Any]:
        asked = {"order_status": status, "product_type": "FUTURE", "limit": ORDERS_A_PAGE}
        return [row async for page in self._pages(HISTORY, "orders", asked) for row in page]

    async def stops_rest(self, stops: Mapping[str, str]) -> bool:
        """One by one: the list takes two requests."""
        found = await all_of(*(self.find(asset, client_id, True) for client_id, asset in stops.items()))
        return all(order is not None and order.is_conditional and not order.status.is_final for order in found)

    async def guard_entries(self, within_s: float) -> None:
        """Nothing: the venue has no dead-man switch."""

    # -- the account

    async def positions(self) -> tuple[HeldPosition, ...]:
        """Every open position of the futures account."""
        answer = await self.ask("v3PrivateGetBrokerageCfmPositions")
        with self.judged():
            rows = answer["positions"]
            await self.lists.learn(names_in(rows, "product_id"))
            return tuple(self.lists.read(POSITIONS, rows, self._parser.position))

    async def margin_in_use_usd(self) -> float:
        """What positions tie up of the futures account."""
        summary = await self._summary()
        with self.judged():
            return value_of(summary["initial_margin"])

    async def _summary(self) -> Any:
        answer = await self.ask("v3PrivateGetBrokerageCfmBalanceSummary")
        with self.judged():
            return answer["balance_summary"]

    async def facts(self) -> AccountFacts:
        """What the venue says of the account. It has one margin for all positions, and knows no other mode."""
        key, summary, fee_bps, is_standard, offset_ms = await asyncio.gather(
            self.ask("v3PrivateGetBrokerageKeyPermissions"),
            self._summary(),
            self._taker_fee_bps(),
            self._is_standard(),
            self.clock_offset_ms(),
        )
        with self.judged():
            listed = self.listed()
            return AccountFacts(
                can_trade=key.get("can_view") is True and key.get("can_trade") is True,
                dangerous_permissions=tuple(name for name in DANGEROUS if key.get(name) is not False),
                is_ip_restricted=None,
                is_one_way=True,
                equity_usd=value_of(summary["total_usd_balance"]) + value_of(summary["unrealized_pnl"]),
                clock_offset_ms=offset_ms,
                leverage={asset: self._products.leverage(asset, is_standard) for asset in listed},
                is_isolated={},
                taker_fee_bps=fee_bps,
                listed=listed,
            )

    async def settings(self, asset: str) -> TradeSettings:
        """What the venue lends there, by the margin it asks for now."""
        self.listing(asset)
        return TradeSettings(self._products.leverage(asset, await self._is_standard()), None)

    async def _is_standard(self) -> bool:
        answer = await self.ask("v3PrivateGetBrokerageCfmIntradayMarginSetting")
        with self.judged():
            return bool(answer["setting"] == STANDARD_MARGIN)

    async def _taker_fee_bps(self) -> float | None:
        """As the venue tells it; None where it tells none. The library's stand-in of 6 % is nobody's fee."""
        answer = await self.ask("v3PrivateGetBrokerageTransactionSummary", {"product_type": self.product_type})
        with self.judged():
            rate = (answer.get("fee_tier") or {}).get("taker_fee_rate")
            return float(rate) * BPS if rate not in (None, "") and float(rate) > 0.0 else None

    async def mark_price(self, asset: str) -> float:
        """What the venue trades it at: it tells its mark of positions alone."""
        product_id = self.listing(asset).market_id
        answer = await self.ask("v3PublicGetBrokerageMarketProductsProductId", {"product_id": product_id})
        with self.judged():
            return float(answer["price"])

    async def funding_since(self, since_ms: int) -> list[tuple[str, FundingUpdate]]:
        """None that is told: it is settled into the account's cash twice a day, without a row for it."""
        return []
