"""A day of the simulated market on a real screen: `python tests/benchmarks/soak.py` prints what both processes hold.

The engine runs as fast as it goes, with journal, recording and everything it keeps at hand as shipped; the screen draws
ten pictures a second of what comes, is resized, and keys open and close everything it has. What both keep is bounded
(the newest 500 verdicts, trades and log entries, Textual's caches), so memory must be flat once that is full: over the
second half.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tui"), str(HERE.parents[1])]

from pty_process import PROJECT_ROOT, PtyProcess, clean_environ  # noqa: E402

from cockpit.client.address import local  # noqa: E402
from cockpit.client.http import EngineClient  # noqa: E402
from cockpit.domain.units import NS_PER_S  # noqa: E402

KEYS = ("n", "6", "down", "e", "escape", "c", "escape", "o", "escape", "z", "z", "y", "?", "escape")
MAX_GROWTH_MB = 3.0


class Held(NamedTuple):
    """Resident memory of both processes."""

    screen_mb: float
    engine_mb: float


def rss_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def soak(home: Path, simulated_s: float, screen: PtyProcess, engine_pid: int, looks: int) -> list[Held]:
    """What both hold at each look. Raises where the screen is gone."""
    found: list[Held] = []
    async with EngineClient(local(home / "engine.sock")) as client:
        began_ns = (await client.snapshot()).ts_ns
        print(f"{'simulated':>10} {'screen MB':>10} {'engine MB':>10} {'written MB':>10}", flush=True)
        pressed = 0
        while len(found) < looks:
            passed_s = ((await client.snapshot()).ts_ns - began_ns) / NS_PER_S
            screen.press(KEYS[pressed % len(KEYS)])
            pressed += 1
            if pressed % 20 == 0:
                screen.resize(100 + pressed % 60, 30 + pressed % 20)
            if passed_s >= simulated_s * (len(found) + 1) / looks:
                held = Held(rss_mb(screen.pid), rss_mb(engine_pid))
                assert held.screen_mb, f"expected the screen to be there, was {screen.written[-300:]!r}"
                found.append(held)
                row = (f"{passed_s / 3600:>8.1f} h", f"{held.screen_mb:>10.1f}", f"{held.engine_mb:>10.1f}")
                print(*row, f"{screen.count / 1e6:>10.1f}", flush=True)
            await asyncio.sleep(0.1)
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=float, default=24.0, help="of the simulated market")
    parser.add_argument("--speed", default="0", help="as cockpit engine takes it")
    parser.add_argument("--looks", type=int, default=20)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        command = [sys.executable, "-m", "cockpit", "--home", str(home)]
        engine = subprocess.Popen(
            [*command, "engine", "--arm", "--port", "0", "--speed", chosen.speed],
            cwd=PROJECT_ROOT, env=clean_environ(), stdout=subprocess.PIPE,
        )  # fmt: skip
        assert engine.stdout is not None
        engine.stdout.readline()
        pid = json.loads((home / "engine.lock").read_text(encoding="utf-8"))["pid"]
        screen = PtyProcess(command)
        try:
            screen.wait_for("SIMULATED", 40)
            found = asyncio.run(soak(home, chosen.hours * 3600, screen, pid, chosen.looks))
        finally:
            screen.end()
            engine.terminate()
            engine.wait()
    half, last = found[len(found) // 2 - 1], found[-1]
    grown = (last.screen_mb - half.screen_mb, last.engine_mb - half.engine_mb)
    print("over the second half the screen grew by {:.1f} MB, the engine by {:.1f}".format(*grown), end="")
    print(f", budget {MAX_GROWTH_MB:g} each")
    return int(max(grown) > MAX_GROWTH_MB)


if __name__ == "__main__":
    sys.exit(main())
