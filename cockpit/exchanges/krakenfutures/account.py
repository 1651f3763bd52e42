"""A multi-collateral account on Kraken Futures. One-way positions; a contract is one base coin.

Orders and stops live in one service, which forgets an order some seconds after its end: what became of it then stands
in the account's history. What executions cost and what funding was paid stands in the account's log alone.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from cockpit.config.secrets import VenueKeys
from cockpit.domain.kinds import OrderStatus, OrderType
from cockpit.domain.orders import OrderRequest
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.account import Ambiguous, FundingUpdate, HeldPosition, Refused, VenueFill, VenueOrder
from cockpit.exchanges.base.account_facts import AccountFacts, TradeSettings
from cockpit.exchanges.base.account_lists import ORDERS, POSITIONS
from cockpit.exchanges.base.ccxt_account import CcxtAccount
from cockpit.exchanges.base.contracts import Listing
from cockpit.exchanges.base.markets import raw_answer
from cockpit.exchanges.base.order_terms import accepted, given, kind_of, venue_side
from cockpit.exchanges.base.rows import as_list, names_in, read_rows, row_name, rows_but_others, rows_with
from cockpit.exchanges.base.values import number_or_none
from cockpit.exchanges.krakenfutures.client import kraken_client
from cockpit.exchanges.krakenfutures.codes import KRAKEN_CODES, NOT_OPEN
from cockpit.exchanges.krakenfutures.parsing import KrakenParser, asset_of, coin_of, listing_of, stamp_ns
from cockpit.exchanges.krakenfutures.user_stream import KrakenStream

FILLS_A_PAGE, MOST_PAGES = 100, 10
HISTORY_ROWS = 50
PCT_AS_BPS = 100.0
ENDED = {
    "OrderCancelled": OrderStatus.CANCELLED,
    "OrderRejected": OrderStatus.REJECTED,
    "OrderTriggerCancelled": OrderStatus.CANCELLED,
}
"""What an event of the history says has become of an order; the others leave it to its executions."""


class KrakenAccount(CcxtAccount):
    """A leverage preference makes a perpetual isolated; without one it is held cross, at what its margin allows."""

    venue = "krakenfutures"
    quote = "USD"
    _stream: KrakenStream

    def _make_client(self, keys: VenueKeys | None) -> Any:
        return kraken_client(self._urls, keys, self.is_demo)

    def _make_stream(self) -> KrakenStream:
        self._most_leverage: dict[str, float] = {}
        self._fee_schedules: dict[str, str] = {}
        self._parser = KrakenParser(self.listings, self._fees)
        return KrakenStream(self, self._parser)

    def asset_of(self, market_id: str) -> str:
        """BTC for PF_XBTUSD."""
        return asset_of(market_id)

    def _ask_listings(self) -> tuple[list[Listing], tuple[str, ...]]:
        answer = raw_answer(self._make_client(None), "publicGetInstruments", {})
        listings, odd = read_rows(f"{self.venue} contracts", answer["instruments"], listing_of)
        for row in rows_with(answer["instruments"], "symbol"):
            asset, levels = asset_of(str(row["symbol"])), rows_with(row.get("marginLevels") or (), "initialMargin")
            self._fee_schedules[asset] = str(row.get("feeScheduleUid") or "")
            if levels and (share := number_or_none(levels[0]["initialMargin"]) or 0.0) > 0.0:
                self._most_leverage[asset] = 1.0 / share
        return listings, odd

    async def _server_time_ms(self) -> float:
        answer = await self.ask("publicGetFeeschedules")
        with self.judged():
            return stamp_ns(answer["serverTime"]) / NS_PER_MS

    # -- orders

    async def _place(
        self, listing: Listing, order: OrderRequest, client_id: str, position: HeldPosition | None
    ) -> VenueOrder:
        fields = {
            "orderType": "mkt",
            "symbol": listing.market_id,
            "side": venue_side(order.side),
            "size": _size(listing, order, position),
            "cliOrdId": client_id,
        }
        if order.order_type is OrderType.LIMIT:
            fields |= {"orderType": "lmt", "limitPrice": listing.price(given(order.limit_price, "a limit price"))}
        if order.reduce_only:
            fields["reduceOnly"] = "true"
        return await self._send_order(order, client_id, fields)

    async def _place_stop(
        self, listing: Listing, order: OrderRequest, client_id: str, position: HeldPosition | None
    ) -> VenueOrder:
        fields = {
            "orderType": "stp",
            "symbol": listing.market_id,
            "side": venue_side(order.side),
            "size": listing.contracts(order.qty),
            "stopPrice": listing.price(given(order.trigger_price, "a trigger price")),
            "triggerSignal": "mark",
            "cliOrdId": client_id,
        }
        if order.reduce_only:
            fields["reduceOnly"] = "true"
        return await self._send_order(order, client_id, fields)

    async def _send_order(self, order: OrderRequest, client_id: str, fields: dict[str, str]) -> VenueOrder:
        """The venue answers "success" to what it does not place too: the order's own status says so."""
        self._stream.asks_for(client_id, float(fields["size"]))
        answer = await self.send("privatePostSendorder", fields, kind_of(order))
        with self.judged():
            sent = answer["sendStatus"]
            status = str(sent["status"])
            if status != "placed":
                raise self._refusal(status, sent)
            order_id = str(sent["order_id"])
        return accepted(order, client_id, order_id)

    def _refusal(self, status: str, sent: Any) -> Refused | Ambiguous:
        kind = KRAKEN_CODES.refusals.get(status)
        why = "; ".join(str(event["reason"]) for event in sent.get("orderEvents") or () if event.get("reason"))
        sentence = f"{self.venue}: expected the order placed, was {status}{f' ({why})' if why else ''}"
        return Ambiguous(sentence) if kind is None else Refused(kind, status, sentence)

    async def cancel(self, asset: str, client_id: str, is_conditional: bool) -> None:
        """Cancel one order of ours; an order that is not open (any more) is no error."""
        self.listing(asset)
        await self._cancel({"cliOrdId": client_id})

    async def cancel_order(self, order: VenueOrder) -> None:
        """Cancel an order that `open_orders` returned."""
        await self._cancel({"order_id": order.venue_order_id})

    async def _cancel(self, ids: dict[str, str]) -> None:
        try:
            answer = await self.send("privatePostCancelorder", ids)
        except Refused as refused:
            if refused.code not in NOT_OPEN:
                raise
            return
        with self.judged():
            status = str(answer["cancelStatus"]["status"])
            if status not in NOT_OPEN:
                raise Ambiguous(f"{self.venue}: expected the order cancelled, was {status}")

    async def find(self, asset: str, client_id: str, is_conditional: bool) -> VenueOrder | None:
        """One order by our id: as it is, or for what has ended by the account's history and executions.

        A stop keeps its id when it is triggered: it is no conditional order any more then.
        """
        listing = self.listing(asset)
        answer = await self.ask("privateGetOrdersStatus", {"cliOrdIds": client_id})
        with self.judged():
            rows = self.lists.read("order looked up", answer["orders"], self._parser.order_status)
        ours = [order for order in rows if order.client_id == client_id]
        found = ours[-1] if ours else await self._past(listing, client_id)
        if found is None or (found.is_conditional and not is_conditional):
            return None
        if is_conditional and not found.is_conditional:
            stop = await self._in_history("historyGetTriggers", listing, client_id)
            found = found._replace(trigger_price=None if stop is None else stop.trigger_price)
        return await self._with_executions(found)

    async def _past(self, listing: Listing, client_id: str) -> VenueOrder | None:
        """What the account's history says of an order that is not open any more."""
        found = await self._in_history("historyGetOrders", listing, client_id)
        return found or await self._in_history("historyGetTriggers", listing, client_id)

    async def _in_history(self, endpoint: str, listing: Listing, client_id: str) -> VenueOrder | None:
        """The newest word of that order or stop, among the newest rows of its contract."""
        answer = await self.ask(endpoint, {"tradeable": listing.market_id, "count": HISTORY_ROWS})
        with self.judged():
            for name, row in _orders_in(answer["elements"]):
                if row.get("clientId") == client_id:
                    return self._parser.past_order(row, ENDED.get(name, OrderStatus.UNKNOWN))
        return None

    async def _with_executions(self, order: VenueOrder) -> VenueOrder:
        """The order with what was executed of it, and at which price."""
        if order.is_conditional:
            return order
        fills = await self._fills_where(lambda fill: fill.venue_order_id == order.venue_order_id, order.asset, 0)
        filled = sum(fill.qty for fill in fills)
        if not filled:
            return order
        status = order.status
        if filled >= order.qty - 1e-12:
            status = OrderStatus.FILLED
        average = sum(fill.qty * fill.price for fill in fills) / filled
        return order._replace(
            status=status,
            filled_qty=max(order.filled_qty, round(filled, 12)),
            average_price=average,
            detail=next((fill.forced for fill in fills if fill.forced), order.detail),
        )

    async def fills_of(self, order: VenueOrder) -> tuple[VenueFill, ...]:
        """Every execution of it; none while it waits for its trigger."""
        if order.is_conditional:
            return ()
        fills = await self._fills_where(lambda fill: fill.venue_order_id == order.venue_order_id, order.asset, 0)
        return tuple(fill._replace(client_id=order.client_id) for fill in fills)

    async def fills_since(self, asset: str, since_ns: int) -> tuple[VenueFill, ...]:
        """Every execution there since then."""
        self.listing(asset)
        since_ns = self._reach_ms(since_ns) * NS_PER_MS
        return tuple(await self._fills_where(lambda fill: fill.ts_ns >= since_ns, asset, since_ns))

    async def _fills_where(self, wanted: Any, asset: str, since_ns: int) -> list[VenueFill]:
        """Oldest first. The venue lists the newest hundred, or those before an instant; fees are another list's."""
        rows: dict[tuple[str, ...], Any] = {}
        asked: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            page = await self.ask("privateGetFills", asked)
            with self.judged():
                told = as_list(page["fills"])
                named = {row_name(row, "fill_id"): row for row in told}
                new = {name: row for name, row in named.items() if name not in rows}
                rows |= new
                oldest_ns, oldest = min(_times(new.values()), default=(0, ""))
                if not oldest or len(told) < FILLS_A_PAGE or oldest_ns < since_ns:
                    break
                asked = {"lastFillTime": oldest}
        with self.judged():
            ours = rows_but_others(rows.values(), "symbol", lambda symbol: asset_of(symbol) == asset)
            times = _times(rows_with(ours, "symbol"))
            booked = await self._booked_fees(min(times)[0]) if times else {}
            fills = self.lists.read("executions", reversed(ours), lambda row: self._parser.fill(row, booked))
        return sorted(filter(wanted, fills), key=lambda fill: fill.ts_ns)

    async def _booked_fees(self, since_ns: int) -> dict[str, Any]:
        answer = await self.ask("historyGetAccountLog", {"since": str(since_ns // NS_PER_MS), "info": "futures trade"})
        with self.judged():
            logs = rows_with(answer["logs"], "asset", "fee")
            await self._prices.learn(coin_of(row["asset"]) for row in logs)
            return dict(self.lists.read("fees", logs, self._parser.booked_fee))

    async def open_orders(self, assets: Collection[str] | None = None) -> tuple[VenueOrder, ...]:
        """Every open order, plain and conditional: the venue has one list of them."""
        answer = await self.ask("privateGetOpenorders")
        with self.judged():
            rows = answer["openOrders"]
            await self.lists.learn(name.upper() for name in names_in(rows, "symbol"))
            found = self.lists.read(ORDERS, rows, self._parser.open_order)
        return tuple(
            order
            for order in found
            if (assets is None or order.asset in assets) and not self._probe.is_out(order.client_id)
        )

    async def guard_entries(self, within_s: float) -> None:
        """Nothing: the venue's dead-man switch cancels every order, stops among them."""

    # -- the account

    async def positions(self) -> tuple[HeldPosition, ...]:
        """Every open position, whatever it is quoted in, valued at the mark of its contract."""
        answer = await self.ask("privateGetOpenpositions")
        with self.judged():
            rows = answer["openPositions"]
            await self.lists.learn(name.upper() for name in names_in(rows, "symbol"))
            held = self.lists.read(POSITIONS, rows, self._parser.position)
        marks = await asyncio.gather(*(self._mark(position.market_id) for position in held), return_exceptions=True)
        return tuple(
            position._replace(mark_price=mark if isinstance(mark, float) else None)
            for position, mark in zip(held, marks, strict=True)
        )

    async def margin_in_use_usd(self) -> float:
        """What positions tie up of the multi-collateral wallet."""
        flex = await self._wallet()
        with self.judged():
            return float(flex["initialMargin"])

    async def _wallet(self) -> Any:
        answer = await self.ask("privateGetAccounts")
        with self.judged():
            return answer["accounts"]["flex"]

    async def facts(self) -> AccountFacts:
        """What the venue says of the account. Of the key's permissions it says nothing."""
        flex, preferences, fee_bps, offset_ms = await asyncio.gather(
            self._wallet(), self._preferences(), self._taker_fee_bps(), self.clock_offset_ms()
        )
        with self.judged():
            listed = self.listed()
            leverage = {asset: preferences.get(asset, self._most_leverage.get(asset)) for asset in listed}
            return AccountFacts(
                can_trade=True,
                dangerous_permissions=(),
                is_ip_restricted=None,
                is_one_way=True,
                equity_usd=float(flex["portfolioValue"]),
                clock_offset_ms=offset_ms,
                leverage={asset: value for asset, value in leverage.items() if value is not None},
                is_isolated={asset: asset in preferences for asset in listed},
                taker_fee_bps=fee_bps,
                listed=listed,
            )

    async def settings(self, asset: str) -> TradeSettings:
        """Leverage and margin mode of one perpetual, read back now."""
        self.listing(asset)
        preferences = await self._preferences()
        with self.judged():
            return TradeSettings(preferences.get(asset) or self._most_leverage[asset], asset in preferences)

    async def _preferences(self) -> dict[str, float]:
        """The leverage of every perpetual that is isolated."""
        answer = await self.ask("privateGetLeveragepreferences")
        with self.judged():
            rows = rows_with(answer["leveragePreferences"], "symbol", "maxLeverage")
            return {asset_of(str(row["symbol"])): float(row["maxLeverage"]) for row in rows}

    async def _taker_fee_bps(self) -> float | None:
        """Of the tier that the account's volume has reached, in the schedule of the first perpetual we know."""
        schedules, volumes = await asyncio.gather(
            self.ask("publicGetFeeschedules"), self.ask("privateGetFeeschedulesVolumes")
        )
        with self.judged():
            uid = next((self._fee_schedules.get(asset, "") for asset in self.listed()), "")
            volume = float(volumes["volumesByFeeSchedule"].get(uid) or 0.0)
            tiers = next(
                (one["tiers"] for one in rows_with(schedules["feeSchedules"], "uid", "tiers") if one["uid"] == uid), ()
            )
            reached = [tier for tier in rows_with(tiers, "usdVolume", "takerFee") if float(tier["usdVolume"]) <= volume]
            if not reached:
                return None
            return float(max(reached, key=lambda tier: float(tier["usdVolume"]))["takerFee"]) * PCT_AS_BPS

    async def mark_price(self, asset: str) -> float:
        """What the venue values the asset at."""
        return await self._mark(self.listing(asset).market_id)

    async def _mark(self, market_id: str) -> float:
        answer = await self.ask("publicGetTickersSymbol", {"symbol": market_id})
        with self.judged():
            return float(answer["ticker"]["markPrice"])

    async def funding_since(self, since_ms: int) -> list[tuple[str, FundingUpdate]]:
        """Payments booked since then, each with the venue's own id."""
        answer = await self.ask("historyGetAccountLog", {"since": str(since_ms), "info": "funding rate change"})
        with self.judged():
            rows = answer["logs"]
            await self._prices.learn(map(coin_of, names_in(rows, "asset")))
            return self.lists.read("funding", rows, lambda row: self._parser.funding(row, self._prices))


def _orders_in(elements: Iterable[Any]) -> list[tuple[str, Any]]:
    """The events of a history that are about an order: their names, and the order as it was."""
    events = rows_with(element["event"] for element in rows_with(elements, "event"))
    named = [(name, body) for event in events for name, body in event.items() if isinstance(body, Mapping)]
    told = [(name, body.get("newOrder") or body.get("order")) for name, body in named]
    return [(name, row) for name, row in told if isinstance(row, Mapping)]


def _size(listing: Listing, order: OrderRequest, position: HeldPosition | None) -> str:
    """In whole lots; what is left of a position under one lot is offered as it is: dust for the venue to judge."""
    if position is None:
        return listing.contracts(order.qty, order.reduce_only)
    if not listing.is_listed:
        return position.contracts
    try:
        return listing.contracts(order.qty)
    except Refused:
        return str(Decimal(position.contracts))


def _times(rows: Iterable[Any]) -> list[tuple[int, str]]:
    """When these executions were, and as the venue writes it; nothing of those that do not say."""
    return read_rows("executions", rows, lambda row: (stamp_ns(row["fillTime"]), str(row["fillTime"])))[0]
