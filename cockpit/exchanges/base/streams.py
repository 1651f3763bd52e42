"""One exchange's stream as a feed: every channel kept subscribed, prints in order, silence noticed, all of it said."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from cockpit.config.live import LiveSection
from cockpit.domain.events import AnyEvent, Depth, FeedHealth, Trade
from cockpit.domain.kinds import FeedState, Reading
from cockpit.domain.units import NS_PER_MS, NS_PER_S, ns_to_seconds, offset_price, utc_text
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.decoder import BookChange, follow
from cockpit.exchanges.base.feed import Put
from cockpit.exchanges.base.frames import BadFrame, FrameContent, Message
from cockpit.exchanges.base.masking import error_text
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.base.silence import Silence, Silent
from cockpit.exchanges.base.timing import BackOff
from cockpit.exchanges.base.trade_order import TradeOrder
from cockpit.exchanges.base.trouble import FeedTrouble

# The part of a book that lies near its top.

Levels = tuple[tuple[float, float], ...]


def near_levels(
    bids: Sequence[Sequence[float]], asks: Sequence[Sequence[float]], within_bps: float, unit: float = 1.0
) -> tuple[Levels, Levels] | None:
    """Both sides' levels within `within_bps` of their own best price, best first, in base coins (`unit` a contract).

    None for a book with an empty side or with crossed sides: it is no book to trade on.
    """
    if not bids or not asks or bids[0][0] >= asks[0][0]:
        return None
    lowest, highest = offset_price(bids[0][0], -within_bps), offset_price(asks[0][0], within_bps)
    near_bids: list[tuple[float, float]] = []
    for level in bids:
        if level[0] < lowest:
            break
        near_bids.append((level[0], level[1] * unit))
    near_asks: list[tuple[float, float]] = []
    for level in asks:
        if level[0] > highest:
            break
        near_asks.append((level[0], level[1] * unit))
    return tuple(near_bids), tuple(near_asks)


LOG = logging.getLogger("cockpit.feeds")
FIRST_RETRY_S = 0.1
LONGEST_RETRY_S = 30.0
POLL_EVERY_S = 0.25
BOOK_GAPS = frozenset({"ChecksumError", "InvalidNonce"})
NOTICE_NS = 10 * NS_PER_S
FUTURE_NS = 60 * NS_PER_S
"""A stamp further ahead than this is no time: what it says is refused."""
AHEAD_NS, BEHIND_NS = 5 * NS_PER_S, 10 * NS_PER_S
"""Stamps that far from the venue's clock as we know it: late data, or its clock was set. Only the venue can tell."""


