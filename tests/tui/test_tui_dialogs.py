"""What opens over the panes: painted whole at once, opaque, true around its edges, and read whole at every size."""

from typing import Any

import pytest
from msgspec.structs import replace
from scenes import Scene
from screen_stage import Stage, StandingLink, staged

from cockpit.client.errors import EngineRefused
from cockpit.client.link import LinkChange
from cockpit.domain.account import Halt
from cockpit.domain.actions import TradeChanged
from cockpit.domain.command_line import completions
from cockpit.domain.kinds import EngineState
from cockpit.domain.stream import LogFrame
from cockpit.tui import numbers
from cockpit.tui.keys import TABLE
from cockpit.tui.screens import history, verdict
from cockpit.tui.screens.modal import Modal
from cockpit.tui.text import Line

OPENED: dict[str, tuple[tuple[str, ...], str]] = {
    "help": (("question_mark",), "Esc closes"),
    "verdict": (("6", "enter"), "Esc closes"),
    "checklist": (("c",), "space ticks"),
    "trades": (("e",), "Esc closes"),
    "log": (("o",), "Esc closes"),
    "filter": (("slash",), "Enter confirms, Esc cancels"),
    "live": (("l",), "Enter confirms, Esc cancels"),
    "leaving": (("q",), "back to the screen"),
    "palette": (("ctrl+p",), "Close all at market"),
}
SIZES = [(40, 12), (60, 20), (80, 24), (120, 40), (200, 60)]


def plain(stage: Stage) -> str:
    return " ".join(stage.text().replace("│", " ").split())


@pytest.mark.parametrize("size", [(60, 20), (120, 40)])
@pytest.mark.parametrize("opened", OPENED)
async def test_what_opens_is_whole_in_its_first_painting(
    later: Scene, opened: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, shown = OPENED[opened]
    async with staged(StandingLink(later), size=size) as stage:
        await stage.press(*keys[:-1])
        painted: list[str] = []
        display = stage.app._display

        def watched(screen: Any, renderable: Any) -> None:
            if isinstance(screen, Modal) and renderable is not None:
                painted.append(plain(stage))
            display(screen, renderable)

        monkeypatch.setattr(stage.app, "_display", watched)
        await stage.press(keys[-1])
        assert painted, "it was painted"
        assert all(shown[:12] in text for text in painted), painted[0]
        assert all("PAPER" in text and "FLATTEN" in text for text in painted), "and what is around it too"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("opened", OPENED)
async def test_it_lies_between_the_status_line_and_the_keys(later: Scene, opened: str, size: tuple[int, int]) -> None:
    async with staged(StandingLink(later), size=size) as stage:
        keys, _ = OPENED[opened]
        await stage.press(*keys)
        rows = stage.rows()
        assert "PAPER" in rows[0] and "FLATTEN" in rows[-1]
        regions = stage.app.panes.plan.regions
        for widget in stage.app.screen.query_children():
            if widget.id != "backdrop" and widget.display:
                assert widget.region.y >= regions["status"].height
                assert widget.region.bottom <= regions["footer"].y


async def test_around_a_question_the_panes_go_on(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("q")
        assert "6 Gate log" in stage.text() and "4321 denied" not in stage.text()
        stage.app.store.take(trading.with_snapshot(verdicts_denied=4321).last, stage.clock())
        await stage.settle()
        assert "Leave" in stage.text() and "4321 denied" in stage.text()


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40)])
@pytest.mark.parametrize("opened", ["help", "live", "leaving", "palette"])
async def test_a_lost_engine_is_said_over_whatever_is_open(trading: Scene, opened: str, size: tuple[int, int]) -> None:
    async with staged(StandingLink(trading), size=size) as stage:
        keys, _ = OPENED[opened]
        await stage.press(*keys)
        stage.app.store.take(LinkChange(False, 0.0, "connection refused"), stage.clock())
        stage.clock.now_s += 12
        await stage.settle()
        assert "ENGINE LOST 12 s" in stage.text()
        assert len(stage.app.screen_stack) == 2


@pytest.mark.parametrize(("opened", "is_old"), [("help", False), ("log", True)])
async def test_only_what_the_engine_said_is_old_without_it(trading: Scene, opened: str, is_old: bool) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press(*OPENED[opened][0])
        stage.app.store.take(LinkChange(False, 0.0, "connection refused"), stage.clock())
        stage.clock.now_s += 12
        await stage.settle()
        assert ("STALE 12 s" in stage.text()) is is_old and ("Esc closes" in stage.text()) is not is_old


