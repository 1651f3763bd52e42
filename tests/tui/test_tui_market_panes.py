"""Chart, tape, today and feeds: what they draw is what was told."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import scene
from syrupy.assertion import SnapshotAssertion
from test_tui_panes import picture, view_of

from cockpit.domain.kinds import FeedState, TradePhase
from cockpit.domain.market_detail import AssetDetail, Candle, TapePrint
from cockpit.domain.units import NS_PER_S
from cockpit.tui.glyphs import ASCII
from cockpit.tui.layouts import BUILT_IN, LayoutError, Named, Region, large, read, regions
from cockpit.tui.panes import blocks, feeds, health, today
from cockpit.tui.panes.chart import LENGTHS_S, Chart
from cockpit.tui.panes.table import BY_ID
from cockpit.tui.panes.tape import SIZES_USD, Tape
from cockpit.tui.text import Line, line_width
from cockpit.tui.view import View

replace = msgspec.structs.replace
LATER = scene("later")
NOW_NS = LATER.snapshot.ts_ns


def rows(lines: list[Line]) -> list[str]:
    return ["".join(part for part, _ in line) for line in lines]


def view_with(seconds: tuple[Candle, ...] = (), prints: tuple[TapePrint, ...] = ()) -> View:
    """A view that was told exactly this of BTC."""
    view = view_of(
        LATER.with_snapshot(open_trades=())._replace(detail=msgspec.structs.replace(LATER.detail, assets=()))
    )
    view.store.trades.clear()
    view.store.detail("BTC").take(AssetDetail("BTC", seconds, seconds, prints, (), 1.0, (), ()))
    return view


def candles(*prices: tuple[float, float, float, float]) -> tuple[Candle, ...]:
    start_ns = 1_760_882_400 * NS_PER_S
    return tuple(Candle(start_ns + at * NS_PER_S, *ohlc, 1.0, 0.5) for at, ohlc in enumerate(prices))


def one_second() -> Chart:
    return Chart(length=0)


def test_a_candle_is_a_body_between_wicks(snapshot: SnapshotAssertion) -> None:
    view = view_with(candles((100.0, 112.0, 99.0, 110.0), (110.0, 111.0, 100.0, 101.0), (101.0, 101.0, 101.0, 101.0)))
    assert picture(one_second().lines(view, 26, 14)) == snapshot
    ascii_view = View(view.store, "BTC", ASCII)
    drawn = "".join(rows(one_second().lines(ascii_view, 26, 14)))
    assert drawn.isascii() and "#" in drawn and "|" in drawn


def test_the_chart_with_levels_and_fills(snapshot: SnapshotAssertion) -> None:
    assert picture(Chart().lines(view_of(LATER), 70, 24)) == snapshot


def test_what_takers_did_is_drawn_from_the_first_candle_on_that_tells_it() -> None:
    own = candles(*[(100.0, 101.0, 99.0, 100.0)] * 6)
    past = tuple(replace(candle, volume=None, taker_delta=None) for candle in own[:4])
    under = rows(one_second().lines(view_with((*past, *own[4:])), 40, 20))
    cvd = next(at for at, row in enumerate(under) if row.rstrip().endswith("CVD"))
    columns = {at for row in under[cvd : cvd + 3] for at, sign in enumerate(row[:29]) if sign != " "}
    assert columns == {27, 28}, under
    none_told = rows(one_second().lines(view_with(past), 40, 20))
    assert any(row.rstrip().endswith("CVD") for row in none_told), "unknown, and no curve"


def test_a_silence_leaves_a_gap() -> None:
    first, last = candles((100.0, 101.0, 99.0, 100.5), (100.5, 101.0, 99.0, 100.0))
    late = replace(last, start_ns=first.start_ns + 9 * NS_PER_S)
    column_of = rows(one_second().lines(view_with((first, late)), 40, 10))
    inked = {at for row in column_of[:-1] for at, sign in enumerate(row[:29]) if sign not in " ┄·"}
    assert inked == {19, 28}


@given(
    st.lists(st.tuples(*[st.floats(90_000.0, 110_000.0)] * 4), min_size=1, max_size=40),
    st.integers(0, 120),
    st.integers(1, 50),
    st.integers(0, len(LENGTHS_S) - 1),
)
def test_the_chart_fits_at_every_size(values: list[Any], cells: int, height: int, length: int) -> None:
    ohlc = [(o, max(o, h, lo, c), min(o, h, lo, c), c) for o, h, lo, c in values]
    lines = Chart(length=length).lines(view_with(candles(*ohlc)), cells, height)
    assert 1 <= len(lines) <= height or height < 4
    if cells >= 24 and height >= 4:
        assert all(line_width(line) == cells for line in lines[:-1])
        assert f"{ohlc[-1][3]:,.1f}" in "".join(rows(lines))


def test_its_scale_holds_still_while_everything_fits() -> None:
    chart = one_second()
    chart.lines(view_with(candles((100.0, 110.0, 90.0, 105.0))), 40, 20)
    kept = chart.scale
    chart.lines(view_with(candles((100.0, 110.0, 91.0, 95.0))), 40, 20)
    assert chart.scale is kept
    chart.lines(view_with(candles((100.0, 140.0, 91.0, 95.0))), 40, 20)
    assert chart.scale is not kept


def test_the_tape_leaves_out_the_small_but_never_the_forced() -> None:
    prints = tuple(
        TapePrint(seq, NOW_NS + seq, 108_000.0 + seq, usd, buy, forced)
        for seq, usd, buy, forced in ((1, 500.0, True, False), (2, 20_000.0, False, False), (3, 90.0, False, True))
    )
    tape, view = Tape(), view_with(prints=prints)
    assert [row.split()[2] for row in rows(tape.lines(view, 50, 9))] == ["108,003.0", "108,002.0", "108,001.0"]
    tape.next_size()
    shown = rows(tape.lines(view, 50, 9))
    assert len(shown) == 2 and "longs forced" in shown[0] and "20k" in shown[1]
    assert len(rows(tape.lines(view, 50, 1))) == 1
    for _ in SIZES_USD[1:]:
        tape.next_size()
    assert tape.least_usd == 0


def test_the_day_with_trades_and_without(snapshot: SnapshotAssertion) -> None:
    assert picture(today.lines(view_of(LATER), 40, 14)) == snapshot
    fresh = view_of(scene("quiet"))
    assert "no closed trade today" in "\n".join(rows(today.lines(fresh, 40, 12)))


@pytest.mark.parametrize("results", [(3.0, 2.0), (-60.0, -30.0), (5.0, -90.0, 20.0)])
def test_the_days_curve_has_its_limit_once_it_is_near(results: tuple[float, ...]) -> None:
    drawn = "\n".join(rows(today.lines(with_results(*results), 40, 18)))
    assert ("limit" in drawn) == (min(sum(results[: at + 1]) for at in range(len(results))) <= -25.0), drawn


def with_results(*results: float) -> View:
    """A day on which trades brought this, one after the other."""
    view = view_of(LATER.with_snapshot(open_trades=()))
    base = next(iter(view.store.closed_trades))
    view.store.trades.clear()
    for number, pnl_usd in enumerate(results):
        closed = replace(
            base,
            trade_id=f"x{number}",
            gross_usd=pnl_usd,
            fees_usd=0.0,
            funding_usd=0.0,
            closed_ns=NOW_NS - 100 + number,
        )
        assert closed.phase is TradePhase.CLOSED
        view.store.trades[closed.trade_id] = closed
    return view


@pytest.mark.parametrize("results", [(), (3.0, 2.0), (60.0, -90.0, 20.0)])
def test_nothing_won_and_nothing_lost_stands_beside_its_line(results: tuple[float, ...]) -> None:
    view = with_results(*results)
    beside = [row for row in rows(today.lines(view, 60, 18)) if row.lstrip().startswith("0.00 ")]
    assert len(beside) == 1 and view.glyphs.dash in beside[0], beside


@pytest.mark.parametrize("usd", [2_115.0, 1_234_567.0])
@pytest.mark.parametrize("value", [2.49, 12.5])
def test_the_table_of_drops_stands_beside_the_figures_where_both_fit(value: float, usd: float) -> None:
    of = replace(LATER.snapshot.health, value=value, collateral_usd=3 * usd, debt_usd=usd)
    view = view_of(LATER.with_snapshot(health=of))
    view.store.health.extend((NOW_NS + second * NS_PER_S, value + second / 100) for second in range(20))
    drawn = rows(health.lines(view, 50, 9))
    assert max(map(len, drawn)) <= 50 and len(drawn) <= 9 and "…" not in "".join(drawn)
    assert f"coll {3 * usd:,.0f}" in "".join(drawn) and f"debt {usd:,.0f}" in "".join(drawn)
    if value < 10:
        assert all(f" -{drop}% " in "".join(drawn) for drop in range(5, 51, 5)), drawn
        assert len(drawn) == 9, "three rows are left for the last ten minutes"


def test_feeds_begin_with_the_worst_and_say_why() -> None:
    shown = LATER.snapshot.feeds
    silent = replace(shown[-1], state=FeedState.DOWN, age_s=None, detail="connection refused")
    view = view_of(LATER.with_snapshot(feeds=(*shown[:-1], silent)))
    drawn = rows(feeds.lines(view, 80, 9))
    assert len(drawn) == 9 and "1 down" in drawn[0]
    assert silent.name in drawn[1] and "connection refused" in drawn[1]


def test_feeds_say_whose_chart_has_no_past_and_why() -> None:
    view = view_of(LATER)
    assert not [line for line in rows(feeds.lines(view, 80, 30)) if "chart" in line]
    why = "binance bars of BTC: expected at least one, was none"
    view.store.detail("BTC").take(AssetDetail("BTC", (), (), (), (), 1.0, (), (), past_missing=why))
    assert f"BTC chart begins at the start: {why}" in rows(feeds.lines(view, 80, 30))
    view.store.detail("BTC").take(AssetDetail("BTC", (), (), (), (), 1.0, (), ()))
    assert not [line for line in rows(feeds.lines(view, 80, 30)) if "chart" in line], "it came later"


@given(st.integers(12, 300), st.integers(3, 120), st.sampled_from([name for name, it in BUILT_IN.items() if it]))
def test_layouts_cover_the_body_without_overlaps(width: int, height: int, name: str) -> None:
    layout = BUILT_IN[name]
    assert layout is not None
    body = Region(0, 2, width, height)
    for split in (layout.split, large(width, 12)):
        placed = regions(split, body)
        taken = [(x, y) for at in placed.values() for x in range(at.x, at.x + at.width)
                 for y in range(at.y, at.y + at.height)]  # fmt: skip
        assert len(taken) == len(set(taken)) <= width * height
        assert all(0 <= x < width and 2 <= y < 2 + height for x, y in taken)
        if width >= layout.columns and height >= layout.rows:
            assert len(placed) == len(set(placed)) and "bands" in placed


def test_a_large_screen_shows_every_pane_and_leaves_nothing_empty() -> None:
    for width, height in ((160, 47), (200, 57), (240, 67)):
        placed = regions(large(width, 15), Region(0, 1, width, height))
        assert set(placed) == set(BY_ID)
        assert sum(at.width * at.height for at in placed.values()) == width * height


def test_an_operators_own_layout() -> None:
    own = read("mine", {"across": [[40, "bands"], [60, {"down": [[70, "chart"], [30, "trades"]]}]]})
    assert isinstance(own, Named)
    placed = regions(own.split, Region(0, 1, 100, 40))
    assert placed == {"bands": (0, 1, 40, 40), "chart": (40, 1, 60, 28), "trades": (40, 29, 60, 12)}


@pytest.mark.parametrize(
    ("value", "told_of"),
    [
        ({"sideways": []}, "across"),
        ({"across": []}, "list of"),
        ({"across": [[0, "bands"]]}, "share over 0"),
        ({"across": [[1, "nothing"]]}, "'nothing'"),
        ({"across": [[1, "bands"], [1, "bands"]]}, "not placed yet"),
        ({"down": ["bands"]}, "[share, pane]"),
    ],
)
def test_what_is_no_layout_is_refused_with_both_values(value: object, told_of: str) -> None:
    with pytest.raises(LayoutError, match=r"layouts\.mine") as refused:
        read("mine", value)
    assert told_of in str(refused.value)


def test_bars_and_curves_fill_their_cells() -> None:
    glyphs = view_of(LATER).glyphs
    assert blocks.bar(0.0, 4, glyphs) == "    " and blocks.bar(1.0, 4, glyphs) == "████"
    assert blocks.bar(0.001, 4, glyphs) == "▏   " and blocks.bar(0.5, 4, ASCII) == "##  "
    top, bottom = blocks.curve([0.0, 1.0], 2, glyphs)
    assert bottom[1] == "█" and top[0] == " " and top[1] != " "
