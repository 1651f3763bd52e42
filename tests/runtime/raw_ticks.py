"""The capture read by hand, and what a trade must have come to on it: a few lines that know nothing of the product."""

import gzip
import json
import math
from pathlib import Path
from typing import NamedTuple

NS_PER_MS = 1_000_000
LATENCY_NS = 50 * NS_PER_MS


class Print(NamedTuple):
    ts_ns: int
    price: float
    qty: float
    buys: bool


class Quote(NamedTuple):
    ts_ns: int
    bid: float
    bid_qty: float
    ask: float
    ask_qty: float


def read_ticks(capture: Path) -> list[Print | Quote]:
    """Prints and tops in the order they arrived."""
    ticks: list[Print | Quote] = []
    with gzip.open(capture, "rb") as file:
        for line in file:
            message = json.loads(line.split(b" ", 1)[1])
            data, stream = message.get("data", {}), message.get("stream", "")
            if stream.endswith("@trade") and data["X"] == "MARKET":
                ticks.append(Print(data["T"] * NS_PER_MS, float(data["p"]), float(data["q"]), not data["m"]))
            elif stream.endswith("@bookTicker"):
                sizes = (float(data[key]) for key in ("b", "B", "a", "A"))
                ticks.append(Quote(data["T"] * NS_PER_MS, *sizes))
    return ticks


def before(ticks: list[Print | Quote], ts_ns: int) -> int:
    """How many ticks had arrived when the first one stamped `ts_ns` or later did."""
    return next((index for index, tick in enumerate(ticks) if tick.ts_ns >= ts_ns), len(ticks))


def book_at(ticks: list[Print | Quote], ts_ns: int) -> Quote:
    """The top known at this instant."""
    return next(tick for tick in reversed(ticks[: before(ticks, ts_ns)]) if isinstance(tick, Quote))


def on_tick(price: float, up: bool, tick: float = 0.1) -> float:
    ticks = price / tick
    return round((math.ceil(ticks - 1e-9) if up else math.floor(ticks + 1e-9)) * tick, 1)


class Expected(NamedTuple):
    entry: float
    entry_ns: int
    stop: float
    targets: list[float]
    fills: list[tuple[str, float, float]]
    """What left, in order: why, quantity, price."""
    fees_usd: float
    gross_usd: float


def expected_life(
    ticks: list[Print | Quote],
    decided_ns: int,
    is_long: bool,
    qty: float,
    stop_bps: float,
    rungs: list[tuple[float, float]],
    taker_bps: float = 5.0,
    maker_bps: float = 2.0,
) -> Expected:
    """Walk the ticks: entry at the book 50 ms after the decision, stop 50 ms after that, targets 50 ms later.

    A target leaves at its price when a print trades beyond it. A stop that a print reaches leaves at the known book,
    never better than that print. After the first target it moves to entry plus fees, 50 ms later.
    """
    sign = 1 if is_long else -1
    entry_ns = decided_ns + LATENCY_NS
    book = book_at(ticks, entry_ns)
    entry = book.ask if is_long else book.bid
    assert (book.ask_qty if is_long else book.bid_qty) >= qty, "deeper than the top: walk it by hand"
    stop = on_tick(entry * (1 - sign * stop_bps / 1e4), up=is_long)
    targets = [on_tick(entry * (1 + sign * bps / 1e4), up=is_long) for bps, _ in rungs]
    left, fees, gross = qty, qty * entry * taker_bps / 1e4, 0.0
    fills: list[tuple[str, float, float]] = []
    stop_now, moves_ns, waiting = stop, 2**63, list(zip(targets, (size for _, size in rungs), strict=True))
    for tick in ticks[before(ticks, entry_ns) :]:
        if isinstance(tick, Quote):
            book = tick
            continue
        if left <= 1e-12 or tick.ts_ns < entry_ns + LATENCY_NS:
            continue
        if tick.ts_ns >= moves_ns:
            stop_now = on_tick(entry * (1 + sign * 2 * taker_bps / 1e4), up=is_long)
        if sign * (stop_now - tick.price) >= 0:
            price = min(book.bid, tick.price) if is_long else max(book.ask, tick.price)
            fills.append(("stop", left, price))
            gross += sign * (price - entry) * left
            fees += left * price * taker_bps / 1e4
            left = 0.0
        targets_rest = left > 1e-12 and tick.ts_ns >= entry_ns + 2 * LATENCY_NS
        while targets_rest and waiting and sign * (tick.price - waiting[0][0]) > 0:
            price, size = waiting.pop(0)
            fills.append(("target", size, price))
            left -= size
            gross += sign * (price - entry) * size
            fees += size * price * maker_bps / 1e4
            moves_ns = min(moves_ns, tick.ts_ns + LATENCY_NS)
    return Expected(entry, entry_ns, stop, targets, fills, fees, gross)
