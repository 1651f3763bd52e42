"""A screen on a real engine and the simulated market, both in this process, in real time: `moving_screen.py [SECONDS]`.

SECONDS of the market are played before the screen looks: trades are open by then.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from simulated_engine import START_NS, SimulatedEngine  # noqa: E402

from cockpit.client.link import LinkChange  # noqa: E402
from cockpit.config.load import load_config  # noqa: E402
from cockpit.config.places import shipped_config_path  # noqa: E402
from cockpit.domain.stream import Frame  # noqa: E402
from cockpit.domain.units import NS_PER_S  # noqa: E402
from cockpit.tui.app import CockpitApp  # noqa: E402
from cockpit.tui.settings import ScreenSettings  # noqa: E402

PACE_S = 0.1


class MovingLink(SimulatedEngine):
    """The engine's time is the wall's from the moment its frames are asked for."""

    async def frames(self) -> AsyncIterator[Frame | LinkChange]:
        began_s, at_s = monotonic(), (self.engine.now_ns - START_NS) / NS_PER_S
        for frame in self.all_frames():
            yield frame
        seen = self.log.last_seq
        while True:
            await asyncio.sleep(PACE_S)
            self.run_to(at_s + monotonic() - began_s)
            for frame in self.log_frames(seen):
                yield frame
            seen = self.log.last_seq
            yield self.snapshot_frame()


async def warm(engine: SimulatedEngine, seconds: float) -> None:
    engine.run_to(3)
    await engine.arm()
    engine.run_to(seconds)


if __name__ == "__main__":
    link = MovingLink(load_config(shipped_config_path()))
    asyncio.run(warm(link, float(sys.argv[1]) if len(sys.argv) > 1 else 125.0))
    sys.exit(CockpitApp(lambda: link, ScreenSettings(hz=10.0)).run_guarded())
