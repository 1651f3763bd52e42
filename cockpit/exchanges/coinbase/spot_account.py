"""A spot account at Coinbase: coins are bought, guarded by a stop that sells, and sold. Long only, nothing borrowed.

Spot has no positions: what our orders bought is ours (`spot_books`), and nothing else is ever sold (`spot_exits`).
"""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from cockpit.config.endpoints import VenueUrls
from cockpit.config.exits import AccountConfig
from cockpit.config.secrets import VenueKeys
from cockpit.domain.kinds import OrderType, Side
from cockpit.domain.orders import OrderRequest
from cockpit.domain.quantity import rounded
from cockpit.domain.units import BPS
from cockpit.exchanges.base.account import HeldPosition, KeysLost, RefusalKind, Refused, VenueFill, VenueOrder
from cockpit.exchanges.base.account_facts import AccountFacts, Previewed, TradeSettings, TradingHours
from cockpit.exchanges.base.contracts import Listing, plain
from cockpit.exchanges.base.markets import raw_answer
from cockpit.exchanges.base.rows import read_rows
from cockpit.exchanges.base.timing import Timing, all_of
from cockpit.exchanges.coinbase.account import DANGEROUS, HISTORY, NOT_OPEN_YET, ORDERS_A_PAGE
from cockpit.exchanges.coinbase.client import coinbase_client
from cockpit.exchanges.coinbase.products import spot_hours
from cockpit.exchanges.coinbase.spot_books import Terms, mark_of
from cockpit.exchanges.coinbase.spot_exits import SpotExits
from cockpit.exchanges.coinbase.spot_holdings import QUANTITY
from cockpit.exchanges.coinbase.spot_orders import (
    SPOT,
    SpotParser,
    against_spot,
    size_text,
    spot_body,
    spot_listing,
    spot_stop_body,
)
from cockpit.exchanges.coinbase.spot_stream import SpotStream

PROBED_AT = 0.9
"""Of the price: where a stop is asked about."""


