"""An account on the venue. Say here what is unlike others: margin modes, sides, where stops live, what it forgets."""

from collections.abc import Collection
from typing import Any

from cockpit.config.secrets import VenueKeys
from cockpit.domain.orders import OrderRequest
from cockpit.exchanges._template.client import VENUE, template_client
from cockpit.exchanges._template.parsing import TemplateParser, asset_of
from cockpit.exchanges._template.user_stream import TemplateStream
from cockpit.exchanges.base.account import FundingUpdate, HeldPosition, VenueFill, VenueOrder
from cockpit.exchanges.base.account_facts import AccountFacts, TradeSettings
from cockpit.exchanges.base.ccxt_account import CcxtAccount
from cockpit.exchanges.base.contracts import Listing

FILLS_A_PAGE = 100


class TemplateAccount(CcxtAccount):
    """Raw endpoints of the library alone: what its unified calls send is rarely what they are named after.

    A venue that keeps conditional orders in a service of their own begins from `base.order_calls.OrderCalls`, which
    cancels, looks up and reads executions; one that keeps all in one service (as Kraken) from `CcxtAccount`.
    """

    venue = VENUE
    quote = "USDT"
    _stream: TemplateStream

    def _make_client(self, keys: VenueKeys | None) -> Any:
        return template_client(self._urls, keys, self.is_demo)

    def _make_stream(self) -> TemplateStream:
        self._parser = TemplateParser(self.listings, self._fees)
        return TemplateStream(self, self._parser)

    def asset_of(self, market_id: str) -> str:
        """Our name of a contract."""
        return asset_of(market_id)

    def _ask_listings(self) -> tuple[list[Listing], tuple[str, ...]]:
        raise NotImplementedError("account: raw_answer of the instruments, read_rows with listing_of")

    async def _server_time_ms(self) -> float:
        raise NotImplementedError("account: what time it is at the venue")

    # -- orders

    async def _place(
        self, listing: Listing, order: OrderRequest, client_id: str, position: HeldPosition | None
    ) -> VenueOrder:
        raise NotImplementedError("account: a market or limit order, with our id and reduce-only")

    async def _place_stop(
        self, listing: Listing, order: OrderRequest, client_id: str, position: HeldPosition | None
    ) -> VenueOrder:
        raise NotImplementedError("account: a stop that rests at the venue, on the mark, reduce-only")

    async def cancel(self, asset: str, client_id: str, is_conditional: bool) -> None:
        """Cancel one order of ours; an order that is not open (any more) is no error."""
        raise NotImplementedError("account: cancel by our id")

    async def cancel_order(self, order: VenueOrder) -> None:
        """Cancel an order that `open_orders` returned, whoever placed it."""
        raise NotImplementedError("account: cancel by the venue's id")

    async def find(self, asset: str, client_id: str, is_conditional: bool) -> VenueOrder | None:
        """One order by our id, whatever became of it; a triggered stop followed to the order it became."""
        raise NotImplementedError("account: one order by our id")

    async def fills_of(self, order: VenueOrder) -> tuple[VenueFill, ...]:
        """Every execution of it; none while it waits for its trigger."""
        raise NotImplementedError("account: the executions of one order")

    async def fills_since(self, asset: str, since_ns: int) -> tuple[VenueFill, ...]:
        """Every execution there since then, whoever ordered it, oldest first, each once over all pages."""
        raise NotImplementedError("account: executions since an instant")

    async def open_orders(self, assets: Collection[str] | None = None) -> tuple[VenueOrder, ...]:
        """Every open order of the account, plain and conditional, but for a probe of just now."""
        raise NotImplementedError("account: what is open")

    async def guard_entries(self, within_s: float) -> None:
        """Nothing, unless the venue's dead-man switch can be had without the stops."""

    # -- the account

    async def positions(self) -> tuple[HeldPosition, ...]:
        """Every open position, whatever it is quoted in."""
        raise NotImplementedError("account: what is held")

    async def margin_in_use_usd(self) -> float:
        """What positions tie up, by the balance: a witness beside the list of positions."""
        raise NotImplementedError("account: margin in use")

    async def facts(self) -> AccountFacts:
        """Permissions, modes, leverage, equity, fee and clock, each as the venue says; None where it does not."""
        raise NotImplementedError("account: what the venue says of it")

    async def settings(self, asset: str) -> TradeSettings:
        """Leverage and margin mode of one perpetual, read back now."""
        raise NotImplementedError("account: leverage and margin mode")

    async def mark_price(self, asset: str) -> float:
        """What the venue values the asset at."""
        raise NotImplementedError("account: the mark")

    async def funding_since(self, since_ms: int) -> list[tuple[str, FundingUpdate]]:
        """Payments booked since then, each with the venue's own id."""
        raise NotImplementedError("account: funding that was paid")
