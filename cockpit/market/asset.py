"""One asset's market as its watched venue prints it. Every print and every top passes here: keep it cheap.

So the running 5 s bar is a handful of plain numbers, and whatever needs a window is derived from bars when asked.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import islice
from math import inf
from operator import add
from typing import NamedTuple

from cockpit.domain.events import Depth, MarkPrice, Top, Trade
from cockpit.domain.units import BPS, NS_PER_S
from cockpit.market.bars import BASE_BAR_NS, BASE_BAR_S, Bar, ClosedBars, LongBar, bar_start
from cockpit.market.book import BasisMinutes, SizeBaseline, depth_size, top_size
from cockpit.market.windows import bars_since, largest_rise_bps


class RunningBar(NamedTuple):
    """The prints of the bar under way, as sums in their order. `rise` is the largest factor from a print to a later."""

    open: float
    high: float
    low: float
    volume: float
    notional_usd: float
    taker_delta: float
    trades: int
    rise: float


class AssetMarket:
    """Last print, top, running bar and windows of one asset. Events of other venues than `watch` change nothing.

    `fence_low` and `fence_high` belong to the engine: nobody waits for a price strictly between them. `price` is the
    last print's in USD, `trade_ns` its stamp. `history_s` is the longest window anybody asks for,
    `bar_lengths_s` the bar lengths beside the base one, `silent_after_s` when a depth or a mark counts as unknown.
    """

    __slots__ = (
        "_bar_start_ns",
        "_bars",
        "_basis",
        "_delta",
        "_delta_closed",
        "_depth_sizes",
        "_high",
        "_long_bars",
        "_low",
        "_mark_sampled_ns",
        "_notional",
        "_open",
        "_peak",
        "_rise",
        "_session_notional",
        "_session_volume",
        "_silent_ns",
        "_top_sizes",
        "_trades",
        "_volume",
        "asset",
        "depth",
        "fence_high",
        "fence_low",
        "first_trade_ns",
        "last_trade",
        "mark",
        "top",
        "watch",
    )

    def __init__(
        self,
        asset: str,
        watch: str,
        start_ns: int,
        *,
        history_s: float = 3_600.0,
        bar_lengths_s: Sequence[int] = (),
        silent_after_s: float = inf,
    ) -> None:
        self.asset = asset
        self.watch = watch
        self.fence_low = -inf
        self.fence_high = inf
        self.last_trade: Trade | None = None
        self.first_trade_ns: int | None = None
        self.top: Top | None = None
        self.depth: Depth | None = None
        self.mark: MarkPrice | None = None
        self._bar_start_ns = bar_start(start_ns, BASE_BAR_NS)
        self._delta_closed = 0.0
        self._session_notional = 0.0
        self._session_volume = 0.0
        self._mark_sampled_ns = 0
        self._silent_ns = silent_after_s * NS_PER_S
        self._bars: dict[int, deque[Bar]] = {
            length_s: deque(maxlen=int(history_s // length_s) + 1) for length_s in (BASE_BAR_S, *bar_lengths_s)
        }
        self._long_bars = {length_s: LongBar(length_s * NS_PER_S) for length_s in bar_lengths_s}
        self._top_sizes = SizeBaseline(history_s)
        self._depth_sizes = SizeBaseline(history_s)
        self._basis = BasisMinutes(history_s)
        self._begin_bar()

    # -- events

    def on_trade(self, trade: Trade) -> None:
        """Count a print into the running bar, even one stamped a little before the bar's start."""
        if trade.venue != self.watch:
            return
        price = trade.price
        if not self._low <= price <= self._peak and not self._reach(price, trade.ts_ns):
            return
        qty = trade.qty
        self.last_trade = trade
        self._trades += 1
        self._volume += qty
        self._notional += price * qty
        if trade.taker_is_buyer:
            self._delta += qty
        else:
            self._delta -= qty

    def on_top(self, top: Top) -> None:
        """Remember the newest top of the book."""
        if top.venue == self.watch:
            self.top = top

    def on_depth(self, depth: Depth) -> None:
        """Remember the newest depth."""
        if depth.venue == self.watch:
            self.depth = depth

    def on_mark(self, mark: MarkPrice) -> None:
        """Remember the newest mark and index."""
        if mark.venue == self.watch:
            self.mark = mark

    def stand_at(self, running: RunningBar | None, trade: Trade | None, top: Top | None, first_ns: int | None) -> None:
        """Stand where the prints and tops up to these have brought it: what a reader of columns says in place of
        handing over each. `running` is the whole bar under way (None: no print in it), `first_ns` the very first print.
        """
        self.top = top
        if self.first_trade_ns is None:
            self.first_trade_ns = first_ns
        if trade is not None:
            self.last_trade = trade
        if running is None:
            return
        self._open, self._high, self._low = running.open, running.high, running.low
        self._volume, self._notional, self._delta = running.volume, running.notional_usd, running.taker_delta
        self._trades, self._rise = running.trades, running.rise
        # Of the highest since the low only its use as a filter matters: the next print above the low looks again.
        self._peak = running.low

    @property
    def running_bar(self) -> RunningBar | None:
        """The bar under way; None before its first print."""
        if not self._trades:
            return None
        sums = (self._volume, self._notional, self._delta, self._trades, self._rise)
        return RunningBar(self._open, self._high, self._low, *sums)

    def _reach(self, price: float, ts_ns: int) -> bool:
        """A print under this bar's low, or over the highest since that low. False for what is no price."""
        if not 0.0 < price < inf:
            return False
        if not self._trades:
            self._open = self._low = self._peak = self._high = price
            if self.first_trade_ns is None:
                self.first_trade_ns = ts_ns
        elif price < self._low:
            self._low = self._peak = price
        else:
            self._peak = price
            self._high = max(self._high, price)
            self._rise = max(self._rise, price / self._low)
        return True

    # -- bars

    def close_bars(self, boundary_ns: int) -> list[Bar]:
        """Close every bar that ended at or before `boundary_ns`, a base bar's boundary, shorter first."""
        closed: list[Bar] = []
        end_ns = self._bar_start_ns + BASE_BAR_NS
        if self._trades:
            base = self._running(end_ns)
            closed.append(base)
            for long_bar in self._long_bars.values():
                long_bar.add(base)
            self._delta_closed += base.taker_delta
            self._session_notional += base.notional_usd
            self._session_volume += base.volume
            self._bars[BASE_BAR_S].append(base)
            self._begin_bar()
        for length_s, long_bar in self._long_bars.items():
            bar = long_bar.ended(boundary_ns)
            if bar is not None:
                self._bars[length_s].append(bar)
                closed.append(bar)
        self._sample(end_ns)
        self._bar_start_ns = boundary_ns
        return closed

    def take_closed(self, closed: ClosedBars) -> None:
        """What `close_bars` at the end of each of these bars would have come to, where no end `samples_more`."""
        self._delta_closed = reduce(add, closed.taker_deltas, self._delta_closed)
        self._session_notional = reduce(add, closed.notionals_usd, self._session_notional)
        self._session_volume = reduce(add, closed.volumes, self._session_volume)
        self._bars[BASE_BAR_S].extend(closed.bars)
        for length_s, long_bar in self._long_bars.items():
            self._bars[length_s].extend(closed.long_bars[length_s])
            long_bar.stand_at(closed.under_way[length_s])
        self._top_sizes.extend(closed.top_sizes)
        self._begin_bar()
        self._bar_start_ns = closed.boundary_ns

    @property
    def samples_more(self) -> bool:
        """Whether the end of the bar under way samples a depth or a mark, not the top alone."""
        has_depth = self.depth is not None and self.depth.ts_ns >= self._bar_start_ns
        return has_depth or (self.mark is not None and self.mark.ts_ns > self._mark_sampled_ns)

    @property
    def long_lengths_s(self) -> tuple[int, ...]:
        """The lengths of its bars beside the base one."""
        return tuple(self._long_bars)

    def _begin_bar(self) -> None:
        self._low, self._high, self._peak, self._rise = inf, 0.0, -inf, 1.0
        self._open = self._volume = self._notional = self._delta = 0.0
        self._trades = 0

    def last_bars(self, bar_s: float, n: int) -> Sequence[Bar]:
        """The newest `n` closed bars of that length, oldest first; fewer when fewer are known.

        Raises ValueError for a length nobody configured.
        """
        bars = self._bars.get(int(bar_s))
        if bars is None or bar_s != int(bar_s):
            raise ValueError(f"expected a bar length of {sorted(self._bars)} s, was {bar_s:g}")
        return list(islice(reversed(bars), n))[::-1]

    def _running(self, end_ns: int) -> Bar:
        assert self.last_trade is not None
        return Bar(
            start_ns=self._bar_start_ns,
            end_ns=end_ns,
            open=self._open,
            high=self._high,
            low=self._low,
            close=self.last_trade.price,
            volume=self._volume,
            taker_delta=self._delta,
            notional_usd=self._notional,
            trades=self._trades,
            rise_bps=(self._rise - 1.0) * BPS,
        )

    def _sample(self, end_ns: int) -> None:
        """What stood at the bar's end goes into the baselines, if it was heard within the bar."""
        if self.top is not None and self.top.ts_ns >= self._bar_start_ns:
            self._top_sizes.add(end_ns, top_size(self.top))
        if self.depth is not None and self.depth.ts_ns >= self._bar_start_ns:
            self._depth_sizes.add(end_ns, depth_size(self.depth))
        basis_bps = self.basis_bps
        if self.mark is not None and basis_bps is not None and self.mark.ts_ns > self._mark_sampled_ns:
            self._mark_sampled_ns = self.mark.ts_ns
            self._basis.add(end_ns, basis_bps)

    # -- what is asked

    @property
    def price(self) -> float | None:
        """The last print's price in USD, None before the first."""
        return None if self.last_trade is None else self.last_trade.price

    @property
    def trade_ns(self) -> int:
        """The last print's stamp, 0 before the first."""
        return 0 if self.last_trade is None else self.last_trade.ts_ns

    @property
    def delta_before_last_trade(self) -> float:
        """The cumulative taker delta as it was before the last print."""
        if self.last_trade is None:
            return self.cumulative_delta
        signed = self.last_trade.qty if self.last_trade.taker_is_buyer else -self.last_trade.qty
        return self.cumulative_delta - signed

    @property
    def top_ns(self) -> int:
        """The newest top's stamp, 0 before the first."""
        return self.top.ts_ns if self.top is not None else 0

    @property
    def received_ns(self) -> int:
        """The newest stamp of the stream: print, top or depth; 0 before the first."""
        newest_ns = self.trade_ns
        for quote in (self.top, self.depth):
            if quote is not None and quote.ts_ns > newest_ns:
                newest_ns = quote.ts_ns
        return newest_ns

    @property
    def cumulative_delta(self) -> float:
        """Base coins bought minus sold by takers since the first print."""
        return self._delta_closed + self._delta

    @property
    def mid(self) -> float | None:
        """Half way between bid and ask, in USD; None without a two-sided top."""
        top = self.top
        if top is None or top.bid <= 0.0 or top.ask <= 0.0:
            return None
        return (top.bid + top.ask) / 2.0

    @property
    def spread_bps(self) -> float | None:
        """Ask minus bid in bps of the mid; None without a two-sided top."""
        top, mid = self.top, self.mid
        if top is None or mid is None:
            return None
        return (top.ask - top.bid) / mid * BPS

    def vwap(self, window_s: float) -> float | None:
        """Volume-weighted price of the closed base bars within the window and of the running one; None untraded."""
        notional, volume = self._notional, self._volume
        for bar in bars_since(self._bars[BASE_BAR_S], self._window_start(window_s)):
            notional += bar.notional_usd
            volume += bar.volume
        return notional / volume if volume > 0.0 else None

    def start_session(self) -> None:
        """The session VWAP begins anew with the next print."""
        self._session_notional = -self._notional
        self._session_volume = -self._volume

    @property
    def session_vwap(self) -> float | None:
        """Volume-weighted price since the session began; None before its first print."""
        volume = self._session_volume + self._volume
        return (self._session_notional + self._notional) / volume if volume > 0.0 else None

    def rise_bps(self, window_s: float) -> tuple[float, float]:
        """The largest rise from a print to a later one within the window, and how many seconds of it were seen."""
        if self.first_trade_ns is None:
            return 0.0, 0.0
        seen_ns = max(self.trade_ns, self._bar_start_ns) - self.first_trade_ns
        return largest_rise_bps(self._with_running(window_s)), min(window_s, max(0, seen_ns) / NS_PER_S)

    def thin_book_share(self, baseline_s: float) -> float | None:
        """The book's size now against its median over the baseline: 0.5 is half as thick as usual.

        Depth within 10 bps where it is heard, else the top's sizes. None before a minute of samples.
        """
        from_ns = self._window_start(baseline_s)
        now_ns = max(self.received_ns, self._bar_start_ns)
        if self.depth is not None and now_ns - self.depth.ts_ns <= self._silent_ns:
            size, usual = depth_size(self.depth), self._depth_sizes.median_since(from_ns)
        elif self.top is not None:
            size, usual = top_size(self.top), self._top_sizes.median_since(from_ns)
        else:
            return None
        return size / usual if usual else None

    @property
    def basis_bps(self) -> float | None:
        """The perp's mark above (+) or below (-) its index, in bps; None before the first mark."""
        mark = self.mark
        if mark is None or mark.index <= 0.0:
            return None
        return (mark.mark / mark.index - 1.0) * BPS

    def basis_medians_bps(self, minutes: int, now_ns: int) -> list[float]:
        """The basis of the last minutes as one median each, oldest first; none where not all were heard."""
        if self.mark is None or now_ns - self.mark.ts_ns > self._silent_ns:
            return []
        return self._basis.medians(minutes)

    def _window_start(self, window_s: float) -> int:
        """Windows reach back from the running bar's start: asked at a bar's close they hold exactly their length."""
        return self._bar_start_ns - round(window_s * NS_PER_S)

    def _with_running(self, window_s: float) -> Iterator[Bar]:
        if self._trades:
            yield self._running(self._bar_start_ns + BASE_BAR_NS)
        yield from bars_since(self._bars[BASE_BAR_S], self._window_start(window_s))
