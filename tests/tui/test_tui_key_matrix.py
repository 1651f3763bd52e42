"""Which key works from where. The emergency keys work from everywhere; the others never reach through a question."""

import pytest
from scenes import Scene
from screen_stage import Stage, StandingLink, staged
from textual.events import Key

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
OPEN = ("nothing", "a pane", "the gate log", "a zoomed pane")


@pytest.mark.parametrize("key", ["f12", "ctrl+k"])
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
        await stage.press("h")
        await stage.pilot.pause()
        assert (stage.link.asked == [("halt", "the halt key")]) is (focus in OPEN)


async def test_the_two_emergency_keys_confirm_each_other(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("f12", "ctrl+k")
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
    from cockpit.tui.palette_commands import KeyCommands
    from cockpit.tui.screens import help

    async with staged(StandingLink(trading)) as stage:
        provider = KeyCommands(stage.app.screen)
        found = [hit.help async for hit in provider.discover()]
        assert found == [action.help for action in keys.TABLE]
        told = "\n".join("".join(text for text, _ in line) for line in help.lines(keys.keymap(), stage.app.view, 200))
        assert all(action.help in told for action in keys.TABLE)


async def test_the_palette_flattens_too(trading: Scene) -> None:
    async with staged(StandingLink(trading)) as stage:
        await stage.press("ctrl+p", *"FLATTEN")
        await stage.until(lambda: bool(stage.app.screen.query("OptionList")))
        await stage.press("down", "enter")
        await stage.until(lambda: stage.app.flow.stage == "asked")


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
