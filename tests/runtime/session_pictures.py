"""Pictures of sessions in test mode at the newer loopback exchanges: `python -m tests.runtime.session_pictures [NAME]`.

The screen is the real one, on the engine's own socket; what a shell prints, and the venue's list of what rests there,
are drawn as they came. They go to `screenshots/session-NAME-MOMENT.svg`.
"""

import asyncio
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

from cockpit.cli_screen import _connect
from cockpit.client.address import local
from cockpit.tui.app import CockpitApp
from cockpit.tui.settings import ScreenSettings
from tests.runtime import spot_session
from tests.runtime.real_engine import RealStage
from tests.runtime.venue_session import play, venue_stage

SPOT = "coinbase-spot"
NAMES = ("bybit", "hyperliquid", "coinbase", "krakenfutures", SPOT)
TARGET = Path(__file__).resolve().parents[2] / "screenshots"
SIZE = (120, 40)
WIDTH = 120
ON_SCREEN = {"armed": "armed", "open": "open", "target": "target", "flatten": "flat"}
"""Moments at which the screen is taken, and how that picture is called."""
COMMANDS = {
    "validate": "cockpit validate --mode test",
    "drill": "cockpit drill --yes",
    "open": "what rests at {name}, by its own list",
    "target": "what rests at {name} after the first target, by its own list",
    "closed": "cockpit close t000001",
    "flatten": "cockpit flatten --yes",
    "report": "cockpit report",
}
PAINT_WITHIN_S = 3.0
HOME = "~/cockpit"
"""What stands in a picture for the directory that a session had."""


class Pictures:
    """Takes the screen at its moments, and keeps what the shell said for a picture of its own."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.shell: list[tuple[str, str]] = []

    async def on_moment(self, stage: RealStage, moment: str, said: str) -> None:
        """One moment of the session."""
        if moment in ON_SCREEN:
            await take(stage, f"session-{self._name}-{ON_SCREEN[moment]}")
        if said:
            said = said.replace(str(stage.home), HOME)
            self.shell.append((COMMANDS[moment].format(name=self._name), said.strip()))


async def take(stage: RealStage, name: str) -> None:
    """The screen as an operator has it who attaches now."""
    app = CockpitApp(_connect(local(stage.home / "engine.sock"), 4.0), ScreenSettings())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(PAINT_WITHIN_S)
        app.save_screenshot(f"{name}.svg", path=str(TARGET))
    print(TARGET / f"{name}.svg", flush=True)


def draw(name: str, parts: list[tuple[str, str]]) -> None:
    """What a shell said, one command after another."""
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
    for command, said in parts:
        console.print(Text(f"$ {command}" if command.startswith("cockpit") else f"# {command}", style="bold"))
        console.print(Text(said), soft_wrap=False)
        console.print()
    console.save_svg(str(TARGET / f"{name}.svg"), title=name)
    print(TARGET / f"{name}.svg", flush=True)


async def session(name: str) -> None:
    """One session, with its pictures."""
    pictures = Pictures(name)
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary) / "home"
        if name == SPOT:
            async with spot_session.spot_stage(home) as spot:
                await spot_session.play(spot, pictures.on_moment)
        else:
            async with venue_stage(home, name) as stage:
                await play(stage, pictures.on_moment)
    draw(f"session-{name}-shell", pictures.shell)


def main() -> int:
    """Every venue, or the named one."""
    TARGET.mkdir(exist_ok=True)
    for name in sys.argv[1:] or NAMES:
        asyncio.run(session(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
