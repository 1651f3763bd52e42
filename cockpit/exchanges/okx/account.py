"""A swap account on OKX. Quantities are contracts at the venue; an order says its margin mode itself."""

import asyncio
import re
from collections.abc import Collection, Sequence
from math import ceil
from typing import Any

from cockpit.config.secrets import VenueKeys
from cockpit.domain.kinds import OrderRole, OrderType
from cockpit.domain.orders import OrderRequest
from cockpit.domain.units import BPS, NS_PER_DAY, NS_PER_MS
from cockpit.exchanges.base.account import (
    Ambiguous,
    CoinAmount,
    FundingUpdate,
    HeldPosition,
    RefusalKind,
    Refused,
    VenueFill,
    VenueOrder,
)
from cockpit.exchanges.base.account_facts import AccountFacts, TradeSettings
from cockpit.exchanges.base.contracts import Listing
from cockpit.exchanges.base.markets import raw_answer
from cockpit.exchanges.base.order_calls import OrderCalls
from cockpit.exchanges.base.order_terms import accepted, given, kind_of, reducing, venue_side
from cockpit.exchanges.base.order_text import plain_id
from cockpit.exchanges.base.rows import as_list, names_in, read_rows, rows_with
from cockpit.exchanges.base.timing import all_of
from cockpit.exchanges.okx.client import ENDPOINT_CALLS, WINDOW_S, okx_client
from cockpit.exchanges.okx.codes import NOT_OPEN
from cockpit.exchanges.okx.parsing import (
    OkxParser,
    listing_of,
    margin,
    margin_in_use_usd,
    size,
)
from cockpit.exchanges.okx.user_stream import OkxStream

ENTRY_TAG = "cockpitentry"
"""The dead-man switch is armed for orders of this tag alone: it cannot reach a target or a stop."""
SWITCH_LEAST_S, SWITCH_MOST_S = 10, 120
OUR_ALGO_KINDS = ("conditional",)
ALGO_KINDS = (*OUR_ALGO_KINDS, "oco", "trigger", "move_order_stop", "iceberg", "twap", "chase")
"""Ours are of the first kind; the venue lists each kind by itself, and others may have any."""
NO_SUCH_KIND = frozenset({"51000"})
PERPETUAL = "-USDT-SWAP"
CONTRACT = re.compile(r"-SWAP$|-[0-9]{6}$")
"""What market orders are taken for: a margin loan or an option is left by another endpoint."""
FUNDING_BILLS = "8"
FILLS_A_PAGE, ROWS_A_PAGE, MOST_PAGES = 100, 100, 10
RECENT_FILLS_NS = 2 * NS_PER_DAY
"""The venue tells three days of executions at once; older ones are another endpoint's."""
MOST_ORDERS_ASKED = 20
DANGEROUS = ("withdraw", "transfer")


