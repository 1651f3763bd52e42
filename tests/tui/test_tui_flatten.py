"""The way out: pressed twice, sent, and in sight until the engine says FLAT, or said loudly where it cannot be sent."""

import msgspec
import pytest
from scenes import Scene
from screen_stage import StandingLink, staged
from simulated_engine import SimulatedEngine

from cockpit.client.errors import EngineUnreachable
from cockpit.client.link import LinkChange
from cockpit.domain.kinds import EngineState, Mode
from cockpit.domain.snapshot import ForeignPositionView, Snapshot
from cockpit.domain.stream import SnapshotFrame
from cockpit.engine.views import snapshot
from cockpit.tui.board import Board
from cockpit.tui.flatten import FlattenFlow, Outcome, Stage

NOT_OURS = ForeignPositionView("okx", "ETH", "cross", "net", -0.05, 4_000.0, 4_010.0, 200.5, -0.5, None, None, "flag")
FLAT_STEPS = ["+0 ms FREEZE", "+20 ms okx says flat (2 of 2)", "+90 ms FLAT"]


def test_one_press_asks_and_the_second_sends() -> None:
    flow = FlattenFlow()
    assert not flow.press(10.0)
    assert flow.stage is Stage.ASKED
    assert flow.press(13.0)
    assert flow.stage is Stage.SENT


def test_a_late_second_press_is_a_first_one() -> None:
    flow = FlattenFlow()
    flow.press(10.0)
    assert not flow.press(13.01)
    assert flow.stage is Stage.ASKED


def test_what_is_under_way_cannot_be_put_out_of_sight() -> None:
    flow = FlattenFlow(stage=Stage.ENGINE_ACTS)
    flow.dismiss()
    assert flow.stage is Stage.ENGINE_ACTS


def test_a_flatten_that_somebody_else_started_is_followed_too(trading: Scene, flat: Scene) -> None:
    flow = FlattenFlow()
    flow.see(msgspec.structs.replace(trading.snapshot, state=EngineState.FLATTENING), ["+0 ms FREEZE"], 1.0)
    assert flow.stage is Stage.ENGINE_ACTS
    flow.see(flat.snapshot, ["+0 ms FREEZE", "+100 ms FLAT"], 2.0)
    assert flow.stage is Stage.FLAT


def test_it_is_red_until_the_engine_says_flat(trading: Scene, flat: Scene) -> None:
    flow = FlattenFlow(presses=1)
    flow.press(10.0)
    flow.see(trading.snapshot, [], 10.0)
    assert flow.rows(trading.snapshot, [], 11.0)[0][1] == "alarm"
    flow.see(flat.snapshot, ["+0 ms FREEZE: x", "+20 ms okx says flat (1 of 2)"], 11.0)
    assert flow.rows(flat.snapshot, [], 11.0)[0][1] == "alarm"
    flow.see(flat.snapshot, ["+20 ms okx says flat (1 of 2)", "+90 ms FLAT"], 11.0)
    assert flow.rows(flat.snapshot, [], 11.0)[0][1] == "good"


def not_flat(flat: Scene, trading: Scene) -> dict[str, Snapshot]:
    """What may follow a FLAT, each of which makes it untrue."""
    return {
        "resumed": msgspec.structs.replace(flat.snapshot, state=EngineState.DISARMED, halt=None),
        "armed": msgspec.structs.replace(flat.snapshot, state=EngineState.ARMED, armed=True, halt=None),
        "open": msgspec.structs.replace(flat.snapshot, open_trades=trading.snapshot.open_trades),
        "not ours": msgspec.structs.replace(flat.snapshot, foreign_positions=(NOT_OURS,)),
    }


@pytest.mark.parametrize("since", ["resumed", "armed", "open", "not ours"])
def test_flat_is_a_statement_about_now(trading: Scene, flat: Scene, since: str) -> None:
    after = not_flat(flat, trading)[since]
    flow = FlattenFlow(stage=Stage.FLAT)
    flow.see(flat.snapshot, FLAT_STEPS, 1.0)
    assert flow.stage is Stage.FLAT
    flow.see(after, FLAT_STEPS, 2.0)
    assert flow.rows(after, FLAT_STEPS, 2.0) == []
    asked = FlattenFlow(stage=Stage.ENGINE_ACTS)
    asked.see(after, FLAT_STEPS, 2.0)
    assert asked.stage is Stage.IDLE, "it is over, and no more called under way than flat"


def test_a_dead_engines_flat_is_not_the_next_ones(flat: Scene) -> None:
    flow = FlattenFlow(stage=Stage.FLAT)
    flow.see(flat.snapshot, FLAT_STEPS, 1.0)
    assert flow.rows(flat.snapshot, FLAT_STEPS, 1.0)
    flow.see(flat.snapshot, [], 2.0)
    assert flow.rows(flat.snapshot, [], 2.0) == [], "it is halted too, and has asked no venue"


def test_the_direct_roads_flat_goes_with_the_first_later_word_of_the_engine(trading: Scene) -> None:
    flow = FlattenFlow(stage=Stage.DIRECT)
    flow.direct_ended(Outcome.FLAT, 10.0)
    flow.see(trading.snapshot, [], 9.0)
    assert flow.stage is Stage.DIRECT_FLAT
    flow.see(trading.snapshot, [], 11.0)
    assert flow.rows(trading.snapshot, [], 11.0) == []


