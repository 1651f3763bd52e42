"""Messages of Hyperliquid's public stream as events, in base coins.

A print's `tid` is a hash and orders nothing, so prints are counted here as they come: one that comes again gets its
number again. What the venue lost cannot show in numbers of our own. Marks carry no stamp: theirs is when they came.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cockpit.domain.bounded import BoundedMap
from cockpit.domain.events import MarkPrice, Top, Trade
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.frames import FrameContent, Message, known_rows, positive, uncrossed, whole
from cockpit.exchanges.hyperliquid.client import VENUE
from cockpit.exchanges.hyperliquid.forced_fills import ForcedFills

REMEMBERED = 20_000
"""Prints that would be known again, of all assets."""
BUYER = "B"
HARMLESS = ("Already subscribed", "Already unsubscribed")
"""What it says to a subscription that stands, or is gone, already: nothing is wrong with the others."""


class HyperliquidFrames:
    """Reads messages about the perpetuals in `assets`: the venue's coin to the asset. `now_ns` is the venue's time."""

    def __init__(self, assets: Mapping[str, str], now_ns: Callable[[], int]) -> None:
        self._assets = assets
        self._now_ns = now_ns
        self._numbers: BoundedMap[int, int] = BoundedMap(REMEMBERED)
        self._last_number: dict[str, int] = {}
        self._forced = ForcedFills(assets)
        self._readers = {
            "trades": self._trades,
            "bbo": self._top,
            "activeAssetCtx": self._mark,
            "userFills": self._fills,
        }

    def read(self, message: Message, recv_ns: int) -> tuple[FrameContent, ...] | None:
        """What the message says; None for a message that is not data of these channels. Raises `BadFrame`."""
        channel = message.get("channel")
        if channel == "error" and str(message.get("data")).startswith(HARMLESS):
            return ()
        reader = self._readers.get(str(channel))
        return None if reader is None else tuple(reader(message["data"], recv_ns))

    def depth_of(self, message: Message) -> tuple[str, int, int] | None:
        """Asset, the book's number, and its stamp in ns: every message is the whole book, numbered by its time."""
        if message.get("channel") != "l2Book":
            return None
        data = message["data"]
        asset = self._assets.get(str(data["coin"]))
        return None if asset is None else (asset, whole(data, "time"), whole(data, "time") * NS_PER_MS)

    def _trades(self, rows: Any, recv_ns: int) -> Iterator[FrameContent]:
        for asset, row in known_rows(rows, "coin", self._assets):
            time_ms, price, qty = whole(row, "time"), positive(row, "px"), positive(row, "sz")
            is_buy, number = row["side"] == BUYER, self._number(asset, whole(row, "tid"), time_ms)
            trade = Trade(time_ms * NS_PER_MS, recv_ns, VENUE, asset, price, qty, is_buy, number)
            yield FrameContent(Channel.TRADES, asset, trade)
            yield from self._forced.printed(asset, row, recv_ns)

    def _number(self, asset: str, tid: int, time_ms: int) -> int:
        """The first of an asset is numbered by its time, so that numbers rise over restarts too."""
        known = self._numbers.get(tid)
        if known is None:
            known = self._last_number[asset] = self._last_number.get(asset, time_ms * 1_000) + 1
            self._numbers[tid] = known
        return known

    def _top(self, data: Any, recv_ns: int) -> Iterator[FrameContent]:
        asset, sides = self._assets.get(str(data["coin"])), data["bbo"]
        if asset is None or None in sides:
            return  # a side without orders has no best price
        bid, ask = sides
        best = (positive(bid, "px"), positive(bid, "sz"), positive(ask, "px"), positive(ask, "sz"))
        top = Top(whole(data, "time") * NS_PER_MS, recv_ns, VENUE, asset, *best)
        yield FrameContent(Channel.TOPS, asset, uncrossed(top, "bbo"))

    def _mark(self, data: Any, recv_ns: int) -> Iterator[FrameContent]:
        asset, context = self._assets.get(str(data["coin"])), data["ctx"]
        if asset is None:
            return
        mark, oracle = positive(context, "markPx"), positive(context, "oraclePx")
        yield FrameContent(Channel.MARK, asset, MarkPrice(self._now_ns(), recv_ns, VENUE, asset, mark, oracle))

    def _fills(self, data: Any, recv_ns: int) -> Iterator[FrameContent]:
        """Fills of the vaults that liquidate and make markets; those of before the subscription are history."""
        if not data.get("isSnapshot"):
            for row in data["fills"]:
                yield from self._forced.filled(str(data["user"]), row, recv_ns)
