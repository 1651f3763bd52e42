import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_events import START_NS, Clocked, asset_market, at, trade

from cockpit.config.model import CockpitConfig
from cockpit.domain.units import NS_PER_S
from cockpit.market.bars import Bar
from cockpit.market.market import Market

prints = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=40_000),  # ms since the print before
        st.integers(min_value=9_000, max_value=11_000),  # price in cents
        st.integers(min_value=1, max_value=5_000),  # quantity in thousandths
        st.booleans(),
    ),
    min_size=1,
    max_size=60,
)


def feed(clocked: Clocked, rows: list[tuple[int, int, int, bool]]) -> list[tuple[float, float, float, bool]]:
    """Print the rows one after the other; returns them as (seconds, price, qty, taker bought)."""
    seconds, fed = 0.0, []
    for gap_ms, cents, thousandths, buyer in rows:
        seconds = round(seconds + gap_ms / 1_000, 3)
        fed.append((seconds, cents / 100, thousandths / 1_000, buyer))
        clocked.print(trade(seconds, cents / 100, thousandths / 1_000, buyer=buyer))
    clocked.to(seconds + 60)
    return fed


def test_a_bar_holds_the_prints_of_its_period() -> None:
    clocked = Clocked(asset_market())
    clocked.print(trade(0.0, 100, 2, buyer=True))
    clocked.print(trade(1.0, 98, 1, buyer=False))
    clocked.print(trade(4.999, 101, 4, buyer=False))
    clocked.to(5.0)
    assert clocked.closed == [
        Bar(
            start_ns=at(0),
            end_ns=at(5),
            open=100,
            high=101,
            low=98,
            close=101,
            volume=7,
            taker_delta=2 - 1 - 4,
            notional_usd=200 + 98 + 404,
            trades=3,
            rise_bps=pytest.approx((101 / 98 - 1) * 10_000),
        )
    ]


def test_a_bar_closes_with_the_first_event_at_its_end_and_not_before(shipped_config: CockpitConfig) -> None:
    market = Market(shipped_config, at(2.0))
    market.assets["BTC"].on_trade(trade(3.0, 100))
    assert market.next_bar_ns == at(5)
    assert market.close_bars(at(5) - 1) == []
    [(asset, bar)] = market.close_bars(at(5))
    assert (asset, bar.start_ns, bar.end_ns) == ("BTC", at(0), at(5))
    assert market.next_bar_ns == at(10)


def test_a_print_stamped_before_the_running_bar_counts_in_the_running_bar() -> None:
    clocked = Clocked(asset_market())
    clocked.print(trade(1.0, 100))
    clocked.to(5.0)
    clocked.asset.on_trade(trade(4.997, 103))
    clocked.to(10.0)
    assert [(bar.end_ns, bar.close) for bar in clocked.closed] == [(at(5), 100), (at(10), 103)]


def test_a_period_without_a_print_gives_no_bar() -> None:
    clocked = Clocked(asset_market(15))
    clocked.print(trade(1.0, 100))
    clocked.print(trade(3 * 3_600 + 1.0, 105))
    clocked.to(3 * 3_600 + 20.0)
    assert [(bar.length_s, bar.start_ns, bar.close) for bar in clocked.closed] == [
        (5.0, at(0), 100),
        (15.0, at(0), 100),
        (5.0, at(10_800), 105),
        (15.0, at(10_800), 105),
    ]


def test_after_a_gap_the_next_boundary_lies_ahead_of_the_event(shipped_config: CockpitConfig) -> None:
    market = Market(shipped_config, START_NS)
    market.assets["BTC"].on_trade(trade(1.0, 100))
    closed = market.close_bars(at(7_203.5))
    assert [(asset, bar.length_s) for asset, bar in closed] == [("BTC", 5.0), ("BTC", 15.0)]
    assert market.next_bar_ns == at(7_205)


def test_bars_come_in_order_of_their_ends_then_by_asset_shorter_first(shipped_config: CockpitConfig) -> None:
    market = Market(shipped_config, START_NS)
    for second in (1.0, 11.0):
        market.close_bars(at(second))
        for name in ("ETH", "BTC"):
            market.assets[name].on_trade(trade(second, 100))
    closed = market.close_bars(at(15.0))
    assert [(asset, bar.length_s) for asset, bar in closed] == [("BTC", 5), ("BTC", 15), ("ETH", 5), ("ETH", 15)]


