"""Small public files in the documented formats, with whatever is wrong with them."""

import hashlib
import random
import zipfile
from collections.abc import Iterable
from pathlib import Path

DAY_MS = 1_723_075_200_000
"""2024-08-08 00:00 UTC."""
HEADERS = {
    "aggTrades": "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker",
    "trades": "id,price,qty,quote_qty,time,is_buyer_maker",
    "bookTicker": ("update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time"),
    "bookDepth": "timestamp,percentage,depth,notional",
    "metrics": (
        "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
        "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio"
    ),
    "fundingRate": "calc_time,funding_interval_hours,last_funding_rate",
    "premiumIndexKlines": (
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
        "taker_buy_quote_volume,ignore"
    ),
}
MINUTES = 1440


def agg_trades(day_ms: int = DAY_MS, *, count: int = MINUTES, unit: int = 1, first_id: int = 1_000) -> list[str]:
    """Evenly over a day; `unit` 1000 writes µs."""
    step = 86_400_000 // count
    return [
        f"{first_id + n},{60_000 + n % 7}.1,0.003,{2 * n},{2 * n + 1},{(day_ms + n * step) * unit},"
        f"{'true' if n % 2 else 'false'}"
        for n in range(count)
    ]


def trades(day_ms: int = DAY_MS) -> list[str]:
    return [f"{500 + n},60000.1,0.01,600.001,{day_ms + n * 60_000},true" for n in range(MINUTES)]


def book_ticker(day_ms: int = DAY_MS) -> list[str]:
    stamps = [day_ms + n * 60_000 for n in range(MINUTES)]
    return [f"{n},60000.1,1.5,60000.2,2.5,{at},{at + 5}" for n, at in enumerate(stamps)]


def metrics(day: str, *, count: int = 288) -> list[str]:
    labels = [f"{day} {n // 12:02d}:{n % 12 * 5:02d}:00" for n in range(count)]
    return [f"{label},BTCUSDT,100243.058,6012494186.40,0.69,1.82,0.56,1.15" for label in labels]


def premium(day_ms: int = DAY_MS) -> list[str]:
    opens = [day_ms + n * 60_000 for n in range(MINUTES)]
    return [f"{at},-0.0004,0.0001,-0.0005,-0.0003,0,{at + 59_999},0,12,0,0,0" for at in opens]


def put(
    directory: Path, kind: str, rows: Iterable[str], day: str = "2024-08-08", *, header: bool = True, what: str = ""
) -> Path:
    """A zip as the exchange names it, with its CHECKSUM beside it."""
    directory.mkdir(parents=True, exist_ok=True)
    name = f"BTCUSDT-{what or kind}-{day}"
    path = directory / f"{name}.zip"
    lines = [HEADERS[kind], *rows] if header else list(rows)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(f"{name}.csv", "\n".join(lines) + "\n")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name(f"{path.name}.CHECKSUM").write_text(f"{digest}  {path.name}\n")
    return path


def shuffled(rows: list[str], seed: int = 7) -> list[str]:
    rows = list(rows)
    random.Random(seed).shuffle(rows)
    return rows
