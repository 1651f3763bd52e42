"""kill -9 in the middle of hands-on commands: what was acknowledged is so afterwards, and no stop is any looser.

COCKPIT_HAND_KILLS says how often (6), COCKPIT_KILL_SEED which moments.
"""

import os
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cockpit.domain.trades import TradeRecord
from cockpit.engine.ladder import nearer
from tests.runtime.acknowledging_engine import wide_config
from tests.runtime.aftermath import OVER, Rows, look, verify_recording
from tests.runtime.hands_engine import OVERRIDES
from tests.runtime.test_runtime_kill import SEED, run_and_kill

KILLS = int(os.environ.get("COCKPIT_HAND_KILLS", "6"))


@pytest.mark.timeout(60 + 8 * KILLS)
def test_nothing_that_hands_were_told_is_undone_by_a_kill(tmp_path: Path) -> None:
    print(f"COCKPIT_KILL_SEED={SEED} COCKPIT_HAND_KILLS={KILLS}")
    rng, config = random.Random(SEED), wide_config(*OVERRIDES)
    acknowledged = tmp_path / "acknowledged.jsonl"
    moved = trades = 0
    for number in range(KILLS):
        said = run_and_kill(tmp_path, acknowledged, number, rng.uniform(0.0, 0.8), "tests.runtime.hands_engine")
        try:
            look(tmp_path, config, said)
            moved += _no_stop_is_looser(tmp_path, said)
            verify_recording(tmp_path)
        except AssertionError as error:
            raise AssertionError(f"COCKPIT_KILL_SEED={SEED}, kill {number + 1} of {KILLS}: {error}") from error
        trades = said["next_trade"] - 1
    print(f"{KILLS} kills, {trades} trades, {moved} moved stops looked at")
    assert trades > KILLS, "expected hands to trade between the kills"


def _no_stop_is_looser(home: Path, said: dict[str, Any]) -> int:
    """Each stop that was acknowledged as moved is where it was or nearer; returns how many those are."""
    known = {trade.trade_id: trade for trade in Rows(home).trades}
    told = [msgspec.convert(trade, TradeRecord) for trade in said["trades"]]
    moved = [trade for trade in told if trade.stop_moved and trade.stop_price is not None]
    for trade in moved:
        after = known[trade.trade_id]
        if after.phase not in OVER:
            assert after.stop_moved and after.stop_price is not None, after
            assert nearer(after.stop_price, trade.stop_price or 0.0, trade.side) == after.stop_price, (trade, after)
    return len(moved)
