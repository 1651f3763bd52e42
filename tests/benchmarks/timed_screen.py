"""The screen on an engine's socket; writes the time of each halt it sends: `timed_screen.py SOCKET HZ TIMES_FILE`."""

import sys
import time
from pathlib import Path

from cockpit.tui.app import CockpitApp
from cockpit.tui.settings import ScreenSettings


def main(socket: Path, hz: float, times: Path) -> int:
    def connect() -> object:
        from cockpit.client.address import local
        from cockpit.client.live import LiveLink

        class TimedLink(LiveLink):
            async def halt(self, reason: str) -> str:
                with times.open("a", encoding="utf-8") as file:
                    file.write(f"{time.monotonic()}\n")
                return await super().halt(reason)

        return TimedLink(local(socket), hz)

    return CockpitApp(connect, ScreenSettings(hz=hz)).run_guarded()  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3])))
