"""Candles of one length: those of before, as a venue tells them, and those made of our own prints."""

from collections import deque
from collections.abc import Iterable
from itertools import chain

from cockpit.domain.market_detail import Candle


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