class CoinbaseSpotAccount(SpotExits):
    """What it calls positions are the coins that our orders bought, as far as the account still has them."""

    product_type = SPOT
    least_round_s, least_peek_s = 8.0, 0.8
    """A look at what is held and at its stops is one request there, and another for the coins every few seconds."""

    def __init__(self, config: AccountConfig, keys: VenueKeys, urls: VenueUrls, timing: Timing | None = None) -> None:
        section = config.venues[self.venue]
        self._hours: dict[str, TradingHours] = {}
        self._fee_share = section.taker_fee_bps / BPS
        super().__init__(config, keys, urls, timing)

    def _make_client(self, keys: VenueKeys | None) -> Any:
        if self.is_demo:
            raise KeysLost(f"{self.venue}: expected its real account, was a demo one: it has none")
        products = frozenset(self._asset_of)
        return coinbase_client(self._urls, keys, lambda fields: against_spot(fields, products))

    def _make_stream(self) -> SpotStream:
        self._parser = parser = SpotParser(self.listings, self._fees, self._books)
        return SpotStream(self, parser, self._books)

    def asset_of(self, market_id: str) -> str:
        """BTC for BTC-USD, where the config names it; any other product keeps the venue's name."""
        return self._asset_of.get(market_id, market_id)

    def _ask_listings(self) -> tuple[list[Listing], tuple[str, ...]]:
        asked: dict[str, Any] = {"product_ids": sorted(self._asset_of)}
        answer = raw_answer(self._make_client(None), "v3PublicGetBrokerageMarketProducts", asked)
        rows = [row for row in answer["products"] if row.get("product_id") in self._asset_of]
        for row in rows:
            spot_listing(row, self.asset_of(row["product_id"]))  # what is no spot product is refused, not left out
            self._read_product(row)
        return read_rows(
            f"{self.venue} products", rows, lambda row: spot_listing(row, self.asset_of(row["product_id"]))
        )

    def _read_product(self, row: Mapping[str, Any]) -> None:
        asset = self.asset_of(row["product_id"])
        self._books.terms[asset] = Terms(float(row["base_min_size"]), float(row.get("quote_min_size") or 0.0))
        self._hours[asset] = spot_hours(row, self.timing.clock())

    def trading_hours(self, asset: str) -> TradingHours | None:
        """It never closes; what its list says of orders at market counts."""
        return self._hours.get(asset)

    async def open(self) -> None:
        """Its orders and its coins are read too: without them nobody knows what is ours."""
        await super().open()
        await self._read_what_is_ours()

    def remarks(self) -> tuple[str, ...]:
        """What is there beside ours."""
        found = []
        for asset, product in self._spot.items():
            bought, others = self._books.bought(asset), self._books.others(asset)
            if bought.dust:
                left = f"{rounded_text(bought.dust)} {asset} of ours are left over, under the least order of {product}"
                found.append(f"{self.venue}: {left}: not tried again")
            if not self._books.is_dust(asset, others, bought.entry_price) and others > bought.dust:
                what = f"{rounded_text(others - bought.dust)} {asset} in the account were not bought by our orders"
                found.append(f"{self.venue}: {what}: no exit and no flatten sells them")
        return tuple(found)

    # -- what is told

    async def _quiet(self) -> None:
        """Until no exit is half done: what is asked in the middle of one would say that a stop is gone."""
        for asset in self._spot:
            async with self._turns[asset].taken():
                pass

    async def find(self, asset: str, client_id: str, is_conditional: bool) -> VenueOrder | None:
        """One order by our id; a stop that was laid again is the newest of its id."""
        await self._quiet()
        return await super().find(asset, client_id, is_conditional)

    async def cancel(self, asset: str, client_id: str, is_conditional: bool) -> None:
        """Cancel one order of ours; an order that is not open (any more) is no error."""
        self._taken_back.add(client_id)
        await self._quiet()
        await super().cancel(asset, client_id, is_conditional)

    async def fills_since(self, asset: str, since_ns: int) -> tuple[VenueFill, ...]:
        """Of our orders, and others' sales as far as they took coins of ours: what else they trade is their own."""
        fills = await super().fills_since(asset, since_ns)
        ours = [fill for fill in fills if mark_of(fill.client_id) is not None]
        return tuple(sorted((*ours, *self._sold_by_others(asset, fills)), key=lambda fill: fill.ts_ns))

    def _sold_by_others(self, asset: str, fills: Sequence[VenueFill]) -> Iterator[VenueFill]:
        """The newest, until they add up to what is missing of ours in the account."""
        missing = rounded(self._books.bought(asset).qty - self._books.held(asset, self.listing(asset)).qty)
        for fill in reversed(fills):
            if missing > QUANTITY and fill.side is Side.SHORT and mark_of(fill.client_id) is None:
                qty = min(fill.qty, missing)
                missing = rounded(missing - qty)
                yield fill._replace(qty=qty, fee_usd=fill.fee_usd * qty / fill.qty, nets_with_ours=True)

    async def open_orders(self, assets: Collection[str] | None = None) -> tuple[VenueOrder, ...]:
        """Ours: nothing of others acts on what is ours."""
        await self._quiet()
        pages = await all_of(self._orders_of_status(["OPEN"]), self._orders_of_status(NOT_OPEN_YET))
        rows = [row for page in pages for row in page]
        found = {order.venue_order_id: order for order in self._read_rows(rows)}
        return tuple(
            order
            for order in found.values()
            if not order.status.is_final
            and (assets is None or order.asset in assets)
            and not self._books.is_superseded(order.venue_order_id)
        )

    async def _orders_of_status(self, status: list[str]) -> list[Any]:
        asked = {"order_status": status, "product_ids": sorted(self._asset_of), "limit": ORDERS_A_PAGE}
        return [row async for page in self._pages(HISTORY, "orders", asked) for row in page]

    async def positions(self) -> tuple[HeldPosition, ...]:
        """What our orders bought, as far as it is there; what is under the least order is none."""
        await self._quiet()
        if self._short:
            await self._read_what_is_ours()
        else:
            await self._read_changes()
        self._guard_what_is_free()
        found = []
        for asset, product in self._spot.items():
            held = self._books.held(asset, self.listings.of(product))
            if held.qty > 0.0 and not self._books.is_dust(asset, held.qty, held.entry_price):
                found.append(HeldPosition(asset, held.qty, held.entry_price, None, 1.0, None, market_id=product))
        return tuple(found)

    async def stops_rest(self, stops: Mapping[str, str]) -> bool:
        """By the list of our orders, which a look at what is held asks for at the same time."""
        await self._quiet()
        if self._reading is None or self._reading.done():
            self._reading = asyncio.ensure_future(self._read_orders())
        await asyncio.shield(self._reading)
        found = [self._noted.get(client_id) for client_id in stops]
        return all(order is not None and order.is_conditional and not order.status.is_final for order in found)

    async def margin_in_use_usd(self) -> float:
        """Nothing is borrowed: coins tie no money up."""
        return 0.0

    async def facts(self) -> AccountFacts:
        """Its money, and what our coins are worth; coins of others are none of ours."""
        key, fee_bps, offset_ms, *_ = await asyncio.gather(
            self.ask("v3PrivateGetBrokerageKeyPermissions"),
            self._taker_fee_bps(),
            self.clock_offset_ms(),
            self._read_orders(),
            self._read_balances(),
        )
        held = {asset: self._books.held(asset, self.listing(asset)).qty for asset in self.listed()}
        worth_usd = sum([qty * await self.mark_price(asset) for asset, qty in held.items() if qty])
        with self.judged():
            return AccountFacts(
                can_trade=key.get("can_view") is True and key.get("can_trade") is True,
                dangerous_permissions=tuple(name for name in DANGEROUS if key.get(name) is not False),
                is_ip_restricted=None,
                is_one_way=True,
                equity_usd=(self._books.totals or {}).get(self.quote, 0.0) + worth_usd,
                clock_offset_ms=offset_ms,
                leverage=dict.fromkeys(self.listed(), 1.0),
                is_isolated={},
                taker_fee_bps=fee_bps,
                listed=self.listed(),
            )

    async def settings(self, asset: str) -> TradeSettings:
        """Nothing is lent. The money that is there is read before each purchase."""
        self.listing(asset)
        await self._read_balances()
        return TradeSettings(1.0, None)

    async def holds_stops(self, asset: str) -> str | None:
        """By asking about one: there are no coins yet that it could hold, and that is no reason against it."""
        try:
            listing, price = self.listing(asset), await self.mark_price(asset)
            least = max(listing.coins(listing.least), 2 * self._books.terms[asset].least_usd / price)
            far = self.closing(HeldPosition(asset, least + listing.coins(listing.lot), 0.0, None, None, None), "")
            await self.preview(replace(far, order_type=OrderType.STOP_MARKET, trigger_price=price * PROBED_AT))
        except Refused as refused:
            return None if refused.kind is RefusalKind.NOTHING_TO_REDUCE else str(refused)
        return None

    async def preview(self, order: OrderRequest) -> Previewed:
        """Asked about a sale the venue misses the coins: that is all that it has against it."""
        try:
            return await super().preview(order)
        except Refused as refused:
            if refused.kind is RefusalKind.MARGIN and order.side is Side.SHORT:
                raise Refused(RefusalKind.NOTHING_TO_REDUCE, refused.code, str(refused)) from None
            raise

    def _body_of(self, listing: Listing, order: OrderRequest, client_id: str) -> dict[str, Any]:
        size = size_text(listing, order.qty, order.reduce_only)
        if order.order_type is OrderType.STOP_MARKET:
            return spot_stop_body(listing, order, size, client_id, self._stop_limit_bps)
        return spot_body(listing, order, size, client_id)

    # -- purchases

    async def _place(
        self, listing: Listing, order: OrderRequest, client_id: str, position: HeldPosition | None
    ) -> VenueOrder:
        if order.side is Side.SHORT:
            return await self.go_on(self._sell(listing, order, client_id))
        price = order.limit_price or order.decision_price
        cost_usd, there_usd = order.qty * price * (1.0 + self._fee_share), self._books.available.get(self.quote, 0.0)
        if cost_usd > there_usd:
            sentence = f"{order.asset}: expected {cost_usd:.2f} USD for it with its fee, was {there_usd:.2f} available"
            raise Refused(RefusalKind.MARGIN, "", f"{sentence}: nothing was sent")
        return await self._send_order(order, self._body_of(listing, order, client_id))


def rounded_text(qty: float) -> str:
    return plain(Decimal(repr(round(qty, 10))))
