"""Which key works from where. The emergency keys work from everywhere; the others never reach through a question."""

import pytest
from scenes import Scene
from screen_stage import Stage, StandingLink, staged
from textual.events import Key, Paste

from cockpit.client.link import LinkChange
from cockpit.domain.kinds import EngineState
from cockpit.tui.screens.ask import Answer

FOCI = {
    "nothing": (),
    "a pane": ("4",),
    "the gate log": ("6",),
    "a zoomed pane": ("6", "z"),
    "a sheet": ("question_mark",),
    "a verdict": ("6", "enter"),
    "an input": ("slash",),
    "a filled input": ("slash", "x", "y"),
    "a ceremony": ("l",),
    "a choice": ("q",),
    "the palette": ("ctrl+p",),
    "the palette with text": ("ctrl+p", "f", "l"),
}
TYPING = ("an input", "a filled input", "a ceremony", "the palette", "the palette with text")
OPEN = ("nothing", "a pane", "the gate log", "a zoomed pane")


@pytest.mark.parametrize("key", ["f12", "ctrl+backslash"])
@pytest.mark.parametrize("focus", FOCI)
async def test_flatten_works_from_everywhere_and_the_second_press_confirms(
    trading: Scene, focus: str, key: str
) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press(*FOCI[focus])
        await stage.press(key)
        assert stage.link.asked == []
        assert "FLATTEN? press again within 3 s: closes 3 open trades" in stage.text()
        await stage.press(key)
        await stage.until(lambda: stage.link.asked == [("flatten",)])
        assert "FLATTEN sent" in stage.text()


@pytest.mark.parametrize("focus", FOCI)
async def test_an_ordinary_key_does_not_reach_through_a_question(trading: Scene, focus: str) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press(*FOCI[focus])
        await stage.press("p")
        await stage.pilot.pause()
        assert (stage.link.asked == [("set_mode", "paper", "")]) is (focus in OPEN)


@pytest.mark.parametrize("focus", FOCI)
async def test_halt_and_disarm_work_over_whatever_is_open(trading: Scene, focus: str) -> None:
    armed = trading.with_snapshot(armed=True, state=EngineState.ARMED)
    for key, asked in (
        ("h", ("halt", "the halt key")),
        ("f9", ("halt", "the halt key")),
        ("a", ("disarm",)),
        ("f8", ("disarm",)),
    ):
        async with staged(StandingLink(armed)) as stage:
            await stage.press(*FOCI[focus])
            await stage.press(key)
            is_typed = focus in TYPING and key in "ha"
            await stage.until(
                lambda asked=asked, is_typed=is_typed, stage=stage: (
                    stage.link.asked == [] if is_typed else stage.link.asked == [asked]
                )
            )
            foot = stage.rows()[-1]
            if focus in TYPING:
                assert " F8 disarm  F9 halt  Esc close" in foot and "mode" not in foot and "checklist" not in foot
            elif focus not in OPEN:
                assert " a disarm  h halt  Esc close" in foot and "checklist" not in foot


@pytest.mark.parametrize("focus", FOCI)
async def test_no_footer_offers_what_asks_an_engine_that_is_lost(trading: Scene, focus: str) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press(*FOCI[focus])
        stage.app.store.take(LinkChange(False, 0.0, "connection refused"), stage.clock())
        await stage.settle()
        foot = stage.rows()[-1]
        assert "FLATTEN" in foot and "arm" not in foot and "halt" not in foot


async def test_over_a_sheet_nothing_is_armed_and_arming_is_not_offered(trading: Scene) -> None:
    disarmed = trading.with_snapshot(armed=False, state=EngineState.DISARMED)
    async with staged(StandingLink(disarmed)) as stage:
        await stage.press("question_mark", "a")
        assert stage.link.asked == []
        assert "arm: close what is open first" in stage.text()
        assert "arm  " not in stage.rows()[-1] and " h halt" in stage.rows()[-1]
        await stage.press("escape", "a")
        await stage.until(lambda: stage.link.asked == [("arm",)])


async def test_the_welcome_lets_the_halt_key_through(trading: Scene) -> None:
    async with staged(StandingLink(trading), welcome=True) as stage:
        await stage.press("h")
        await stage.until(lambda: stage.link.asked == [("halt", "the halt key")])


