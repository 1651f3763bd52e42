"""The real wire of 2024-08-08 into a running engine: every print decided on, in order, and the session replays."""

from itertools import islice
from pathlib import Path

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import Trade
from cockpit.journal.recordings import read_recording
from cockpit.replay.replay import run_replay
from tests.feeds_live.wire_engine import Timed, percentile, played
from tests.feeds_live.wire_player import CAPTURE, Capture, between, busiest, read_capture

BURST_AT_S = 216.0
BUSIEST_MESSAGES = 593


@pytest.fixture(scope="module")
def capture(real_data_dir: Path) -> Capture:
    path = real_data_dir / CAPTURE
    if not path.is_file():
        pytest.skip(f"real wire capture not found: expected {path}")
    return read_capture(path)


def holds(timed: Timed, what: str) -> None:
    """Nothing lost, nothing reordered, all of it recorded, and the recording replays bit for bit."""
    assert timed.seen == timed.expected
    assert timed.missing == 0
    recorded = [item.trade_id for item in read_recording(timed.recording)[1] if isinstance(item, Trade)]
    assert recorded == timed.expected
    verified = run_replay(timed.recording, None, verify=True)
    assert verified.verified, verified.difference
    event, decision = timed.to_event_ms, timed.to_decision_ms
    print(
        f"\n{what}, {len(timed.seen)} prints: "
        f"tick-to-event p50 {percentile(event, 0.5):.2f} p99 {percentile(event, 0.99):.2f} ms, "
        f"tick-to-decision p50 {percentile(decision, 0.5):.2f} p99 {percentile(decision, 0.99):.2f} ms"
    )


@pytest.mark.timeout(180)
async def test_the_seconds_around_the_burst_at_recorded_speed(
    tmp_path: Path, shipped_config: CockpitConfig, capture: Capture
) -> None:
    lines = between(capture.lines, BURST_AT_S - 1, BURST_AT_S + 2)
    holds(await played(tmp_path, shipped_config, capture, lines, 1.0), "3 s at recorded speed")


@pytest.mark.timeout(180)
async def test_the_burst_of_593_messages_in_10_ms(
    tmp_path: Path, shipped_config: CockpitConfig, capture: Capture
) -> None:
    start, end = busiest(capture.lines)
    assert end - start >= BUSIEST_MESSAGES
    holds(await played(tmp_path, shipped_config, capture, capture.lines[start:end], 0.0), f"{end - start} at once")


@pytest.mark.timeout(180)
async def test_five_thousand_messages_at_once(tmp_path: Path, shipped_config: CockpitConfig, capture: Capture) -> None:
    lines = list(islice(capture.lines, 5_000))
    holds(await played(tmp_path, shipped_config, capture, lines, 0.0), "5000 messages at once")
