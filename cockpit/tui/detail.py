"""A market in detail as the screen keeps it: what each frame tells, joined to what was told before."""

from collections import deque
from collections.abc import Iterable

from cockpit.domain.market_detail import AssetDetail, Candle, TapePrint, TradedAt
from cockpit.domain.units import NS_PER_S

KEPT_SECONDS, KEPT_MINUTES, KEPT_PRINTS = 900, 1_440, 500
MINUTE_S = 60


class KeptDetail:
    """`version` counts what was told, so that a pane knows when there is nothing to draw."""

    def __init__(self) -> None:
        self.version = 0
        self.prints: deque[TapePrint] = deque(maxlen=KEPT_PRINTS)
        self.traded: tuple[TradedAt, ...] = ()
        self.traded_step = 0.0
        self.bids: tuple[tuple[float, float], ...] = ()
        self.asks: tuple[tuple[float, float], ...] = ()
        self.own_since_ns = 0
        """Candles that end before it are what the venue told of its past."""
        self.past_missing = ""
        self._seconds: deque[Candle] = deque(maxlen=KEPT_SECONDS)
        self._minutes: deque[Candle] = deque(maxlen=KEPT_MINUTES)

    def take(self, detail: AssetDetail) -> None:
        """What one frame tells."""
        self.version += 1
        _join(self._seconds, detail.seconds)
        _join(self._minutes, detail.minutes)
        for one in detail.prints:
            self._print(one)
        if detail.traded is not None:
            self.traded, self.traded_step = detail.traded, detail.traded_step
        self.bids, self.asks = detail.bids, detail.asks
        self.own_since_ns, self.past_missing = detail.own_since_ns, detail.past_missing

    def candles(self, length_s: int, most: int) -> list[Candle]:
        """The newest candles of a length, at most so many, oldest first. Lengths over a minute are whole minutes."""
        base = self._seconds if length_s < MINUTE_S else self._minutes
        length_ns = length_s * NS_PER_S
        found: list[Candle] = []
        for candle in reversed(base):
            start_ns = candle.start_ns - candle.start_ns % length_ns
            if found and found[-1].start_ns == start_ns:
                found[-1] = _joined(candle, found[-1])
            elif len(found) == most:
                break
            else:
                found.append(Candle(start_ns, *_values(candle)))
        return found[::-1]

    def _print(self, one: TapePrint) -> None:
        """A print that grew stands in place of what it was."""
        last = self.prints[-1] if self.prints else None
        if last is not None and one.seq <= last.seq:
            return
        if last is not None and (last.ts_ns, last.taker_is_buyer, last.is_forced) == (
            one.ts_ns, one.taker_is_buyer, one.is_forced,
        ) and not one.is_forced:  # fmt: skip
            self.prints.pop()
        self.prints.append(one)


def _join(kept: deque[Candle], told: Iterable[Candle]) -> None:
    """Candles that are told again are newer than those kept."""
    for candle in told:
        while kept and kept[-1].start_ns >= candle.start_ns:
            kept.pop()
        kept.append(candle)


def _joined(earlier: Candle, later: Candle) -> Candle:
    return Candle(
        later.start_ns,
        earlier.open,
        max(earlier.high, later.high),
        min(earlier.low, later.low),
        later.close,
        _sum(earlier.volume, later.volume),
        _sum(earlier.taker_delta, later.taker_delta),
    )


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _values(candle: Candle) -> tuple[float, float, float, float, float | None, float | None]:
    return candle.open, candle.high, candle.low, candle.close, candle.volume, candle.taker_delta
