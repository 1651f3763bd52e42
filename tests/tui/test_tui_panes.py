"""Each pane in its notable states (fresh, stale, unknown, warning, empty), as text with the role of every part."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from scenes import Scene, scene
from syrupy.assertion import SnapshotAssertion

from cockpit.domain.account import Halt
from cockpit.domain.events import LiquidationCluster
from cockpit.domain.kinds import EngineState, FeedState, Mode, Reading, SetupPhase, TradePhase
from cockpit.domain.trades import Trail, TrailBy
from cockpit.domain.units import NS_PER_S
from cockpit.tui.pane_set import PaneSet
from cockpit.tui.panes import status
from cockpit.tui.panes.ladder import Ladder
from cockpit.tui.panes.table import BY_ID, Kept, PaneSize
from cockpit.tui.store import Store
from cockpit.tui.text import Line, line_width
from cockpit.tui.view import View

replace = msgspec.structs.replace
SIZES = {"status": (118, 1), "bands": (38, 20), "positioning": (56, 10), "health": (26, 10), "trades": (82, 9),
         "setups": (82, 11), "gate_log": (116, 6)}  # fmt: skip


def view_of(shown: Scene | None, asset: str = "BTC") -> View:
    store = Store()
    if shown is not None:
        store.link.connected = True
        for frame in shown.frames:
            store.take(frame, 0.0)
    return View(store, asset)


def drawn(pane: str, view: View, size: tuple[int, int] | None = None) -> list[Line]:
    cells, rows = size or SIZES[pane]
    if pane == "status":
        return status.lines(view, cells, rows)
    kept = Kept()
    kept.dom.overview = True  # the ladder close to the price has tests of its own
    return BY_ID[pane].lines(kept, view, PaneSize(cells, rows, focused=True))


def picture(lines: list[Line]) -> str:
    """The text of each row, then its roles other than plain ones."""
    rows = []
    for line in lines:
        told = [(role, text.strip()) for text, role in line if role not in ("text", "dim")]
        marks = " ".join(f"{role}={text}" for role, text in told if text)
        rows.append(f"|{''.join(text for text, _ in line)}|" + (f"   [{marks}]" if marks else ""))
    return "\n".join(rows)


def text_of(lines: list[Line]) -> str:
    return "\n".join("".join(text for text, _ in line) for line in lines)


def health(**changes: Any) -> Callable[[Scene], Scene]:
    return lambda shown: shown.with_snapshot(health=replace(shown.snapshot.health, **changes))


def feeds(reading: Reading, state: FeedState, age_s: float | None) -> Callable[[Scene], Scene]:
    def change(shown: Scene) -> Scene:
        changed = [
            replace(feed, state=state, age_s=age_s) if feed.reading is reading else feed
            for feed in shown.snapshot.feeds
        ]
        return shown.with_snapshot(feeds=tuple(changed))

    return change


def assets(**changes: Any) -> Callable[[Scene], Scene]:
    return lambda shown: shown.with_snapshot(assets=tuple(replace(a, **changes) for a in shown.snapshot.assets))


def trades(**changes: Any) -> Callable[[Scene], Scene]:
    def change(shown: Scene) -> Scene:
        changed = [replace(t, trade=replace(t.trade, **changes)) for t in shown.snapshot.open_trades]
        return shown.with_snapshot(open_trades=tuple(changed))

    return change


def clusters(*found: tuple[float, float, float, str, bool]) -> Callable[[Scene], Scene]:
    """Clusters as lower and upper price, USD, kind, and whether longs are closed there."""
    return assets(clusters=tuple(LiquidationCluster(low, high, usd, kind, 0, longs)
                                 for low, high, usd, kind, longs in found))  # fmt: skip


OBSERVED = ((108_300.0, 108_500.0, 2.4e6, "observed", True), (109_500.0, 109_500.0, 4.0e5, "observed", False))
ESTIMATED = ((107_900.0, 108_350.0, 3.1e7, "estimated", True), (109_400.0, 109_700.0, 9.6e6, "estimated", False))


def at_price(price: float | None) -> Callable[[Scene], Scene]:
    return assets(price=price, mark=price)


def setups(**changes: Any) -> Callable[[Scene], Scene]:
    return lambda shown: shown.with_snapshot(setups=tuple(replace(s, **changes) for s in shown.snapshot.setups))


def snapshot_with(**changes: Any) -> Callable[[Scene], Scene]:
    return lambda shown: shown.with_snapshot(**changes)


STATES: dict[str, tuple[str, Callable[[Scene], Scene]]] = {
    "status: fresh": ("status", lambda shown: shown),
    "status: live and halted": (
        "status", snapshot_with(mode=Mode.LIVE, state=EngineState.HALTED, halt=Halt(1, "x", "x"))),
    "status: nothing known": ("status", snapshot_with(open_pnl_usd=None, drawdown_usd=None, feeds=())),
    "status: stale feeds": ("status", feeds(Reading.FUNDING, FeedState.STALE, 700.0)),
    "status: health critical": ("status", health(value=1.95)),
    "bands: with trade": ("bands", lambda shown: shown),
    "bands: price beyond every band": ("bands", at_price(118_000.0)),
    "bands: price inside a band": ("bands", at_price(109_800.0)),
    "bands: no price": ("bands", at_price(None)),
    "bands: no bands": ("bands", assets(bands_lower=(), bands_upper=())),
    "bands: liquidations observed and estimated": ("bands", clusters(*OBSERVED, *ESTIMATED)),
    "bands: liquidations observed only": ("bands", clusters(*OBSERVED)),
    "bands: stop not on the venue": ("bands", trades(stop_rests_on_venue=False)),
    "positioning: fresh": ("positioning", lambda shown: shown),
    "positioning: stale": ("positioning", feeds(Reading.POSITIONING, FeedState.STALE, 700.0)),
    "positioning: late funding": ("positioning", feeds(Reading.FUNDING, FeedState.LATE, 400.0)),
    "positioning: unknown": ("positioning", assets(
        long_pct=None, short_pct=None, funding=(), funding_spread_bps=None, open_interest_change_24h_pct=None)),
    "positioning: crowded": ("positioning", assets(long_pct=40.0, short_pct=60.0)),
    "positioning: longs only": ("positioning", assets(funding_spread_bps=3.6)),
    "health: safe": ("health", health(value=2.75)),
    "health: low": ("health", health(value=2.45)),
    "health: no entries": ("health", health(value=2.1)),
    "health: flatten": ("health", health(value=1.95)),
    "health: unknown": ("health", health(value=None, detail="3 RPCs failed")),
    "health: stale": ("health", feeds(Reading.HEALTH_FACTOR, FeedState.STALE, 400.0)),
    "health: no debt": ("health", health(value=None, no_debt=True, debt_usd=0.0)),
    "health: not watched": ("health", health(watched=False, value=None, detail="not watched: no address configured")),
    "trades: three": ("trades", lambda shown: shown),
    "trades: none": ("trades", snapshot_with(open_trades=(), exposure_usd=0.0)),
    "trades: stop not on the venue": ("trades", trades(stop_rests_on_venue=False)),
    "trades: no stop": ("trades", trades(stop_price=None)),
    "trades: opening": ("trades", trades(phase=TradePhase.OPENING, rungs=())),
    "trades: stop at entry": ("trades", trades(stop_at_entry=True)),
    "trades: closing": ("trades", trades(phase=TradePhase.CLOSING, stop_at_entry=True)),
    "trades: price unknown": ("trades", lambda shown: shown.with_snapshot(open_trades=tuple(
        replace(t, price=None, open_pnl_usd=None, total_r=None) for t in shown.snapshot.open_trades))),
    "setups: as they are": ("setups", lambda shown: shown),
    "setups: all pass": ("setups", setups(gate_would_approve=True, size_factor=0.7, phase=SetupPhase.WATCHING)),
    "setups: off": ("setups", setups(phase=SetupPhase.OFF, waiting_for="disabled in the config")),
    "setups: none": ("setups", snapshot_with(setups=())),
    "gate_log: verdicts": ("gate_log", lambda shown: shown),
    "gate_log: empty": ("gate_log", lambda shown: shown._replace(log=[])),
}  # fmt: skip


@pytest.mark.parametrize("state", STATES)
def test_a_pane_in_its_notable_states(state: str, trading: Scene, snapshot: SnapshotAssertion) -> None:
    pane, change = STATES[state]
    assert picture(drawn(pane, view_of(change(trading)))) == snapshot


@pytest.mark.parametrize(("short_pct", "shown"), [(53.97, "53.97"), (53.999, "53.999"), (54.0, "54.0"), (53.9, "53.9")])
def test_a_short_share_never_rounds_onto_its_limit(trading: Scene, short_pct: float, shown: str) -> None:
    scene_now = assets(long_pct=100 - short_pct, short_pct=short_pct, no_short_at_pct=54.0)(trading)
    row = picture(drawn("positioning", view_of(scene_now))).splitlines()[1]
    assert f" {shown} " in row
    assert ("bad=" in row) == (short_pct >= 54.0)


@pytest.mark.parametrize("pane", SIZES)
def test_a_pane_before_the_engines_first_word(pane: str, snapshot: SnapshotAssertion) -> None:
    assert picture(drawn(pane, view_of(None))) == snapshot


@pytest.mark.parametrize("size", [(0, 0), (1, 1), (3, 2), (10, 3), (20, 5), (30, 40), (250, 80)])
@pytest.mark.parametrize("pane", SIZES)
@pytest.mark.parametrize("name", ["quiet", "trading", "later"])
def test_no_size_is_too_small_or_too_large(pane: str, size: tuple[int, int], name: str) -> None:
    for asset in ("BTC", "XRP", "nothing"):
        assert isinstance(drawn(pane, view_of(scene(name), asset), size), list)


@pytest.mark.parametrize(
    ("pane", "size", "title"),
    [
        ("setups", (60, 3), "5 Setups · 3 of 5"),
        ("setups", (60, 5), "5 Setups"),
        ("trades", (82, 6), "4 Open trades · more: z"),
        ("trades", (82, 7), "4 Open trades"),
        ("trades", (40, 6), "4 Open trades · more: z"),
        ("trades", (40, 7), "4 Open trades"),
        ("trades", (40, 10), "4 Open trades"),
    ],
)
def test_the_title_says_where_not_everything_fits(pane: str, size: tuple[int, int], title: str, trading: Scene) -> None:
    assert (len(trading.snapshot.setups), len(trading.snapshot.open_trades)) == (5, 3)
    assert PaneSet().drawing(pane, view_of(trading), PaneSize(*size)).title == title


@pytest.mark.parametrize("size", [(82, 9), (60, 12), (46, 12)])
def test_a_stop_that_trails_says_how_far_behind(size: tuple[int, int], trading: Scene) -> None:
    view = view_of(trades(trail=Trail(TrailBy.BPS, 20.0))(trading))
    lines = drawn("trades", view, size)
    assert picture(lines).count("info=trails 20 bps") == (3 if size[0] > 50 else 0), picture(lines)
    assert size[0] > 50 or text_of(lines).count("trail ") == 3
    assert all(line_width(line) <= size[0] for line in lines), picture(lines)
    ticks = [line for line in lines if any(text.endswith(view.glyphs.yes) for text, _ in line)]
    assert len(ticks) >= 2, "what trails is not told in the place of the tick"
    brief = text_of(drawn("trades", view, (40, 7)))
    assert brief.count("trail ") == 3 and "stop " not in brief


@pytest.mark.parametrize("size", [(82, 9), (60, 12), (40, 7)])
def test_a_resting_entry_says_where_and_how_long_still(size: tuple[int, int], trading: Scene) -> None:
    opening = trades(phase=TradePhase.OPENING, rungs=(), time_stop_ns=None)(trading)
    until_ns = opening.snapshot.ts_ns + 27 * NS_PER_S
    resting = [replace(t, entry_limit_price=109_000.0, entry_until_ns=until_ns) for t in opening.snapshot.open_trades]
    shown = text_of(drawn("trades", view_of(opening.with_snapshot(open_trades=tuple(resting))), size))
    assert shown.count("at 109,000") == 3 and shown.count("27 s left") == 3, shown
    assert " left" not in text_of(drawn("trades", view_of(opening), size))


def test_the_ladder_is_to_scale_and_does_not_move_with_the_price(trading: Scene) -> None:
    def grid(lines: list[Line]) -> list[float]:
        return [float(line[0][0].replace(",", "")) for line in lines[1:-1] if line[0][1] == "faint"]

    ladder = Ladder()
    first = grid(ladder.lines(view_of(trading), 38, 24))
    moved = grid(ladder.lines(view_of(at_price(108_900.0)(trading)), 38, 24))
    assert first == sorted(first, reverse=True)
    steps = {round(one - other, 6) for one, other in pairwise(first)}
    assert all(step % min(steps) == 0 for step in steps)
    assert len(set(first) ^ set(moved)) in (1, 2)
