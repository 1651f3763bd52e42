"""Stored scenes: what a real engine on the simulated market said, so that pictures do not change with the engine.

`python tests/tui/scenes.py` makes them anew.
"""

import asyncio
import sys
from pathlib import Path
from typing import NamedTuple

import msgspec
import zstandard

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from cockpit.domain.snapshot import Snapshot  # noqa: E402
from cockpit.domain.stream import DetailFrame, Frame, Hello, LogFrame, SnapshotFrame  # noqa: E402
from cockpit.engine.views import snapshot  # noqa: E402

SCENES = HERE / "scenes"


class Scene(NamedTuple):
    """What a screen that attaches gets: a hello, the log, and the newest snapshot."""

    hello: Hello
    log: list[LogFrame]
    last: SnapshotFrame
    detail: DetailFrame = DetailFrame(())

    @property
    def snapshot(self) -> Snapshot:
        return self.last.snapshot

    @property
    def frames(self) -> list[Frame]:
        return [self.hello, *self.log, self.detail, self.last]

    def with_snapshot(self, **changes: object) -> "Scene":
        """The same, but the snapshot says otherwise."""
        snapshot = msgspec.structs.replace(self.snapshot, **changes)
        return self._replace(last=msgspec.structs.replace(self.last, snapshot=snapshot))


def scene(name: str) -> Scene:
    data = zstandard.ZstdDecompressor().decompress((SCENES / f"{name}.frames").read_bytes())
    frames = msgspec.msgpack.decode(data, type=list[Frame])
    hello, *log, detail, last = frames
    assert isinstance(hello, Hello) and isinstance(detail, DetailFrame) and isinstance(last, SnapshotFrame)
    return Scene(hello, [frame for frame in log if isinstance(frame, LogFrame)], last, detail)


def make() -> None:
    from liquidations import estimates, forced_orders
    from simulated_engine import SimulatedEngine

    from cockpit.config.load import load_config
    from cockpit.config.places import shipped_config_path

    def liquidate(engine: SimulatedEngine) -> None:
        now_ns = engine.engine.now_ns
        prices = {asset.asset: asset.price for asset in snapshot(engine.engine).assets if asset.price is not None}
        engine.feed(*estimates(now_ns, prices))

    def store(name: str, engine: SimulatedEngine) -> None:
        liquidate(engine)
        frames: list[Frame] = [engine.hello(), *engine.log_frames(), engine.detail_frame(), engine.snapshot_frame()]
        data = zstandard.ZstdCompressor(level=19).compress(msgspec.msgpack.encode(frames))
        (SCENES / f"{name}.frames").write_bytes(data)
        print(name, len(frames), "frames", len(data), "bytes")

    async def play() -> None:
        engine = SimulatedEngine(load_config(shipped_config_path()))
        engine.run_to(3)
        store("quiet", engine)
        await engine.arm()
        engine.feed(*forced_orders(engine.engine.now_ns))
        engine.run_to(125)
        store("trading", engine)
        engine.run_to(500)
        store("later", engine)
        await engine.flatten("the flatten key")
        engine.run_to(510)
        store("flat", engine)

    SCENES.mkdir(exist_ok=True)
    asyncio.run(play())


if __name__ == "__main__":
    make()
