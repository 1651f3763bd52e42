"""What happens outside and enters the engine. Frozen msgspec arrays: they are the wire and the recording format too.

`ts_ns` is event time (the source's stamp; where it gives none, the time of receipt), `recv_ns` the local time of
receipt. The engine's clock is the latest `ts_ns` it has seen.
"""

import msgspec

from cockpit.domain.kinds import FeedState, Origin, Reading, VenueTopic


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False, tag_field="kind"):
    """Anything that happened outside, stamped with its event time."""

    ts_ns: int


class Trade(Event, frozen=True, array_like=True, gc=False, tag="trade"):
    """A print: `qty` base coins changed hands at `price`; the aggressor bought or sold."""

    recv_ns: int
    venue: str
    asset: str
    price: float
    qty: float
    taker_is_buyer: bool
    trade_id: int


class Top(Event, frozen=True, array_like=True, gc=False, tag="top"):
    """Best bid and ask with their sizes in base coins."""

    recv_ns: int
    venue: str
    asset: str
    bid: float
    bid_qty: float
    ask: float
    ask_qty: float


class Depth(Event, frozen=True, array_like=True, gc=False, tag="depth"):
    """Levels within 10 bps of the top as (price, base quantity), best first."""

    recv_ns: int
    venue: str
    asset: str
    bids: tuple[tuple[float, float], ...]
    asks: tuple[tuple[float, float], ...]


class MarkPrice(Event, frozen=True, array_like=True, gc=False, tag="mark"):
    """The venue's mark and index price; their distance is the perp basis."""

    recv_ns: int
    venue: str
    asset: str
    mark: float
    index: float


class Liquidation(Event, frozen=True, array_like=True, gc=False, tag="liquidation"):
    """A forced order; `long_liquidated` names the position that was closed."""

    recv_ns: int
    venue: str
    asset: str
    price: float
    qty: float
    long_liquidated: bool


class Positioning(Event, frozen=True, array_like=True, gc=False, tag="positioning"):
    """Share of accounts (or notional) that is long and short, 0..100.

    `bar_s` is the length of the source's bars, 0 where it has none: `ts_ns` is then the bar's end, and no newer value
    can exist until another bar is over.
    """

    asset: str
    source: str
    long_pct: float
    short_pct: float
    origin: Origin = Origin.FEED
    bar_s: float = 0.0


class FundingRate(Event, frozen=True, array_like=True, gc=False, tag="funding"):
    """The running funding rate of one venue, normalised to 8 h, in bps; `next_ns` is the next payment, if known."""

    asset: str
    venue: str
    rate_bps_8h: float
    interval_h: float = 8.0
    next_ns: int | None = None
    origin: Origin = Origin.FEED


class OpenInterest(Event, frozen=True, array_like=True, gc=False, tag="open_interest"):
    """Open interest's change over 24 h in percent, and its value where the source gives it."""

    asset: str
    source: str
    change_24h_pct: float
    value_usd: float | None = None
    origin: Origin = Origin.FEED


