"""A USD-M futures account on Binance.

Plain orders and conditional ones live in two services: what cancels, finds or lists the one does not see the other.
"""

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

from cockpit.config.secrets import VenueKeys
from cockpit.domain.kinds import OrderType, Side
from cockpit.domain.orders import OrderRequest
from cockpit.domain.units import BPS, NS_PER_MS
from cockpit.exchanges.base.account import CoinAmount, FundingUpdate, HeldPosition, Refused, VenueFill, VenueOrder
from cockpit.exchanges.base.account_facts import AccountFacts, TradeSettings
from cockpit.exchanges.base.contracts import Listing
from cockpit.exchanges.base.markets import raw_answer
from cockpit.exchanges.base.order_calls import OrderCalls
from cockpit.exchanges.base.order_terms import given, kind_of, reducing
from cockpit.exchanges.base.rows import as_list, names_in, read_rows, rows_with
from cockpit.exchanges.base.timing import all_of
from cockpit.exchanges.base.values import is_true
from cockpit.exchanges.binance.client import binance_client
from cockpit.exchanges.binance.codes import NOT_OPEN
from cockpit.exchanges.binance.parsing import BinanceParser, listing_of
from cockpit.exchanges.binance.user_stream import BinanceStream

FILLS_A_PAGE, MOST_PAGES = 1_000, 5
ASKED_SINGLY = 4
"""Orders are asked for one by one (a weight of 1 each) up to so many; beyond, a whole list costs 5."""
DANGEROUS = ("enableWithdrawals", "enableInternalTransfer", "permitsUniversalTransfer")