class ExchangeStreams:
    """Trades, tops, depth, marks and liquidations of one exchange, for as long as it is run."""

    def __init__(self, exchange: Exchange, live: LiveSection) -> None:
        self.name = exchange.name
        self._exchange = exchange
        self._live = live
        self._timing = exchange.timing
        self._put: Put
        self._orders: dict[str, TradeOrder] = {}
        self._missing: dict[str, int] = {}
        self._silence: Silence | None = None
        self._down: dict[Channel, str] = {}
        self._depth_ns: dict[str, int] = {}
        self._notice_until_ns = 0
        self._note = ""
        self.bad_frames = 0

    async def run(self, put: Put) -> None:
        """Stream until cancelled. Raises `FeedTrouble` where the venue cannot be reached to begin with."""
        try:
            await self._exchange.open()
        except FeedTrouble as trouble:
            await put(self.name, self._health(FeedState.DOWN, trouble.sentence))
            raise
        wait_ns = round(self._live.gap_wait_ms * NS_PER_MS)
        self._orders = {asset: TradeOrder(wait_ns) for asset in self._exchange.symbols}
        self._silence = Silence(
            self._exchange.symbols,
            self._exchange.sockets,
            self._live.silent_after_s,
            self._live.quiet_after_s,
            self._timing.clock(),
        )
        self._missing = {}
        self._down = {}
        self._note = "connecting"
        self._put = put
        self._exchange.listen(self)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._check())
            for channel in self._exchange.sockets:
                tasks.create_task(self._keep(channel))

    @property
    def counts(self) -> dict[str, int]:
        """What went wrong since the start, by kind."""
        orders = self._orders.values()
        return {
            "duplicate prints": sum(order.duplicates for order in orders),
            "missing prints": sum(order.missing for order in orders),
            "unreadable messages": self.bad_frames,
        }

    # -- messages, on the socket's callback

    def takes_text(self, text: str | bytes) -> bool:
        """Make events of a frame that the venue's decoder takes. Never raises."""
        decoder = self._exchange.decoder
        if decoder is None:
            return False
        now_ns = self._timing.clock()
        found = decoder.decode(text, now_ns)
        if found is None:
            return False
        if isinstance(found, BookChange):
            book = self._exchange.book(found.asset)
            if not follow(book, found):
                return False
            self._book_changed(found.asset, book, found.ts_ns, now_ns)
            return True
        for one in found:
            self._received(one, now_ns)
        return True

    def takes(self, message: Message) -> bool:
        """Make events of a message of ours. Never raises: an unreadable message must not end the socket."""
        now_ns = self._timing.clock()
        try:
            heard = self._exchange.frames.read(message, now_ns)
        except (BadFrame, KeyError, TypeError, AttributeError, IndexError) as error:
            self._unreadable(error)
            return True
        if heard is None:
            return False
        for one in heard:
            self._received(one, now_ns)
        return True

    def library_took(self, message: Message) -> None:
        """Read the library's book after a change to it, if it followed."""
        try:
            changed = self._exchange.frames.depth_of(message)
        except (BadFrame, KeyError, TypeError, AttributeError, IndexError) as error:
            self._unreadable(error)
            return
        if changed is None:
            return
        asset, sequence, ts_ns = changed
        now_ns = self._timing.clock()
        book = self._exchange.book(asset)
        if book is not None and book["nonce"] == sequence:
            self._book_changed(asset, book, ts_ns, now_ns)

    def _book_changed(self, asset: str, book: Any, ts_ns: int, now_ns: int) -> None:
        self._mark_received(Channel.DEPTH, asset, now_ns)
        if now_ns - self._depth_ns.get(asset, 0) < self._live.depth_every_ms * NS_PER_MS:
            return
        near = near_levels(book["bids"], book["asks"], self._live.depth_within_bps, self._exchange.unit(asset))
        if near is not None:
            self._depth_ns[asset] = now_ns
            self._offer(Depth(ts_ns, now_ns, self.name, asset, *near), now_ns)

    def library_broke(self, error: Exception) -> None:
        """A message the client library could not take is said like one of ours."""
        self._unreadable(error)

    def _received(self, heard: FrameContent, now_ns: int) -> None:
        self._mark_received(heard.channel, heard.asset, now_ns)
        event = heard.event
        if isinstance(event, Trade):
            order = self._orders[heard.asset]
            self._pass_on(order.take(event, now_ns, heard.ids), order, heard.asset, now_ns)
        elif event is not None:
            self._offer(event, now_ns)

    def _mark_received(self, channel: Channel, asset: str, now_ns: int) -> None:
        assert self._silence is not None
        self._silence.received(channel, asset, now_ns)

    def _pass_on(self, trades: Sequence[Trade], order: TradeOrder, asset: str, now_ns: int) -> None:
        for trade in trades:
            self._offer(trade, now_ns)
        if order.missing > self._missing.get(asset, 0):
            lost = order.missing - self._missing.get(asset, 0)
            self._missing[asset] = order.missing
            self._notice(f"{lost} prints of {asset} are missing before id {trades[-1].trade_id}")

    def _offer(self, event: AnyEvent, now_ns: int) -> None:
        ahead_ns = event.ts_ns - now_ns - self._exchange.clock.offset_ns
        if not -BEHIND_NS <= ahead_ns <= AHEAD_NS:
            self._exchange.doubt_time()
        if ahead_ns > FUTURE_NS:
            stamp, ahead_s = utc_text(event.ts_ns), ns_to_seconds(ahead_ns)
            was = f"{stamp}, {ahead_s:.0f} s ahead of {self.name}'s own clock"
            self._unreadable(BadFrame(f"expected a stamp of now, was {was}"))
            return
        self._hand_over(event)

    def _hand_over(self, event: AnyEvent) -> None:
        """Into the engine's own queue, the only one there is: a callback that waited would hold up its socket."""
        self._put(self.name, event)

    def _unreadable(self, error: Exception) -> None:
        self.bad_frames += 1
        self._notice(f"unreadable message: {error_text(error)}")

    # -- workers

    async def _keep(self, channel: Channel) -> None:
        """Keep one channel subscribed for ever. The library returns or raises; it never dials again by itself."""
        back_off = BackOff(FIRST_RETRY_S, LONGEST_RETRY_S)
        while True:
            assert self._silence is not None
            try:
                await self._exchange.watch(channel)
                back_off.succeeded()
                continue
            except asyncio.CancelledError:
                if _is_cancelled():
                    raise
                trouble = FeedTrouble("connection closed")
            except FeedTrouble as told:
                trouble = told
            except Exception as error:
                trouble = FeedTrouble(_why(error), self._exchange.budget.wait_s() or None)
            if not self._waits(channel):
                back_off.succeeded()
            self._lost(channel, trouble.sentence)
            self._silence.subscribed(channel, self._timing.clock())
            await self._timing.sleep(back_off.failed(trouble.retry_after_s))

    async def _check(self) -> None:
        """Every now and then: prints that wait too long, channels silent too long, and whether all is well again."""
        while True:
            await self._timing.sleep(POLL_EVERY_S)
            now_ns = self._timing.clock()
            for asset, order in self._orders.items():
                if order.waits:
                    self._pass_on(order.overdue(now_ns), order, asset, now_ns)
            assert self._silence is not None
            for silent in self._silence.judge(now_ns):
                self._revive(silent)
            self._settle(now_ns)

    def _revive(self, silent: Silent) -> None:
        reason = f"no data of {silent.asset} for {silent.silent_s:.1f} s"
        if silent.others_are_live:
            self._exchange.subscribe_anew(silent.channel, f"{reason} while the socket speaks")
        else:
            self._exchange.dial_anew(silent.channel, f"{reason}, nor anything else on its socket")

    # -- words

    def _waits(self, channel: Channel) -> bool:
        assert self._silence is not None
        return any(name is channel for name, _ in self._silence.waited_for())

    def _lost(self, channel: Channel, reason: str) -> None:
        if reason not in self._down.values():
            LOG.warning("%s: %s lost: %s", self.name, channel, reason)
        self._down[channel] = reason
        self._notify(f"{', '.join(self._down)} lost: {reason}; subscribing anew")

    def _notice(self, sentence: str) -> None:
        """A fault that is over already: shown for a while."""
        self._notice_until_ns = self._timing.clock() + NOTICE_NS
        if sentence != self._note:
            LOG.warning("%s: %s", self.name, sentence)
        self._notify(sentence)

    def _settle(self, now_ns: int) -> None:
        """Take the word back once every channel gives data again."""
        for channel in [name for name in self._down if not self._waits(name)]:
            del self._down[channel]
        if self._note and not self._down and now_ns >= self._notice_until_ns:
            self._notify("")

    def _notify(self, word: str) -> None:
        if word != self._note:
            self._note = word
            self._hand_over(self._health(FeedState.DOWN if word else FeedState.FRESH, word))

    def _health(self, state: FeedState, detail: str) -> FeedHealth:
        return FeedHealth(self._exchange.now_ns(), Reading.STREAM, self.name, state, detail)


def _why(error: Exception) -> str:
    """A lost channel in words; the library calls a gap in a book by the name of its check."""
    if type(error).__name__ in BOOK_GAPS:
        return "a change of the book was missed"
    return error_text(error)


def _is_cancelled() -> bool:
    """Whether the running task itself was cancelled, rather than the future it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
