"""The real wire of 2024-08-08 through the loopback venue and the real client library: nothing lost, nothing reordered.

The capture has the venue's `trade` stream; its prints go out as `aggTrade` messages, the stream that we subscribe to.
"""

import asyncio
import gzip
import json
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cockpit.config.endpoints import VenueUrls
from cockpit.config.live import LiveSection
from cockpit.domain.events import AnyEvent, Depth, Top, Trade
from cockpit.feeds.live.binance import Binance
from cockpit.feeds.live.exchange_streams import ExchangeStreams
from tests.feeds_live.exchange_scene import WITHIN_S, close_now, now_ms
from tests.loopback.exchange_binance import BinanceVenue

LIVE = LiveSection(silent_after_s=120, quiet_after_s=600)
SPEED_UP = 20.0
MINUTE = 60.0
BUSIEST_MS = 10
BUSIEST_MESSAGES = 593


class Line(NamedTuple):
    """One message: when it was received, what it was subscribed as, and its text; `trade_id` of a print."""

    recv_ns: int
    topic: str
    text: str
    trade_id: int | None


class Capture(NamedTuple):
    snapshot: dict[str, Any]
    lines: list[Line]


@pytest.fixture(scope="module")
def capture(real_data_dir: Path) -> Capture:
    path = real_data_dir / "usdm_btcusdt_20240808.gz"
    if not path.is_file():
        pytest.skip(f"real wire capture not found: expected {path}")
    snapshot: dict[str, Any] = {}
    lines = []
    with gzip.open(path, "rt") as file:
        for text in file:
            stamp, _, rest = text.partition(" ")
            body = json.loads(rest)
            if "lastUpdateId" in body:
                snapshot = body
            else:
                lines.append(_line(int(stamp), body["stream"], body["data"]))
    return Capture(snapshot, lines)


def _line(recv_ns: int, stream: str, data: dict[str, Any]) -> Line:
    kind = data["e"]
    if kind == "trade":
        trade_id = data["t"]
        print_of = {"e": "aggTrade", "a": trade_id, "f": trade_id, "l": trade_id}
        kept = {field: data[field] for field in ("E", "T", "s", "p", "q", "m")}
        return Line(recv_ns, "btcusdt@aggTrade", json.dumps({**print_of, **kept}), trade_id)
    topic = "btcusdt@depth@100ms" if kind == "depthUpdate" else stream
    return Line(recv_ns, topic, json.dumps(data), None)


class Player:
    """The venue in a process of its own, as it is on a machine of its own; it plays once all is subscribed to."""

    def __init__(self, snapshot: dict[str, Any], lines: Sequence[Line], speed: float) -> None:
        processes = multiprocessing.get_context("spawn")
        self._pipe, theirs = processes.Pipe()
        self._process = processes.Process(target=_serve, args=(theirs, snapshot, list(lines), speed), daemon=True)

    def __enter__(self) -> "Player":
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join(WITHIN_S)

    async def told(self) -> Any:
        """What the venue's process says next: its addresses, at the end when each print was sent."""
        async with asyncio.timeout(WITHIN_S):
            return await asyncio.to_thread(self._pipe.recv)


def _serve(pipe: Connection, snapshot: dict[str, Any], lines: list[Line], speed: float) -> None:
    asyncio.run(_play(pipe, snapshot, lines, speed))


async def _play(pipe: Connection, snapshot: dict[str, Any], lines: list[Line], speed: float) -> None:
    sent_ns: dict[int, int] = {}
    async with BinanceVenue(now_ms) as venue:
        venue.bases = ["BTC"]
        venue.books["BTCUSDT"] = snapshot
        pipe.send(VenueUrls(venue.rest_url, venue.ws_url))
        await venue.until_subscribed("btcusdt@aggTrade", "btcusdt@bookTicker", "btcusdt@depth@100ms")
        first_ns, began_ns = lines[0].recv_ns, time.perf_counter_ns()
        for line in lines:
            due_ns = began_ns + (line.recv_ns - first_ns) / speed if speed else 0
            ahead_s = (due_ns - time.perf_counter_ns()) / 1e9
            if ahead_s > 0.001:
                await asyncio.sleep(ahead_s)
            if line.trade_id is not None:
                sent_ns[line.trade_id] = time.perf_counter_ns()
            await venue.push(line.topic, line.text)
        pipe.send(sent_ns)
        await asyncio.Event().wait()


