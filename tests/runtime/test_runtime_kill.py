"""kill -9 of a trading engine, again and again on one profile: whatever was acknowledged is there afterwards.

COCKPIT_KILLS says how often (12), COCKPIT_KILL_SEED which moments.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.patience import patient_s
from tests.runtime.acknowledging_engine import wide_config
from tests.runtime.aftermath import check_home, verify_recording

KILLS = int(os.environ.get("COCKPIT_KILLS", "12"))
SEED = int(os.environ.get("COCKPIT_KILL_SEED") or random.SystemRandom().randrange(2**32))
ROOT = Path(__file__).resolve().parents[2]
SPEED = 300
READY_WITHIN_S = patient_s(30.0)


@pytest.mark.timeout(60 + 8 * KILLS)
def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path: Path) -> None:
    print(f"COCKPIT_KILL_SEED={SEED} COCKPIT_KILLS={KILLS}")
    rng, config = random.Random(SEED), wide_config()
    acknowledged = tmp_path / "acknowledged.jsonl"
    inputs = trades = 0
    for number in range(KILLS):
        said = run_and_kill(tmp_path, acknowledged, number, lambda: time.sleep(rng.uniform(0.0, 0.8)))
        try:
            check_home(tmp_path, config, said)
            inputs += verify_recording(tmp_path)
        except AssertionError as error:
            raise AssertionError(f"COCKPIT_KILL_SEED={SEED}, kill {number + 1} of {KILLS}: {error}") from error
        trades = said["next_trade"] - 1
    print(f"{KILLS} kills, {trades} trades, {inputs} recorded inputs verified")
    assert trades > KILLS, "expected the engine to trade between the kills"


def run_and_kill(
    home: Path,
    acknowledged: Path,
    seed: int,
    wait: Callable[[], None],
    module: str = "tests.runtime.acknowledging_engine",
) -> dict[str, Any]:
    """Start the engine, let it acknowledge something, wait, and kill it; the last thing it acknowledged."""
    before = acknowledged.stat().st_size if acknowledged.exists() else 0
    with (home / f"run-{seed}.out").open("wb") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", module, str(home), str(SPEED), str(seed)],
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
        )
        try:
            give_up_s = time.monotonic() + READY_WITHIN_S
            while not acknowledged.exists() or acknowledged.stat().st_size == before:
                assert child.poll() is None, (home / f"run-{seed}.out").read_text()
                assert time.monotonic() < give_up_s, "expected an acknowledgement within half a minute, was none"
                time.sleep(0.01)
            wait()
            assert child.poll() is None, (home / f"run-{seed}.out").read_text()
        finally:
            child.kill()
            child.wait()
    # A line that the kill tore off was never whole, so nobody has read it.
    whole = acknowledged.read_bytes().rpartition(b"\n")[0].splitlines()
    said: dict[str, Any] = json.loads(whole[-1])
    assert said["pid"] == child.pid
    return said
