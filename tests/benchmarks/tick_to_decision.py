"""How long a tick takes from the venue to a decision: `python tests/benchmarks/tick_to_decision.py [CAPTURE]`.

CAPTURE is a raw Binance capture (default: the real five minutes, see COCKPIT_REAL_DATA). A venue on loopback, in a
process of its own, sends it; the real client library reads it into a running engine with journal and recording. Timed
from the venue's send: tick-to-event until a print is in the engine's inbox, tick-to-decision until the engine is done
with it, tick-to-verdict (few) where the gate gave a verdict on it. A burst's later messages wait for its earlier ones.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

PROJECT_ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT_ROOT))

from cockpit.config.load import load_config  # noqa: E402
from tests.feeds_live.wire_engine import Timed, percentile, played  # noqa: E402
from tests.feeds_live.wire_player import CAPTURE, Capture, Line, between, busiest, read_capture  # noqa: E402

RECLAIM = ("bands.BTC.lower=[[61600,61620]]", "bands.BTC.upper=[[61825,61900]]")
"""With these bands the capture holds a flush and its reclaim, which the gate lets through."""
RECLAIM_FROM_S, RECLAIM_TO_S = 225.0, 285.0
AT_ONCE = 5_000


class Course(NamedTuple):
    """A part of the capture and the speed it is played at; 0 = all at once."""

    name: str
    lines: list[Line]
    speed: float


def courses(capture: Capture) -> list[Course]:
    """A minute as it was recorded, the busiest 10 ms, and far more than any real burst."""
    start, end = busiest(capture.lines)
    return [
        Course("a minute as recorded", between(capture.lines, RECLAIM_FROM_S, RECLAIM_TO_S), 1.0),
        Course(f"the burst of {end - start} in 10 ms", capture.lines[start:end], 0.0),
        Course(f"{AT_ONCE} messages at once", capture.lines[:AT_ONCE], 0.0),
    ]


def report(name: str, timed: Timed) -> list[str]:
    """The figures of one course."""
    kept = "none lost or reordered" if timed.seen == timed.expected and not timed.missing else "PRINTS LOST OR MIXED UP"
    lines = [f"{name}: {len(timed.seen):,} prints, {kept}"]
    steps = {"event": timed.to_event_ms, "decision": timed.to_decision_ms, "verdict": timed.to_verdict_ms}
    for step, waited_ms in steps.items():
        if waited_ms:
            lines.append(f"  tick-to-{step:9} {_figures(waited_ms)}")
    return lines


def _figures(waited_ms: Sequence[float]) -> str:
    if len(waited_ms) < 10:
        return "  ".join(f"{each:.2f}" for each in waited_ms) + " ms"
    return f"p50 {percentile(waited_ms, 0.5):8.2f} ms   p99 {percentile(waited_ms, 0.99):8.2f} ms"


async def _timed(course: Course, capture: Capture) -> Timed:
    config = load_config(PROJECT_ROOT / "config" / "tactical_scalp_config.json", RECLAIM)
    with tempfile.TemporaryDirectory() as directory:
        return await played(Path(directory), config, capture, course.lines, course.speed)


def main() -> int:
    """Play every course and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    real_data = Path(os.environ.get("COCKPIT_REAL_DATA") or PROJECT_ROOT.parent / "shared" / "data")
    parser.add_argument("capture", nargs="?", type=Path, default=real_data / CAPTURE)
    given = parser.parse_args()
    if not given.capture.is_file():
        print(f"expected a raw capture, was nothing at {given.capture}: name one, or set COCKPIT_REAL_DATA")
        return 2
    capture = read_capture(given.capture)
    for course in courses(capture):
        print("\n".join(report(course.name, asyncio.run(_timed(course, capture)))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
