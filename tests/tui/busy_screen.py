"""A screen on a stored scene that changes 50 times a second, for the terminal's tests: `busy_screen.py BEATS_FILE`."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import msgspec  # noqa: E402
from scenes import scene  # noqa: E402
from screen_stage import StandingLink  # noqa: E402

from cockpit.client.link import LinkChange  # noqa: E402
from cockpit.domain.stream import Frame  # noqa: E402
from cockpit.tui.app import CockpitApp  # noqa: E402
from cockpit.tui.settings import ScreenSettings  # noqa: E402


class BusyLink(StandingLink):
    async def frames(self) -> AsyncIterator[Frame | LinkChange]:
        yield LinkChange(True, 0.0)
        for frame in self.scene.frames:
            yield frame
        beats = Path(sys.argv[1])
        for number in range(1_000_000):
            beats.with_suffix(".new").write_text(str(number), encoding="utf-8")
            beats.with_suffix(".new").rename(beats)
            await asyncio.sleep(0.02)
            now = self.scene.snapshot
            assets = [msgspec.structs.replace(asset, price=(asset.price or 1.0) + number % 97) for asset in now.assets]
            ts_ns = now.ts_ns + number * 20_000_000
            yield self.scene.with_snapshot(assets=tuple(assets), ts_ns=ts_ns).last


if __name__ == "__main__":
    shown = scene("trading")
    sys.exit(CockpitApp(lambda: BusyLink(shown), ScreenSettings(hz=20.0)).run_guarded())