PALETTE_SIZES = [(40, 12), (60, 20), (80, 24), (120, 40)]


@pytest.mark.parametrize("size", PALETTE_SIZES)
async def test_what_an_action_does_is_never_cut_in_the_palette(trading: Scene, size: tuple[int, int]) -> None:
    async with staged(StandingLink(trading), size=size) as stage:
        await stage.press("ctrl+p")
        for action in TABLE:
            shown = plain(stage)
            assert action.help in shown and action.label in shown, action.id
            assert size[0] < 80 or "…" not in shown
            await stage.press("down")


@pytest.mark.parametrize("size", PALETTE_SIZES)
async def test_every_word_a_command_may_begin_with_is_seen(trading: Scene, size: tuple[int, int]) -> None:
    async with staged(StandingLink(trading), size=size) as stage:
        await stage.press("colon")
        shown = plain(stage)
        assert ", ".join(completions("", stage.app.known)) in shown
        answer = stage.app.screen.query_one("Answer").region
        before = stage.app.screen.query_one("#question").region
        assert answer.y == before.y + 1
        await stage.press(*"close", "space")
        assert stage.app.screen.query_one("#question").region == before, "it does not move while it is typed into"


def texts_in(lines: list[Line]) -> set[str]:
    return {word for line in lines for text, _ in line for word in text.split() if word.isalnum()}


@pytest.mark.parametrize("size", [(40, 12), (60, 20), (80, 24)])
@pytest.mark.parametrize("opened", ["trades", "verdict"])
async def test_no_word_of_a_sheet_is_cut(later: Scene, opened: str, size: tuple[int, int]) -> None:
    async with staged(StandingLink(later), size=size) as stage:
        keys, _ = OPENED[opened]
        await stage.press(*keys)
        view = stage.app.view
        chosen = stage.app.pane_set.gate_log.selected(view)
        assert chosen is not None
        whole = history.lines(view, 300) if opened == "trades" else verdict.lines(chosen, view, 300)
        seen: set[str] = set()
        for _ in range(40):
            seen |= set(plain(stage).replace(",", " ").split())
            await stage.press("pagedown")
        missing = texts_in(whole) - seen - {"by", "closed", "setup", "trade", "size", "slip", "fees", "held", "R"}
        assert not missing


async def test_closed_trades_keep_every_figure_where_there_is_little_room(later: Scene) -> None:
    async with staged(StandingLink(later), size=(80, 24)) as stage:
        await stage.press("e", "end")
        trade = stage.app.store.closed_trades[0]
        text = plain(stage)
        for figure in (numbers.money(trade.notional_usd), f"fees {numbers.money(trade.fees_usd)}", "held", "slip"):
            assert figure in text


async def test_a_sheet_is_searched(later: Scene) -> None:
    async with staged(StandingLink(later), size=(80, 24)) as stage:
        await stage.press("question_mark", "slash", *"equity")
        assert "the equity curve" in stage.text() and "1 with 'equity'" in stage.text()
        await stage.press("h", "backspace", "enter")
        assert stage.link.asked == [], "what is typed halts nothing"
        await stage.press("h")
        await stage.until(lambda: stage.link.asked == [("halt", "the halt key")])
        await stage.press("escape")
        assert "Keys" in stage.text() and "with 'equity'" not in stage.text()
        await stage.press("escape")
        assert len(stage.app.screen_stack) == 1


async def test_n_goes_through_what_is_found(later: Scene) -> None:
    async with staged(StandingLink(later), size=(80, 16)) as stage:
        await stage.press("question_mark", "slash", *"engine", "enter")
        firsts = []
        for _ in range(3):
            firsts.append(stage.rows()[3])
            await stage.press("n")
        assert len(set(firsts)) == 3


async def test_a_refusal_takes_no_more_room_than_it_needs(quiet: Scene) -> None:
    link = StandingLink(quiet)
    link.refusal = EngineRefused(
        "the way up is locked: " + "; ".join(f"expected point {n}, was none" for n in range(4)), 409
    )
    async with staged(link, size=(120, 40)) as stage:
        await stage.press("a")
        await stage.until(lambda: "arm: refused" in stage.text())
        sheet = stage.app.screen.query_one("#sheet").region
        assert sheet.height <= 8 and sheet.width <= 90
        assert "6 Gate log" in stage.text()


