import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_events import START_NS, Clocked, asset_market, at, depth, mark, top, trade

from cockpit.market.asset import AssetMarket
from cockpit.market.windows import Baseline

walk = st.lists(st.tuples(st.integers(0, 9_000), st.integers(9_000, 11_000)), min_size=1, max_size=60)


def walked(rows: list[tuple[int, int]]) -> tuple[Clocked, list[tuple[float, float]]]:
    """Prints of one coin each, as (ms since the one before, price in cents)."""
    clocked, seconds, fed = Clocked(asset_market()), 0.0, []
    for gap_ms, cents in rows:
        seconds = round(seconds + gap_ms / 1_000, 3)
        clocked.print(trade(seconds, cents / 100))
        fed.append((seconds, cents / 100))
    return clocked, fed


def in_window(fed: list[tuple[float, float]], window_s: float) -> list[float]:
    """The prices since `window_s` before the running bar's start, in whole bars."""
    running_start_s = fed[-1][0] // 5 * 5
    return [price for seconds, price in fed if seconds // 5 * 5 >= running_start_s - window_s]


# -- prices and book


def test_before_anything_arrives_nothing_is_known() -> None:
    asset = asset_market()
    assert (asset.price, asset.top, asset.mid, asset.spread_bps, asset.basis_bps) == (None, None, None, None, None)
    assert (asset.vwap(300), asset.session_vwap, asset.thin_book_share(600)) == (None, None, None)
    assert asset.rise_bps(3_600) == (0.0, 0.0)
    assert asset.basis_medians_bps(1, at(0)) == []
    assert (asset.trade_ns, asset.top_ns, asset.received_ns, asset.first_trade_ns) == (0, 0, 0, None)


def test_mid_and_spread() -> None:
    asset = asset_market()
    asset.on_top(top(1, 99.5, 100.5))
    assert asset.mid == 100.0
    assert asset.spread_bps == pytest.approx(100.0)


def test_a_top_with_one_side_has_no_mid() -> None:
    asset = asset_market()
    asset.on_top(top(1, 0.0, 100.5))
    assert (asset.mid, asset.spread_bps) == (None, None)


def test_other_venues_than_the_watched_one_change_nothing() -> None:
    asset = asset_market()
    asset.on_trade(trade(1, 100, venue="okx"))
    asset.on_top(top(1, venue="okx"))
    assert (asset.price, asset.top, asset.cumulative_delta, asset.received_ns) == (None, None, 0.0, 0)
    assert asset.close_bars(at(5)) == []


def test_the_engines_fences_start_wide_open() -> None:
    asset = asset_market()
    assert asset.fence_low < 0.0
    assert asset.fence_high == float("inf")


# -- VWAP


def test_vwap_takes_the_windows_closed_bars_and_the_running_one() -> None:
    clocked = Clocked(asset_market())
    clocked.print(trade(0, 50, 10))
    clocked.print(trade(5, 100, 1))
    clocked.print(trade(304, 110, 1))
    clocked.print(trade(305, 120, 2))
    assert clocked.asset.vwap(300) == pytest.approx((100 + 110 + 2 * 120) / 4)
    assert clocked.asset.vwap(310) == pytest.approx((50 * 10 + 100 + 110 + 2 * 120) / 14)


def test_vwap_of_an_empty_window_is_unknown() -> None:
    clocked = Clocked(asset_market())
    clocked.print(trade(0, 50))
    clocked.to(400)
    assert clocked.asset.vwap(300) is None


def test_the_session_vwap_begins_anew_with_the_session() -> None:
    clocked = Clocked(asset_market())
    clocked.print(trade(0, 100, 3))
    clocked.print(trade(6, 200, 1))
    assert clocked.asset.session_vwap == pytest.approx(125)
    clocked.asset.start_session()
    assert clocked.asset.session_vwap is None
    clocked.print(trade(7, 300, 1))
    clocked.print(trade(12, 500, 1))
    assert clocked.asset.session_vwap == pytest.approx(400)


@given(walk, st.sampled_from([5.0, 60.0, 300.0]))
def test_vwap_lies_between_the_windows_low_and_high(rows: list[tuple[int, int]], window_s: float) -> None:
    clocked, fed = walked(rows)
    prices = in_window(fed, window_s)
    vwap = clocked.asset.vwap(window_s)
    assert vwap == pytest.approx(sum(prices) / len(prices))
    assert min(prices) - 1e-9 <= vwap <= max(prices) + 1e-9


# -- the largest rise


def test_a_rise_counts_from_a_low_to_a_later_high_only() -> None:
    clocked = Clocked(asset_market())
    clocked.print(trade(0, 110))
    clocked.print(trade(20, 100))
    clocked.print(trade(40, 100.6))
    rise_bps, seen_s = clocked.asset.rise_bps(3_600)
    assert rise_bps == pytest.approx(60.0)
    assert seen_s == 40.0


def test_a_rise_older_than_the_window_is_forgotten_and_seen_is_at_most_the_window() -> None:
    clocked = Clocked(asset_market())
    clocked.print(trade(0, 100))
    clocked.print(trade(10, 101))
    clocked.print(trade(100, 101))
    assert clocked.asset.rise_bps(60) == (0.0, 60.0)


def test_a_window_of_an_hour_is_remembered_whole() -> None:
    clocked = Clocked(asset_market(history_s=3_600.0))
    clocked.print(trade(0, 100))
    for second in range(5, 3_600, 5):
        clocked.print(trade(second, 102 if second == 5 else 101))
    clocked.to(3_600)
    assert clocked.asset.rise_bps(3_600)[0] == pytest.approx(200.0)
    clocked.print(trade(3_601, 101))
    clocked.to(3_605)
    assert clocked.asset.rise_bps(3_600)[0] == 0.0


@given(walk, st.sampled_from([5.0, 20.0, 60.0, 3_600.0]))
def test_the_rise_equals_the_brute_force_over_all_pairs_of_prints(rows: list[tuple[int, int]], window_s: float) -> None:
    clocked, fed = walked(rows)
    prices = in_window(fed, window_s)
    brute = max((later / early - 1) * 10_000 for i, early in enumerate(prices) for later in prices[i:])
    rise_bps, seen_s = clocked.asset.rise_bps(window_s)
    assert rise_bps == pytest.approx(brute, abs=1e-9)
    assert seen_s == pytest.approx(min(window_s, fed[-1][0] - fed[0][0]))


# -- thin book


def sized(asset: AssetMarket, sizes: list[float]) -> Clocked:
    """One top a bar with that size on both sides together."""
    clocked = Clocked(asset)
    for number, size in enumerate(sizes):
        clocked.to(number * 5)
        asset.on_top(top(number * 5 + 1, size=size / 2))
    clocked.to(len(sizes) * 5)
    return clocked


def test_the_thin_book_share_is_unknown_before_a_minute_of_samples() -> None:
    assert sized(asset_market(), [10.0] * 11).asset.thin_book_share(600) is None
    assert sized(asset_market(), [10.0] * 12).asset.thin_book_share(600) == 1.0


def test_the_thin_book_share_is_the_size_now_over_its_median() -> None:
    clocked = sized(asset_market(), [8.0] * 6 + [10.0] * 7 + [90.0] * 6)
    clocked.asset.on_top(top(96, size=2.0))
    assert clocked.asset.thin_book_share(600) == pytest.approx(0.4)


def test_the_thin_book_baseline_forgets_what_is_older() -> None:
    clocked = sized(asset_market(), [100.0] * 30 + [10.0] * 12)
    assert clocked.asset.thin_book_share(60) == pytest.approx(1.0)
    assert clocked.asset.thin_book_share(600) == pytest.approx(0.1)
    clocked = sized(asset_market(), [1_000.0] + [10.0] * 6 + [20.0] * 6)
    assert clocked.asset.thin_book_share(60) == pytest.approx(20 / 15)


def test_depth_counts_before_the_top_where_it_is_heard() -> None:
    clocked = Clocked(asset_market())
    for number in range(13):
        clocked.to(number * 5)
        clocked.asset.on_top(top(number * 5 + 1, size=1.0))
        clocked.asset.on_depth(depth(number * 5 + 1, 40.0))
    clocked.asset.on_depth(depth(62, 10.0))
    assert clocked.asset.thin_book_share(600) == pytest.approx(0.25)


def test_a_depth_gone_silent_leaves_the_judgement_to_the_top() -> None:
    asset = asset_market()
    asset.on_depth(depth(1, 40.0))
    clocked = sized(asset, [10.0] * 14)
    asset.on_depth(depth(57, 40.0))
    asset.on_top(top(72, size=2.5))
    assert clocked.asset.thin_book_share(600) is None  # 15 s old: depth is still known, its baseline is not
    asset.on_top(top(73, size=2.5))
    assert clocked.asset.thin_book_share(600) == pytest.approx(0.5)


def test_a_book_that_was_not_heard_gives_no_sample() -> None:
    clocked = sized(asset_market(), [10.0] * 11)
    clocked.to(60)
    clocked.to(65)
    assert clocked.asset.thin_book_share(600) is None


# -- basis


def basis_run(points: list[float]) -> AssetMarket:
    """One mark a bar that many bps above the index."""
    clocked = Clocked(asset_market())
    for number, bps in enumerate(points):
        clocked.to(number * 5)
        clocked.asset.on_mark(mark(number * 5 + 4, 100 * (1 + bps / 10_000)))
    clocked.to(len(points) * 5)
    return clocked.asset


def test_basis_is_the_mark_over_the_index() -> None:
    asset = asset_market()
    asset.on_mark(mark(1, 100.05))
    assert asset.basis_bps == pytest.approx(5.0)


def test_without_an_index_the_basis_is_unknown() -> None:
    asset = asset_market()
    asset.on_mark(mark(1, 100.05, index=0.0))
    assert asset.basis_bps is None


FLAT, RISE = [1.0] * 12, [1.0 + 0.1 * step for step in range(12)]


@pytest.mark.parametrize(
    ("points", "medians"),
    [
        ([1.0], []),
        (FLAT, []),  # the minute before is unknown
        ([*FLAT, 2.0], [1.0, 1.0]),  # one sample higher is no rise
        ([0.5, *FLAT], [0.5, 1.0]),
        ([*FLAT, *RISE], [1.0, 1.55]),
        ([*FLAT, *RISE[:5], -9.0, *RISE[5:11]], [1.0, 1.45]),  # one sample lower is no fall
    ],
)
def test_the_basis_is_told_by_medians_of_a_minute(points: list[float], medians: list[float]) -> None:
    asset = basis_run(points)
    assert asset.basis_medians_bps(2, at(len(points) * 5)) == pytest.approx(medians)


def test_a_minute_without_a_mark_says_nothing_of_those_around_it() -> None:
    clocked = Clocked(basis_run(FLAT))
    for second in range(65, 185, 5):
        clocked.asset.close_bars(at(second))
    clocked.asset.on_mark(mark(181, 100.01))
    clocked.asset.close_bars(at(185))
    assert clocked.asset.basis_medians_bps(1, at(185)) == pytest.approx([1.0])
    assert clocked.asset.basis_medians_bps(3, at(185)) == []


def test_a_basis_nobody_hears_any_more_has_no_medians() -> None:
    asset = basis_run(FLAT)
    assert asset.basis_medians_bps(1, at(59 + 15)) == pytest.approx([1.0])
    assert asset.basis_medians_bps(1, at(59 + 16)) == []


# -- baselines of fees and tips


def test_a_baseline_is_the_median_of_what_came_before_the_newest_sample() -> None:
    baseline = Baseline(600)
    for number, value in enumerate([1.0, 3.0, 2.0, 3.0, 1.0, 2.0, 50.0]):
        baseline.add(at(number * 10), value)
    assert baseline.median(600) == 2.0


def test_a_baseline_of_less_than_a_minute_is_unknown() -> None:
    baseline = Baseline(600)
    baseline.add(START_NS, 1.0)
    baseline.add(at(59), 2.0)
    assert baseline.median(600) is None
    baseline.add(at(60), 3.0)
    assert baseline.median(600) == 1.5


def test_a_baseline_forgets_what_left_its_window_and_ignores_what_comes_late() -> None:
    baseline = Baseline(120)
    for second, value in ((0, 100.0), (60, 1.0), (120, 1.0), (170, 1.0)):
        baseline.add(at(second), value)
    baseline.add(at(100), 500.0)
    assert baseline.median(120) == 1.0
