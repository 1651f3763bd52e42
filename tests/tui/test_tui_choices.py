"""What was chosen to look at is there on the next screen of the profile; what cannot be read is not."""

from pathlib import Path

import pytest
from scenes import Scene
from screen_stage import StandingLink, staged


async def test_a_next_screen_looks_at_the_same(trading: Scene, tmp_path: Path) -> None:
    kept = tmp_path / "screen.json"
    async with staged(StandingLink(trading), choices_file=kept) as stage:
        usual = stage.app.pane_set.kept.dom.bps("BTC")
        await stage.press("w", "minus", "minus", "i", "u", "m")
        assert stage.app.layout_name == "chart"
    assert kept.stat().st_mode & 0o777 == 0o600
    async with staged(StandingLink(trading), choices_file=kept) as stage:
        panes = stage.app.pane_set.kept
        assert stage.app.layout_name == "chart" and "7 Chart" in stage.text()
        assert panes.dom.bps("BTC") > usual and panes.dom.bps("ETH") == usual
        assert panes.dom.overview and panes.chart.length == 4 and panes.tape.size == 1


async def test_a_config_that_names_another_layout_since_wins(trading: Scene, tmp_path: Path) -> None:
    kept = tmp_path / "screen.json"
    async with staged(StandingLink(trading), choices_file=kept) as stage:
        await stage.press("w")
    async with staged(StandingLink(trading), choices_file=kept, layout="flow") as stage:
        assert stage.app.layout_name == "flow"


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"layout": 3, "rows": 5}', '{"layout": "nobody\'s", "configured": "default", "candles": 99}', "\x00"],
)
async def test_what_is_no_choice_is_none(trading: Scene, tmp_path: Path, text: str) -> None:
    kept = tmp_path / "screen.json"
    kept.write_text(text)
    async with staged(StandingLink(trading), choices_file=kept) as stage:
        assert stage.app.layout_name == "default" and stage.app.pane_set.kept.chart.length < 7


async def test_a_home_that_cannot_be_written_is_said(trading: Scene, tmp_path: Path) -> None:
    async with staged(StandingLink(trading), choices_file=tmp_path / "gone" / "screen.json") as stage:
        await stage.press("w")
        assert "not kept for the next screen: No such file or directory" in stage.text()
