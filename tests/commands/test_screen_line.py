"""Only a line that leads to the screen for sure is drawn before it is understood."""

from pathlib import Path

import pytest

from cockpit.commands.screen_line import ScreenLine, screen_line

PLAIN = ScreenLine()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", PLAIN),
        ("--speed 10 --arm", PLAIN),
        ("--mode live --feed a.rec --max-trades=3 --slow", PLAIN),
        ("--mode test --override-way-up=because", PLAIN),
        ("--home /h --config c.json", ScreenLine(Path("/h"), Path("c.json"))),
        ("attach", PLAIN),
        ("attach http://127.0.0.1:8000 --token x --slow", PLAIN),
        ("attach --home=/h", ScreenLine(home=Path("/h"))),
        ("--home /h attach https://desk.example", ScreenLine(home=Path("/h"))),
    ],
)
def test_lines_that_lead_to_the_screen(line: str, found: ScreenLine) -> None:
    assert screen_line(line.split()) == found


@pytest.mark.parametrize(
    "line",
    [
        "--help", "--version", "status", "engine --speed 10", "flatten --yes", "attach --help", "attach nonsense",
        "attach http://a http://b", "attach --speed 10", "--token x", "--speed", "--speed fast", "--speed -1",
        "--speed nan", "--mode money", "--max-trades 1.5", "--arm=yes", "--home", "--home=", "--unknown", "--", "-h",
    ],
)  # fmt: skip
def test_every_other_line_is_the_command_lines(line: str) -> None:
    assert screen_line(line.split()) is None
