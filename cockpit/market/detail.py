"""The market in detail: what a chart, a tape and a price ladder show beside the readings the gate uses.

Nothing is decided by it. Every print passes here, so the running candles are plain numbers.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, islice
from math import floor, inf, log10
from typing import Any

import msgspec

from cockpit.domain.events import Depth, Liquidation, Top, Trade
from cockpit.domain.market_detail import AssetDetail, Candle, PastCandles, TapePrint, TradedAt
from cockpit.domain.units import BPS, NS_PER_S

KEPT_SECONDS, KEPT_MINUTES, KEPT_PRINTS = 900, 1_440, 300
MINUTE_NS = 60 * NS_PER_S
HOUR_MINUTES = 60
Levels = tuple[tuple[float, float], ...]
NICE = (1.0, 2.0, 5.0, 10.0)
ROUNDING = 1e-9
"""A price on a step belongs to it, although their quotient may be a hair less than whole."""


class DetailCursor(msgspec.Struct):
    """How far somebody has been told of one asset."""

    second_ns: int = 0
    minute_ns: int = 0
    print_seq: int = 0
    traded_ns: int = 0
    pasts: int = 0


class Candles:
    """Closed candles, and the running one. A print stamped before the running one counts into it.

    What is told of the past ends where the own ones begin; the candle in which that happens is both.
    """

    __slots__ = (
        "_close", "_delta", "_first_ns", "_high", "_kept", "_length_ns", "_low", "_open", "_past", "_start_ns",
        "_volume", "closed", "end_ns",
    )  # fmt: skip

    def __init__(self, length_ns: int, kept: int) -> None:
        self._length_ns = length_ns
        self._kept = kept
        self.closed: deque[Candle] = deque(maxlen=kept)
        self.end_ns = -1
        self._past: tuple[Candle, ...] = ()
        self._first_ns = -1
        self._start_ns = 0
        self._open = self._high = self._low = self._close = self._volume = self._delta = 0.0

    def add(self, ts_ns: int, price: float, qty: float, signed: float) -> None:
        if ts_ns >= self.end_ns:
            self._begin(ts_ns, price)
        elif price > self._high:
            self._high = price
        elif price < self._low:
            self._low = price
        self._close = price
        self._volume += qty
        self._delta += signed

    def take_past(self, candles: Iterable[Candle]) -> None:
        """What a venue tells of before, in place of what it told earlier."""
        by_start = {candle.start_ns: candle for candle in candles if candle.start_ns % self._length_ns == 0}
        self._past = tuple(by_start[start_ns] for start_ns in sorted(by_start))

    def since(self, start_ns: int) -> tuple[Candle, ...]:
        """The candles that begin at or after an instant, oldest first, with the running one."""
        newest = [self._running()] if self.end_ns >= 0 else []
        if newest and self._start_ns >= start_ns:
            for candle in reversed(self.closed):
                if candle.start_ns < start_ns:
                    break
                newest.append(candle)
        own = newest[::-1]
        if start_ns > self._first_ns >= 0 or not self._past:
            return tuple(own)
        return self._with_past(own, start_ns)

    def _with_past(self, own: list[Candle], start_ns: int) -> tuple[Candle, ...]:
        if own and self._past[-1].start_ns >= own[0].start_ns:
            own[0] = self._widened(own[0])
        first_ns = own[0].start_ns if own else self._past[-1].start_ns + 1
        before = [candle for candle in self._past if start_ns <= candle.start_ns < first_ns]
        return tuple(chain(before[max(0, len(before) + len(own) - self._kept) :], own))

    def _widened(self, own: Candle) -> Candle:
        """The first own candle with what was before its first print: how it opened, and how far it went."""
        told = next((candle for candle in self._past if candle.start_ns == own.start_ns), None)
        if told is None or own.start_ns != self._first_ns:
            return own
        high, low = max(told.high, own.high), min(told.low, own.low)
        return Candle(own.start_ns, told.open, high, low, own.close, own.volume, own.taker_delta)

    def _begin(self, ts_ns: int, price: float) -> None:
        if self.end_ns >= 0:
            self.closed.append(self._running())
        self._start_ns = ts_ns - ts_ns % self._length_ns
        if self._first_ns < 0:
            self._first_ns = self._start_ns
        self.end_ns = self._start_ns + self._length_ns
        self._open = self._high = self._low = self._close = price
        self._volume = self._delta = 0.0

    def _running(self) -> Candle:
        return Candle(self._start_ns, self._open, self._high, self._low, self._close, self._volume, self._delta)


class _Traded:
    """What changed hands at which price over the last hour, by minutes, so that the oldest can go."""

    __slots__ = ("_minutes", "_past", "_running", "_until_ns", "step")

    def __init__(self) -> None:
        self.step = 0.0
        self._minutes: deque[tuple[int, dict[int, list[float]]]] = deque()
        self._past: dict[int, list[float]] = {}
        self._running: dict[int, list[float]] = {}
        self._until_ns = -1

    def add(self, ts_ns: int, price: float, qty: float, taker_is_buyer: bool) -> None:
        if ts_ns >= self._until_ns:
            self._turn(ts_ns, price)
        cell = self._running.get(bin_ := int(price / self.step + ROUNDING))
        if cell is None:
            cell = self._running[bin_] = [0.0, 0.0]
        cell[0 if taker_is_buyer else 1] += qty

    def all(self) -> tuple[TradedAt, ...]:
        """Every price with something, the lowest first."""
        total = {price: list(cell) for price, cell in self._past.items()}
        _add_up(total, self._running)
        return tuple(TradedAt(price * self.step, cell[0], cell[1]) for price, cell in sorted(total.items()))

    def _turn(self, ts_ns: int, price: float) -> None:
        """A minute is over: it joins the past, and what is an hour old leaves it."""
        if not self.step:
            self.step = nice_step(price / BPS)
        start_ns = ts_ns - ts_ns % MINUTE_NS
        if self._running:
            self._minutes.append((self._until_ns - MINUTE_NS, self._running))
        while self._minutes and self._minutes[0][0] <= start_ns - HOUR_MINUTES * MINUTE_NS:
            self._minutes.popleft()
        self._past = {}
        for _, cells in self._minutes:
            _add_up(self._past, cells)
        self._running, self._until_ns = {}, start_ns + MINUTE_NS


class AssetTape:
    """One asset's detail, from the prints and depths of the venue that is watched."""

    def __init__(self, asset: str, watch: str) -> None:
        self.asset = asset
        self.watch = watch
        self._seconds = Candles(NS_PER_S, KEPT_SECONDS)
        self._minutes = Candles(MINUTE_NS, KEPT_MINUTES)
        self._traded = _Traded()
        self._prints: deque[TapePrint] = deque(maxlen=KEPT_PRINTS)
        self._own_since_ns = 0
        self._pasts = 0
        self._past_missing = ""
        self._seq = 0
        self._depth: Depth | None = None
        self._top: Top | None = None

    def on_trade(self, trade: Trade) -> None:
        """Count a print; what is no price is none."""
        price, qty = trade.price, trade.qty
        if trade.venue != self.watch or not 0.0 < price < inf:
            return
        signed = qty if trade.taker_is_buyer else -qty
        if not self._own_since_ns:
            self._own_since_ns = trade.ts_ns
        self._seconds.add(trade.ts_ns, price, qty, signed)
        self._minutes.add(trade.ts_ns, price, qty, signed)
        self._traded.add(trade.ts_ns, price, qty, trade.taker_is_buyer)
        self._print(trade.ts_ns, price, price * qty, trade.taker_is_buyer)

    def take_past(self, past: PastCandles) -> None:
        """What was before our first print: whoever was told already is told everything again."""
        self._seconds.take_past(past.seconds)
        self._minutes.take_past(past.minutes)
        self._past_missing = past.missing
        self._pasts += 1

    def on_liquidation(self, order: Liquidation) -> None:
        """A forced order: a long that is closed sells."""
        if order.venue == self.watch:
            self._print(order.ts_ns, order.price, order.price * order.qty, not order.long_liquidated, is_forced=True)

    def on_depth(self, depth: Depth) -> None:
        """The newest depth."""
        if depth.venue == self.watch:
            self._depth = depth

    def on_top(self, top: Top) -> None:
        """The newest top, for venues and markets without a depth."""
        if top.venue == self.watch:
            self._top = top

    def since(self, cursor: DetailCursor) -> AssetDetail:
        """What is new since the cursor, which is moved on. What is traded at each price is told once a second."""
        if cursor.pasts != self._pasts:
            cursor.pasts, cursor.second_ns, cursor.minute_ns = self._pasts, 0, 0
        seconds = self._seconds.since(cursor.second_ns)
        minutes = self._minutes.since(cursor.minute_ns)
        second_ns = seconds[-1].start_ns if seconds else 0
        traded = self._traded.all() if second_ns != cursor.traded_ns else None
        bids, asks = self._levels()
        detail = AssetDetail(
            asset=self.asset,
            seconds=seconds,
            minutes=minutes,
            prints=self._prints_after(cursor.print_seq),
            traded=traded,
            traded_step=self._traded.step,
            bids=bids,
            asks=asks,
            own_since_ns=self._own_since_ns,
            past_missing=self._past_missing,
        )
        cursor.second_ns = cursor.traded_ns = second_ns
        cursor.minute_ns = minutes[-1].start_ns if minutes else 0
        cursor.print_seq = self._seq
        return detail

    def _levels(self) -> tuple[Levels, Levels]:
        """Bids and asks, best first: the depth where there is one, else the top."""
        if self._depth is not None:
            return self._depth.bids, self._depth.asks
        top = self._top
        return (((top.bid, top.bid_qty),), ((top.ask, top.ask_qty),)) if top is not None else ((), ())

    def _print(
        self, ts_ns: int, price: float, notional_usd: float, taker_is_buyer: bool, is_forced: bool = False
    ) -> None:
        """One taker's order is often many prints of one instant: they are one, at the last of their prices."""
        prints = self._prints
        if prints and not is_forced:
            last = prints[-1]
            if last.ts_ns == ts_ns and last.taker_is_buyer == taker_is_buyer and not last.is_forced:
                notional_usd += last.notional_usd
                prints.pop()
        self._seq += 1
        prints.append(TapePrint(self._seq, ts_ns, price, notional_usd, taker_is_buyer, is_forced))

    def _prints_after(self, seq: int) -> tuple[TapePrint, ...]:
        newer = islice(reversed(self._prints), min(len(self._prints), self._seq - seq))
        return tuple(reversed([one for one in newer if one.seq > seq]))