class BinanceAccount(OrderCalls):
    """Quantities are base coins at the venue too."""

    venue = "binance"
    weight_per_minute = 2_400.0
    not_open = NOT_OPEN
    order_endpoint, algo_endpoint = "fapiPrivateGetOrder", "fapiPrivateGetAlgoOrder"
    market_key, fee_coin_key = "symbol", "commissionAsset"
    client_id_key, order_id_key, algo_client_id_key = "origClientOrderId", "orderId", "clientAlgoId"
    parser: BinanceParser
    _stream: BinanceStream

    def _make_client(self, keys: VenueKeys | None) -> Any:
        return binance_client(self._urls, keys, self.is_demo)

    def _make_stream(self) -> BinanceStream:
        self.parser = BinanceParser(self.listings, self._fees)
        return BinanceStream(self, self.parser)

    def asset_of(self, market_id: str) -> str:
        """BTC for BTCUSDT; a dated future has an underscore in its name, another quote another end."""
        return market_id.removesuffix("USDT") if market_id.endswith("USDT") else market_id

    def _ask_listings(self) -> tuple[list[Listing], tuple[str, ...]]:
        answer = raw_answer(self._make_client(None), "fapiPublicGetExchangeInfo", {})
        return read_rows(
            f"{self.venue} contracts", answer["symbols"], lambda row: listing_of(row, self.asset_of(row["symbol"]))
        )

    async def _server_time_ms(self) -> float:
        return float((await self.ask("fapiPublicGetTime"))["serverTime"])

    # -- orders

    async def _place(
        self, listing: Listing, order: OrderRequest, client_id: str, position: HeldPosition | None
    ) -> VenueOrder:
        params = {
            "symbol": listing.market_id,
            "side": _venue_side(order.side),
            "type": "MARKET",
            "quantity": _quantity(listing, order, position),
            "newClientOrderId": client_id,
            "newOrderRespType": "RESULT",
        }
        if order.order_type is OrderType.LIMIT:
            limit_price = given(order.limit_price, "a limit price")
            time_in_force = "GTX" if order.post_only else "GTC"
            params |= {"type": "LIMIT", "timeInForce": time_in_force, "price": listing.price(limit_price)}
        params |= reducing(order, position, "positionSide")
        return self.parser.order(await self.send("fapiPrivatePostOrder", params, kind_of(order)))

    async def _place_stop(
        self, listing: Listing, order: OrderRequest, client_id: str, position: HeldPosition | None
    ) -> VenueOrder:
        params = {
            "algoType": "CONDITIONAL",
            "symbol": listing.market_id,
            "side": _venue_side(order.side),
            "type": "STOP_MARKET",
            "quantity": listing.contracts(order.qty),
            "triggerPrice": listing.price(given(order.trigger_price, "a trigger price")),
            "workingType": "MARK_PRICE",
            "clientAlgoId": client_id,
        }
        params |= reducing(order, position, "positionSide")
        return self.parser.algo(await self.send("fapiPrivatePostAlgoOrder", params))

    async def cancel(self, asset: str, client_id: str, is_conditional: bool) -> None:
        """Cancel one order of ours; an order that is not open (any more) is no error."""
        if is_conditional:
            await self._cancel("fapiPrivateDeleteAlgoOrder", {"clientAlgoId": client_id})
        else:
            ids = {"symbol": self.listing(asset).market_id, "origClientOrderId": client_id}
            await self._cancel("fapiPrivateDeleteOrder", ids)

    async def cancel_order(self, order: VenueOrder) -> None:
        """Cancel an order that `open_orders` returned."""
        if order.is_conditional:
            await self._cancel("fapiPrivateDeleteAlgoOrder", {"algoId": order.venue_order_id})
        else:
            ids = {"symbol": self.listing(order.asset).market_id, "orderId": order.venue_order_id}
            await self._cancel("fapiPrivateDeleteOrder", ids)

    async def executions_of(self, ids: dict[str, str]) -> Sequence[Any]:
        """By their ids, as the venue lists them."""
        rows: Sequence[Any] = await self.ask("fapiPrivateGetUserTrades", ids)
        return rows

    async def fills_since(self, asset: str, since_ns: int) -> tuple[VenueFill, ...]:
        """Every execution there since then. The venue lists them without our ids, which its orders tell."""
        symbol = self.listing(asset).market_id
        asked: dict[str, Any] = {"symbol": symbol, "startTime": self._reach_ms(since_ns), "limit": FILLS_A_PAGE}
        rows: list[Any] = []
        for _ in range(MOST_PAGES):
            page = await self.ask("fapiPrivateGetUserTrades", asked)
            with self.judged():
                rows += as_list(page)
                if len(page) < FILLS_A_PAGE:
                    break
                asked = {"symbol": symbol, "fromId": int(rows_with(page, "id")[-1]["id"]) + 1, "limit": FILLS_A_PAGE}
        with self.judged():
            await self._prices.learn(names_in(rows, self.fee_coin_key))
            order_ids = (str(row["orderId"]) for row in rows_with(rows, "orderId"))
            await self._learn_orders(symbol, self._names.unknown(order_ids))
            read = self.lists.read("executions", rows, lambda row: self.parser.fill(row, ""))
            fills = [self._names.named(fill) for fill in read]
            return tuple(sorted(fills, key=lambda fill: fill.ts_ns))

    async def _learn_orders(self, symbol: str, order_ids: list[str]) -> None:
        if len(order_ids) > ASKED_SINGLY:
            oldest = min(order_ids, key=int)
            rows = await self.ask("fapiPrivateGetAllOrders", {"symbol": symbol, "orderId": oldest, "limit": 1_000})
            found = self.lists.read("orders of executions", rows, self.parser.order)
        else:
            answers = (self._order({"symbol": symbol, "orderId": order_id}) for order_id in order_ids)
            found = [order for order in await all_of(*answers) if order is not None]
        known = {order.venue_order_id: self._known(order) for order in found}
        for order_id in order_ids:
            self._names.learn(order_id, known.get(order_id))

    async def open_orders(self, assets: Collection[str] | None = None) -> tuple[VenueOrder, ...]:
        """Every open order, of both services."""
        wanted = None if assets is None else [self.listing(asset).market_id for asset in sorted(assets)]
        symbols: list[dict[str, str]] = [{}] if wanted is None else [{"symbol": symbol} for symbol in wanted]
        plain = [self.ask("fapiPrivateGetOpenOrders", symbol) for symbol in symbols]
        conditional = [self.ask("fapiPrivateGetOpenAlgoOrders", symbol) for symbol in symbols]
        answers = await all_of(*plain, *conditional)
        with self.judged():
            plain_rows = [row for rows in answers[: len(symbols)] for row in as_list(rows)]
            algo_rows = [row for rows in answers[len(symbols) :] for row in as_list(rows)]
            found = await self._orders_in(plain_rows, algo_rows)
        return tuple(self._known(order) for order in found)

    def _known(self, order: VenueOrder) -> VenueOrder:
        return order._replace(client_id=self._stream.triggered_as.client_id(order.venue_order_id, order.client_id))

    async def guard_entries(self, within_s: float) -> None:
        """Nothing: whether the venue's countdown spares the stops of the algo service is not written anywhere."""

    # -- the account

    async def positions(self) -> tuple[HeldPosition, ...]:
        """Every open position: perpetuals and dated futures, whatever they are quoted in."""
        rows = await self.ask("fapiPrivateV3GetPositionRisk")
        with self.judged():
            return await self._positions_in(rows)

    async def margin_in_use_usd(self) -> float:
        """What positions tie up, in every mode and quote."""
        account = await self.ask("fapiPrivateV3GetAccount")
        with self.judged():
            return float(account["totalPositionInitialMargin"])

    async def facts(self) -> AccountFacts:
        """What the venue says of the account. A demo account has no permissions to ask for."""
        rights = {} if self.is_demo else await self.ask("sapiGetAccountApiRestrictions")
        dual, account, settings, fees, offset_ms = await asyncio.gather(
            self.ask("fapiPrivateGetPositionSideDual"),
            self.ask("fapiPrivateV3GetAccount"),
            self.ask("fapiPrivateGetSymbolConfig"),
            self._taker_fee_bps(),
            self.clock_offset_ms(),
        )
        with self.judged():
            told = rows_with(settings, "symbol", "leverage", "marginType")
            ours = {self.asset_of(str(row["symbol"])): row for row in told}
            ours = {asset: row for asset, row in ours.items() if asset in self.listed()}
            return AccountFacts(
                can_trade=is_true(rights["enableFutures"]) if rights else True,
                dangerous_permissions=tuple(name for name in DANGEROUS if is_true(rights.get(name))),
                is_ip_restricted=is_true(rights["ipRestrict"]) if rights else None,
                is_one_way=not is_true(dual["dualSidePosition"]),
                equity_usd=float(account["totalMarginBalance"]),
                clock_offset_ms=offset_ms,
                leverage={asset: float(row["leverage"]) for asset, row in ours.items()},
                is_isolated={asset: row["marginType"].upper() == "ISOLATED" for asset, row in ours.items()},
                taker_fee_bps=fees,
                listed=self.listed(),
            )

    async def settings(self, asset: str) -> TradeSettings:
        """Leverage and margin mode of one perpetual, read back now."""
        rows = await self.ask("fapiPrivateGetSymbolConfig", {"symbol": self.listing(asset).market_id})
        with self.judged():
            row = rows_with(rows, "leverage", "marginType")[0]
            return TradeSettings(float(row["leverage"]), row["marginType"].upper() == "ISOLATED")

    async def _taker_fee_bps(self) -> float | None:
        for asset in self.listed():
            answer = await self.ask("fapiPrivateGetCommissionRate", {"symbol": self.listing(asset).market_id})
            with self.judged():
                return float(answer["takerCommissionRate"]) * BPS
        return None

    async def mark_price(self, asset: str) -> float:
        """What the venue values the asset at."""
        answer = await self.ask("fapiPublicGetPremiumIndex", {"symbol": self.listing(asset).market_id})
        with self.judged():
            return float(answer["markPrice"])

    async def funding_since(self, since_ms: int) -> list[tuple[str, FundingUpdate]]:
        """Payments booked since then, each with the venue's own id."""
        asked = {"incomeType": "FUNDING_FEE", "startTime": since_ms, "limit": 1_000}
        rows = await self.ask("fapiPrivateGetIncome", asked)
        with self.judged():
            await self._prices.learn(names_in(rows, "asset"))
            return self.lists.read("funding", rows, self._funding)

    def _funding(self, row: Any) -> tuple[str, FundingUpdate]:
        booked = CoinAmount(float(row["income"]), str(row["asset"]))
        asset, ts_ns = self.asset_of(row["symbol"]), int(row["time"]) * NS_PER_MS
        return str(row["tranId"]), FundingUpdate(asset, self._prices.usd(*booked), ts_ns, booked)


def _venue_side(side: Side) -> str:
    return "BUY" if side is Side.LONG else "SELL"


def _quantity(listing: Listing, order: OrderRequest, position: HeldPosition | None) -> str:
    """In whole lots; what is left of a position under one lot is offered as it is, the venue may have a way.

    A position on what is not listed says its own quantity.
    """
    if position is None:
        return listing.contracts(order.qty, order.reduce_only)
    if not listing.is_listed:
        return position.contracts
    try:
        return listing.contracts(order.qty)
    except Refused:
        return position.contracts
