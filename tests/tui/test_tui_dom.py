"""The price ladder: rows that are prices and stay, everything of ours on a row of its own, figures that add up."""

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import scene
from test_tui_panes import view_of

from cockpit.domain.market_detail import AssetDetail, TradedAt
from cockpit.domain.personal_alarms import AlarmAction, AlarmLevel, AlarmOn
from cockpit.domain.snapshot import AssetView
from cockpit.domain.trades import TradeRecord
from cockpit.tui.panes.dom import REST_S, USUAL, ZOOM_BPS, Dom, title
from cockpit.tui.text import Line, line_width
from cockpit.tui.view import View

replace = msgspec.structs.replace
TRADING = scene("trading")
BTC = next(asset for asset in TRADING.snapshot.assets if asset.asset == "BTC")
A_TRADE = TRADING.snapshot.open_trades[0] if TRADING.snapshot.open_trades else None


def fine() -> Dom:
    """Rows of 1 bps."""
    return Dom(zooms={"BTC": 0})


def looking(now_s: float = 0.0, trades: tuple[TradeRecord, ...] = (), **changes: Any) -> View:
    """BTC as the scene has it, with changes, and these trades open on it."""
    asset = replace(BTC, **changes)
    assets = tuple(asset if one.asset == "BTC" else one for one in TRADING.snapshot.assets)
    assert A_TRADE is not None
    shown = tuple(replace(A_TRADE, trade=trade) for trade in trades)
    view = view_of(TRADING.with_snapshot(assets=assets, open_trades=shown))
    return View(view.store, "BTC", now_s=now_s)


def trade(entry: float, stop: float, *targets: float) -> TradeRecord:
    assert A_TRADE is not None
    base = A_TRADE.trade
    rungs = tuple(replace(base.rungs[0], price=price, filled_qty=0.0) for price in targets)
    return replace(base, asset="BTC", entry_price=entry, stop_price=stop, rungs=rungs)


def text(lines: list[Line]) -> list[str]:
    return ["".join(part for part, _ in line) for line in lines]


def prices(lines: list[Line]) -> list[float]:
    """The price of every row that has one, but for that of the price itself."""
    found = []
    for row in text(lines):
        label = row[:12].strip().replace(",", "")
        if label.replace(".", "", 1).isdigit() and "◀" not in row:
            found.append(float(label))
    return found


def test_rows_stay_while_the_price_walks_over_them() -> None:
    dom = fine()
    first = prices(dom.lines(looking(price=108_405.0), 34, 24))
    for step, price in enumerate((108_415.0, 108_385.0, 108_430.0)):
        now = prices(dom.lines(looking(now_s=step * 1.0, price=price), 34, 24))
        assert set(now) <= set(first) | {108_400.0} and len(set(first) - set(now)) == 1


def test_they_follow_once_the_price_has_rested_away_and_at_once_when_it_leaves() -> None:
    dom = fine()
    dom.lines(looking(price=108_405.0), 34, 24)
    before = prices(dom.lines(looking(now_s=1.0, price=108_475.0), 34, 24))
    waiting = prices(dom.lines(looking(now_s=1.0 + REST_S * 0.9, price=108_475.0), 34, 24))
    after = prices(dom.lines(looking(now_s=1.0 + REST_S, price=108_475.0), 34, 24))
    assert before == waiting != after
    assert "109,905.0" in "\n".join(text(dom.lines(looking(now_s=7.0, price=109_905.0), 34, 24)))


def test_a_key_brings_the_price_back() -> None:
    dom = fine()
    dom.lines(looking(price=108_405.0), 34, 24)
    away = prices(dom.lines(looking(price=108_475.0), 34, 24))
    dom.recentre("BTC")
    assert prices(dom.lines(looking(price=108_475.0), 34, 24)) != away


@pytest.mark.parametrize(("zoom", "step"), enumerate((10.0, 20.0, 50.0, 100.0, 200.0, 500.0)))
def test_rows_are_round_prices_of_about_so_many_bps(zoom: int, step: float) -> None:
    dom = fine()
    dom.zoom("BTC", zoom)
    rows = prices(dom.lines(looking(price=108_405.0, bands_lower=(), bands_upper=()), 34, 24))
    gaps = {round(above - below, 6) for above, below in itertools.pairwise(rows)}
    assert gaps <= {step, 2 * step} and step in gaps
    dom.zoom("BTC", len(ZOOM_BPS) * 2)
    assert dom.bps("BTC") == ZOOM_BPS[-1]


@given(st.lists(st.floats(108_300.0, 108_500.0), min_size=2, max_size=6), st.integers(108_350, 108_450))
def test_every_level_in_sight_has_a_row_of_its_own(levels: list[float], price: int) -> None:
    """However near one another: entry, stop, targets, band edges, the price."""
    entry, stop, *targets = levels
    view = looking(price=float(price), trades=(trade(entry, stop, *targets),), bands_upper=((108_420.0, 108_450.0),))
    lines = Dom().lines(view, 40, 60)
    rows = "\n".join(text(lines))
    shown = [f"{level:,.1f}" for level in (*levels, 108_420.0, 108_450.0)]
    assert all(rows.count(f"{label} ") >= shown.count(label) for label in shown), rows
    assert "stop" in rows and all(f"t{number}" in rows for number in range(1, len(targets) + 1))
    labels = [float(row[:12].replace(",", "")) for row in text(lines)[4:-2] if row[:12].strip()[:1].isdigit()]
    assert labels == sorted(labels, reverse=True), "every row stands where its price belongs"
    assert rows.count("upper band") == 2 and f"{price:,.1f} " in rows and "◀" in rows


