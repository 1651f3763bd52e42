"""What the keys ask of the engine, and what they ask of the operator first."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from scenes import Scene
from screen_stage import Stage, StandingLink, staged

from cockpit.client.errors import EngineRefused
from cockpit.domain.account import Halt
from cockpit.domain.kinds import EngineState, Mode
from cockpit.tui.palette import THEMES
from tests.patience import patient_s


async def typed(stage: Stage, text: str) -> None:
    await stage.press(*("space" if character == " " else character for character in text), "enter")


async def test_a_arms_in_paper_at_once_and_disarms_when_armed(quiet: Scene, trading: Scene) -> None:
    async with staged(StandingLink(quiet)) as stage:
        await stage.press("a")
        await stage.until(lambda: stage.link.asked == [("arm",)])
    async with staged(StandingLink(trading)) as stage:
        await stage.press("a")
        await stage.until(lambda: stage.link.asked == [("disarm",)])


@pytest.mark.parametrize("mode", [Mode.TEST, Mode.LIVE])
async def test_arming_real_money_takes_a_typed_word(quiet: Scene, mode: Mode) -> None:
    async with staged(StandingLink(quiet.with_snapshot(mode=mode))) as stage:
        await stage.press("a")
        text = stage.text()
        assert "REAL MONEY" in text and "checklist" in text and "day's loss 100.00 USD" in text
        await typed(stage, "arm")
        assert stage.link.asked == []
        assert f"expected arm {mode.value}, was 'arm'" in stage.text()
        await stage.press("backspace", "backspace", "backspace")
        await typed(stage, f"arm {mode.value}")
        await stage.until(lambda: stage.link.asked == [("arm",)])


async def test_escape_leaves_the_ceremony_with_nothing_done(quiet: Scene) -> None:
    async with staged(StandingLink(quiet.with_snapshot(mode=Mode.LIVE))) as stage:
        await stage.press("a", *"arm", "escape")
        assert stage.link.asked == []
        assert len(stage.app.screen_stack) == 1


@pytest.mark.parametrize(
    ("key", "answer", "asked"),
    [
        ("t", "test", ("set_mode", "test", "")),
        ("l", "live", ("set_mode", "live", "")),
        ("l", "live because it is time", ("set_mode", "live", "because it is time")),
    ],
)
async def test_climbing_takes_the_modes_name_and_takes_a_reason(
    quiet: Scene, key: str, answer: str, asked: tuple[Any, ...]
) -> None:
    async with staged(StandingLink(quiet)) as stage:
        await stage.press(key)
        await typed(stage, answer)
        await stage.until(lambda: stage.link.asked == [asked])


async def test_going_back_to_paper_asks_nothing(quiet: Scene) -> None:
    async with staged(StandingLink(quiet.with_snapshot(mode=Mode.TEST))) as stage:
        await stage.press("p")
        await stage.until(lambda: stage.link.asked == [("set_mode", "paper", "")])


async def test_resume_wants_a_reason(trading: Scene) -> None:
    halted = trading.with_snapshot(state=EngineState.HALTED, halt=Halt(1, "losses", "2 losses in a row"))
    async with staged(StandingLink(halted)) as stage:
        assert "HALTED: 2 losses in a row" in stage.text()
        await stage.press("r")
        assert "2 losses in a row" in stage.text()
        await typed(stage, "")
        assert "expected a reason, was none" in stage.text()
        await typed(stage, "reviewed")
        await stage.until(lambda: stage.link.asked == [("resume", "reviewed")])


async def test_what_the_engine_refuses_is_said_in_its_own_words(quiet: Scene) -> None:
    link = StandingLink(quiet)
    link.refusal = EngineRefused("not armed: halted (x); resume with a reason first", 409)
    async with staged(link) as stage:
        await stage.press("a")
        await stage.until(lambda: "not armed: halted (x)" in stage.text())


async def test_keys_before_the_engine_answers_say_so() -> None:
    class Silent(StandingLink):
        async def frames(self) -> Any:
            await asyncio.Event().wait()
            yield None

    from screen_stage import Clock, make_app

    app = make_app(Silent(None), Clock())  # type: ignore[arg-type]
    async with app.run_test(size=(120, 40)) as pilot:
        stage = Stage(app, None, Clock(), pilot)
        await stage.press("a", "6", "enter", "n", "c")
        assert "no word from the engine yet" in stage.text()
        await stage.press("escape", "e", "escape", "o", "escape", "l", "escape", "r", "escape")
        assert "not armed: nothing is known of the engine yet" in stage.text()
        await stage.press("q")
        assert app._exit


@pytest.mark.parametrize(
    ("key", "asked"), [("s", ("stop", False, True)), ("f", ("stop", True, False)), ("d", None), ("escape", None)]
)
async def test_quit_asks_what_becomes_of_a_trading_engine(
    trading: Scene, key: str, asked: tuple[Any, ...] | None
) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("q")
        assert "open trades: 3" in stage.text()
        await stage.pilot.press(key)
        await stage.pilot.pause()
        await stage.until(lambda: stage.app._exit or key == "escape")
        assert stage.link.asked == ([asked] if asked else [])


@pytest.mark.parametrize(
    ("mode", "rests", "left"),
    [
        (Mode.PAPER, True, "paper stops do not work until it starts again"),
        (Mode.LIVE, True, "3 of 3 open trades with a stop on the venue"),
        (Mode.LIVE, False, "0 of 3 open trades with a stop on the venue"),
    ],
)
async def test_quit_says_what_guards_the_trades_afterwards(mode: Mode, rests: bool, left: str, trading: Scene) -> None:
    replace = msgspec.structs.replace
    held = [replace(t, trade=replace(t.trade, stop_rests_on_venue=rests)) for t in trading.snapshot.open_trades]
    async with staged(StandingLink(trading.with_snapshot(mode=mode, open_trades=tuple(held)))) as stage:
        await stage.press("q")
        assert f"stop the engine: {left}" in stage.text()


async def test_the_key_that_answers_a_choice_does_nothing_else(trading: Scene, tmp_path: Path) -> None:
    """`s` stops the engine here; in the panes it would save the screen."""
    async with staged(StandingLink(trading), save_to=str(tmp_path)) as stage:
        await stage.press("q")
        await stage.pilot.press("s")
        await stage.until(lambda: stage.app._exit)
        assert stage.link.asked == [("stop", False, True)]
        assert list(tmp_path.iterdir()) == []


async def test_detach_leaves_the_engine_alone(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.pilot.press("d")
        await stage.pilot.pause()
        assert stage.app.return_value == "detach"
        assert stage.link.asked == []


async def test_filter_cursor_and_detail_of_the_gate_log(later: Scene) -> None:
    async with staged(StandingLink(later)) as stage:
        await stage.press("slash")
        await typed(stage, "denied BTC")
        shown = stage.app.pane_set.gate_log.shown(stage.app.view)
        assert shown and all(not v.approved and v.proposal.asset == "BTC" for v in shown)
        assert "filter: denied BTC" in stage.text()
        await stage.press("slash", "end", *["backspace"] * 20)
        await typed(stage, "nothing like it")
        assert "no verdict matches 'nothing like it'" in stage.text()
        await stage.press("slash", "end", *["backspace"] * 20, "enter")
        await stage.press("6", "down", "down")
        chosen = stage.app.pane_set.gate_log.selected(stage.app.view)
        assert chosen == stage.app.pane_set.gate_log.shown(stage.app.view)[2]
        await stage.press("enter")
        assert chosen is not None and chosen.verdict_id in stage.text()
        await stage.press("pagedown", "end", "home", "up", "escape")
        assert len(stage.app.screen_stack) == 1


async def test_the_cursor_stays_on_its_verdict_when_new_ones_come(later: Scene) -> None:
    import msgspec

    from cockpit.domain.actions import Decided
    from cockpit.domain.stream import LogFrame

    async with staged(StandingLink(later)) as stage:
        await stage.press("6", "down")
        log = stage.app.pane_set.gate_log
        chosen = log.selected(stage.app.view)
        assert chosen is not None
        newer = msgspec.structs.replace(chosen, verdict_id="v999999")
        stage.app.store.take(LogFrame(10_000, Decided(newer.ts_ns, newer)), stage.clock())
        assert log.selected(stage.app.view) == chosen
        assert log.shown(stage.app.view)[0].verdict_id == "v999999"


async def test_a_paused_pane_stands_still_and_says_so(trading: Scene, later: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("4", "space")
        before = [row.partition("SOL SHORT")[2] for row in stage.rows() if "SOL SHORT" in row]
        for frame in later.frames:
            stage.app.store.take(frame, stage.clock())
        await stage.settle()
        assert "PAUSED" in stage.text()
        assert [row.partition("SOL SHORT")[2] for row in stage.rows() if "SOL SHORT" in row] == before
        await stage.press("space")
        assert "PAUSED" not in stage.text()
        assert not any("SOL SHORT" in row for row in stage.rows())


async def test_zoom_asset_and_theme(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("5", "z")
        assert set(stage.app.panes.plan.regions) == {"status", "setups", "news", "footer"}
        await stage.press("z", "n")
        assert "1 Ladder · SOL SIM " in stage.text()
        seen = [stage.app.appearance.theme]
        for _ in THEMES:
            await stage.press("y")
            seen.append(stage.app.appearance.theme)
        assert seen == [*THEMES, "dark"]


async def test_the_screen_is_saved_as_svg(trading: Scene, tmp_path: Path) -> None:
    async with staged(StandingLink(trading), save_to=str(tmp_path)) as stage:
        await stage.press("s")
        saved = list(tmp_path.glob("cockpit-*.svg"))
        assert len(saved) == 1 and "Setups" in saved[0].read_text(encoding="utf-8")


async def test_no_colour_means_no_colour(trading: Scene) -> None:
    async with staged(StandingLink(trading), colour=False) as stage:
        strips = stage.app.panes._compositor.render_strips()
        styles = [segment.style for strip in strips for segment in strip if segment.style is not None]
        assert all(style.color is None or style.color.is_default for style in styles)
        assert all(style.bgcolor is None or style.bgcolor.is_default for style in styles)


async def test_ascii_is_ascii(trading: Scene) -> None:
    async with staged(StandingLink(trading), ascii_only=True) as stage:
        assert stage.text().isascii()
        await stage.press("e")
        assert stage.text().isascii()


async def test_a_stream_that_breaks_is_a_lost_link_and_is_tried_again(
    trading: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cockpit.tui.app.AGAIN_AFTER_S", 0.0)

    class Broken(StandingLink):
        tries = 0

        async def frames(self) -> Any:
            self.tries += 1
            for frame in trading.frames:
                yield frame
            if self.tries < 3:
                raise ValueError("not a frame")
            await asyncio.Event().wait()

    async with staged(Broken(trading)) as stage:
        await stage.until(lambda: stage.link.tries == 3)
        assert "Traceback" not in stage.text()


async def test_an_engine_that_turns_us_away_ends_the_screen_with_its_reason(trading: Scene) -> None:
    class Locked(StandingLink):
        async def frames(self) -> Any:
            raise EngineRefused("expected a token, was none", 401)
            yield None

    from screen_stage import Clock, make_app

    app = make_app(Locked(trading), Clock())
    async with app.run_test(size=(80, 24)) as pilot:
        async with asyncio.timeout(patient_s(5)):
            while not app._exit:
                await pilot.pause()
    assert app.failure == "expected a token, was none"
    assert app.return_code == 1


async def test_a_closed_sheet_leaves_nothing_drawn_behind(later: Scene) -> None:
    """Textual remembers the caches of closed screens by their colours: what is in them must be gone."""
    async with staged(StandingLink(later)) as stage:
        await stage.press("e")
        opened = [stage.app.screen, *stage.app.screen.query("Board")]
        caches = [widget._styles_cache for widget in opened]
        assert any(cache._cache for cache in caches)
        await stage.press("escape")
        await stage.until(lambda: not any(widget.is_attached for widget in opened))
        assert not any(cache._cache or cache._dirty_lines for cache in caches)
