"""The market over the recorded minutes of 2024-08-08: nothing is lost, nothing is counted twice."""

import gzip
from functools import cache
from pathlib import Path

import msgspec
import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import Top, Trade
from cockpit.domain.units import NS_PER_MS
from cockpit.market.bars import Bar
from cockpit.market.market import Market


@cache
def recorded(path: Path) -> tuple[Trade | Top, ...]:
    """Prints and tops of the raw capture in the order they were received."""
    events: list[Trade | Top] = []
    with gzip.open(path) as lines:
        for line in lines:
            recv, text = line.split(b" ", 1)
            frame = msgspec.json.decode(text).get("data", {})
            if frame.get("e") == "trade":
                price, qty = float(frame["p"]), float(frame["q"])
                stamp_ns = frame["T"] * NS_PER_MS
                events.append(Trade(stamp_ns, int(recv), "binance", "BTC", price, qty, not frame["m"], frame["t"]))
            elif frame.get("e") == "bookTicker":
                sides = (float(frame[key]) for key in ("b", "B", "a", "A"))
                events.append(Top(frame["T"] * NS_PER_MS, int(recv), "binance", "BTC", *sides))
    return tuple(events)


def test_the_recorded_minutes_are_counted_whole(shipped_config: CockpitConfig, real_data_dir: Path) -> None:
    capture = real_data_dir / "usdm_btcusdt_20240808.gz"
    if not capture.is_file():
        pytest.skip(f"recorded minutes not found: expected {capture}")
    events = recorded(capture)
    trades = [event for event in events if isinstance(event, Trade)]
    assert (len(trades), len(events) - len(trades)) == (21_313, 66_089)

    market = Market(shipped_config, events[0].ts_ns)
    btc = market.assets["BTC"]
    closed: list[Bar] = []
    for event in events:
        if event.ts_ns >= market.next_bar_ns:
            closed += [bar for _, bar in market.close_bars(event.ts_ns)]
        if isinstance(event, Trade):
            btc.on_trade(event)
        else:
            btc.on_top(event)
    session_vwap, share = btc.session_vwap, btc.thin_book_share(600)
    closed += [bar for _, bar in market.close_bars(events[-1].ts_ns + 60_000 * NS_PER_MS)]

    for length_s in (5, 15):
        bars = [bar for bar in closed if bar.length_s == length_s]
        assert sum(bar.trades for bar in bars) == len(trades)
        assert sum(bar.volume for bar in bars) == pytest.approx(sum(trade.qty for trade in trades))
        assert sum(bar.taker_delta for bar in bars) == pytest.approx(btc.cumulative_delta)
        assert min(bar.low for bar in bars) == min(trade.price for trade in trades)
        assert max(bar.high for bar in bars) == max(trade.price for trade in trades)
    notional = sum(trade.price * trade.qty for trade in trades)
    assert session_vwap == pytest.approx(notional / sum(trade.qty for trade in trades))
    assert share is not None
    assert share > 0
