"""How many events a second the engine takes: `python tests/benchmarks/throughput.py [CAPTURE] [--runs N]`.

CAPTURE is a raw Binance capture (default: the real five minutes, see COCKPIT_REAL_DATA). Every figure is the best of N
runs in processor time, so that a busy machine shows little. All setups and the gate are on, the engine is armed.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT_ROOT))

from cockpit.config.load import load_config  # noqa: E402
from cockpit.config.model import CockpitConfig  # noqa: E402
from cockpit.domain.commands import Arm  # noqa: E402
from cockpit.domain.events import AnyEvent, Trade  # noqa: E402
from cockpit.engine.machine import Engine  # noqa: E402
from cockpit.engine.session import Session  # noqa: E402
from cockpit.feeds.recorded import is_market_event  # noqa: E402
from cockpit.journal.recordings import read_recording  # noqa: E402
from cockpit.paper.venue import PaperVenue  # noqa: E402
from cockpit.replay.importing import import_capture  # noqa: E402
from cockpit.replay.replay import run_replay  # noqa: E402
from cockpit.replay.tally import Tally  # noqa: E402

DEFAULT_CAPTURE = "usdm_btcusdt_20240808.gz"
BANDS = ("bands.BTC.lower=[[61600,61620]]", "bands.BTC.upper=[[61825,61900]]")


class Course:
    """One recording under one config, and the loops that are timed on it."""

    def __init__(self, recording: Path, config: CockpitConfig, events: Sequence[AnyEvent]) -> None:
        self.recording = recording
        self.config = config
        self.events = events

    def trivial(self) -> Callable[[], None]:
        """A plain Python loop with a trivial rule: what the language allows at the most."""

        def loop() -> None:
            price, crossings = 0.0, 0
            for event in self.events:
                if type(event) is Trade:
                    crossings += price <= 61_620.0 < event.price
                    price = event.price

        return loop

    def engine(self) -> Callable[[], None]:
        """The engine alone: market, bars, setups, gate, limits; nobody fills its orders."""
        on = self._armed_engine().on

        def loop() -> None:
            for event in self.events:
                on(event)

        return loop

    def session(self) -> Callable[[], None]:
        """The engine with the paper venue, as a replay runs it, with the digest of its decisions."""
        session = Session(self._engine(), PaperVenue(self.config), [Tally()])
        session.feed(Arm(self.events[0].ts_ns, "arm", "benchmark"))
        return lambda: session.run(self.events)

    def from_file(self) -> Callable[[], None]:
        """The whole of `cockpit replay`, decoding included."""

        def loop() -> None:
            run_replay(self.recording, self.config, hold_context=True)

        return loop

    def _engine(self) -> Engine:
        return Engine(self.config, self.events[0].ts_ns, hold_context=True)

    def _armed_engine(self) -> Engine:
        engine = self._engine()
        engine.on(Arm(self.events[0].ts_ns, "arm", "benchmark"))
        return engine


def best_s(prepare: Callable[[], Callable[[], None]], runs: int) -> float:
    """The shortest processor time of so many runs; preparing is not timed."""
    found = []
    for _ in range(runs):
        loop = prepare()
        began = time.process_time()
        loop()
        found.append(time.process_time() - began)
    return min(found)


def report(course: Course, runs: int) -> list[str]:
    """A line for each loop."""
    loops = {
        "plain Python loop": course.trivial,
        "engine": course.engine,
        "engine + paper venue": course.session,
        "replay from file": course.from_file,
    }
    lines = [f"{len(course.events):,} events, best of {runs} runs, processor time"]
    for name, prepare in loops.items():
        seconds = best_s(prepare, runs)
        rate, each_ns = len(course.events) / seconds, seconds / len(course.events) * 1e9
        lines.append(f"{name:22} {rate:12,.0f} events/s {each_ns:8,.0f} ns each")
    return lines


def main() -> int:
    """Time every loop and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    real_data = Path(os.environ.get("COCKPIT_REAL_DATA") or PROJECT_ROOT.parent / "shared" / "data")
    parser.add_argument("capture", nargs="?", type=Path, default=real_data / DEFAULT_CAPTURE)
    parser.add_argument("--runs", type=int, default=7)
    given = parser.parse_args()
    if not given.capture.is_file():
        print(f"expected a raw capture, was nothing at {given.capture}: name one, or set COCKPIT_REAL_DATA")
        return 2
    config = load_config(PROJECT_ROOT / "config" / "tactical_scalp_config.json", BANDS)
    with tempfile.TemporaryDirectory() as directory:
        recording = import_capture(given.capture, Path(directory) / "capture.rec", config).path
        events = [record for record in read_recording(recording)[1] if is_market_event(record)]
        print("\n".join(report(Course(recording, config, events), given.runs)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
