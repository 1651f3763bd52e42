"""The benchmark runs and says something; its figures are looked at, never asserted."""

from pathlib import Path

from cockpit.config.load import load_config
from cockpit.config.model import CockpitConfig
from cockpit.domain.events import Trade
from cockpit.domain.kinds import Mode
from cockpit.journal.recordings import RecordingHeader, RecordingWriter
from tests.benchmarks.throughput import BANDS, Course, report
from tests.conftest import SHIPPED_CONFIG

START_NS = 1_723_161_255_000_000_000


def test_it_times_every_loop(tmp_path: Path) -> None:
    config: CockpitConfig = load_config(SHIPPED_CONFIG, BANDS)
    events = [
        Trade(START_NS + number * 10**6, START_NS, "binance", "BTC", 61_700.0 + number % 7, 0.1, True, number)
        for number in range(500)
    ]
    path = tmp_path / "short.rec"
    header = RecordingHeader(
        created_ns=START_NS,
        origin="import",
        source="made up",
        config_json=config.model_dump_json(by_alias=True),
        mode=Mode.PAPER,
        start_ns=START_NS,
    )
    with RecordingWriter(path, header) as writer:
        for event in events:
            writer.write_input(event)
    lines = report(Course(path, config, events), runs=1)
    assert lines[0].startswith("500 events")
    assert [line[:22].strip() for line in lines[1:]] == [
        "plain Python loop",
        "engine",
        "engine + paper venue",
        "replay from file",
    ]
