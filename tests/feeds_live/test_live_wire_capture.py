"""The real wire of 2024-08-08 through the loopback venue and the real client library: nothing lost or reordered."""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from cockpit.config.live import LiveSection
from cockpit.domain.events import AnyEvent, Depth, Top, Trade
from cockpit.exchanges.base.feed import HANDED_OVER
from cockpit.exchanges.base.streams import ExchangeStreams
from cockpit.exchanges.binance.market import Binance
from tests.feeds_live.exchange_scene import WITHIN_S, close_now
from tests.feeds_live.wire_player import CAPTURE, Capture, Line, Player, between, busiest, read_capture

LIVE = LiveSection(silent_after_s=120, quiet_after_s=600)
SPEED_UP = 20.0
MINUTE_S = 60.0
BUSIEST_MESSAGES = 593


@pytest.fixture(scope="module")
def capture(real_data_dir: Path) -> Capture:
    path = real_data_dir / CAPTURE
    if not path.is_file():
        pytest.skip(f"real wire capture not found: expected {path}")
    return read_capture(path)


class FrameContent:
    """What came out of the feed, and when."""

    def __init__(self) -> None:
        self.trades: list[Trade] = []
        self.at_ns: list[int] = []
        self.tops = 0
        self.depths: list[Depth] = []
        self._something = asyncio.Event()

    def put(self, source: str, event: AnyEvent) -> Awaitable[None]:
        if isinstance(event, Trade):
            self.trades.append(event)
            self.at_ns.append(time.perf_counter_ns())
        elif isinstance(event, Top):
            self.tops += 1
        elif isinstance(event, Depth):
            self.depths.append(event)
        self._something.set()
        return HANDED_OVER

    async def until_trades(self, count: int) -> None:
        async with asyncio.timeout(WITHIN_S):
            while len(self.trades) < count:
                self._something.clear()
                await self._something.wait()

    def p99_ms(self, sent_ns: dict[int, int]) -> float:
        waited = sorted(at - sent_ns[trade.trade_id] for at, trade in zip(self.at_ns, self.trades, strict=True))
        return waited[int(len(waited) * 0.99)] / 1e6


async def _played(snapshot: dict[str, Any], lines: Sequence[Line], speed: float) -> tuple[FrameContent, float]:
    heard = FrameContent()
    expected = [line.trade_id for line in lines if line.trade_id is not None]
    with Player(snapshot, lines, speed) as player:
        exchange = Binance(["BTC"], await player.next_message(), LIVE)
        feed = ExchangeStreams(exchange, LIVE)
        task = asyncio.create_task(feed.run(heard.put))
        try:
            await heard.until_trades(len(expected))
            sent_ns = (await player.next_message()).trades
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await close_now(exchange)
    assert [trade.trade_id for trade in heard.trades] == expected
    assert feed.counts == dict.fromkeys(feed.counts, 0)
    return heard, heard.p99_ms(sent_ns)


async def test_a_real_minute_sped_up_loses_and_reorders_no_print(capture: Capture) -> None:
    heard, p99_ms = await _played(capture.snapshot, between(capture.lines, 0, MINUTE_S), SPEED_UP)
    print(f"\n{len(heard.trades)} prints at {SPEED_UP:g} x: tick-to-event p99 {p99_ms:.2f} ms")
    assert heard.tops > 0
    assert heard.depths, "the book followed the real changes from the real snapshot"


async def test_the_real_burst_of_593_messages_in_10_ms(capture: Capture) -> None:
    start, end = busiest(capture.lines)
    burst = capture.lines[start:end]
    assert len(burst) >= BUSIEST_MESSAGES
    heard, p99_ms = await _played(capture.snapshot, burst, 0.0)
    print(f"\n{len(burst)} messages at once, {len(heard.trades)} prints: tick-to-event p99 {p99_ms:.2f} ms")


async def test_five_thousand_messages_at_once(capture: Capture) -> None:
    lines = list(islice(capture.lines, 5_000))
    heard, p99_ms = await _played(capture.snapshot, lines, 0.0)
    print(f"\n{len(lines)} messages at once, {len(heard.trades)} prints: tick-to-event p99 {p99_ms:.2f} ms")
