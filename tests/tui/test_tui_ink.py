"""A large terminal is used: how much of it says something, and that a pane with the whole screen says more."""

import pytest
from scenes import Scene, scene
from screen_stage import StandingLink, staged

from cockpit.tui.panes.table import PANES
from cockpit.tui.plan import plan

LARGE = (200, 60)


def inked(rows: list[str]) -> float:
    """The share of cells that are not blank."""
    return sum(character != " " for row in rows for character in row) / sum(map(len, rows))


@pytest.mark.parametrize(
    ("name", "size", "least"),
    [
        ("later", LARGE, 0.60),
        ("trading", LARGE, 0.60),
        ("later", (240, 70), 0.52),
        ("later", (160, 50), 0.50),
        ("later", (120, 40), 0.58),
    ],
)
async def test_a_screen_says_something_on_most_of_its_cells(name: str, size: tuple[int, int], least: float) -> None:
    async with staged(StandingLink(scene(name)), size) as stage:
        assert inked(stage.rows()) >= least


@pytest.mark.parametrize("size", [LARGE, (120, 40)])
@pytest.mark.parametrize("pane", [pane.id for pane in PANES])
async def test_a_pane_with_the_whole_screen_says_more(trading: Scene, pane: str, size: tuple[int, int]) -> None:
    place = plan(*size).regions.get(pane)
    if place is None:
        pytest.skip("it has no place at this size: it is always whole")
    async with staged(StandingLink(trading), size) as stage:
        stage.app.store.health.extend((second, 2.4 + second / 100) for second in range(60))
        here = written(stage.rows(), place.x, place.y, place.width, place.height)
        stage.app.panes.focus_pane(pane)
        await stage.press("z")
        assert stage.app.panes.zoomed == pane
        whole = stage.app.panes.plan.regions[pane]
        assert written(stage.rows(), whole.x, whole.y, whole.width, whole.height) > here


def written(rows: list[str], x: int, y: int, width: int, height: int) -> int:
    """How many cells say something inside the frame."""
    return sum(character != " " for row in rows[y + 1 : y + height - 1] for character in row[x + 1 : x + width - 1])
