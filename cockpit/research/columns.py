"""One series' rows of a day as arrays, and as the events that the engine would have been handed."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cockpit.domain.events import Top, Trade
from cockpit.domain.units import NS_PER_S
from cockpit.market.asset import RunningBar
from cockpit.market.bars import BASE_BAR_S

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BLOCK = 512
BAR_NS = BASE_BAR_S * NS_PER_S
NO_ROW = -1


class Prints:
    """Prints of one asset at one venue. `place` is where each row stands among all rows of the day."""

    def __init__(
        self, venue: str, asset: str, ts_ns: Ints, price: Floats, qty: Floats, is_buyer: Bools, trade_id: Ints
    ) -> None:
        self.venue, self.asset = venue, asset
        self.ts_ns, self.price, self.qty, self.is_buyer, self.trade_id = ts_ns, price, qty, is_buyer, trade_id
        self.place: Ints = np.empty(0, np.int64)
        self._signed = np.where(is_buyer, qty, -qty)
        self._notional = price * qty
        self._lows, self._highs = _block_extremes(price)

    def __len__(self) -> int:
        return len(self.price)

    def event(self, row: int) -> Trade:
        """One row as its event."""
        ts_ns = int(self.ts_ns[row])
        price, qty = float(self.price[row]), float(self.qty[row])
        return Trade(
            ts_ns, ts_ns, self.venue, self.asset, price, qty, bool(self.is_buyer[row]), int(self.trade_id[row])
        )

    def events(self, part: slice | Ints) -> list[Trade]:
        """Rows as their events."""
        venue, asset = self.venue, self.asset
        rows = zip(
            self.ts_ns[part].tolist(),
            self.price[part].tolist(),
            self.qty[part].tolist(),
            self.is_buyer[part].tolist(),
            self.trade_id[part].tolist(),
            strict=True,
        )
        return [Trade(ts, ts, venue, asset, price, qty, buyer, number) for ts, price, qty, buyer, number in rows]

    def first_beyond(self, start: int, low: float, high: float) -> int:
        """The first row from `start` on at or under `low`, or at or over `high`; the number of rows where none is."""
        price, count = self.price, len(self.price)
        if start >= count:
            return count
        block_end = min(count, (start // BLOCK + 1) * BLOCK)
        part = price[start:block_end]
        beyond = (part <= low) | (part >= high)
        at = int(beyond.argmax())
        if beyond[at]:
            return start + at
        first_block = start // BLOCK + 1
        blocks = (self._lows[first_block:] <= low) | (self._highs[first_block:] >= high)
        if not len(blocks):
            return count
        at = int(blocks.argmax())
        if not blocks[at]:
            return count
        begin = (first_block + at) * BLOCK
        part = price[begin : begin + BLOCK]
        return begin + int(((part <= low) | (part >= high)).argmax())

    def running(self, first: int, end: int, before: RunningBar | None = None) -> RunningBar | None:
        """The bar of these rows, summed in their order as the engine sums them; `before` is how it began elsewhere."""
        if end <= first:
            return before
        prices, part = self.price[first:end], slice(first, end)
        if before is None:
            low = np.minimum.accumulate(prices)
            return RunningBar(
                open=float(prices[0]),
                high=float(prices.max()),
                low=float(low[-1]),
                volume=float(np.add.accumulate(self.qty[part])[-1]),
                notional_usd=float(np.add.accumulate(self._notional[part])[-1]),
                taker_delta=float(np.add.accumulate(self._signed[part])[-1]),
                trades=end - first,
                rise=max(1.0, float((prices / low).max())),
            )
        low = np.minimum.accumulate(np.concatenate(([before.low], prices)))[1:]
        return RunningBar(
            open=before.open,
            high=max(before.high, float(prices.max())),
            low=float(low[-1]),
            volume=_added(before.volume, self.qty[part]),
            notional_usd=_added(before.notional_usd, self._notional[part]),
            taker_delta=_added(before.taker_delta, self._signed[part]),
            trades=before.trades + end - first,
            rise=max(before.rise, float((prices / low).max())),
        )

    def bars(self, starts: Ints, ends: Ints) -> "BarColumns":
        """The whole bars of these stretches of rows, every sum in the order of its rows."""
        counts = ends - starts
        filled = np.flatnonzero(counts > 0)
        order = filled[np.argsort(-counts[filled], kind="stable")]
        at, left = starts[order], counts[order]
        found = BarColumns(counts, *(np.zeros(len(counts)) for _ in range(7)))
        if not len(order):
            return found
        low = self.price[at]
        high, rise = low.copy(), np.ones(len(order))
        volume, notional, delta = np.zeros(len(order)), np.zeros(len(order)), np.zeros(len(order))
        longest = int(left[0])
        # How many stretches have a row of that number: they are in order of their length.
        alive = np.searchsorted(-left, -np.arange(1, longest + 1), side="right")
        for step in range(longest):
            count = int(alive[step])
            rows = at[:count] + step
            prices = self.price[rows]
            np.minimum(low[:count], prices, out=low[:count])
            np.maximum(high[:count], prices, out=high[:count])
            np.maximum(rise[:count], prices / low[:count], out=rise[:count])
            volume[:count] += self.qty[rows]
            notional[:count] += self._notional[rows]
            delta[:count] += self._signed[rows]
        columns = (self.price[at], high, low, volume, notional, delta, rise)
        for column, values in zip(found[1:], columns, strict=True):
            column[order] = values
        return found


class BarColumns(NamedTuple):
    """Bars in columns; of one without a row (`counts` 0) nothing else means anything."""

    counts: Ints
    open: Floats
    high: Floats
    low: Floats
    volume: Floats
    notional_usd: Floats
    taker_delta: Floats
    rise: Floats

    def bar(self, number: int) -> RunningBar | None:
        """One of them; None without a row."""
        if self.counts[number] == 0:
            return None
        counts, open_, high, low, volume, notional_usd, taker_delta, rise = (one[number].item() for one in self)
        return RunningBar(open_, high, low, volume, notional_usd, taker_delta, counts, rise)


class Tops:
    """Best bids and asks of one asset at one venue; `is_modelled` where they were made of prints."""

    def __init__(
        self,
        venue: str,
        asset: str,
        ts_ns: Ints,
        bid: Floats,
        bid_qty: Floats,
        ask: Floats,
        ask_qty: Floats,
        *,
        is_modelled: bool = False,
    ) -> None:
        self.venue, self.asset, self.is_modelled = venue, asset, is_modelled
        self.ts_ns, self.bid, self.bid_qty, self.ask, self.ask_qty = ts_ns, bid, bid_qty, ask, ask_qty
        self.place: Ints = np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(self.bid)

    def event(self, row: int) -> Top:
        """One row as its event."""
        ts_ns = int(self.ts_ns[row])
        bid, bid_qty = float(self.bid[row]), float(self.bid_qty[row])
        return Top(ts_ns, ts_ns, self.venue, self.asset, bid, bid_qty, float(self.ask[row]), float(self.ask_qty[row]))

    def events(self, part: slice | Ints) -> list[Top]:
        """Rows as their events."""
        venue, asset = self.venue, self.asset
        columns = (self.bid, self.bid_qty, self.ask, self.ask_qty)
        rows = zip(self.ts_ns[part].tolist(), *(column[part].tolist() for column in columns), strict=True)
        return [Top(ts, ts, venue, asset, bid, bid_qty, ask, ask_qty) for ts, bid, bid_qty, ask, ask_qty in rows]


def modelled_tops(prints: Prints, spread_bps: float, top_usd: float, tick_usd: float) -> Tops:
    """A top right after each print: the print is its one side, the other is a spread away, outward to the tick.

    Where buyers took the print is the ask, where sellers took it the bid: so whoever takes pays at least the spread,
    and in a market that turns he pays the bounce as well.
    """
    spread = np.maximum(np.ceil(prints.price * (spread_bps / 10_000.0) / tick_usd - 1e-9), 1.0) * tick_usd
    digits = max(0, round(-np.log10(tick_usd)) + 2)
    bid = np.where(prints.is_buyer, np.maximum(np.round(prints.price - spread, digits), tick_usd), prints.price)
    ask = np.where(prints.is_buyer, prints.price, np.round(prints.price + spread, digits))
    size = np.round(top_usd / prints.price, 8)
    return Tops(prints.venue, prints.asset, prints.ts_ns, bid, size, ask, size, is_modelled=True)


def first_rows(clock: Ints, step_ns: int) -> Ints:
    """The first row of each stretch of so long, of times in their order; a stretch without a row has none."""
    if not len(clock):
        return np.empty(0, np.int64)
    bounds = np.arange(clock[0] // step_ns, clock[-1] // step_ns + 1) * step_ns
    rows = clock.searchsorted(bounds)
    return rows[np.flatnonzero(np.diff(rows, prepend=NO_ROW))]


def _added(before: float, values: Floats) -> float:
    return float(np.add.accumulate(np.concatenate(([before], values)))[-1])


def _block_extremes(price: Floats) -> tuple[Floats, Floats]:
    if not len(price):
        return np.empty(0), np.empty(0)
    starts = np.arange(0, len(price), BLOCK)
    take: Callable[..., Any] = np.minimum.reduceat
    return take(price, starts), np.maximum.reduceat(price, starts)