class OkxAccount(OrderCalls):
    """One-way positions in the margin mode that the config names."""

    venue = "okx"
    left_alone_default_s = WINDOW_S
    endpoint_calls = ENDPOINT_CALLS
    endpoint_window_s = WINDOW_S
    not_open = NOT_OPEN
    order_endpoint, algo_endpoint = "privateGetTradeOrder", "privateGetTradeOrderAlgo"
    market_key, fee_coin_key = "instId", "feeCcy"
    client_id_key, order_id_key, algo_client_id_key = "clOrdId", "ordId", "algoClOrdId"
    parser: OkxParser
    _stream: OkxStream

    def _make_client(self, keys: VenueKeys | None) -> Any:
        return okx_client(self._urls, keys, self.is_demo)

    def _make_stream(self) -> OkxStream:
        self.parser = OkxParser(self.listings, self._fees, self._wants_isolated)
        return OkxStream(self, self.parser)

    def asset_of(self, market_id: str) -> str:
        """BTC for BTC-USDT-SWAP."""
        return market_id.removesuffix(PERPETUAL) if market_id.endswith(PERPETUAL) else market_id

    def _ask_listings(self) -> tuple[list[Listing], tuple[str, ...]]:
        answer = raw_answer(self._make_client(None), "publicGetPublicInstruments", {"instType": "SWAP"})
        return read_rows(
            f"{self.venue} contracts", answer["data"], lambda row: listing_of(row, self.asset_of(row["instId"]))
        )

    async def _server_time_ms(self) -> float:
        answer = await self.ask("publicGetPublicTime")
        with self.judged():
            return float(rows_with(answer["data"], "ts")[0]["ts"])

    # -- orders

    def _terms(self, listing: Listing, order: OrderRequest, position: HeldPosition | None) -> dict[str, str]:
        """Where, which way, and in the margin mode of what it closes or guards."""
        mode = margin(self._wants_isolated if position is None else bool(position.is_isolated))
        return {"instId": listing.market_id, "tdMode": mode, "side": venue_side(order.side)}

    async def _place(
        self, listing: Listing, order: OrderRequest, client_id: str, position: HeldPosition | None
    ) -> VenueOrder:
        params = self._terms(listing, order, position) | {
            "ordType": "market",
            "sz": size(listing, order, position),
            "clOrdId": client_id,
        }
        if order.order_type is OrderType.LIMIT:
            kind = "post_only" if order.post_only else "limit"
            params |= {"ordType": kind, "px": listing.price(given(order.limit_price, "a limit price"))}
        if order.role is OrderRole.ENTRY:
            params["tag"] = ENTRY_TAG
        params |= reducing(order, position, "posSide")
        answer = await self.send("privatePostTradeOrder", params, kind_of(order))
        return _taken(order, answer, "clOrdId", "ordId")

    async def _place_stop(
        self, listing: Listing, order: OrderRequest, client_id: str, position: HeldPosition | None
    ) -> VenueOrder:
        params = self._terms(listing, order, position) | {
            "ordType": "conditional",
            "sz": listing.contracts(order.qty),
            "slTriggerPx": listing.price(given(order.trigger_price, "a trigger price")),
            "slOrdPx": "-1",
            "slTriggerPxType": "mark",
            "algoClOrdId": client_id,
            "clOrdId": client_id,  # without one the library adds its own, and its broker's tag
        }
        params |= reducing(order, position, "posSide")
        answer = await self.send("privatePostTradeOrderAlgo", params)
        return _taken(order, answer, "algoClOrdId", "algoId")

    async def close_position(self, position: HeldPosition, client_id: str) -> VenueOrder:
        """Reduce-only, at market, as much as `position` says; whole, where no order is small enough or taken."""
        listing = self.listing(position.asset)
        if CONTRACT.search(listing.market_id):
            try:
                return await super().close_position(position, client_id)
            except Refused as refused:
                if refused.kind is not RefusalKind.TOO_SMALL:
                    raise
        params = {
            "instId": listing.market_id,
            "mgnMode": margin(bool(position.is_isolated)),
            "posSide": position.hedge_side or "net",
            "clOrdId": client_id,
        }
        await self.send("privatePostTradeClosePosition", params)
        self._stream.expect(client_id)
        return accepted(self.closing(position, client_id), client_id, "")

    async def cancel(self, asset: str, client_id: str, is_conditional: bool) -> None:
        """Cancel one order of ours; an order that is not open (any more) is no error."""
        market_id = self.listing(asset).market_id
        if not is_conditional:
            await self._cancel("privatePostTradeCancelOrder", {"instId": market_id, "clOrdId": client_id})
            return
        row = await self._row("privateGetTradeOrderAlgo", {"algoClOrdId": client_id})
        if row is not None:
            await self._cancel("privatePostTradeCancelAlgos", [{"instId": market_id, "algoId": str(row["algoId"])}])

    async def cancel_order(self, order: VenueOrder) -> None:
        """Cancel an order that `open_orders` returned."""
        market_id = self.listing(order.asset).market_id
        if order.is_conditional:
            await self._cancel_algo({"instId": market_id, "algoId": order.venue_order_id})
        else:
            await self._cancel("privatePostTradeCancelOrder", {"instId": market_id, "ordId": order.venue_order_id})

    async def _cancel_algo(self, ids: dict[str, str]) -> None:
        """The venue has had a second endpoint for what splits an order or trails a price: tried second."""
        try:
            await self._cancel("privatePostTradeCancelAlgos", [ids])
        except Refused:
            await self._cancel("privatePostTradeCancelAdvanceAlgos", [ids])

    def row_of(self, answer: Any) -> Any:
        """Out of its envelope. A row that cannot be read is not an order that the venue does not know."""
        rows = as_list(answer["data"])
        return next(iter(rows_with(rows, "instId")), rows[0] or {}) if rows else None

    async def executions_of(self, ids: dict[str, str]) -> Sequence[Any]:
        """The venue lists the newest first."""
        answer = await self.ask("privateGetTradeFills", {"instType": "SWAP", **ids})
        with self.judged():
            return list(reversed(answer["data"]))

    async def fills_since(self, asset: str, since_ns: int) -> tuple[VenueFill, ...]:
        """Every execution there since then. Its list does not say why an order was placed: that is asked of the order.

        Of many orders only the newest are asked for; the others go by the id in the list.
        """
        market_id, begin_ms = self.listing(asset).market_id, self._reach_ms(since_ns)
        is_recent = self.timing.clock() - begin_ms * NS_PER_MS < RECENT_FILLS_NS
        endpoint = "privateGetTradeFills" if is_recent else "privateGetTradeFillsHistory"
        asked = {"instType": "SWAP", "instId": market_id, "begin": str(begin_ms)}
        rows = await self._pages(endpoint, asked, "billId", FILLS_A_PAGE)
        with self.judged():
            await self._prices.learn(names_in(rows, self.fee_coin_key))
            order_ids = self._names.unknown(str(row["ordId"]) for row in rows_with(rows, "ordId"))[:MOST_ORDERS_ASKED]
            asks = (self._order({"instId": market_id, "ordId": order_id}) for order_id in order_ids)
            for order_id, order in zip(order_ids, await all_of(*asks), strict=True):
                self._names.learn(order_id, order)
            read = self.lists.read("executions", rows, lambda row: self.parser.fill(row, str(row.get("clOrdId") or "")))
            fills = [self._names.named(fill) for fill in read]
            return tuple(sorted(reversed(fills), key=lambda fill: fill.ts_ns))

    async def open_orders(self, assets: Collection[str] | None = None) -> tuple[VenueOrder, ...]:
        """Every open order, plain and conditional; of some assets the kinds that we place, everywhere every kind."""
        kinds = ALGO_KINDS if assets is None else OUR_ALGO_KINDS
        orders = self._pages("privateGetTradeOrdersPending", {}, "ordId", ROWS_A_PAGE)
        plain, *algo = await all_of(orders, *(self._algo_rows(kind) for kind in kinds))
        with self.judged():
            algo_rows = [row for rows in algo for row in rows]
            found = await self._orders_in(plain, algo_rows)
        wanted = None if assets is None else set(assets)
        return tuple(order for order in found if wanted is None or order.asset in wanted)

    async def _algo_rows(self, kind: str) -> list[Any]:
        """A kind that the venue does not know (any more) has no orders."""
        try:
            return await self._pages("privateGetTradeOrdersAlgoPending", {"ordType": kind}, "algoId", ROWS_A_PAGE)
        except Refused as refused:
            if refused.code in NO_SUCH_KIND and kind not in OUR_ALGO_KINDS:
                return []
            raise

    async def _pages(self, endpoint: str, asked: dict[str, str], id_key: str, a_page: int) -> list[Any]:
        """The rows of a list, the newest first, page by page."""
        asked, rows = {**asked, "limit": str(a_page)}, list[Any]()
        for _ in range(MOST_PAGES):
            answer = await self.ask(endpoint, asked)
            with self.judged():
                page = as_list(answer["data"])
                rows += page
                if len(page) < a_page:
                    break
                asked = {**asked, "after": str(rows_with(page, id_key)[-1][id_key])}
        return rows

    async def guard_entries(self, within_s: float) -> None:
        """Entries that still rest after so long without another call of this are cancelled by the venue; 0 = off.

        Ten seconds is the least the venue takes, two minutes the most.
        """
        seconds = 0 if within_s <= 0 else max(SWITCH_LEAST_S, min(SWITCH_MOST_S, ceil(within_s)))
        await self.send("privatePostTradeCancelAllAfter", {"timeOut": str(seconds), "tag": ENTRY_TAG})

    # -- the account

    async def positions(self) -> tuple[HeldPosition, ...]:
        """Every open position of the account, of whatever kind and quote."""
        answer = await self.ask("privateGetAccountPositions", {})
        with self.judged():
            return await self._positions_in(answer["data"])

    async def margin_in_use_usd(self) -> float:
        """What positions tie up. Which of its words the venue fills depends on the account's mode."""
        answer = await self.ask("privateGetAccountBalance", {})
        with self.judged():
            return margin_in_use_usd(rows_with(answer["data"])[0])

    async def facts(self) -> AccountFacts:
        """What the venue says of the account. The margin mode is what our orders will say: the venue keeps none."""
        config, balance, leverage, fee_bps, offset_ms = await asyncio.gather(
            self.ask("privateGetAccountConfig"),
            self.ask("privateGetAccountBalance", {"ccy": "USDT"}),
            self._leverage(),
            self._taker_fee_bps(),
            self.clock_offset_ms(),
        )
        with self.judged():
            account = (rows_with(config["data"], "posMode", "perm") or config["data"])[0]
            is_one_way = account["posMode"] == "net_mode"
            rights = {right.strip() for right in str(account["perm"]).split(",")}
            coins = rows_with(rows_with(balance["data"], "details")[0]["details"], "ccy", "eq")
            equity = sum(float(row["eq"]) for row in coins if row["ccy"] == "USDT")
        return AccountFacts(
            can_trade="trade" in rights,
            dangerous_permissions=tuple(right for right in DANGEROUS if right in rights),
            is_ip_restricted=bool(account.get("ip")),
            is_one_way=is_one_way,
            equity_usd=equity,
            clock_offset_ms=offset_ms,
            leverage=leverage,
            is_isolated=dict.fromkeys(self.listed(), self._wants_isolated),
            taker_fee_bps=fee_bps,
            listed=self.listed(),
        )

    async def _leverage(self) -> dict[str, float]:
        assets, mode = self.listed(), margin(self._wants_isolated)
        answers = await all_of(
            *(
                self.ask("privateGetAccountLeverageInfo", {"instId": self.listing(asset).market_id, "mgnMode": mode})
                for asset in assets
            )
        )
        with self.judged():
            return {asset: _leverage(answer["data"]) for asset, answer in zip(assets, answers, strict=True)}

    async def settings(self, asset: str) -> TradeSettings:
        """The leverage in the margin mode that our orders say themselves."""
        asked = {"instId": self.listing(asset).market_id, "mgnMode": margin(self._wants_isolated)}
        answer = await self.ask("privateGetAccountLeverageInfo", asked)
        with self.judged():
            return TradeSettings(_leverage(answer["data"]), self._wants_isolated)

    async def _taker_fee_bps(self) -> float | None:
        """None where the answer names groups of contracts instead: which of them ours are in is not told here."""
        answer = await self.ask("privateGetAccountTradeFee", {"instType": "SWAP"})
        with self.judged():
            rates = [row["takerU"] for row in rows_with(answer["data"], "takerU")]
            return -float(rates[0]) * BPS if rates else None

    async def mark_price(self, asset: str) -> float:
        """What the venue values the asset at."""
        asked = {"instType": "SWAP", "instId": self.listing(asset).market_id}
        answer = await self.ask("publicGetPublicMarkPrice", asked)
        with self.judged():
            return float(rows_with(answer["data"], "markPx")[0]["markPx"])

    async def funding_since(self, since_ms: int) -> list[tuple[str, FundingUpdate]]:
        """Payments booked since then, each with the venue's own id."""
        asked = {"instType": "SWAP", "type": FUNDING_BILLS, "begin": str(since_ms)}
        answer = await self.ask("privateGetAccountBills", asked)
        with self.judged():
            rows = list(reversed(answer["data"]))
            await self._prices.learn(names_in(rows, "ccy"))
            found = self.lists.read("funding", rows, self._funding)
        return [(name, paid) for name, paid in found if paid.ts_ns >= since_ms * NS_PER_MS]

    def _funding(self, row: Any) -> tuple[str, FundingUpdate]:
        booked = CoinAmount(float(row["balChg"]), str(row["ccy"]))
        asset, ts_ns = self.asset_of(row["instId"]), int(row["ts"]) * NS_PER_MS
        return str(row["billId"]), FundingUpdate(asset, self._prices.usd(*booked), ts_ns, booked)


def _leverage(rows: Sequence[Any]) -> float:
    return max(float(row["lever"]) for row in rows_with(rows, "lever"))


def _taken(order: OrderRequest, answer: Any, client_id_key: str, number_key: str) -> VenueOrder:
    """The order that the answer names. One with a code of its own was not simply taken, whatever the whole says."""
    row = answer["data"][0]
    if str(row.get("sCode") or "0") != "0":
        raise Ambiguous(f"expected the order taken, was {plain_id(str(row['sCode']))} in an answer without an error")
    return accepted(order, str(row.get(client_id_key) or ""), str(row.get(number_key) or ""))
