"""A real wire capture, and the loopback venue that plays it from a process of its own, as a venue is elsewhere.

The capture has the venue's `trade` stream; its prints go out as `aggTrade` messages, the stream that we subscribe to.
"""

import asyncio
import gzip
import json
import multiprocessing
import pickle
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from cockpit.config.endpoints import VenueUrls
from tests.feeds_live.exchange_scene import WITHIN_S, now_ms
from tests.loopback.exchange_binance import BinanceVenue

CAPTURE = "usdm_btcusdt_20240808.gz"
BUSIEST_MS = 10
BEGUN = "begun"
STARTS = 3
BARS_MS = 15_000
"""Every bar's length divides it: restamped by multiples of it, the same prints fall into the same bars."""
TOPICS = ("btcusdt@aggTrade", "btcusdt@bookTicker", "btcusdt@depth@100ms")


class Line(NamedTuple):
    """One message: when it was received, what it was subscribed as, what it says; `trade_id` of a print."""

    recv_ns: int
    topic: str
    data: dict[str, Any]
    trade_id: int | None


class Capture(NamedTuple):
    """The book to begin with, and every message after it."""

    snapshot: dict[str, Any]
    lines: list[Line]


class Sent(NamedTuple):
    """When each message left the venue, on the machine's monotonic clock: prints by their id, tops by their stamp."""

    trades: dict[int, int]
    tops: dict[int, int]


def read_capture(path: Path) -> Capture:
    """The whole file."""
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


def busiest(lines: Sequence[Line]) -> tuple[int, int]:
    """Where the most messages within 10 ms begin and end."""
    best: tuple[int, int] = (0, 0)
    start = 0
    for end, line in enumerate(lines):
        while line.recv_ns - lines[start].recv_ns >= BUSIEST_MS * 1_000_000:
            start += 1
        best = max(best, (end + 1 - start, start))
    return best[1], best[1] + best[0]


def between(lines: Sequence[Line], from_s: float, to_s: float) -> list[Line]:
    """The messages received from so many seconds after the first one to so many."""
    first_ns = lines[0].recv_ns
    return [line for line in lines if from_s * 1e9 <= line.recv_ns - first_ns < to_s * 1e9]


def _line(recv_ns: int, stream: str, data: dict[str, Any]) -> Line:
    kind = data["e"]
    if kind == "trade":
        trade_id = data["t"]
        print_of = {"e": "aggTrade", "a": trade_id, "f": trade_id, "l": trade_id}
        kept = {field: data[field] for field in ("E", "T", "s", "p", "q", "m")}
        return Line(recv_ns, "btcusdt@aggTrade", {**print_of, **kept}, trade_id)
    return Line(recv_ns, "btcusdt@depth@100ms" if kind == "depthUpdate" else stream, data, None)


class Player:
    """Plays lines at a speed (0 = all at once) once all is subscribed to; `restamped` as if the first happened now."""

    def __init__(
        self, snapshot: dict[str, Any], lines: Sequence[Line], speed: float, *, restamped: bool = False
    ) -> None:
        self._asked = (speed, restamped)
        self._played = tempfile.NamedTemporaryFile(suffix=".played")  # noqa: SIM115 - it lives as long as the player
        pickle.dump((snapshot, list(lines)), self._played)
        self._played.flush()

    def __enter__(self) -> "Player":
        """What is played goes by a file: a process that dies at its start would leave a long write to it for ever."""
        processes = multiprocessing.get_context("spawn")
        for _ in range(STARTS):
            self._pipe, theirs = processes.Pipe()
            self._process = processes.Process(
                target=_serve, args=(theirs, self._played.name, *self._asked), daemon=True
            )
            self._process.start()
            theirs.close()
            with suppress(EOFError):
                if self._pipe.poll(WITHIN_S) and self._pipe.recv() == BEGUN:
                    return self
            self._process.kill()
        raise AssertionError(f"expected the venue's process to begin, was not in {STARTS} tries")

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join(WITHIN_S)
        self._played.close()

    async def next_message(self, within_s: float = WITHIN_S) -> Any:
        """What the venue's process says next: its addresses, at the end a `Sent`."""
        async with asyncio.timeout(within_s):
            return await asyncio.to_thread(self._pipe.recv)


def _serve(pipe: Connection, played: str, speed: float, restamped: bool) -> None:
    pipe.send(BEGUN)
    snapshot, lines = pickle.loads(Path(played).read_bytes())
    asyncio.run(_play(pipe, snapshot, lines, speed, restamped))


async def _play(pipe: Connection, snapshot: dict[str, Any], lines: list[Line], speed: float, restamped: bool) -> None:
    sent = Sent({}, {})
    async with BinanceVenue(now_ms) as venue:
        venue.bases = ["BTC"]
        venue.books["BTCUSDT"] = snapshot
        pipe.send(VenueUrls(venue.rest_url, venue.ws_url))
        await venue.until_subscribed(*TOPICS)
        if restamped and speed:
            await asyncio.sleep(-(now_ms() - lines[0].data["T"]) % BARS_MS / 1e3)
        later_ms = now_ms() - lines[0].data["T"] if restamped else 0
        texts = [json.dumps(_restamped(line.data, later_ms)) for line in lines]
        first_ns, began_ns = lines[0].recv_ns, time.perf_counter_ns()
        for line, text in zip(lines, texts, strict=True):
            due_ns = began_ns + (line.recv_ns - first_ns) / speed if speed else 0
            ahead_s = (due_ns - time.perf_counter_ns()) / 1e9
            if ahead_s > 0.001:
                await asyncio.sleep(ahead_s)
            if line.trade_id is not None:
                sent.trades[line.trade_id] = time.perf_counter_ns()
            elif line.data["e"] == "bookTicker":
                sent.tops.setdefault(line.data["T"] + later_ms, time.perf_counter_ns())
            await venue.push(line.topic, text)
        pipe.send(sent)
        await asyncio.Event().wait()


def _restamped(data: dict[str, Any], later_ms: int) -> dict[str, Any]:
    return {**data, "E": data["E"] + later_ms, "T": data["T"] + later_ms}
