"""A unified account on Bybit. Orders and stops live in one service; a stop that is triggered keeps its ids.

The venue keeps its contracts in categories, and those of one category apart by the coin they are settled in: what is
open is asked for in each. The margin mode is one for the whole account, leverage each contract's own.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from itertools import chain
from typing import Any

from cockpit.config.secrets import VenueKeys
from cockpit.domain.kinds import OrderType, Side
from cockpit.domain.orders import OrderRequest
from cockpit.domain.units import BPS, NS_PER_MS
from cockpit.exchanges.base.account import (
    FundingUpdate,
    HeldPosition,
    KeysLost,
    RefusalKind,
    Refused,
    VenueFill,
    VenueOrder,
)
from cockpit.exchanges.base.account_facts import AccountFacts, TradeSettings
from cockpit.exchanges.base.account_lists import ORDERS, POSITIONS
from cockpit.exchanges.base.ccxt_account import CcxtAccount
from cockpit.exchanges.base.contracts import Listing
from cockpit.exchanges.base.markets import raw_answer
from cockpit.exchanges.base.order_terms import accepted, given, kind_of
from cockpit.exchanges.base.rows import as_list, names_in, read_rows, row_name, rows_with
from cockpit.exchanges.base.timing import all_of
from cockpit.exchanges.bybit.client import ENDPOINT_CALLS, VENUE, WINDOW_S, bybit_client
from cockpit.exchanges.bybit.codes import NOT_OPEN
from cockpit.exchanges.bybit.parsing import (
    INDEX_OF,
    INVERSE,
    LINEAR,
    OPTION,
    BybitParser,
    asset_of,
    can_trade,
    category_of,
    dangerous,
    funding_of,
    is_ip_restricted,
    listing_of,
    margin_in_use_usd,
)
from cockpit.exchanges.bybit.user_stream import BybitStream

FILLS_A_PAGE, ROWS_A_PAGE, LISTINGS_A_PAGE, PAYMENTS_A_PAGE = 100, 50, 1_000, 50
MOST_PAGES = 10
EVERYWHERE: tuple[Mapping[str, str], ...] = (
    {"category": LINEAR, "settleCoin": "USDT"},
    {"category": LINEAR, "settleCoin": "USDC"},
    {"category": INVERSE},
    {"category": OPTION},
)
PAYMENTS_REACH_MS = 7 * 86_400_000 - 120_000
"""The venue tells a week of its log in one span, and a day where the end is left out."""
CLOCK_SLACK_MS = 60_000
RISING, FALLING = 1, 2
CLASSIC = 1
ISOLATED = "ISOLATED_MARGIN"
WHOLE = "0"
"""The quantity of an order that closes whatever there is."""


class BybitAccount(CcxtAccount):
    """Perpetuals against USDT; what is open elsewhere is seen and can be closed."""

    venue = VENUE
    left_alone_default_s = WINDOW_S
    endpoint_calls = ENDPOINT_CALLS
    endpoint_window_s = WINDOW_S
    _stream: BybitStream

    def _make_client(self, keys: VenueKeys | None) -> Any:
        return bybit_client(self._urls, keys, self.is_demo)

    def _make_stream(self) -> BybitStream:
        self._parser = BybitParser(self.listings, self._fees)
        return BybitStream(self, self._parser)

    def asset_of(self, market_id: str) -> str:
        """BTC for BTCUSDT."""
        return asset_of(market_id)

    def _ask_listings(self) -> tuple[list[Listing], tuple[str, ...]]:
        asked, rows = {"category": LINEAR, "limit": str(LISTINGS_A_PAGE)}, []
        for _ in range(MOST_PAGES):
            result = raw_answer(self._make_client(None), "publicGetV5MarketInstrumentsInfo", asked)["result"]
            rows += result["list"]
            if not result.get("nextPageCursor"):
                break
            asked["cursor"] = result["nextPageCursor"]
        return read_rows(f"{self.venue} contracts", rows, listing_of)

    async def _server_time_ms(self) -> float:
        answer = await self.ask("publicGetV5MarketTime")
        with self.judged():
            return int(answer["result"]["timeNano"]) / NS_PER_MS

    # -- orders

    async def _place(
        self, listing: Listing, order: OrderRequest, client_id: str, position: HeldPosition | None
    ) -> VenueOrder:
        fields = self._terms(listing, order, client_id, position)
        if order.order_type is OrderType.LIMIT:
            limit_price = given(order.limit_price, "a limit price")
            fields |= {
                "orderType": "Limit",
                "price": listing.price(limit_price),
                "timeInForce": "PostOnly" if order.post_only else "GTC",
            }
        return await self._send_order(order, fields)

    async def _place_stop(
        self, listing: Listing, order: OrderRequest, client_id: str, position: HeldPosition | None
    ) -> VenueOrder:
        fields = self._terms(listing, order, client_id, position)
        fields |= {
            "triggerPrice": listing.price(given(order.trigger_price, "a trigger price")),
            "triggerDirection": FALLING if order.side is Side.SHORT else RISING,
            "triggerBy": "MarkPrice",
        }
        if order.reduce_only:
            fields["closeOnTrigger"] = True
        return await self._send_order(order, fields)

    def _terms(
        self, listing: Listing, order: OrderRequest, client_id: str, position: HeldPosition | None
    ) -> dict[str, Any]:
        """What every order says. One on what is not listed says the position's own quantity."""
        is_listed = position is None or listing.is_listed
        fields: dict[str, Any] = {
            "category": category_of(listing.market_id),
            "symbol": listing.market_id,
            "side": "Buy" if order.side is Side.LONG else "Sell",
            "orderType": "Market",
            "qty": listing.contracts(order.qty, order.reduce_only) if is_listed else _contracts(position),
            "positionIdx": INDEX_OF[position.hedge_side if position is not None else ""],
            "orderLinkId": client_id,
        }
        return {**fields, "reduceOnly": True} if order.reduce_only else fields

    async def _send_order(self, order: OrderRequest, fields: dict[str, Any]) -> VenueOrder:
        answer = await self.send("privatePostV5OrderCreate", fields, kind_of(order))
        with self.judged():
            taken = answer["result"]
            return accepted(order, str(taken.get("orderLinkId") or ""), str(taken["orderId"]))

    async def close_position(self, position: HeldPosition, client_id: str) -> VenueOrder:
        """Reduce-only, at market, as much as `position` says; whole, where no order is small enough."""
        try:
            return await super().close_position(position, client_id)
        except Refused as refused:
            if refused.kind is not RefusalKind.TOO_SMALL:
                raise
        order = self.closing(position, client_id)
        fields = {
            **self._scope(position.asset),
            "side": "Buy" if order.side is Side.LONG else "Sell",
            "orderType": "Market",
            "qty": WHOLE,
            "positionIdx": INDEX_OF[position.hedge_side],
            "orderLinkId": client_id,
            "reduceOnly": True,
            "closeOnTrigger": True,
        }
        placed = await self._send_order(order, fields)
        self._stream.expect(client_id)
        return placed

    async def cancel(self, asset: str, client_id: str, is_conditional: bool) -> None:
        """Cancel one order of ours; an order that is not open (any more) is no error."""
        await self._cancel(asset, {"orderLinkId": client_id})

    async def cancel_order(self, order: VenueOrder) -> None:
        """Cancel an order that `open_orders` returned."""
        await self._cancel(order.asset, {"orderId": order.venue_order_id})

    async def _cancel(self, asset: str, ids: dict[str, str]) -> None:
        try:
            await self.send("privatePostV5OrderCancel", {**self._scope(asset), **ids})
        except Refused as refused:
            if refused.code not in NOT_OPEN:
                raise

    async def find(self, asset: str, client_id: str, is_conditional: bool) -> VenueOrder | None:
        """One order by our id. What ended some time ago, or before the venue was restarted, is in its history alone."""
        asked = {**self._scope(asset), "orderLinkId": client_id}
        found = await self._order("privateGetV5OrderRealtime", asked)
        found = found or await self._order("privateGetV5OrderHistory", asked)
        return None if found is None or (found.is_conditional and not is_conditional) else found

    async def _order(self, endpoint: str, asked: dict[str, str]) -> VenueOrder | None:
        answer = await self.ask(endpoint, asked)
        with self.judged():
            rows = rows_with(answer["result"]["list"], "orderLinkId")
            ours = [row for row in rows if row["orderLinkId"] == asked["orderLinkId"]]
            return self._parser.order(ours[0]) if ours else None

    async def fills_of(self, order: VenueOrder) -> tuple[VenueFill, ...]:
        """Every execution of it; none while it waits for its trigger."""
        if order.is_conditional:
            return ()
        return await self._fills(order.asset, {"orderId": order.venue_order_id})

    async def fills_since(self, asset: str, since_ns: int) -> tuple[VenueFill, ...]:
        """Every execution there since then."""
        return await self._fills(asset, {"startTime": str(self._reach_ms(since_ns))})

    async def _fills(self, asset: str, of: dict[str, str]) -> tuple[VenueFill, ...]:
        """Oldest first; the venue lists the newest first."""
        asked = {**self._scope(asset), "limit": str(FILLS_A_PAGE), **of}
        rows = await self._pages("privateGetV5ExecutionList", asked, "execId")
        with self.judged():
            await self._prices.learn(name for name in names_in(rows, "feeCurrency") if name)
            fills = self.lists.read("executions", reversed(rows), self._parser.fill)
            return tuple(sorted(fills, key=lambda fill: fill.ts_ns))

    async def _pages(self, endpoint: str, asked: Mapping[str, str], *keys: str) -> list[Any]:
        """The rows of a list, page by page, none twice: `keys` tell them apart."""
        rows: dict[tuple[str, ...], Any] = {}
        for _ in range(MOST_PAGES):
            answer = await self.ask(endpoint, asked)
            with self.judged():
                result = answer["result"]
                rows |= {row_name(row, *keys): row for row in as_list(result["list"])}
                if not result["list"] or not result.get("nextPageCursor"):
                    break
                asked = {**asked, "cursor": str(result["nextPageCursor"])}
        return list(rows.values())

    async def open_orders(self, assets: Collection[str] | None = None) -> tuple[VenueOrder, ...]:
        """Every open order, plain and conditional: the venue has one list of them in each of its categories."""
        scopes = EVERYWHERE if assets is None else [self._scope(asset) for asset in sorted(assets)]
        rows = await self._rows_in(scopes, "privateGetV5OrderRealtime", "orderId")
        with self.judged():
            await self.lists.learn(names_in(rows, "symbol"))
            found = self.lists.read(ORDERS, rows, self._parser.order)
        return tuple(order for order in found if not order.status.is_final and not self._probe.is_out(order.client_id))

    def _scope(self, asset: str) -> dict[str, str]:
        market_id = self.listing(asset).market_id
        return {"category": category_of(market_id), "symbol": market_id}

    async def _rows_in(self, scopes: Iterable[Mapping[str, str]], endpoint: str, *keys: str) -> list[Any]:
        lists = await all_of(*(self._in(scope, endpoint, *keys) for scope in scopes))
        return list(chain.from_iterable(lists))

    async def _in(self, scope: Mapping[str, str], endpoint: str, *keys: str) -> list[Any]:
        """A key without a right to options can hold none; one that was revoked is told so of the others."""
        try:
            return await self._pages(endpoint, {**scope, "limit": str(ROWS_A_PAGE)}, *keys)
        except KeysLost:
            if scope["category"] != OPTION:
                raise
            return []

    async def guard_entries(self, within_s: float) -> None:
        """Nothing: nowhere is it written that the venue's Disconnect-Cancel-All spares stops."""

    # -- the account

    async def positions(self) -> tuple[HeldPosition, ...]:
        """Every open position of the account, of whatever category and quote."""
        rows = await self._rows_in(EVERYWHERE, "privateGetV5PositionList", "symbol", "positionIdx")
        with self.judged():
            await self.lists.learn(names_in(rows, "symbol"))
            return tuple(self.lists.read(POSITIONS, rows, self._parser.position))

    async def margin_in_use_usd(self) -> float:
        """What positions tie up, in every coin."""
        wallet = await self._wallet()
        with self.judged():
            return margin_in_use_usd(wallet)

    async def _wallet(self) -> Any:
        answer = await self.ask("privateGetV5AccountWalletBalance", {"accountType": "UNIFIED"})
        with self.judged():
            return rows_with(answer["result"]["list"], "coin")[0]

    async def facts(self) -> AccountFacts:
        """What the venue says of the account. A demo account has no permissions to ask for."""
        rights = None if self.is_demo else await self._rights()
        listed = self.listed()
        wallet, is_isolated, fee_bps, offset_ms, *sides = await asyncio.gather(
            self._wallet(),
            self._is_isolated(),
            self._taker_fee_bps(),
            self.clock_offset_ms(),
            *(self._sides(asset) for asset in listed),
        )
        with self.judged():
            coins = rows_with(wallet["coin"], "coin")
            return AccountFacts(
                can_trade=rights is None or can_trade(rights),
                dangerous_permissions=() if rights is None else dangerous(rights),
                is_ip_restricted=None if rights is None else is_ip_restricted(rights),
                is_one_way=all(int(row["positionIdx"]) == 0 for rows in sides for row in rows),
                equity_usd=sum(float(row["equity"] or 0.0) for row in coins if row["coin"] == self.quote),
                clock_offset_ms=offset_ms,
                leverage={asset: _leverage(rows) for asset, rows in zip(listed, sides, strict=True)},
                is_isolated=dict.fromkeys(listed, is_isolated),
                taker_fee_bps=fee_bps,
                listed=listed,
            )

    async def _rights(self) -> Any:
        answer = await self.ask("privateGetV5UserQueryApi")
        with self.judged():
            return answer["result"]

    async def _sides(self, asset: str) -> list[Any]:
        """The contract's position, or both of them, flat or not."""
        answer = await self.ask("privateGetV5PositionList", self._scope(asset))
        with self.judged():
            return rows_with(answer["result"]["list"], "positionIdx", "leverage")

    async def _is_isolated(self) -> bool:
        """Raises `Refused` for an account of the kind before the unified one: its endpoints are others."""
        answer = await self.ask("privateGetV5AccountInfo")
        with self.judged():
            kind = int(answer["result"]["unifiedMarginStatus"])
            if kind == CLASSIC:
                raise Refused(RefusalKind.MODE, "", f"{self.venue}: expected a unified account, was a classic one")
            return bool(answer["result"]["marginMode"] == ISOLATED)

    async def settings(self, asset: str) -> TradeSettings:
        """Leverage of one perpetual and the account's margin mode, read back now."""
        rows, is_isolated = await asyncio.gather(self._sides(asset), self._is_isolated())
        with self.judged():
            return TradeSettings(_leverage(rows), is_isolated)

    async def _taker_fee_bps(self) -> float | None:
        """The account's own rate; None where the venue does not tell it, as of a demo account."""
        for asset in self.listed():
            try:
                answer = await self.ask("privateGetV5AccountFeeRate", self._scope(asset))
            except Refused:
                return None
            with self.judged():
                return float(rows_with(answer["result"]["list"], "takerFeeRate")[0]["takerFeeRate"]) * BPS
        return None

    async def mark_price(self, asset: str) -> float:
        """What the venue values the asset at."""
        answer = await self.ask("publicGetV5MarketTickers", self._scope(asset))
        with self.judged():
            return float(rows_with(answer["result"]["list"], "markPrice")[0]["markPrice"])

    async def funding_since(self, since_ms: int) -> list[tuple[str, FundingUpdate]]:
        """Payments booked since then, oldest first, each with the venue's own id."""
        now_ms = self.venue_ms()
        asked = {
            "accountType": "UNIFIED",
            "type": "SETTLEMENT",
            "startTime": str(max(since_ms, now_ms - PAYMENTS_REACH_MS)),
            "endTime": str(now_ms + CLOCK_SLACK_MS),
            "limit": str(PAYMENTS_A_PAGE),
        }
        rows = await self._pages("privateGetV5AccountTransactionLog", asked, "id")
        with self.judged():
            await self._prices.learn(names_in(rows, "currency"))
            return self.lists.read("funding", reversed(rows), lambda row: funding_of(row, self._prices))


def _contracts(position: HeldPosition | None) -> str:
    return "" if position is None else position.contracts


def _leverage(rows: list[Any]) -> float:
    return max(float(row["leverage"]) for row in rows)