class Heard:
    """What came out of the feed, and when."""

    def __init__(self) -> None:
        self.trades: list[Trade] = []
        self.at_ns: list[int] = []
        self.tops = 0
        self.depths: list[Depth] = []
        self._something = asyncio.Event()

    async def put(self, source: str, event: AnyEvent) -> None:
        if isinstance(event, Trade):
            self.trades.append(event)
            self.at_ns.append(time.perf_counter_ns())
        elif isinstance(event, Top):
            self.tops += 1
        elif isinstance(event, Depth):
            self.depths.append(event)
        self._something.set()

    async def until_trades(self, count: int) -> None:
        async with asyncio.timeout(WITHIN_S):
            while len(self.trades) < count:
                self._something.clear()
                await self._something.wait()

    def p99_ms(self, sent_ns: dict[int, int]) -> float:
        waited = sorted(at - sent_ns[trade.trade_id] for at, trade in zip(self.at_ns, self.trades, strict=True))
        return waited[int(len(waited) * 0.99)] / 1e6


async def _played(snapshot: dict[str, Any], lines: Sequence[Line], speed: float) -> tuple[Heard, float]:
    heard = Heard()
    expected = [line.trade_id for line in lines if line.trade_id is not None]
    with Player(snapshot, lines, speed) as player:
        exchange = Binance(["BTC"], await player.told(), LIVE)
        feed = ExchangeStreams(exchange, LIVE)
        task = asyncio.create_task(feed.run(heard.put))
        try:
            await heard.until_trades(len(expected))
            sent_ns = await player.told()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await close_now(exchange)
    assert [trade.trade_id for trade in heard.trades] == expected
    assert feed.counts == dict.fromkeys(feed.counts, 0)
    return heard, heard.p99_ms(sent_ns)


def _busiest(lines: Sequence[Line]) -> list[Line]:
    """The most messages within 10 ms."""
    best: tuple[int, int] = (0, 0)
    start = 0
    for end, line in enumerate(lines):
        while line.recv_ns - lines[start].recv_ns >= BUSIEST_MS * 1_000_000:
            start += 1
        best = max(best, (end + 1 - start, start))
    return list(lines[best[1] : best[1] + best[0]])


def _minute(lines: Sequence[Line]) -> Iterator[Line]:
    return (line for line in lines if line.recv_ns - lines[0].recv_ns < MINUTE * 1e9)


async def test_a_real_minute_sped_up_loses_and_reorders_no_print(capture: Capture) -> None:
    heard, p99_ms = await _played(capture.snapshot, list(_minute(capture.lines)), SPEED_UP)
    print(f"\n{len(heard.trades)} prints at {SPEED_UP:g} x: tick-to-event p99 {p99_ms:.2f} ms")
    assert heard.tops > 0
    assert heard.depths, "the book followed the real changes from the real snapshot"


async def test_the_real_burst_of_593_messages_in_10_ms(capture: Capture) -> None:
    burst = _busiest(capture.lines)
    assert len(burst) >= BUSIEST_MESSAGES
    heard, p99_ms = await _played(capture.snapshot, burst, 0.0)
    print(f"\n{len(burst)} messages at once, {len(heard.trades)} prints: tick-to-event p99 {p99_ms:.2f} ms")


async def test_five_thousand_messages_at_once(capture: Capture) -> None:
    lines = list(islice(capture.lines, 5_000))
    heard, p99_ms = await _played(capture.snapshot, lines, 0.0)
    print(f"\n{len(lines)} messages at once, {len(heard.trades)} prints: tick-to-event p99 {p99_ms:.2f} ms")
