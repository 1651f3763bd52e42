"""What a newcomer waits for, and what it costs: `python tests/benchmarks/front_door.py`.

The time of `cockpit --help` (target 60 ms), of an engine on the simulated market until it is ready (0.8 s), and the
memory of engine and screen after some seconds of both.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tui"), str(HERE.parents[1])]

from pty_process import PROJECT_ROOT, PtyProcess, clean_environ  # noqa: E402

TIMES = 10
RUN_S = 8.0
HELP_TARGET_S, READY_TARGET_S = 0.060, 0.8


def cockpit(home: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "cockpit", "--home", str(home), *words]


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class Took(NamedTuple):
    """Seconds by the clock, and of the processor: on a busy machine the first says how busy it is."""

    clock_s: float
    cpu_s: float

    def __str__(self) -> str:
        return f"{self.clock_s:.3f} s ({self.cpu_s:.3f} s of the processor)"


def cpu_s() -> float:
    """Processor time of the processes that have ended."""
    spent = os.times()
    return spent.children_user + spent.children_system


def help_took(home: Path) -> Took:
    began_s, before_s = time.perf_counter(), cpu_s()
    command = [sys.executable, "-m", "cockpit", "--help"]
    environ = {**clean_environ(), "COCKPIT_HOME": str(home)}
    subprocess.run(command, cwd=PROJECT_ROOT, env=environ, stdout=subprocess.DEVNULL, check=True)
    return Took(time.perf_counter() - began_s, cpu_s() - before_s)


def ready_took(home: Path) -> Took:
    """Until an engine says it is ready; it is ended again, at once."""
    began_s, before_s = time.perf_counter(), cpu_s()
    command = cockpit(home, "engine", "--port", "0")
    with subprocess.Popen(command, cwd=PROJECT_ROOT, env=clean_environ(), stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout is not None
        line = engine.stdout.readline()
        took_s = time.perf_counter() - began_s
        engine.send_signal(signal.SIGKILL)
        engine.stdout.read()
    assert line.startswith("ready"), line
    return Took(took_s, cpu_s() - before_s)


def memory_mb(home: Path) -> tuple[float, float]:
    """Resident memory of engine and screen, both running at ten times the pace."""
    screen = PtyProcess(cockpit(home, "--speed", "10", "--arm"))
    try:
        screen.wait_for("SIMULATED", 60.0)
        time.sleep(RUN_S)
        found = subprocess.run(
            cockpit(home, "status"), cwd=PROJECT_ROOT, env=clean_environ(), capture_output=True, text=True, check=True
        )
        pid = re.search(r"process (\d+)", found.stdout)
        assert pid is not None, found.stdout
        return resident_mb(int(pid[1])), resident_mb(screen.pid)
    finally:
        screen.end()
        subprocess.run(cockpit(home, "stop", "--leave-stops"), cwd=PROJECT_ROOT, env=clean_environ(), check=False)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="fd-") as name:
        home = Path(name)
        helped = sorted(help_took(home) for _ in range(TIMES))
        print(f"cockpit --help: best {helped[0]}, median {helped[TIMES // 2]}; target {HELP_TARGET_S:g} s")
        ready = sorted(ready_took(home) for _ in range(3))
        print(f"engine ready: best {ready[0]}, worst {ready[-1]}; target {READY_TARGET_S:g} s")
        engine_mb, screen_mb = memory_mb(home)
        print(f"memory after {RUN_S:g} s: engine {engine_mb:.0f} MB, screen {screen_mb:.0f} MB")


if __name__ == "__main__":
    main()
