"""A raw Binance capture read as domain events: one `recv_ns JSON` a line, plain or gzipped, USD-M futures or spot.

The file's order is kept: it is the order of arrival. A trade carries the exchange's stamp; so does a futures top, while
a spot top carries none and takes the time of receipt. Those clocks may differ by seconds, in either direction.
"""

import gzip
import math
import zlib
from collections import Counter
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Annotated

import msgspec

from cockpit.domain.events import Top, Trade
from cockpit.domain.numbers import counted
from cockpit.domain.units import NS_PER_DAY, NS_PER_MS

VENUE = "binance"
QUOTES = ("FDUSD", "USDT", "USDC", "BUSD", "USD")
LONGEST_LINE_BYTES = 16 * 1024 * 1024
GZIP_MAGIC = b"\x1f\x8b"

DEPTH = "depthUpdate: book changes are not imported, tops carry the best prices"
SNAPSHOT = "REST book snapshot: not a message of the stream"
NOT_MARKET = "trade that is not a market print (X is not MARKET)"
DUPLICATE = "trade whose id was already taken"
OTHER_TAPE = "the same trades again on the other trade stream (trade and aggTrade)"
UNREADABLE = "unreadable line (expected `recv_ns JSON` with the message's fields)"
NOT_POSITIVE = "price or quantity that is not a number above zero"
CROSSED = "top whose bid is above its ask"
FAR_STAMP = "stamp more than a day away from the time of receipt (recv_ns)"
NO_USD_QUOTE = "symbol that is not BASE with a USD quote"
COIN_MARGINED = "COIN-M contract: its quantities are contracts of a fixed USD value, not coins, and are not imported"
DATED = "dated future: only perpetuals (and spot, with --as-perp) are imported"
NOT_A_FRAME = 'message outside the combined stream (expected {"stream", "data"})'


class CaptureError(Exception):
    """The capture cannot be imported at all; its one-line message says why. Ask the user for another file."""


Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class _Frame(msgspec.Struct):
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw(b"")
    last_update_id: Count | None = msgspec.field(name="lastUpdateId", default=None)


class _Symbol(msgspec.Struct):
    s: str


class _TradeData(_Symbol):
    t: Count
    p: float
    q: float
    T: Count
    m: bool
    X: str = "MARKET"
    M: bool | None = None


class _AggTradeData(_Symbol):
    a: Count
    p: float
    q: float
    T: Count
    m: bool
    M: bool | None = None


class _TopData(_Symbol):
    b: float
    B: float
    a: float
    A: float
    T: Count | None = None


_stamps = msgspec.json.Decoder(Count)
_frames = msgspec.json.Decoder(_Frame)
_trades = msgspec.json.Decoder(_TradeData, strict=False)
_agg_trades = msgspec.json.Decoder(_AggTradeData, strict=False)
_tops = msgspec.json.Decoder(_TopData, strict=False)