def test_a_silent_engines_flat_is_said_to_be_old(flat: Scene) -> None:
    rows = FlattenFlow(stage=Stage.FLAT).rows(flat.snapshot, FLAT_STEPS, 20.0, silent_s=12.0)
    assert rows[0] == (" Was FLAT when the engine last spoke, 12 s ago: what is open now is unknown ", "warn")


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20)])
@pytest.mark.parametrize("since", ["resumed", "armed", "open", "not ours"])
async def test_a_second_screen_takes_flat_off_when_another_one_resumes(
    trading: Scene, flat: Scene, since: str, size: tuple[int, int]
) -> None:
    async with staged(StandingLink(flat), size) as stage:
        stage.app.flow.stage, stage.app.store.flatten_steps = Stage.FLAT, list(FLAT_STEPS)
        await stage.settle()
        assert "FLAT: every venue said so" in " ".join(stage.text().split())
        frame = SnapshotFrame(not_flat(flat, trading)[since], stage.app.store.process)  # type: ignore[arg-type]
        stage.app.store.take(frame, stage.clock())
        await stage.settle()
        assert "every venue said so" not in stage.text()


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20)])
async def test_a_board_that_appears_is_never_painted_with_what_it_showed_before(
    trading: Scene, flat: Scene, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[str] = []
    render = Board.render_line

    def kept(board: Board, y: int) -> object:
        strip = render(board, y)
        painted.append(strip.text)
        return strip

    async with staged(StandingLink(flat), size) as stage:
        stage.app.flow.stage, stage.app.store.flatten_steps = Stage.FLAT, list(FLAT_STEPS)
        await stage.settle()
        await stage.press("escape")
        stage.app.store.take(trading.last, stage.clock())
        await stage.settle()
        monkeypatch.setattr(Board, "render_line", kept)
        await stage.press("f12")
        assert any("FLATTEN?" in text for text in painted)
        assert not [text for text in painted if "FLAT:" in text or "so, twice" in text]


async def test_panes_that_come_back_from_under_a_zoomed_one_are_drawn_as_they_are_now(
    trading: Scene, later: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[str] = []
    render = Board.render_line

    def kept(board: Board, y: int) -> object:
        strip = render(board, y)
        painted.append(strip.text)
        return strip

    async with staged(StandingLink(trading)) as stage:
        before = [row for row in stage.rows() if "◀" in row]
        await stage.press("6", "z")
        stage.app.store.take(later.last, stage.clock())
        await stage.settle()
        monkeypatch.setattr(Board, "render_line", kept)
        await stage.press("z")
        after = [row for row in stage.rows() if "◀" in row]
        assert before and after and before != after
        old = {row[1:37].strip() for row in before}
        assert not [text for text in painted if text[1:37].strip() in old]


async def test_the_real_engine_is_flattened_and_every_step_is_shown(simulated: SimulatedEngine) -> None:
    await simulated.arm()
    simulated.run_to(125)
    async with staged(simulated) as stage:
        await stage.press("f12", "f12")
        await stage.until(lambda: bool(simulated.sent) and snapshot(simulated.engine).halt is not None)
        for frame in simulated.all_frames()[1:]:
            stage.app.store.take(frame, stage.clock())
        await stage.settle()
        text = stage.text()
        assert "FLAT: every venue said so, twice" in text
        assert "FREEZE: no entry can start" in text and "okx says flat (2 of 2)" in text
        assert "HALTED" in stage.rows()[0]
        assert stage.app.store.snapshot is not None and not stage.app.store.snapshot.open_trades
        await stage.press("escape")
        assert "FLAT:" not in stage.text()


async def test_a_flatten_that_does_not_get_through_names_the_way_out(trading: Scene) -> None:
    link = StandingLink(trading)
    link.refusal = EngineUnreachable("expected an engine, was none")
    async with staged(link) as stage:
        await stage.press("f12", "f12")
        await stage.until(lambda: stage.app.flow.stage is Stage.FAILED)
        text = stage.text()
        assert "FLATTEN DID NOT GET THROUGH: expected an engine, was none" in text
        assert "in a shell: cockpit flatten" in text
        link.refusal = None
        await stage.press("f12", "f12")
        await stage.until(lambda: link.asked.count(("flatten",)) == 2)


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20)])
async def test_a_lost_engine_is_said_with_how_long_and_what_was_known_is_grey(
    trading: Scene, size: tuple[int, int]
) -> None:
    async with staged(StandingLink(trading), size=size) as stage:
        stage.app.store.take(LinkChange(False, 0.0, "connection refused"), stage.clock())
        stage.clock.now_s += 12
        await stage.settle()
        text = stage.text()
        assert "ENGINE LOST 12 s" in text
        assert "STALE 12 s" in text
        assert "cockpit flatten" in text
        board = stage.app.panes.query_one("#trades")
        assert {role for row in board._cells[1:-1] for _, role in row if role in ("good", "bad", "warn")} == set()  # type: ignore[attr-defined]
        stage.app.store.take(LinkChange(True, 0.0), stage.clock())
        stage.app.store.take(trading.last, stage.clock())
        await stage.settle()
        assert "ENGINE LOST" not in stage.text() and "STALE" not in stage.text()


async def test_the_lost_engines_banner_says_what_guards_the_open_trades(trading: Scene) -> None:
    for mode, said in ((Mode.PAPER, "Paper: nothing real is open."), (Mode.LIVE, "Stops on the venue: 3 of 3")):
        async with staged(StandingLink(trading.with_snapshot(mode=mode))) as stage:
            stage.app.store.take(LinkChange(False, 0.0, "connection refused"), stage.clock())
            await stage.settle()
            assert said in stage.text()


async def test_a_silent_engine_is_stale_although_the_link_holds(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        stage.clock.now_s += 4
        await stage.settle()
        assert "STALE 4 s" in stage.text()
