"""What an event costs the paper venue, and a replay from a file, in instructions of Python, beside a plain loop.

As `test_engine_instructions.py`, with all that a replay adds: decoding, the venue's look at every price, the digest.
What a run costs before its first event and after its last is not in it: two lengths are counted, and their difference
looked at.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from cockpit.config.load import load_config
from cockpit.config.model import CockpitConfig
from cockpit.domain.events import AnyEvent, Top, Trade
from cockpit.domain.kinds import Mode
from cockpit.domain.units import NS_PER_S
from cockpit.journal.recordings import RecordingHeader, RecordingWriter
from tests.benchmarks.test_engine_instructions import opcodes
from tests.benchmarks.throughput import BANDS, Course
from tests.conftest import SHIPPED_CONFIG

SHORT, LONG, EVERY_NS, START_NS = 1_000, 4_000, 1_000_000, 1_723_161_255 * NS_PER_S
MOST_OF_A_PLAIN_LOOP = {"session": 7.8, "from_file": 9.7}


def events(count: int) -> list[AnyEvent]:
    """Prints and tops in turn, a millisecond apart, away from every band."""
    found: list[AnyEvent] = []
    for number in range(count):
        ns, price = START_NS + number * EVERY_NS, 61_700.0 + number % 7
        is_print = number % 2 == 0
        found.append(
            Trade(ns, ns, "binance", "BTC", price, 0.1, True, number)
            if is_print
            else Top(ns, ns, "binance", "BTC", 61_700.0, 1.0, 61_700.1, 1.0)
        )
    return found


def course(count: int, folder: Path, config: CockpitConfig) -> Course:
    made, path = events(count), folder / f"{count}.rec"
    header = RecordingHeader(
        created_ns=START_NS,
        origin="import",
        source="made up",
        config_json=config.model_dump_json(by_alias=True),
        mode=Mode.PAPER,
        start_ns=START_NS,
    )
    with RecordingWriter(path, header) as writer:
        for event in made:
            writer.write_input(event)
    return Course(path, config, made)


@pytest.mark.parametrize("name", MOST_OF_A_PLAIN_LOOP)
def test_an_event_costs_a_few_times_a_plain_loop(name: str, tmp_path: Path) -> None:
    config = load_config(SHIPPED_CONFIG, BANDS)
    courses = [course(count, tmp_path, config) for count in (SHORT, LONG)]

    def more(loop_of: Callable[[Course], Callable[[], None]]) -> int:
        short, long = (opcodes(loop_of(course)) for course in courses)
        return long - short

    ratio = more(lambda course: getattr(course, name)()) / more(Course.trivial)
    print(f"{name}: {ratio:.2f} times a plain loop's instructions")
    assert ratio < MOST_OF_A_PLAIN_LOOP[name], f"{ratio:.2f} times a plain loop's instructions"
