"""One market in detail, for whoever looks at it closely: candles, prints, what changed hands at which price, depth."""

import msgspec


class Candle(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The prints of one period: prices in USD, `volume` and `taker_delta` (bought minus sold) in base coins.

    None of either where a venue tells of a past without it.
    """

    start_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float | None
    taker_delta: float | None


class PastCandles(msgspec.Struct, frozen=True):
    """What was before an engine's first print: candles of 60 s and of 1 s, as a venue or a simulation tells them.

    `missing` says why there are none.
    """

    asset: str
    minutes: tuple[Candle, ...]
    seconds: tuple[Candle, ...] = ()
    missing: str = ""


class TapePrint(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one taker did in one instant. `seq` rises; a print that grew comes again under a new one.

    A forced order closed somebody's position.
    """

    seq: int
    ts_ns: int
    price: float
    notional_usd: float
    taker_is_buyer: bool
    is_forced: bool = False


class TradedAt(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base coins that takers bought and sold in the last hour from `price` up to one step above it."""

    price: float
    bought: float
    sold: float


class AssetDetail(msgspec.Struct, frozen=True):
    """What is new of one asset since it was last told; the running candles are told again until they end.

    `seconds` and `minutes` are candles of 1 s and 60 s, oldest first; seconds and minutes without a print have none.
    `traded` is None where it has not changed, else whole. `bids` and `asks` are the watched venue's levels within
    10 bps, best first, as (price, base coins). `own_since_ns` is the engine's first print: candles that end before it
    are the venue's telling; 0 while there was none. `past_missing` says why the venue told of none.
    """

    asset: str
    seconds: tuple[Candle, ...]
    minutes: tuple[Candle, ...]
    prints: tuple[TapePrint, ...]
    traded: tuple[TradedAt, ...] | None
    traded_step: float
    bids: tuple[tuple[float, float], ...]
    asks: tuple[tuple[float, float], ...]
    own_since_ns: int = 0
    past_missing: str = ""