@pytest.mark.parametrize("cells", range(22, 70))
@pytest.mark.parametrize("spread_bps", [0.0, 12.3, 123.4])
def test_no_figure_of_the_head_is_cut_or_runs_into_another(cells: int, spread_bps: float) -> None:
    view = looking(bid=109_702.7, ask=109_703.0, mark=109_702.6, spread_bps=spread_bps, basis_bps=-12.5)
    first, under = text(Dom().lines(view, cells, 30))[:2]
    assert len(first) <= cells and len(under) <= cells
    quotes, _, rest = first.partition("109,702.7 / 109,703.0")
    assert not quotes and rest in ("", f"  {spread_bps}", f"  {spread_bps} bps", f"  spread {spread_bps} bps")
    assert under in ("mark 109,702.6", "mark 109,702.6  basis -12.5", "mark 109,702.6  basis -12.5 bps")
    assert cells < 29 or (rest and "basis" in under), "from 80 columns on both are there"


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        (60, "Ladder · BTC SIM · row 20 USD"),
        (40, "Ladder · BTC SIM · 20 USD"),
        (33, "Ladder · BTC SIM"),
        (29, "Ladder BTC SIM"),
        (26, "BTC SIM"),
    ],
)
def test_the_title_has_as_many_words_as_fit(cells: int, shown: str) -> None:
    view, dom = looking(), Dom()
    dom.lines(view, cells, 30)
    assert title(dom, view, cells) == shown
    assert text(dom.lines(view, cells, 30))[2].startswith("     20 USD "), "what a row is stands over the prices too"


@pytest.mark.parametrize("cells", range(29, 60))
def test_every_level_says_how_far_it_is(cells: int) -> None:
    view = looking(price=108_400.0, trades=(trade(108_420.0, 108_300.0),), bands_upper=((108_410.0, 108_450.0),))
    rows = text(Dom().lines(view, cells, 30))
    ours = (("108,420.0", "short", 2), ("108,300.0", "stop", 9))
    edges = (("108,410.0", "upper band", 1), ("108,450.0", "upper band end", 5))
    for label, level, far in (*ours, *(edges if cells >= 36 else ())):
        assert any(label in row and level in row and f" {far} bps" in row for row in rows), (level, rows)


def test_what_lies_further_out_is_told_at_the_edge() -> None:
    view = looking(price=108_405.0, trades=(trade(108_400.0, 107_000.0, 108_410.0, 110_000.0, 111_000.0),))
    rows = text(fine().lines(view, 60, 24))
    edges = [row for row in rows if "bps" in row and ("stop" in row or " t" in row)]
    assert any("▲ ▷ t2 147 bps  ▷ t3 239 bps" in row for row in edges), edges
    assert any("▼ ■ stop" in row and "130 bps" in row for row in edges), edges


def test_alarms_of_ones_own_are_at_their_price() -> None:
    near = AlarmLevel(AlarmOn.PRICE, 108_410.0, True, "BTC", AlarmAction.CLOSE, "a1")
    far = AlarmLevel(AlarmOn.PRICE, 107_000.0, False, "BTC", alarm_id="a2")
    others = (AlarmLevel(AlarmOn.PRICE, 108_405.0, True, "ETH", alarm_id="a3"), AlarmLevel(AlarmOn.PNL, 5.0, True))
    assets = tuple(replace(one, price=108_405.0) if one.asset == "BTC" else one for one in TRADING.snapshot.assets)
    shown = TRADING.with_snapshot(assets=assets, open_trades=(), alarms=(near, far, *others))
    view = View(view_of(shown).store, "BTC")
    rows = text(fine().lines(view, 60, 24))
    assert [row for row in rows if "alarm" in row and "108,410.0" in row and "a1 close" in row], rows
    assert [row for row in rows if "▼ alarm a2 130 bps" in row], rows
    assert not [row for row in rows if "a3" in row]


def test_figures_are_those_of_the_market() -> None:
    view = looking(price=108_405.0, bid=108_404.0, ask=108_406.0, bands_lower=(), bands_upper=())
    detail = AssetDetail(
        "BTC", (), (), (), (TradedAt(108_390.0, 2.0, 1.0), TradedAt(108_395.0, 0.0, 3.0)), 5.0,
        bids=((108_404.0, 1.0), (108_403.0, 2.0)), asks=((108_416.0, 0.5),),
    )  # fmt: skip
    view.store.detail("BTC").take(detail)
    rows = {row[:12].strip(): row for row in text(fine().lines(view, 70, 40))}
    assert "650k" in rows["108,390.0"] and "-217k" in rows["108,390.0"]
    assert "325k" in rows["108,405.0"], "the bids rest in the row of the price"
    assert "54k" in rows["108,410.0"]


@given(st.integers(0, 90), st.integers(1, 60), st.integers(0, len(ZOOM_BPS) - 1))
def test_it_fits_at_every_size(cells: int, rows: int, zoom: int) -> None:
    dom = Dom()
    dom.zoom("BTC", zoom)
    view = looking(price=108_405.0, trades=(trade(108_400.0, 108_300.0, 108_500.0, 108_600.0),))
    lines = dom.lines(view, cells, rows)
    assert len(lines) <= max(3, rows)
    if cells >= 29:
        assert all(line_width(line) <= cells for line in lines), text(lines)


def test_without_a_price_it_says_what_the_feeds_say() -> None:
    view = looking(price=None, mark=None)
    assert "no price yet" in text(Dom().lines(view, 40, 20))[0]


def test_each_asset_keeps_its_own_rows() -> None:
    dom = fine()
    dom.zoom("BTC", 2)
    assert dom.bps("BTC") == ZOOM_BPS[2] and dom.bps("SOL") == ZOOM_BPS[USUAL]
    for asset in TRADING.snapshot.assets:
        assert isinstance(asset, AssetView) and dom.lines(View(view_of(TRADING).store, asset.asset), 34, 24)