def test_after_a_gap_the_bars_of_every_asset_come_in_order_of_their_ends(shipped_config: CockpitConfig) -> None:
    market = Market(shipped_config, START_NS)
    for name in ("BTC", "ETH"):
        market.assets[name].on_trade(trade(1.0, 100))
    closed = market.close_bars(at(3_600.0))
    assert [(asset, bar.length_s) for asset, bar in closed] == [("BTC", 5), ("ETH", 5), ("BTC", 15), ("ETH", 15)]


def test_a_longer_bar_waits_for_its_own_end() -> None:
    clocked = Clocked(asset_market(15))
    clocked.print(trade(4.0, 100))
    clocked.to(14.9)
    assert [bar.length_s for bar in clocked.closed] == [5.0]
    clocked.to(15.0)
    assert [bar.length_s for bar in clocked.closed] == [5.0, 15.0]


def test_the_newest_bars_come_oldest_first() -> None:
    clocked = Clocked(asset_market(15))
    for second in range(0, 40, 5):
        clocked.print(trade(second, 100 + second))
    assert [bar.close for bar in clocked.asset.last_bars(5, 3)] == [120, 125, 130]
    assert [bar.close for bar in clocked.asset.last_bars(15, 9)] == [110, 125]
    assert list(clocked.asset.last_bars(5, 0)) == []


def test_a_bar_length_nobody_configured_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"expected a bar length of \[5, 15\] s, was 20"):
        asset_market(15).last_bars(20, 1)


def test_a_setup_cannot_ask_for_bars_that_are_no_multiple_of_the_base_bar(shipped_config: CockpitConfig) -> None:
    setup = shipped_config.setups["btc_upper_band_short"].model_copy(update={"bar_s": 7.0})
    config = shipped_config.model_copy(update={"setups": {"odd": setup}})
    with pytest.raises(ValueError, match=r"setups.odd.bar_s: expected a multiple of 5 s, was 7"):
        Market(config, START_NS)


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_what_is_no_price_is_no_print(price: float) -> None:
    clocked = Clocked(asset_market())
    clocked.print(trade(1.0, 100))
    clocked.print(trade(2.0, price))
    clocked.to(5.0)
    assert [(bar.trades, bar.low, bar.high, bar.close) for bar in clocked.closed] == [(1, 100, 100, 100)]


@given(prints)
def test_every_bar_is_the_aggregation_of_its_prints(rows: list[tuple[int, int, int, bool]]) -> None:
    clocked = Clocked(asset_market(15, 60))
    fed = feed(clocked, rows)
    for length_s in (5, 15, 60):
        bars = [bar for bar in clocked.closed if bar.length_s == length_s]
        assert [bar.start_ns for bar in bars] == sorted({at(s // length_s * length_s) for s, *_ in fed})
        for bar in bars:
            inside = [row for row in fed if bar.start_ns <= at(row[0]) < bar.end_ns]
            prices = [price for _, price, _, _ in inside]
            assert (bar.open, bar.close) == (prices[0], prices[-1])
            assert (bar.low, bar.high, bar.trades) == (min(prices), max(prices), len(prices))
            assert bar.volume == pytest.approx(sum(qty for _, _, qty, _ in inside))
            assert bar.taker_delta == pytest.approx(sum(q if buyer else -q for _, _, q, buyer in inside), abs=1e-9)
            rise_bps = max((later / early - 1) * 10_000 for i, early in enumerate(prices) for later in prices[i:])
            assert bar.rise_bps == pytest.approx(rise_bps, abs=1e-9)
            assert bar.notional_usd == pytest.approx(sum(price * qty for _, price, qty, _ in inside))


@given(prints)
def test_bars_close_in_time_order_and_never_before_their_end(rows: list[tuple[int, int, int, bool]]) -> None:
    clocked = Clocked(asset_market(15, 60))
    feed(clocked, rows)
    ends = [bar.end_ns for bar in clocked.closed]
    assert ends == sorted(ends)
    assert all(bar.start_ns % (bar.end_ns - bar.start_ns) == 0 for bar in clocked.closed)
    assert all((bar.end_ns - bar.start_ns) % (5 * NS_PER_S) == 0 for bar in clocked.closed)


@given(prints)
def test_the_bars_taker_delta_adds_up_to_the_cumulative_delta(rows: list[tuple[int, int, int, bool]]) -> None:
    clocked = Clocked(asset_market(15))
    feed(clocked, rows)
    for length_s in (5, 15):
        total = sum(bar.taker_delta for bar in clocked.closed if bar.length_s == length_s)
        assert total == pytest.approx(clocked.asset.cumulative_delta, abs=1e-9)
