"""What the screen costs a terminal: `python tests/benchmarks/terminal.py` prints each figure beside its budget."""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tui"), str(HERE.parents[1])]

from pty_process import PtyProcess, clean_environ  # noqa: E402

WARM_UP_S = 6.0


def figure(name: str, value: float, unit: str, budget: float) -> None:
    verdict = "ok" if value <= budget else "OVER"
    print(f"{name:<42} {value:>9.1f} {unit:<6} budget {budget:>7.1f}  {verdict}", flush=True)


def start_engine(home: Path, rate: float, *more: str) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, str(HERE / "flood_engine.py"), str(home), str(rate), *more],
        stdout=subprocess.PIPE,
        env=clean_environ(),
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def screen(home: Path, hz: float, times: Path) -> PtyProcess:
    return PtyProcess([sys.executable, str(HERE / "timed_screen.py"), str(home / "engine.sock"), str(hz), str(times)])


def flood(home: Path, hz: float, seconds: float, budget_kb_s: float, what: str = "", *pressed: str) -> None:
    process = screen(home, hz, home / f"times-{hz:g}")
    process.wait_for("SIMULATED", 30)
    for key in pressed:
        process.press(key)
    time.sleep(WARM_UP_S)
    began, cpu, began_s = process.count, process.cpu_s(), time.monotonic()
    time.sleep(seconds)
    lasted_s = time.monotonic() - began_s
    written = process.count - began
    figure(f"written under the flood at {hz:g} Hz{what}", written / lasted_s / 1000, "kB/s", budget_kb_s)
    figure(f"processor under the flood at {hz:g} Hz{what}", 100 * (process.cpu_s() - cpu) / lasted_s, "%", 100)
    process.end()


OPENED = {
    "help": "?", "filter": "/", "checklist": "c", "trades": "e", "log": "o", "palette": "\x10", "test mode": "t",
    "leaving": "q",
}  # fmt: skip


def dialogs(home: Path, seconds: float) -> None:
    """The simulated market as it is, without the flood: what a screen writes with each of these open."""
    process = PtyProcess([sys.executable, str(HERE.parent / "tui" / "moving_screen.py")])
    process.wait_for("SIMULATED", 30)
    time.sleep(WARM_UP_S)
    for name, key in {"nothing": "", **OPENED}.items():
        if key:
            process.press(key)
            time.sleep(1.0)
        began, began_s = process.count, time.monotonic()
        time.sleep(seconds)
        figure(f"written with {name} open", (process.count - began) / (time.monotonic() - began_s) / 1000, "kB/s", 3)
        process.press("escape")
        time.sleep(0.5)
    process.end()


def keys(home: Path, hz: float, presses: int) -> None:
    times = home / "times-keys"
    process = screen(home, hz, times)
    process.wait_for("SIMULATED", 30)
    time.sleep(WARM_UP_S)
    pressed = []
    for number in range(presses):
        pressed.append(process.press("h"))
        time.sleep(0.05 + 0.013 * (number % 7))
    time.sleep(1.0)
    process.end()
    sent = [float(line) for line in times.read_text(encoding="utf-8").split()]
    assert len(sent) == presses, f"expected {presses} commands, was {len(sent)}"
    delays = sorted((after - before) * 1000 for before, after in zip(pressed, sent, strict=True))
    figure("key to command sent, median", delays[len(delays) // 2], "ms", 50)
    figure("key to command sent, p99", delays[int(len(delays) * 0.99) - 1], "ms", 50)


def idle(home: Path, seconds: float) -> None:
    process = screen(home, 10, home / "times-idle")
    process.wait_for("SIMULATED", 30)
    time.sleep(WARM_UP_S)
    began, cpu, began_s = process.count, process.cpu_s(), time.monotonic()
    time.sleep(seconds)
    lasted_s = time.monotonic() - began_s
    figure("written while nothing happens", (process.count - began) / lasted_s / 1000, "kB/s", 0.3)
    figure("processor while nothing happens", 100 * (process.cpu_s() - cpu) / lasted_s, "%", 2)
    process.end()


def first_paint(home: Path, tries: int) -> None:
    """The first picture, and when a flatten key pressed at it is answered; on a home where no engine can start."""
    taken = home / "taken"
    taken.touch()
    bare = [sys.executable, "-m", "cockpit"]
    for name, words in (
        ("cockpit", []),
        ("cockpit --speed 10", ["--speed", "10"]),
        ("cockpit attach", ["attach", "http://127.0.0.1:9"]),
    ):
        painted, answered = [], []
        for _ in range(tries + 1):
            process = PtyProcess([*bare, *words], {"COCKPIT_HOME": str(taken / "home")})
            painted.append(1000 * process.wait_for("FLATTEN", 20))
            process.press("f12")
            answered.append(1000 * process.wait_for("press again", 20))
            process.end()
        figure(f"first paint of {name}, median", sorted(painted[1:])[tries // 2], "ms", 350)
        figure(f"F12 answered in {name}, median", sorted(answered[1:])[tries // 2], "ms", 1000)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()

    def wanted(name: str) -> bool:
        return not chosen.only or name in chosen.only

    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        if wanted("paint"):
            first_paint(home, 7)
        if wanted("idle"):
            engine = start_engine(home / "idle", 0, "silent")
            try:
                idle(home / "idle", chosen.seconds)
            finally:
                engine.terminate()
                engine.wait()
        if wanted("dialogs"):
            dialogs(home, chosen.seconds / 3)
        if wanted("flood") or wanted("keys"):
            engine = start_engine(home / "flood", 10_000)
            try:
                if wanted("flood"):
                    flood(home / "flood", 10, chosen.seconds, 20)
                    flood(home / "flood", 4, chosen.seconds, 10)
                    flood(home / "flood", 10, chosen.seconds, 6, ", ladder and chart", "w")
                    flood(home / "flood", 4, chosen.seconds, 3, ", ladder and chart", "w")
                if wanted("keys"):
                    keys(home / "flood", 10, 150)
            finally:
                engine.terminate()
                engine.wait()


if __name__ == "__main__":
    main()
