"""kill -9 in the middle of each command of the hands: what was acknowledged is so afterwards, and no stop is looser.

COCKPIT_HAND_KILLS says how often (15, once in each kind of command), COCKPIT_KILL_SEED which moments.
"""

import os
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import CommandAnswered
from cockpit.domain.commands import (
    AnyCommand,
    DropAlarm,
    Enter,
    Restore,
    SetAlarm,
    SetTargets,
    SetTimeStop,
    TrailStop,
)
from cockpit.domain.kinds import TradePhase
from cockpit.domain.trades import TradeRecord
from cockpit.engine.ladder import nearer
from cockpit.engine.machine import Engine
from tests.patience import patient_s
from tests.runtime.acknowledging_engine import wide_config
from tests.runtime.aftermath import OVER, Rows, check_home, restore_of, verify_recording
from tests.runtime.hands_engine import KINDS, OVERRIDES
from tests.runtime.test_runtime_kill import SEED, run_and_kill

KILLS = int(os.environ.get("COCKPIT_HAND_KILLS", str(len(KINDS))))
BETWEEN_S = 0.3
"""Something is done at first, so that there are trades to command."""
WITHIN_S = 0.02
"""So long a command takes at the most where the machine is idle, from its asking to its acknowledgement."""
SETS = {TrailStop: "trail", SetTargets: "targets", SetTimeStop: "time_stop_ns"}
"""What stays as it was set until the next command of its kind."""


class Asked(NamedTuple):
    """What an engine was asked in its life: what it had acknowledged, and what it had not when it was killed."""

    acknowledged: list[AnyCommand]
    in_the_middle: AnyCommand | None


@pytest.mark.timeout(60 + 8 * KILLS)
def test_nothing_that_hands_were_told_is_undone_by_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    print(f"COCKPIT_KILL_SEED={SEED} COCKPIT_HAND_KILLS={KILLS}")
    rng, config = random.Random(SEED), wide_config(*OVERRIDES)
    acknowledged, moved, trades = tmp_path / "acknowledged.jsonl", 0, 0
    middles: Counter[str] = Counter()
    for number in range(KILLS):
        wanted = KINDS[(SEED + number) % len(KINDS)]
        monkeypatch.setenv("COCKPIT_TEST_KIND", wanted)

        def in_the_middle(wanted: str = wanted) -> None:
            time.sleep(rng.uniform(0.0, BETWEEN_S))
            _until_asked(tmp_path / "asked.jsonl", wanted)
            time.sleep(rng.uniform(0.0, WITHIN_S))

        said = run_and_kill(tmp_path, acknowledged, number, in_the_middle, "tests.runtime.hands_engine")
        asked = _asked(tmp_path, said)
        middles[_tag(asked.in_the_middle)] += 1
        try:
            check_home(tmp_path, config, said)
            _settings_stand(tmp_path, config, said, asked)
            _nothing_is_done_twice(tmp_path, config, asked)
            moved += _no_stop_is_looser(tmp_path, said)
            verify_recording(tmp_path)
        except AssertionError as error:
            place = f"COCKPIT_KILL_SEED={SEED}, kill {number + 1} of {KILLS} in {asked.in_the_middle}"
            raise AssertionError(f"{place}: {error}") from error
        trades = said["next_trade"] - 1
    print(f"{KILLS} kills, {trades} trades, {moved} moved stops looked at; in the middle of {dict(middles)}")
    assert trades > KILLS, "expected hands to trade between the kills"
    assert KILLS - middles["nothing"] >= KILLS // 3, f"expected kills in the middle of commands, was {middles}"


def _until_asked(asked: Path, kind: str) -> None:
    """The next command of that kind is on its way; another one, where it does not come."""
    seen, give_up_s = asked.stat().st_size, time.monotonic() + patient_s(3.0)
    mark = f'"kind":"{kind}"'.encode()
    while time.monotonic() < give_up_s:
        with asked.open("rb") as file:
            file.seek(seen)
            if mark in file.read():
                return
        time.sleep(0.0005)


def _tag(command: AnyCommand | None) -> str:
    return "nothing" if command is None else str(type(command).__struct_config__.tag)


def _asked(home: Path, said: dict[str, Any]) -> Asked:
    lines = (home / "asked.jsonl").read_bytes().rpartition(b"\n")[0].splitlines()
    commands = [msgspec.json.decode(line, type=AnyCommand) for line in lines]
    done, open_ones = commands[: said["asked"]], commands[said["asked"] :]
    assert len(open_ones) <= 1, open_ones
    return Asked(done, open_ones[0] if open_ones else None)


def _settings_stand(home: Path, config: CockpitConfig, said: dict[str, Any], asked: Asked) -> None:
    """Trails, targets, time stops and alarms are as they were acknowledged, or as the command in the middle has them:
    in the journal, and in the engine that goes on from it.
    """
    engine, middle = _restored(config, restore_of(home)), asked.in_the_middle
    known = {trade.trade_id: trade for trade in Rows(home).trades}
    known |= {trade.record.trade_id: trade.record for trade in engine.book.trades}
    for told in (msgspec.convert(trade, TradeRecord) for trade in said["trades"]):
        after = known[told.trade_id]
        assert told.phase is not TradePhase.CLOSING or after.phase in (TradePhase.CLOSING, *OVER), (told, after)
        if after.phase in OVER or told.phase is not TradePhase.OPEN:
            continue
        changed = {name for name in SETS.values() if getattr(told, name) != getattr(after, name)}
        if any(rung.filled_qty for rung in after.rungs):
            changed.discard("targets")
        may_change = {SETS.get(type(middle), "")} if getattr(middle, "trade_id", "") == told.trade_id else set()
        assert changed <= may_change, (changed, told, after)
    told_alarms, alarms = {one["alarm_id"] for one in said["alarms"]}, engine.alarms.levels
    lost, new = told_alarms - {one.alarm_id for one in alarms}, {one.alarm_id for one in alarms} - told_alarms
    assert not lost or isinstance(middle, DropAlarm), (lost, alarms)
    assert not new or isinstance(middle, SetAlarm), (new, alarms)


def _nothing_is_done_twice(home: Path, config: CockpitConfig, asked: Asked) -> None:
    """Whoever got no answer asks again, under the same id: what was traded is not traded again."""
    restore, traded = restore_of(home), {trade.signal_id: trade.trade_id for trade in Rows(home).trades}
    entries = [command for command in asked.acknowledged if isinstance(command, Enter)]
    for entry in entries:
        answer = _asked_again(config, restore, entry)
        assert "before the engine restarted" in answer.sentence, (entry, answer)
        assert answer.trade_id == traded.get(entry.request_id), (entry, answer)
    if isinstance(asked.in_the_middle, Enter) and asked.in_the_middle.request_id in traded:
        again = _asked_again(config, restore, asked.in_the_middle)
        assert again.trade_id == traded[asked.in_the_middle.request_id], again


def _restored(config: CockpitConfig, restore: Restore) -> Engine:
    engine = Engine(config, restore.ts_ns)
    engine.on(restore)
    return engine


def _asked_again(config: CockpitConfig, restore: Restore, entry: Enter) -> CommandAnswered:
    actions = _restored(config, restore).on(msgspec.structs.replace(entry, ts_ns=restore.ts_ns))
    (answer,) = [action for action in actions if isinstance(action, CommandAnswered)]
    return answer


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
