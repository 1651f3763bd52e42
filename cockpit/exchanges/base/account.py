"""What we need of a real venue: one account behind its keys. Quantities are base coins, assets carry our names.

Whatever is behind it, every call ends in one of five ways, and the caller must tell them apart: it returns, or it
raises `Refused` (the venue said no), `Ambiguous` (nobody knows), `NotSent` (it never left, or was turned away unread),
or `KeysLost` (the venue no longer knows us).
"""

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import NamedTuple, Protocol

from cockpit.domain.kinds import OrderStatus, Side
from cockpit.domain.orders import OrderRequest
from cockpit.exchanges.base.account_facts import AccountFacts, Previewed, TradeSettings, TradingHours


class RefusalKind(StrEnum):
    """What a refusal means for the caller."""

    NOTHING_TO_REDUCE = "nothing_to_reduce"
    """Reduce-only without a position: read the position again, it may be flat already."""
    QUANTITY_RESERVED = "quantity_reserved"
    """Resting reduce-only orders hold the quantity: cancel them first."""
    WOULD_TRIGGER = "would_trigger"
    """The stop's price is reached already: leave at market."""
    DUPLICATE_ID = "duplicate_id"
    """The venue has an order of this id: look it up, never send another."""
    TOO_SMALL = "too_small"
    """Under the venue's least quantity or notional: dust."""
    TOO_LARGE = "too_large"
    """Over what one order may be: split it."""
    OFF_GRID = "off_grid"
    """The quantity or price is off the venue's grid: its markets have changed since they were loaded."""
    MARGIN = "margin"
    """Not enough money."""
    MODE = "mode"
    """The account's position or margin mode does not fit."""
    UNSUPPORTED = "unsupported"
    """The venue no longer takes this kind of order."""
    OTHER = "other"
    """Malformed, or anything else the venue names."""


class VenueFailure(Exception):
    """A call to a venue did not do what it should. The text is one masked line that names the venue's code."""