class BinanceCapture:
    """One capture and what was found in it. The counts are complete once `events` is exhausted.

    `as_perp` takes a spot capture for a perpetual's; without it one is refused at its first message.
    `left` counts by reason what was not taken. `ended_early` is empty, or says how a cut or damaged gzip file ended;
    everything before that point was taken.
    """

    def __init__(self, path: Path, *, as_perp: bool = False) -> None:
        self.path = path
        self._as_perp = as_perp
        self._reset()

    def _reset(self) -> None:
        self.lines = 0
        self.trades = 0
        self.tops = 0
        self.left: Counter[str] = Counter()
        self.ended_early = ""
        self.is_spot = False
        self._taken_ids: dict[str, set[int]] = {}
        self._tape: dict[str, str] = {}
        self._assets: dict[str, str | None] = {}

    def events(self) -> Iterator[Trade | Top]:
        """The usable messages in file order, from the file's start at each call.

        Raises `CaptureError` where the file is missing or is no gzip file though it is named one, and at the end where
        not one message was usable.
        """
        self._reset()
        with self._open() as file:
            for line in self._lines(file):
                found = self._read(line)
                if isinstance(found, str):
                    self.left[found] += 1
                else:
                    yield found
        if not self.trades and not self.tops:
            raise CaptureError(f"{self.path}: expected trades or tops of Binance, {self._nothing_found()}")

    def summary(self) -> list[str]:
        """What was taken and what was left and why, a sentence each."""
        sentences = [
            f"{counted(self.lines, 'line')}: took {counted(self.trades, 'trade')} and {counted(self.tops, 'top')}"
        ]
        sentences += [f"left {count}: {reason}" for reason, count in self.left.most_common()]
        if self.is_spot:
            sentences.append("SPOT taken as a perpetual: its prices are not the perpetual's")
        if self.ended_early:
            sentences.append(f"the file ends early: {self.ended_early}")
        return sentences

    def _nothing_found(self) -> str:
        reasons = ", ".join(f"{count} x {reason}" for reason, count in self.left.most_common(3))
        found = f"found none in {self.lines} lines"
        return f"{found} ({self.ended_early or reasons})" if self.ended_early or reasons else found

    def _open(self) -> gzip.GzipFile | BufferedReader:
        try:
            with self.path.open("rb") as file:
                start = file.read(len(GZIP_MAGIC))
            if not start:
                raise CaptureError(f"{self.path}: expected a capture, was empty (0 bytes)")
            is_gzip = start == GZIP_MAGIC
            if self.path.suffix == ".gz" and not is_gzip:
                raise CaptureError(f"{self.path}: expected a gzip file, was something else under that name")
            return gzip.open(self.path, "rb") if is_gzip else self.path.open("rb")
        except OSError as error:
            raise CaptureError(f"{self.path}: expected a readable file, was {error.strerror or error}") from error

    def _lines(self, file: gzip.GzipFile | BufferedReader) -> Iterator[bytes]:
        try:
            while line := file.readline(LONGEST_LINE_BYTES):
                self.lines += 1
                yield line
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            self.ended_early = " ".join(str(error).split())
        except OSError as error:
            raise CaptureError(f"{self.path}: expected a readable file, was {error.strerror or error}") from error

    def _read(self, line: bytes) -> Trade | Top | str:
        """The line's event, or why there is none."""
        stamp, _, message = line.partition(b" ")
        try:
            recv_ns = _stamps.decode(stamp)
            frame = _frames.decode(message)
            kind = frame.stream.rpartition("@")[2]
            if kind == "trade":
                return self._trade(_trades.decode(frame.data), recv_ns)
            if kind == "bookTicker":
                return self._top(_tops.decode(frame.data), recv_ns)
            if kind == "aggTrade":
                return self._agg_trade(_agg_trades.decode(frame.data), recv_ns)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return UNREADABLE
        return _why_left(frame)

    def _trade(self, data: _TradeData, recv_ns: int) -> Trade | str:
        if data.X != "MARKET":
            return NOT_MARKET
        return self._print("trade", data, data.t, recv_ns)

    def _agg_trade(self, data: _AggTradeData, recv_ns: int) -> Trade | str:
        return self._print("aggTrade", data, data.a, recv_ns)

    def _note_spot(self) -> None:
        """Spot prices are not the perpetual's, and whoever trades bands has to know."""
        if not self._as_perp:
            raise CaptureError(
                f"{self.path}: expected a perpetual's capture, was spot: --as-perp imports it as if it were the "
                "perpetual's"
            )
        self.is_spot = True

    def _print(self, tape: str, data: _TradeData | _AggTradeData, trade_id: int, recv_ns: int) -> Trade | str:
        asset = self._asset(data.s)
        if asset is None:
            return _why_no_asset(data.s)
        if data.M is not None:
            self._note_spot()
        if not (_usable(data.p) and _usable(data.q)):
            return NOT_POSITIVE
        if self._tape.setdefault(data.s, tape) != tape:
            return OTHER_TAPE
        ts_ns = data.T * NS_PER_MS
        if abs(ts_ns - recv_ns) > NS_PER_DAY:
            return FAR_STAMP
        taken = self._taken_ids.setdefault(data.s, set())
        if trade_id in taken:
            return DUPLICATE
        taken.add(trade_id)
        self.trades += 1
        return Trade(ts_ns, recv_ns, VENUE, asset, data.p, data.q, not data.m, trade_id)

    def _top(self, data: _TopData, recv_ns: int) -> Top | str:
        asset = self._asset(data.s)
        if asset is None:
            return _why_no_asset(data.s)
        if data.T is None:
            self._note_spot()
        if not (_usable(data.b) and _usable(data.a) and _usable(data.B) and _usable(data.A)):
            return NOT_POSITIVE
        if data.b > data.a:
            return CROSSED
        ts_ns = recv_ns if data.T is None else data.T * NS_PER_MS
        if abs(ts_ns - recv_ns) > NS_PER_DAY:
            return FAR_STAMP
        self.tops += 1
        return Top(ts_ns, recv_ns, VENUE, asset, data.b, data.B, data.a, data.A)

    def _asset(self, symbol: str) -> str | None:
        if symbol not in self._assets:
            self._assets[symbol] = asset_of(symbol)
        return self._assets[symbol]


def asset_of(symbol: str) -> str | None:
    """The base coin of a perpetual's or a pair's symbol (BTCUSDT is BTC), None where its quote is not a dollar."""
    quote = next((quote for quote in QUOTES if symbol.endswith(quote)), "")
    base = symbol[: len(symbol) - len(quote)] if quote else ""
    return base if base.isalnum() else None


def _why_no_asset(symbol: str) -> str:
    """Why a symbol names no perpetual or pair against the dollar."""
    _, underscore, ending = symbol.partition("_")
    if not underscore:
        return NO_USD_QUOTE
    base = symbol.partition("_")[0]
    if base.endswith("USD") and (ending == "PERP" or ending.isdigit()):
        return COIN_MARGINED
    return DATED if ending.isdigit() else NO_USD_QUOTE


def _usable(number: float) -> bool:
    return 0.0 < number < math.inf


def _why_left(frame: _Frame) -> str:
    kind = frame.stream.partition("@")[2]
    if kind.startswith("depth"):
        return DEPTH
    if kind:
        return f"{kind}: a stream that is not imported"
    return NOT_A_FRAME if frame.last_update_id is None else SNAPSHOT