def test_the_equity_curve_is_over_the_width_and_about_nothing(later: Scene) -> None:
    from cockpit.tui.store import Store
    from cockpit.tui.view import View

    store = Store()
    for frame in later.frames:
        store.take(frame, 1.0)
    drawn = ["".join(text for text, _ in line) for line in history.lines(View(store), 110)]
    zero = next(number for number, row in enumerate(drawn) if row.lstrip().startswith("0.00 "))
    assert len(drawn[zero]) > 60, "few trades are drawn over more than a column each"
    last = sum(trade.pnl_usd for trade in store.closed_trades)
    beside = drawn[zero - 1] if last > 0 else drawn[zero + 1]
    assert beside.rstrip().endswith("█"), "the last result stands on its side of the line"


def test_the_equity_curve_has_what_was_won_over_the_line_and_what_was_lost_under_it(later: Scene) -> None:
    from cockpit.tui.store import Store
    from cockpit.tui.view import View

    store = Store()
    for frame in later.frames:
        store.take(frame, 1.0)
    trades = sorted(store.closed_trades, key=lambda trade: trade.closed_ns or 0)
    for number, gross_usd in enumerate((2.0, -1.0, -3.0)):
        changed = replace(trades[number], gross_usd=gross_usd, fees_usd=0.0, funding_usd=0.0)
        store.take(LogFrame(9_000 + number, TradeChanged(1, changed, "closed")), 1.0)
    drawn = ["".join(text for text, _ in line) for line in history.lines(View(store), 60)]
    zero = next(number for number, row in enumerate(drawn) if row.lstrip().startswith("0.00 "))
    over, under = (row.partition("│")[2] for row in (drawn[zero - 1], drawn[zero + 1]))
    third = len(over.rstrip()) // 2
    assert over[:third].count("█") == third and not under[: 2 * third].strip(), "+2, then +1, then -2"
    assert under[2 * third : 3 * third].count("█") == third and not over[2 * third :].strip()
    top = next(row for row in drawn if row.lstrip().startswith("+2.00 ")).partition("│")[2]
    assert len(top.rstrip()) == third, "what fell back to +1 does not reach as high"
    assert any(row.lstrip().startswith("-2.00 ") for row in drawn)


@pytest.mark.parametrize("size", [(40, 12), (60, 20), (80, 24)])
async def test_the_gates_answer_is_seen_on_the_ticket_at_every_size(trading: Scene, size: tuple[int, int]) -> None:
    armed = trading.with_snapshot(open_trades=trading.snapshot.open_trades[1:2])
    async with staged(StandingLink(armed), size=size) as stage:
        await stage.press("E", "3", "0")
        await stage.until(lambda: "not be sent" in stage.text())
        shown = plain(stage)
        assert "would not be sent: short % 56.2 at or above 54.0 (BTC)" in shown
        for field in ("side", "asset", "size", "entry", "stop", "targets"):
            answer = stage.app.screen.query_one(f"#{field}").region
            assert f" {field} " in shown and answer.height == 1 and answer.bottom < size[1], field
        await stage.press("down", *"110000")
        assert stage.app.screen.query_one("#entry").value.endswith("110000"), "the arrows go through every field"


async def test_a_halt_among_the_checks_of_the_ticket_has_its_hour(trading: Scene) -> None:
    armed = trading.with_snapshot(open_trades=trading.snapshot.open_trades[1:2])
    link = StandingLink(armed)
    sentence = "halted since 2026-11-30T18:54:15.164Z (loss_review): 2 losses in a row, limit 2"
    link.verdict["verdict"] = {
        "proposal": {"asset": "BTC", "side": "long"}, "checks": [{"outcome": "block", "sentence": sentence}]
    }  # fmt: skip
    async with staged(link, size=(80, 24)) as stage:
        await stage.press("E", "3", "0")
        await stage.until(lambda: "block: halted at 18:54:15: 2 losses in a row, limit 2" in stage.text())


async def test_a_resume_says_who_halted_and_when(trading: Scene) -> None:
    halt = Halt(1_760_882_525_000_000_000, "operator", "halted by screen: the halt key")
    halted = trading.with_snapshot(state=EngineState.HALTED, armed=False, halt=halt)
    async with staged(StandingLink(halted), size=(80, 24)) as stage:
        await stage.press("r")
        assert "halted by you at 14:02:05" in stage.text() and "the halt key" not in stage.text()