class Refused(VenueFailure):
    """The venue refused, and nothing of it will ever execute. `kind` says what to do about it."""

    def __init__(self, kind: RefusalKind, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.code = code


class Ambiguous(VenueFailure):
    """Nobody knows whether it executed: ask the venue by the client id; never send it under another one."""


class ErrorOfOrder(Ambiguous):
    """The venue answered for this very order with an error that is on no list: it was not taken, where a look-up by its
    id does not find it either.
    """


class NotSent(VenueFailure):
    """It was certainly not executed (turned away for the rate, our clock, maintenance): may be sent again, same id.

    `retry_after_s` is how long such a call is to wait, or None: what the venue asked for, but for an exit never long.
    `asked_until_ns` is until when the venue asked to be left alone, where it did. `is_clock` = our clocks differed, and
    were compared anew.
    """

    def __init__(
        self,
        sentence: str,
        retry_after_s: float | None = None,
        is_clock: bool = False,
        asked_until_ns: int | None = None,
    ) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s
        self.is_clock = is_clock
        self.asked_until_ns = asked_until_ns


class KeysLost(VenueFailure):
    """The venue refuses our keys (revoked, wrong address, no permission): entries halt, an operator must act."""


class CoinAmount(NamedTuple):
    """So much of a coin."""

    amount: float
    coin: str


class VenueFill(NamedTuple):
    """One execution of an order; `fill_id` is unique per venue, `fee_usd` > 0 was paid.

    `forced` says why the venue itself traded (liquidation, ...), where that is known; "" for anybody else's order.
    """

    fill_id: str
    client_id: str
    asset: str
    side: Side
    qty: float
    price: float
    fee_usd: float
    is_maker: bool
    ts_ns: int
    venue_order_id: str = ""
    forced: str = ""
    nets_with_ours: bool = True
    unconverted_fee: CoinAmount | None = None
    """The fee as the venue booked it, where its coin has no known price: `fee_usd` is the config's rate then."""


class VenueOrder(NamedTuple):
    """An order as the venue knows it. `is_conditional` = it rests with the venue's trigger service.

    `client_id` is "" where it was placed without one. A triggered conditional order is followed to the order it became:
    its status and fills are those of that order, under the client id of the conditional one.
    """

    client_id: str
    venue_order_id: str
    asset: str
    side: Side
    status: OrderStatus
    qty: float
    filled_qty: float
    average_price: float
    reduce_only: bool
    is_conditional: bool
    limit_price: float | None
    trigger_price: float | None
    detail: str = ""
    nets_with_ours: bool = True
    """False where it acts on another margin mode, or on a side of its own: no position of ours is touched by it."""


class PositionKey(NamedTuple):
    """What a venue keeps apart: one perpetual may be held in two margin modes, on two sides, or be listed twice."""

    asset: str
    market_id: str
    is_isolated: bool | None
    hedge_side: str


class HeldPosition(NamedTuple):
    """A position by the venue's own word: signed base coins (+ long). `mark_price` values it; None where unknown.

    `hedge_side` is the venue's word for the side in an account that keeps two, "" in one-way mode. `contracts` is the
    venue's own quantity without its sign: what a close needs even where the venue's lists cannot be had; "" where the
    account has no such word.
    """

    asset: str
    qty: float
    entry_price: float
    mark_price: float | None
    leverage: float | None
    is_isolated: bool | None
    hedge_side: str = ""
    market_id: str = ""
    nets_with_ours: bool = True
    """False for what no order of ours acts on: another margin mode, a side of its own, a second listing."""
    contracts: str = ""
    asked_ns: int = 0
    """When the list that has it was asked for, by our clock, where somebody noted that."""

    @property
    def key(self) -> "PositionKey":
        """What tells it from every other position of the account."""
        return PositionKey(self.asset, self.market_id, self.is_isolated, self.hedge_side)


class OrderUpdate(NamedTuple):
    """The private stream spoke of an order. It may come twice, late, out of order, or not at all."""

    order: VenueOrder
    fill: VenueFill | None
    ts_ns: int


class PositionUpdate(NamedTuple):
    """The private stream spoke of a position; `cause` is the venue's word (a fill, funding, liquidation, ADL)."""

    asset: str
    qty: float
    entry_price: float
    cause: str
    ts_ns: int
    nets_with_ours: bool = True


class FundingUpdate(NamedTuple):
    """A funding payment was booked; > 0 was received. `amount_usd` is None for one in a coin of no known price."""

    asset: str
    amount_usd: float | None
    ts_ns: int
    booked: CoinAmount


StreamUpdate = OrderUpdate | PositionUpdate | FundingUpdate


class VenueAccount(Protocol):
    """One venue, one key. Made for one event loop. Every method may raise any `VenueFailure`."""

    venue: str
    least_round_s: float
    """So often everything there may be looked at while its stream stands, as the venue counts requests; 0 = as often as
    asked.
    """
    least_peek_s: float
    """The same of positions and stops alone."""
    signs_reads: bool
    """Whether an answer to a question says that the key is still good; elsewhere `check_key` asks."""

    @property
    def is_demo(self) -> bool:
        """Whether it is the venue's demo account: nobody's money."""

    @property
    def is_loopback(self) -> bool:
        """Whether its addresses were moved to this machine: nobody's money."""

    async def open(self) -> None:
        """Load the markets and the clock, off the loop. Call it first."""

    async def open_for_exit(self) -> None:
        """Be ready to ask, cancel and close at once: the venue's lists are loaded beside that, and may fail."""

    def by_our_clock(self, venue_ns: int) -> int:
        """When that was, told by the venue's clock, in our time."""

    def unreadable(self) -> tuple[str, ...]:
        """What of the newest lists of positions and orders could not be read, a sentence each: it may be anything."""

    def set_aside(self) -> Mapping[str, str]:
        """What of executions, fees and funding could not be read since this was last asked: the books lack it."""

    def remarks(self) -> tuple[str, ...]:
        """What is there and is left alone, a sentence each: coins that our orders never bought."""

    def most_at_market(self, position: HeldPosition) -> float | None:
        """The largest market order that the venue takes there, in base coins; None while unknown."""

    def changed_grid(self, asset: str) -> str:
        """How the venue's price step or lot there has changed since it was opened; "" where orders still fit."""

    async def read_grids(self) -> None:
        """Ask anew what the venue lists, on which grid, and when it trades."""

    def trading_hours(self, asset: str) -> TradingHours | None:
        """When the venue trades there, as last read; None where it never closes, or has not told."""

    async def close(self) -> None:
        """Close every connection."""

    async def place(self, order: OrderRequest, client_id: str) -> VenueOrder:
        """Send one order, once. A STOP_MARKET goes to the venue's trigger service, on the mark price.

        Cancelling the wait does not cancel the request, which goes on: the outcome is as unknown as after `Ambiguous`.
        """

    async def cancel(self, asset: str, client_id: str, is_conditional: bool) -> None:
        """Cancel one order of ours. Returns also where the venue has no such open order: look it up then."""

    async def find(self, asset: str, client_id: str, is_conditional: bool) -> VenueOrder | None:
        """One order by our id, whatever became of it; None where the venue does not know it (yet)."""

    async def fills_of(self, order: VenueOrder) -> tuple[VenueFill, ...]:
        """Every execution of an order that `find` returned."""

    async def fills_since(self, asset: str, since_ns: int) -> tuple[VenueFill, ...]:
        """Every execution on that perpetual since then, whoever ordered it, oldest first.

        It reaches back a week at most (Binance's longest span). Where an order's id cannot be learnt its `client_id`
        is "".
        """

    async def open_orders(self, assets: Collection[str] | None = None) -> tuple[VenueOrder, ...]:
        """Every open order of the account on any contract, plain and conditional, whoever placed it.

        Asking everywhere (None) costs 80 of Binance's weight, asking of some assets 2 each.
        """

    async def stops_rest(self, stops: Mapping[str, str]) -> bool:
        """Whether these conditional orders of ours rest, the asset of each by our id: the cheapest way to ask."""

    async def positions(self) -> tuple[HeldPosition, ...]:
        """Every open position of the account. USDT perpetuals carry their base coin's name, all others the venue's."""

    async def margin_in_use_usd(self) -> float:
        """What positions tie up of the account's money, by its balance: a witness beside the list of positions."""

    async def close_position(self, position: HeldPosition, client_id: str) -> VenueOrder:
        """Reduce-only, at market, the whole of it, dust included where the venue has a way.

        No list of the venue's is needed for it.
        """

    async def protect(self, position: HeldPosition, trigger_price: float, client_id: str) -> VenueOrder:
        """A stop for all that `position` says, in the margin mode and on the side it is held in."""

    async def cancel_order(self, order: VenueOrder) -> None:
        """Cancel an order that `open_orders` returned, whoever placed it."""

    async def facts(self) -> AccountFacts:
        """Permissions, position mode, margin mode and leverage read back, equity, clock."""

    async def settings(self, asset: str) -> TradeSettings:
        """Leverage and margin mode of one perpetual, read back now: anybody may have changed them."""

    async def holds_stops(self, asset: str) -> str | None:
        """None where the venue can hold a protective stop of ours there; else a sentence with its reason.

        Asks without leaving anything behind.
        """

    async def mark_price(self, asset: str) -> float:
        """What the venue values it at."""

    async def preview(self, order: OrderRequest) -> Previewed:
        """What the venue says of an order that is asked about and not placed. Raises `Refused` as placing it would,
        and where the venue has no such question.
        """

    async def guard_entries(self, within_s: float) -> None:
        """Renew the venue's dead-man switch where it cannot remove a stop; does nothing on venues where it could."""

    async def ask_time(self) -> None:
        """Learn how far the venue's clock is from ours, which its stamps are compared with. Raises `VenueFailure`."""

    async def check_key(self) -> None:
        """Ask whether the key may still sign. Raises `KeysLost` where it may not, and any other `VenueFailure`."""

    async def touch(self) -> None:
        """Ask what costs the venue next to nothing: the connection that it goes over stays open. Raises any
        `VenueFailure`.
        """

    async def funding_since(self, since_ms: int) -> list[tuple[str, FundingUpdate]]:
        """Every funding payment booked since then (milliseconds since the epoch), each with the venue's own id."""

    async def follow(self, received: Callable[[StreamUpdate], None], linked: Callable[[bool, str], None]) -> None:
        """Read the private stream until cancelled, reconnecting. `linked` hears when it stands and when it breaks."""

    def used_weight_share(self) -> float | None:
        """How much of this minute's request allowance is used, 0..1; None while unknown."""
