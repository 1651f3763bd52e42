"""Nothing moves that need not: twenty minutes of trading, and every pane, label and form stays where it is."""

import re
from typing import Any

import pytest
from scenes import Scene
from screen_stage import StandingLink, staged
from simulated_engine import SimulatedEngine

from cockpit.tui.panes import status, trades
from cockpit.tui.store import Store
from cockpit.tui.view import View

MINUTES = 20
POLL_EVERY_S, DETAIL_EVERY_S = 5, 60
FIGURES = re.compile(r"[\d.,+-]+")
LABELS = ("BTC", "net", "dd", "left", "losses", "HF", "feeds")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("size", [(120, 40), (80, 24), (200, 60)])
async def test_over_twenty_minutes_of_trading_no_pane_moves(simulated: SimulatedEngine, size: tuple[int, int]) -> None:
    await simulated.arm()
    async with staged(StandingLinkOf(simulated), size) as stage:
        app = stage.app
        seen, regions, titles, columns, forms = simulated.log.last_seq, [], [], [], set()
        counts = set()
        for at_s in range(3, 60 * MINUTES, POLL_EVERY_S):
            simulated.run_to(at_s)
            for frame in simulated.log_frames(seen):
                app.store.take(frame, stage.clock())
            seen = simulated.log.last_seq
            if at_s % DETAIL_EVERY_S < POLL_EVERY_S:
                app.store.take(simulated.detail_frame(), stage.clock())
            app.store.take(simulated.snapshot_frame(), stage.clock())
            app.redraw()
            boards = {str(board.id): board for board in app.panes.boards if board.display}
            regions.append(dict(app.panes.plan.regions))
            titles.append({name: FIGURES.sub("#", board._face.title) for name, board in boards.items()})
            row = "".join(character for line in boards["status"].cells for character, _ in line)
            columns.append(tuple(row.find(f" {label} ") for label in LABELS))
            now = app.store.snapshot
            assert now is not None
            counts.add(len(now.open_trades))
            forms.add((boards["setups"].size_inside.height >= 2 * len(now.setups), len(now.setups)))
        await stage.pilot.pause()
    assert max(counts) >= 2 and min(counts) == 0, "there were trades, and there were none"
    assert all(region == regions[0] for region in regions)
    assert all(title == titles[0] for title in titles)
    assert set(columns) == {columns[0]} and -1 not in columns[0][:2]
    assert len(forms) == 1


class StandingLinkOf(StandingLink):
    """The engine's first frames, then nothing by itself."""

    def __init__(self, engine: SimulatedEngine) -> None:
        super().__init__(Scene(engine.hello(), engine.log_frames(), engine.snapshot_frame(), engine.detail_frame()))


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 60)])
async def test_there_is_room_for_every_trade_before_one_is_open(trading: Scene, size: tuple[int, int]) -> None:
    async with staged(StandingLink(trading.with_snapshot(open_trades=())), size=size) as stage:
        without = dict(stage.app.panes.plan.regions)
        stage.app.store.take(trading.last, stage.clock())
        await stage.settle()
        assert stage.app.panes.plan.regions == without
        text = stage.text()
        assert all(
            f"{view.trade.asset} {view.trade.side.value.upper()}" in text for view in trading.snapshot.open_trades
        )
        assert text.count("stop 1") + text.count("stop 2") >= 3, "each with its stop"


async def test_room_is_made_for_as_many_trades_as_the_engine_allows(trading: Scene) -> None:
    def allowing(most: int) -> Scene:
        return trading.with_snapshot(open_trades=(), max_open_trades=most)

    async with staged(StandingLink(allowing(5)), (120, 40)) as stage:
        assert stage.app.panes.plan.regions["trades"].height == 5 * 2 + 3
        stage.app.store.take(allowing(4).last, stage.clock())
        await stage.settle()
        assert stage.app.panes.plan.regions["trades"].height == 4 * 2 + 3


def looking(shown: Scene) -> View:
    store = Store()
    for frame in shown.frames:
        store.take(frame, 0.0)
    return View(store)


@pytest.mark.parametrize("rows", [6, 7, 9, 12])
@pytest.mark.parametrize("cells", [44, 56, 78, 100])
def test_a_trade_keeps_its_form_when_others_open_and_close(trading: Scene, cells: int, rows: int) -> None:
    all_three = trades.OpenTrades().lines(looking(trading), cells, rows, False)
    one = trading.with_snapshot(open_trades=trading.snapshot.open_trades[:1])
    alone = trades.OpenTrades().lines(looking(one), cells, rows, False)
    assert all_three[: len(alone) - 1] == alone[:-1]


def test_no_figure_of_the_status_line_moves_another(trading: Scene) -> None:
    def drawn(**changes: Any) -> str:
        lines = status.lines(looking(trading.with_snapshot(**changes)), 140, 1)
        return "".join(text for text, _ in lines[0])

    small = drawn(drawdown_usd=0.01, open_pnl_usd=0.0)
    large = drawn(drawdown_usd=18.99, open_pnl_usd=-123.45)
    assert [small.index(label) for label in LABELS] == [large.index(label) for label in LABELS]


async def test_the_logs_cursor_is_seen_and_moves_only_where_the_keys_go(later: Scene) -> None:
    async with staged(StandingLink(later)) as stage:
        log = stage.app.pane_set.gate_log
        await stage.press("1", "down", "down", "down")
        assert log.cursor == "", "the ladder has the keys"
        await stage.press("6", "down", "down")
        chosen = log.selected(stage.app.view)
        assert chosen is not None and "2 newer" in stage.text()
        await stage.press("1")
        board = stage.app.panes.query_one("#gate_log")
        assert any(role == "cursor" for line in board.shown_lines for _, role in line), "seen from another pane too"
        await stage.press("6", "home")
        assert "newer" not in stage.text()