class AaveExposure(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a wallet holds of one asset on Aave: collateral and debt in USD, `threshold` its weight in the health factor
    (0..1)."""

    symbol: str
    collateral_usd: float
    debt_usd: float
    threshold: float


class HealthFactor(Event, frozen=True, array_like=True, gc=False, tag="health_factor"):
    """An Aave health factor. `value` is None where it is unknown (`detail` says why) or where there is no debt.

    `source` names the RPC that answered: two sources under the limit confirm each other. `exposures` is the split by
    asset where it is known and adds up.
    """

    source: str
    value: float | None
    no_debt: bool = False
    collateral_usd: float | None = None
    debt_usd: float | None = None
    detail: str = ""
    origin: Origin = Origin.FEED
    exposures: tuple[AaveExposure, ...] = ()


class PriorityFee(Event, frozen=True, array_like=True, gc=False, tag="priority_fee"):
    """Solana's median priority fee in micro-lamports per compute unit."""

    p50_microlamports: float
    origin: Origin = Origin.FEED


class JitoTip(Event, frozen=True, array_like=True, gc=False, tag="jito_tip"):
    """The median landed Jito tip in SOL."""

    p50_sol: float
    origin: Origin = Origin.FEED


class OnChainPrice(Event, frozen=True, array_like=True, gc=False, tag="onchain_price"):
    """What an asset costs on chain, in USD, beside its perp: the last price, and the typical price of the newest full
    minute where the source gives it."""

    asset: str
    source: str
    price: float
    minute_vwap: float | None = None
    origin: Origin = Origin.FEED


class LiquidationCluster(msgspec.Struct, frozen=True, gc=False):
    """Liquidations near one another: `notional_usd` between two prices, `longs` the positions that are closed there.

    `kind` is observed (forced orders that happened, `count` of them) or estimated (assumed, count 0).
    """

    price_low: float
    price_high: float
    notional_usd: float
    kind: str
    count: int
    longs: bool


class LiquidationMap(Event, frozen=True, array_like=True, gc=False, tag="liquidation_map"):
    """Where liquidations are estimated to wait. `explained_pct` is the share of open interest the estimate rests on."""

    asset: str
    source: str
    clusters: tuple[LiquidationCluster, ...]
    explained_pct: float
    origin: Origin = Origin.FEED


class FeedHealth(Event, frozen=True, array_like=True, gc=False, tag="feed_health"):
    """A worker's own word on its feed: down, off, or up again, with its last error in plain words."""

    reading: Reading
    source: str
    state: FeedState
    detail: str = ""


class Tick(Event, frozen=True, array_like=True, gc=False, tag="tick"):
    """The clock: time passed although nothing else happened."""


class OrderAccepted(Event, frozen=True, array_like=True, gc=False, tag="order_accepted"):
    """The venue has the order and it rests or executes there."""

    order_id: str
    venue_order_id: str


class OrderRejected(Event, frozen=True, array_like=True, gc=False, tag="order_rejected"):
    """The venue refused the order; nothing of it will ever execute."""

    order_id: str
    reason: str


class OrderFilled(Event, frozen=True, array_like=True, gc=False, tag="order_filled"):
    """One execution of an order: `qty` base coins at `price`, `fee_usd` paid. `fill_id` is unique per venue.

    `forced` says why the venue itself traded (liquidation, auto-deleveraging, settlement), "" where it did not.
    """

    order_id: str
    fill_id: str
    qty: float
    price: float
    fee_usd: float
    is_maker: bool
    forced: str = ""


class FillInferred(Event, frozen=True, array_like=True, gc=False, tag="fill_witnessed"):
    """Something proves that so much of an entry has executed (the venue's count of it, or the position itself), but its
    executions are not listed yet: they come as `OrderFilled`. Both numbers are of the whole order, not of a part.
    Recordings have it by its first name.
    """

    order_id: str
    filled_qty: float
    average_price: float


class OrderCancelled(Event, frozen=True, array_like=True, gc=False, tag="order_cancelled"):
    """The rest of the order is gone from the venue."""

    order_id: str
    reason: str


class OrderUnknown(Event, frozen=True, array_like=True, gc=False, tag="order_unknown"):
    """Nobody knows whether the venue has the order: it is being asked for by its id."""

    order_id: str
    reason: str


class FundingPaid(Event, frozen=True, array_like=True, gc=False, tag="funding_paid"):
    """A funding payment on an open position; `amount_usd` > 0 was received, < 0 paid. `rate_bps` where it is told."""

    venue: str
    asset: str
    amount_usd: float
    rate_bps: float | None


class VenuePosition(Event, frozen=True, array_like=True, gc=False, tag="venue_position"):
    """The venue's own word on a position: signed base coins (+ long), 0 = flat.

    `by_executions`: its list of positions has less there than is ours, but its executions do not explain that yet;
    `qty` is what may be closed all the same: what is listed, or what those of our own orders add up to.
    """

    venue: str
    asset: str
    qty: float
    entry_price: float
    open_orders: int
    by_executions: bool = False


class ForeignPosition(Event, frozen=True, array_like=True, gc=False, tag="foreign_position"):
    """A position on our account that is not ours, as it is now: signed base coins (+ long), 0 = gone.

    Beside ours there may be several on one perpetual: `margin_mode` and `position_side` ("" where it nets with ours)
    tell them apart. `stop_price` is where a stop of ours rests for it, None where none does.
    """

    venue: str
    asset: str
    margin_mode: str
    position_side: str
    qty: float
    entry_price: float
    mark_price: float | None = None
    stop_price: float | None = None


FLAT_READS = 2
"""So many looks in a row have to see a venue flat, in every way of flattening it."""


class VenueFlat(Event, frozen=True, array_like=True, gc=False, tag="venue_flat"):
    """One look at a whole venue during a flatten: no position and no order of anybody's is left there.

    `lacks_fills`: the account is not open yet, and what was closed there cannot be read before it is.
    """

    venue: str
    lacks_fills: bool = False


class VenueNotice(Event, frozen=True, array_like=True, gc=False, tag="venue_word"):
    """A venue's account has something to say. It stands for (venue, asset, topic) until the same with `is_over`.

    `asset` is "" for the whole venue; a grave word is a critical notice.
    """

    venue: str
    asset: str
    topic: VenueTopic
    sentence: str
    is_over: bool = False
    is_grave: bool = False


OrderEvent = OrderAccepted | OrderRejected | OrderFilled | OrderCancelled | OrderUnknown
VenueEvent = OrderEvent | FillInferred | FundingPaid | VenuePosition | ForeignPosition | VenueFlat | VenueNotice
ReadingEvent = Positioning | FundingRate | OpenInterest | HealthFactor | PriorityFee | JitoTip
MarketEvent = (
    Trade | Top | Depth | MarkPrice | Liquidation | ReadingEvent | OnChainPrice | LiquidationMap | FeedHealth | Tick
)
AnyEvent = MarketEvent | VenueEvent
