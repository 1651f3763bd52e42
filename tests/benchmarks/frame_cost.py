"""What a frame costs from the socket's text to the engine's inbox: `python -m tests.benchmarks.frame_cost [--runs N]`.

Beside it: our feed without its decoders (the library decodes JSON, our readers make events, the library keeps the
book), and the client library alone, parsing for itself. Microseconds of processor time a message, the best of N runs.
The frames are the recorded ones of Binance where they are found (see COCKPIT_REAL_DATA), else made up.
"""

import argparse
import asyncio
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cockpit.config.live import LiveSection
from cockpit.exchanges.binance.market import Binance
from cockpit.exchanges.okx.market import Okx
from cockpit.runtime.inbox import Inbox
from tests.feeds_live.frame_rig import FrameRig, reading, seed, unreached
from tests.feeds_live.wire_player import CAPTURE, read_capture
from tests.loopback import exchange_binance, exchange_okx

PROJECT_ROOT = Path(__file__).resolve().parents[2]
FRAMES = 2_000
BURST_PER_S = 10_000
SHARES = {"aggTrade": 0.226, "bookTicker": 0.704, "depthUpdate": 0.070}
"""Of the messages of the recorded five minutes."""


class Cost(NamedTuple):
    """Microseconds a message of this kind takes."""

    kind: str
    ours_us: float
    without_us: float
    library_us: float

    def line(self) -> str:
        ratios = f"{self.ours_us / self.without_us:4.2f} of it, {self.ours_us / self.library_us:4.2f} of the library's"
        return (
            f"{self.kind:22} {self.ours_us:7.2f} us   without {self.without_us:7.2f} us   "
            f"library alone {self.library_us:7.2f} us   ({ratios})"
        )


def text(message: object) -> str:
    return json.dumps(message, separators=(",", ":"))


def best_us(read: Callable[[str], object], frames: Sequence[str], runs: int, before: Callable[[], object]) -> float:
    """The least processor time a frame over all runs; `before` puts things back between two."""
    best = float("inf")
    for _ in range(runs):
        before()
        began = time.process_time_ns()
        for frame in frames:
            read(frame)
        best = min(best, (time.process_time_ns() - began) / len(frames) / 1e3)
    return best


async def costs(rig: FrameRig, frames: dict[str, list[str]], book: Callable[[Any], object], runs: int) -> list[Cost]:
    """Each kind three ways. `book` gives a client the book that the changes follow on from."""
    library, inbox = rig.library(), Inbox()
    rig.feed._put = inbox.put
    ours, alone = rig.exchange, library.client
    read = rig.socket.handle_text_or_binary_message
    decoder = ours.decoder
    found = []

    def again() -> None:
        book(ours.client)
        while inbox.take() is not None:
            pass
        for order in rig.feed._orders.values():
            order._last_id = None

    for kind, texts in frames.items():
        ours.decoder = decoder
        ours_us = best_us(read, texts, runs, again)
        ours.decoder = None
        without_us = best_us(read, texts, runs, again)
        library_us = best_us(library.read, texts, runs, lambda: book(alone))
        found.append(Cost(f"{ours.name} {kind}", ours_us, without_us, library_us))
    ours.decoder = decoder
    return found


def binance_frames(directory: Path) -> tuple[dict[str, list[str]], dict[str, Any]]:
    """By kind, with the book's snapshot before them."""
    path = directory / CAPTURE
    if not path.is_file():
        raise SystemExit(f"expected a raw capture, was nothing at {path}: set COCKPIT_REAL_DATA")
    capture = read_capture(path)
    frames: dict[str, list[str]] = {kind: [] for kind in SHARES}
    for line in capture.lines:
        kind = frames[line.data["e"]]
        if len(kind) < FRAMES:
            kind.append(text(line.data))
    frames["markPriceUpdate"] = [
        text({"e": "markPriceUpdate", "E": 1, "s": "BTCUSDT", "p": f"{61_600 + n / 10}", "i": "61600", "T": 9})
        for n in range(FRAMES)
    ]
    return frames, capture.snapshot


def okx_frames() -> dict[str, list[str]]:
    """Made up, in today's shapes."""
    inst = "BTC-USDT-SWAP"
    trade = {"instId": inst, "px": "61600.1", "sz": "2.5", "side": "buy", "count": "1", "ts": "1723161256298"}
    frames: dict[str, list[str]] = {"trades": [], "bbo-tbt": [], "mark-price": [], "books": []}
    for n in range(1, FRAMES + 1):
        price = 61_600 + n % 50
        best = {"asks": [[f"{price}.1", "3", "0", "1"]], "bids": [[f"{price}", "2", "0", "4"]], "ts": "1723161256298"}
        levels = [[f"{61_000 + (n * 7 + step * 13) % 600}.5", f"{(n + step) % 9}", "0", "1"] for step in range(30)]
        change = {"asks": [], "bids": levels, "ts": "1723161256298", "prevSeqId": n - 1, "seqId": n}
        mark = {"instId": inst, "instType": "SWAP", "markPx": f"{price}", "ts": "1723161256298"}
        for channel, row in (("trades", {**trade, "tradeId": str(n)}), ("bbo-tbt", best), ("mark-price", mark)):
            frames[channel].append(text({"arg": {"channel": channel, "instId": inst}, "data": [row]}))
        frames["books"].append(
            text({"arg": {"channel": "books", "instId": inst}, "action": "update", "data": [change]})
        )
    return frames


async def measure(directory: Path, runs: int) -> list[Cost]:
    """Every kind of both venues."""
    found = []
    live = LiveSection(silent_after_s=120, quiet_after_s=600)
    frames, snapshot = binance_frames(directory)
    levels = [[[float(price), float(qty)] for price, qty in snapshot[side]] for side in ("bids", "asks")]
    async with reading(unreached(Binance, [exchange_binance.instrument("BTC")], ["BTC"]), live) as rig:
        symbol = rig.exchange.symbols["BTC"]
        found += await costs(rig, frames, lambda client: seed(client, symbol, *levels, snapshot["lastUpdateId"]), runs)
    async with reading(unreached(Okx, [exchange_okx.instrument("BTC")], ["BTC"]), live) as rig:
        symbol = rig.exchange.symbols["BTC"]

        def book(client: Any) -> None:
            seed(client, symbol, [[60_999.0, 1.0]], [[62_000.0, 1.0]], 0)
            client.client(rig.socket.url).subscriptions[f"books:{symbol}"] = True
            client.client("wss://127.0.0.1/alone").subscriptions[f"books:{symbol}"] = True

        found += await costs(rig, okx_frames(), book, runs)
    return found


def burst_share(found: Sequence[Cost], pick: Callable[[Cost], float]) -> float:
    """Of one core, for the recorded mix at 10,000 messages a second."""
    by_kind = {cost.kind.removeprefix("binance "): pick(cost) for cost in found}
    return sum(by_kind[kind] * share for kind, share in SHARES.items()) * BURST_PER_S / 1e6


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    real_data = Path(os.environ.get("COCKPIT_REAL_DATA") or PROJECT_ROOT.parent / "shared" / "data")
    found = asyncio.run(measure(real_data, parser.parse_args().runs))
    for cost in found:
        print(cost.line())
    shares = [
        burst_share(found, pick) for pick in (lambda c: c.ours_us, lambda c: c.without_us, lambda c: c.library_us)
    ]
    print(
        f"{BURST_PER_S:,} messages/s in the recorded mix: {shares[0]:.1%} of a core, "
        f"without decoders {shares[1]:.1%}, the library alone {shares[2]:.1%}"
    )


if __name__ == "__main__":
    main()
