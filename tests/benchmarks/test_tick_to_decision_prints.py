"""The benchmark's figures are looked at, never asserted; that it plays the wire is shown in tests/feeds_live."""

from pathlib import Path

from tests.benchmarks.tick_to_decision import report
from tests.feeds_live.wire_engine import Timed


def test_it_says_what_was_kept_and_how_long_it_took() -> None:
    waited = [float(each) for each in range(1, 101)]
    timed = Timed(list(range(100)), list(range(100)), 0, waited, waited, [12.5], Path("wire.rec"))
    assert report("a minute", timed) == [
        "a minute: 100 prints, none lost or reordered",
        "  tick-to-event     p50    51.00 ms   p99   100.00 ms",
        "  tick-to-decision  p50    51.00 ms   p99   100.00 ms",
        "  tick-to-verdict   12.50 ms",
    ]
    assert "PRINTS LOST OR MIXED UP" in report("a minute", timed._replace(seen=[1, 0]))[0]