class MarketDetail:
    """Every asset's detail. Give it everything that enters the engine; `watched` names the venue of each asset."""

    def __init__(self, watched: Mapping[str, str]) -> None:
        self.assets = {asset: AssetTape(asset, venue) for asset, venue in watched.items()}
        self._takers: dict[type, Callable[[AssetTape, Any], None]] = {
            Trade: AssetTape.on_trade,
            Depth: AssetTape.on_depth,
            Top: AssetTape.on_top,
            Liquidation: AssetTape.on_liquidation,
        }

    def take_past(self, past: PastCandles) -> None:
        """What was before the first print of an asset."""
        if past.asset in self.assets:
            self.assets[past.asset].take_past(past)

    def on_input(self, item: object) -> None:
        """Take what concerns it, leave the rest."""
        take = self._takers.get(type(item))
        if take is not None:
            asset = self.assets.get(item.asset)  # type: ignore[attr-defined]  # each of these has one
            if asset is not None:
                take(asset, item)


def nice_step(at_most: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above `at_most`."""
    magnitude = 10.0 ** floor(log10(at_most))
    return max(nice * magnitude for nice in NICE if nice * magnitude <= at_most * 1.000_001)


def _add_up(total: dict[int, list[float]], cells: Mapping[int, Iterable[float]]) -> None:
    for price, (bought, sold) in cells.items():
        cell = total.setdefault(price, [0.0, 0.0])
        cell[0] += bought
        cell[1] += sold
