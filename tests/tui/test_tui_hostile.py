"""Text that comes from outside cannot break the screen, move its cells, or reach the terminal as more than text."""

from typing import Any

import msgspec
import pytest
from rich.cells import cell_len
from scenes import Scene
from screen_stage import SIZES, Stage, StandingLink, staged
from textual.events import Paste

from cockpit.tui.screens.ask import Answer
from cockpit.tui.text import clean

HOSTILE = {
    "markup": "[/x][bold red]BOOM[/",
    "escapes": "\x1b[2J\x1b]0;title\x07\x9b31m\x00\x7f",
    "lines": "a\nb\r\nc\td\u2028e",
    "emoji": "🚀💥👨‍👩‍👧‍👦🇺🇸",
    "right to left": "\u202eשלום עולם\u2066 العربية",  # noqa: RUF001
    "wide": "漢字カタカナ",
    "combining": "Z͑ͫ̓a̴l̵g̶o̷" * 5,
    "long": "x" * 10_240,
    "empty": "",
}
KEPT = frozenset({"asset", "scope", "trade_id", "verdict_id", "epoch"})


def poisoned(value: Any, poison: str, key: str = "") -> Any:
    """Every text replaced that is no word of a closed set and no name that others look up."""
    if isinstance(value, msgspec.Struct):
        changed = {name: poisoned(getattr(value, name), poison, name) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **changed)
    if isinstance(value, tuple | list):
        return type(value)(poisoned(item, poison, key) for item in value)
    return poison if type(value) is str and key not in KEPT else value


def poison_scene(scene: Scene, poison: str) -> Scene:
    return Scene(*(poisoned(part, poison) for part in (scene.hello, scene.log, scene.last)))


def check(stage: Stage) -> None:
    for strip in stage.app.screen._compositor.render_strips():
        assert strip.cell_length == cell_len(strip.text) == stage.app.size.width
        assert clean(strip.text) == strip.text


@pytest.mark.parametrize("kind", HOSTILE)
async def test_hostile_text_everywhere(later: Scene, kind: str) -> None:
    async with staged(StandingLink(poison_scene(later, HOSTILE[kind]))) as stage:
        check(stage)
        for size in SIZES[1:]:
            await stage.pilot.resize_terminal(*size)
            await stage.settle()
            check(stage)
        for keys in (("6", "enter"), ("escape", "e"), ("escape", "o"), ("escape", "c"), ("escape", "r")):
            await stage.press(*keys)
            check(stage)


async def test_hostile_words_from_the_engine_in_an_answer(trading: Scene) -> None:
    from cockpit.client.errors import EngineRefused

    link = StandingLink(trading)
    link.refusal = EngineRefused(HOSTILE["escapes"] + HOSTILE["markup"], 400)
    async with staged(link) as stage:
        await stage.press("h")
        await stage.until(lambda: "BOOM" in stage.text())
        assert "\x1b" not in stage.text()


def test_the_poison_reaches_what_is_drawn(later: Scene) -> None:
    poison = poison_scene(later, HOSTILE["markup"])
    assert poison.snapshot.setups[0].waiting_for == HOSTILE["markup"]
    assert poison.hello.briefing.checklist[0] == HOSTILE["markup"]


async def test_what_is_pasted_into_an_answer_is_text_whatever_brought_it(trading: Scene) -> None:
    """The driver cleans it too; a paste by another road has not been through there."""
    async with staged(StandingLink(trading)) as stage:
        await stage.press("slash")
        answer = stage.app.screen.query_one(Answer)
        answer.post_message(Paste("\x1b[38;5;196mred\x1b[0m \x1b]0;title\x07code\u202e\n"))
        await stage.until(lambda: bool(answer.value))
        assert answer.value == "red code"
        check(stage)