async def test_the_two_emergency_keys_confirm_each_other(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("f12", "ctrl+backslash")
        await stage.until(lambda: stage.link.asked == [("flatten",)])


async def test_a_press_is_forgotten_after_three_seconds(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("f12")
        stage.clock.now_s += 3.1
        await stage.settle()
        assert "FLATTEN?" not in stage.text()
        await stage.press("f12")
        assert stage.link.asked == []


async def test_one_press_is_enough_when_so_configured(trading: Scene) -> None:
    async with staged(StandingLink(trading), flatten_presses=1) as stage:
        await stage.press("f12")
        await stage.until(lambda: stage.link.asked == [("flatten",)])


async def test_a_remapped_key_works_and_the_default_no_longer_does(trading: Scene) -> None:
    from cockpit.tui.keys import keymap

    async with staged(StandingLink(trading), keys=keymap({"halt": "f5"})) as stage:
        await stage.press("h")
        assert stage.link.asked == []
        await stage.press("f5")
        await stage.until(lambda: stage.link.asked == [("halt", "the halt key")])
        assert " F5 halt" in stage.rows()[-1]


async def test_every_action_is_in_the_palette_and_in_the_help(trading: Scene) -> None:
    from cockpit.tui import keys
    from cockpit.tui.screens.find import help_lines

    async with staged(StandingLink(trading), size=(120, 24)) as stage:
        await stage.press("ctrl+p")
        seen = ""
        for _ in keys.TABLE:
            seen += stage.text()
            await stage.press("down")
        assert all(f"{action.label} " in seen and action.help[:48] in seen for action in keys.TABLE)
        told = "\n".join("".join(text for text, _ in line) for line in help_lines(keys.keymap(), stage.app.view, 200))
        assert all(action.help in told for action in keys.TABLE)


async def test_every_key_is_seen_at_once_where_two_columns_fit(trading: Scene) -> None:
    from cockpit.tui import keys

    async with staged(StandingLink(trading), size=(160, 50)) as stage:
        await stage.press("question_mark")
        seen = stage.text()
        assert [action.id for action in keys.TABLE if action.help not in seen] == []
        assert " of " not in stage.rows()[1], "there is more below"


async def test_the_palette_flattens_too(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("ctrl+p", *"flatten", "enter")
        await stage.until(lambda: stage.app.flow.stage == "asked")


async def test_the_palette_does_the_one_that_is_chosen_or_nothing(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("ctrl+p", *"halt", "enter")
        await stage.until(lambda: stage.link.asked == [("halt", "the halt key")])
        await stage.press("ctrl+p", *"qqqq")
        assert "nothing is called that" in stage.text()
        await stage.press("enter", "escape")
        assert len(stage.app.screen_stack) == 1 and len(stage.link.asked) == 1


def focus_of(stage: Stage) -> str | None:
    return stage.app.panes.focused_pane


@pytest.mark.parametrize(
    ("key", "pane"),
    [("1", "bands"), ("2", "positioning"), ("3", "health"), ("4", "trades"), ("5", "setups"), ("6", "gate_log")],
)
async def test_numbers_focus_panes_and_one_without_room_takes_the_screen(trading: Scene, key: str, pane: str) -> None:
    async with staged(StandingLink(trading), size=(60, 20)) as stage:
        had_room = pane in stage.app.panes.plan.regions
        await stage.press(key)
        assert focus_of(stage) == pane
        assert stage.app.panes.zoomed == (None if had_room else pane)
        await stage.press("escape")
        assert stage.app.panes.zoomed is None


@pytest.mark.parametrize("opened", [("question_mark",), ("slash",), ("q",), ("l",), ("c",)], ids="-".join)
@pytest.mark.parametrize("keys", [("escape", "escape"), ("enter", "escape"), ("d", "d"), ("escape", "d")])
async def test_two_keys_faster_than_a_screen_closes_do_not_end_it(
    trading: Scene, opened: tuple[str, ...], keys: tuple[str, ...]
) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press(*opened)
        over = stage.app.screen
        for key in keys:
            over.post_message(Key(key, key if len(key) == 1 else None))
        await stage.pilot.pause()
        await stage.pilot.pause()
        assert stage.app.return_code in (None, 0)


@pytest.mark.parametrize("key", ["ctrl+k", "ctrl+u", "ctrl+w"])
async def test_what_line_editors_use_edits_the_line_and_asks_for_nothing(trading: Scene, key: str) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("slash", "x", "y", "home", key)
        assert len(stage.app.screen_stack) == 2 and stage.link.asked == []
        assert "FLATTEN?" not in stage.text()


async def test_escape_does_not_take_the_first_press_back(trading: Scene) -> None:
    """Over a slow line a report's own ESC comes alone first."""
    async with staged(StandingLink(trading)) as stage:
        await stage.press("f12", "escape", "f12")
        await stage.until(lambda: stage.link.asked == [("flatten",)])


@pytest.mark.parametrize(
    ("opened", "typed"),
    [
        (Key("colon", ":"), "short btc 30 stop 28"),
        (Key("slash", "/"), "halt"),
        (Key("t", "t"), "half"),
        (Key("ctrl+p", None), "halt"),
        (Key("E", "E"), "30"),
    ],
    ids=["command", "filter", "ceremony", "palette", "ticket"],
)
async def test_what_is_typed_right_behind_the_key_that_opens_is_typed(trading: Scene, opened: Key, typed: str) -> None:
    one_trade = trading.with_snapshot(open_trades=trading.snapshot.open_trades[1:2])
    async with staged(StandingLink(one_trade)) as stage:
        stage.app.post_message(opened)
        for letter in typed:
            stage.app.post_message(Key("space" if letter == " " else letter, letter))
        await stage.settle()
        field = stage.app.screen.focused
        assert isinstance(field, Answer) and field.value == typed
        assert stage.link.asked == [], "no letter of it halts or arms"


async def test_what_is_pasted_is_text(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("slash")
        stage.app.screen.focused.post_message(Paste("the \x1b[31mnews\x1b[0m\nand\x07 more" + "x" * 10_000))  # type: ignore[union-attr]
        await stage.settle()
        value = stage.app.screen.focused.value  # type: ignore[union-attr]
        assert value.startswith("the news and morexx") and len(value) <= 500
