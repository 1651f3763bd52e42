"""The columns' own arithmetic beside the plain way: the next print beyond a price, and the sums of bars."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.events import Trade
from cockpit.domain.units import NS_PER_S
from cockpit.market.asset import AssetMarket
from cockpit.research.columns import BLOCK, Prints, modelled_tops


def prints_of(seed: int, count: int) -> Prints:
    numbers = np.random.default_rng(seed)
    price = np.round(100.0 + np.cumsum(numbers.normal(0, 0.2, count)), 1)
    stamps = np.arange(count, dtype=np.int64) * 10_000_000
    return Prints(
        "binance", "BTC", stamps, price, np.round(numbers.exponential(1.0, count) + 1e-3, 3),
        numbers.random(count) < 0.5, np.arange(count),
    )  # fmt: skip


@given(st.integers(0, 999), st.integers(1, 3 * BLOCK + 7), st.floats(0, 1), st.floats(0, 4), st.floats(0, 4))
def test_first_beyond_is_the_first_row_beyond(seed: int, count: int, share: float, down: float, up: float) -> None:
    prints, start = prints_of(seed, count), int(share * count)
    low, high = 100.0 - down, 100.0 + up
    rows = [row for row in range(start, count) if prints.price[row] <= low or prints.price[row] >= high]
    assert prints.first_beyond(start, low, high) == (rows[0] if rows else count)


@given(st.integers(0, 999), st.integers(1, 900), st.lists(st.integers(0, 900), max_size=30))
def test_bars_are_those_of_the_market(seed: int, count: int, cuts: list[int]) -> None:
    prints = prints_of(seed, count)
    bounds = np.array([0, *sorted(min(cut, count) for cut in cuts), count])
    bars = prints.bars(bounds[:-1], bounds[1:])
    for number, (first, end) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)):
        market = AssetMarket("BTC", "binance", 0)
        for row in range(first, end):
            market.on_trade(prints.event(row))
        assert bars.bar(number) == market.running_bar == prints.running(first, end)
        middle = (first + end) // 2
        assert prints.running(middle, end, prints.running(first, middle)) == bars.bar(number)


def test_a_market_that_stands_in_the_middle_of_a_bar_goes_on_as_if_it_had_seen_all() -> None:
    prints = prints_of(3, 400)
    whole, skipped = AssetMarket("BTC", "binance", 0), AssetMarket("BTC", "binance", 0)
    for row in range(400):
        whole.on_trade(prints.event(row))
    skipped.stand_at(prints.running(0, 250), prints.event(249), None, int(prints.ts_ns[0]))
    for row in range(250, 400):
        skipped.on_trade(prints.event(row))
    assert skipped.running_bar == whole.running_bar
    assert skipped.close_bars(5 * NS_PER_S) == whole.close_bars(5 * NS_PER_S)


def test_a_modelled_top_charges_the_spread_on_the_other_side_of_its_print() -> None:
    prints = prints_of(4, 300)
    tops = modelled_tops(prints, spread_bps=25.0, top_usd=1_000.0, tick_usd=0.1)
    for row in range(300):
        trade, top = prints.event(row), tops.event(row)
        spread = round(top.ask - top.bid, 9)
        assert isinstance(trade, Trade) and trade.price == (top.ask if trade.taker_is_buyer else top.bid)
        assert spread >= trade.price * 25.0 / 1e4 - 1e-6 and spread <= trade.price * 25.0 / 1e4 + 0.1 + 1e-6
