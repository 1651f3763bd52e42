"""A recorded session comes out the same, action for action; one that was altered does not, and it is said where."""

import json
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from cockpit import __version__
from cockpit.cli import run as command_line
from cockpit.domain import commands as asked
from cockpit.domain.actions import Action, AnyAction, CommandAnswered, Decided, Notice, TradeChanged
from cockpit.domain.events import MarketEvent, Tick
from cockpit.domain.kinds import Mode
from cockpit.domain.units import NS_PER_S
from cockpit.domain.wire import Input
from cockpit.engine.machine import Engine
from cockpit.engine.session import Session
from cockpit.feeds.simulated.market import SimulatedMarket
from cockpit.journal.build import code_digest
from cockpit.journal.errors import RecordingError
from cockpit.journal.frames import Frame, read_frames
from cockpit.journal.recordings import Record, RecordingHeader, RecordingWriter, read_recording
from cockpit.paper.venue import PaperVenue
from cockpit.replay.replay import marks_of, run_replay
from cockpit.replay.tally import Mark, Tally
from tests.engine.scenario import NOON_NS, Scenario, config_with


class Recorder:
    """Records a session as an engine process does."""

    def __init__(self, writer: RecordingWriter) -> None:
        self._writer = writer

    def on_input(self, item: Input) -> None:
        self._writer.write_input(item)

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        for action in actions:
            self._writer.write_action(action)


def header(**changes: object) -> RecordingHeader:
    made = RecordingHeader(
        created_ns=NOON_NS,
        origin="engine",
        source="scenario",
        config_json=config_with().model_dump_json(by_alias=True),
        mode=Mode.PAPER,
        start_ns=NOON_NS,
    )
    return msgspec.structs.replace(made, **changes)


def write(path: Path, records: Sequence[Record], **changes: object) -> Path:
    with RecordingWriter(path, header(**changes)) as writer:
        for record in records:
            if isinstance(record, Action):
                writer.write_action(record)
            else:
                writer.write_input(record)
    return path


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """A session with trades, a loss, a denial, a halt and a flatten, recorded while it ran."""
    path = tmp_path / "session.rec"
    with RecordingWriter(path, header()) as writer:
        scene = Scenario(config_with(), armed=False, calm=False)
        sinks = [scene.seen, Recorder(writer)]
        scene.session = Session(scene.engine, scene.venue, sinks, sinks)
        scene.calm()
        scene.command(asked.Arm, expires_ns=scene.now_ns)
        scene.arm()
        scene.lose()
        scene.open_trade("SOL")
        scene.signal(strategy="Moon Shot")
        scene.command(asked.HaltTrading, reason="looking")
        scene.flatten()
        scene.wait_s(5)
        assert scene.is_flat()
    return path


def records_of(path: Path) -> list[Record]:
    return list(read_recording(path)[1])


def test_a_recorded_session_comes_out_the_same(session: Path) -> None:
    replayed = run_replay(session, None, verify=True)
    assert replayed.verified is True
    assert replayed.difference == ""
    assert replayed.as_dict()["verified"] is True
    assert len(replayed.tally.trades) == 2
    assert "every verdict and action came out as recorded" in replayed.as_text()


def test_a_command_that_came_too_late_is_refused_again(session: Path) -> None:
    late, *_ = (record for record in records_of(session) if isinstance(record, CommandAnswered))
    assert not late.ok and "ask again" in late.sentence
    assert run_replay(session, None, verify=True).verified is True


def test_one_altered_action_is_found_and_named(session: Path, tmp_path: Path) -> None:
    records = records_of(session)
    index = next(index for index, record in enumerate(records) if isinstance(record, Decided))
    verdict = records[index].verdict  # type: ignore[union-attr]
    records[index] = Decided(records[index].ts_ns, msgspec.structs.replace(verdict, qty=verdict.qty + 0.001))
    replayed = run_replay(write(tmp_path / "altered.rec", records), None, verify=True)
    assert replayed.verified is False
    assert replayed.difference.endswith("decided.verdict.qty: expected 0.011, was 0.01")
    assert replayed.difference.startswith("input ")
    assert "DIFFERS: input" in replayed.as_text()


def test_no_escape_code_of_a_recording_reaches_the_terminal(
    session: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "odd\x1b]0;title\x07\x9b2J"
    records = records_of(session)
    index = next(index for index, record in enumerate(records) if isinstance(record, Decided))
    records.insert(index + 1, Notice(records[index].ts_ns, "info", hostile, hostile))
    path = write(tmp_path / "hostile.rec", records, source=hostile)
    assert command_line(["replay", str(path), "--verify"]) == 1
    told = capsys.readouterr()
    assert "DIFFERS: input" in told.out
    assert not set("\x1b\x07\x9b") & set(told.out + told.err)


def test_a_missing_action_is_found(session: Path, tmp_path: Path) -> None:
    records = records_of(session)
    del records[next(index for index, record in enumerate(records) if isinstance(record, Notice))]
    assert run_replay(write(tmp_path / "less.rec", records), None, verify=True).verified is False


def test_an_action_too_many_is_found(session: Path, tmp_path: Path) -> None:
    records = records_of(session)
    index = next(index for index, record in enumerate(records) if isinstance(record, Decided))
    records.insert(index + 1, Notice(records[index].ts_ns, "info", "odd", "never said"))
    replayed = run_replay(write(tmp_path / "more.rec", records), None, verify=True)
    assert replayed.verified is False
    assert "never said" in replayed.difference


def test_an_altered_input_is_found(session: Path, tmp_path: Path) -> None:
    records = records_of(session)
    index = next(index for index, record in enumerate(records) if isinstance(record, asked.Signal))
    records[index] = msgspec.structs.replace(records[index], amount_usd=90.0)
    assert run_replay(write(tmp_path / "other.rec", records), None, verify=True).verified is False


def test_actions_of_the_last_input_that_missed_the_last_flush_are_no_difference(session: Path, tmp_path: Path) -> None:
    """Killed between an input's actions: what had been written must agree, what had not is not held against it."""
    records = records_of(session)
    last = max(index for index, record in enumerate(records) if isinstance(record, Decided))
    assert run_replay(write(tmp_path / "torn.rec", records[: last + 1]), None, verify=True).verified is True


def test_an_import_cannot_be_verified(session: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "import.rec", records_of(session), origin="import")
    with pytest.raises(RecordingError, match="replay it without --verify"):
        run_replay(path, None, verify=True)


def test_an_unreadable_config_is_one_clear_error(session: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "config.rec", records_of(session), config_json='{"session": 1}')
    for verify in (True, False):
        with pytest.raises(RecordingError, match="expected the config it was recorded with"):
            run_replay(path, None, verify=verify)


def test_a_recording_that_begins_with_an_action_is_no_session(session: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "first.rec", [Notice(NOON_NS, "info", "odd", "said by nobody"), *records_of(session)])
    with pytest.raises(RecordingError, match="expected an input first"):
        run_replay(path, None, verify=True)


def test_a_replay_takes_the_market_and_leaves_the_recorded_commands_and_fills(session: Path) -> None:
    replayed = run_replay(session, config_with())
    assert replayed.verified is None
    assert replayed.tally.trades == []
    market = [record for record in records_of(session) if type(record).__name__ in ("Trade", "Top", "Tick")]
    assert replayed.events > len(market) > 0


def damaged(path: Path, target: Path) -> Path:
    """The same recording with one byte wrong in the last but one of its frames."""
    with path.open("rb") as file:
        frames = [frame for frame in read_frames(file) if isinstance(frame, Frame)]
    data = bytearray(path.read_bytes())
    data[(frames[-2].start + frames[-2].end) // 2] ^= 0x55
    target.write_bytes(data)
    return target


def test_damage_is_said_and_is_never_verified(session: Path, tmp_path: Path) -> None:
    records, path = records_of(session), tmp_path / "many.rec"
    with RecordingWriter(path, header(), flush_bytes=2_000) as writer:
        for record in records:
            (writer.write_action if isinstance(record, Action) else writer.write_input)(record)  # type: ignore[arg-type]
    assert run_replay(path, None, verify=True).verified is True
    replayed = run_replay(damaged(path, tmp_path / "damaged.rec"), None, verify=True)
    assert replayed.verified is False
    assert replayed.difference == "", "nothing came out otherwise, as far as could be looked"
    assert replayed.events > 50
    assert not replayed.is_whole
    (sentence,) = replayed.as_dict()["damaged"]
    assert "are damaged" in sentence
    text = replayed.as_text()
    assert f"DAMAGED: {sentence}" in text
    assert "NOT VERIFIED" in text


def test_without_verifying_the_rest_is_run_and_the_damage_said(session: Path, tmp_path: Path) -> None:
    path = tmp_path / "many.rec"
    with RecordingWriter(path, header(), flush_bytes=2_000) as writer:
        for record in records_of(session):
            (writer.write_action if isinstance(record, Action) else writer.write_input)(record)  # type: ignore[arg-type]
    whole = run_replay(path, None)
    rest = run_replay(damaged(path, tmp_path / "damaged.rec"), None)
    assert whole.events - 100 < rest.events < whole.events
    assert (whole.is_whole, rest.is_whole) == (True, False)


@pytest.mark.parametrize("verify", [False, True])
def test_a_frame_that_was_taken_out_is_said_in_the_json_too(session: Path, tmp_path: Path, verify: bool) -> None:
    path = tmp_path / "many.rec"
    with RecordingWriter(path, header(), flush_bytes=2_000) as writer:
        for record in records_of(session):
            (writer.write_action if isinstance(record, Action) else writer.write_input)(record)  # type: ignore[arg-type]
    with path.open("rb") as file:
        frames = [frame for frame in read_frames(file) if isinstance(frame, Frame)]
    data = path.read_bytes()
    path.write_bytes(data[: frames[-3].start] + data[frames[-3].end :])
    replayed = run_replay(path, None, verify=verify)
    (sentence,) = json.loads(replayed.as_json())["damaged"]
    assert "a part was taken out or put in" in sentence
    assert not replayed.is_whole
    assert f"DAMAGED: {sentence}" in replayed.as_text()


def test_a_recording_of_another_build_says_so(session: Path, tmp_path: Path) -> None:
    this = write(tmp_path / "this.rec", records_of(session), engine_version=__version__, build=code_digest())
    assert run_replay(this, None, verify=True).built == ""
    other = write(tmp_path / "other.rec", records_of(session), engine_version=__version__, build="abc")
    replayed = run_replay(other, None, verify=True)
    assert replayed.verified is True
    assert replayed.built == f"recorded by {__version__} (code abc), this is {__version__} (code {code_digest()})"
    assert replayed.built in replayed.as_text()
    assert replayed.as_dict()["built"] == replayed.built
    records = records_of(session)
    del records[next(index for index, record in enumerate(records) if isinstance(record, Notice))]
    differs = run_replay(write(tmp_path / "less.rec", records, engine_version="0.0.9"), None, verify=True)
    assert "recorded by 0.0.9 (code unknown)" in differs.as_text()
    assert "that may be all the difference there is" in differs.as_text()
    assert "DIFFERS, made by another version: input " in differs.as_text()
    assert differs.as_dict()["made_by_another_version"] is True and not differs.is_whole
    same = write(tmp_path / "same.rec", records, engine_version=__version__, build=code_digest())
    assert "DIFFERS: input " in run_replay(same, None, verify=True).as_text()


def test_a_recording_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    """Half a million ticks in some hundred kilobytes."""
    path = tmp_path / "long.rec"
    with RecordingWriter(path, header(), flush_bytes=64_000) as writer:
        for number in range(500_000):
            writer.write_input(Tick(NOON_NS + number))
    tracemalloc.start()
    try:
        assert run_replay(path, None).events == 500_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 24 * 1024 * 1024


def test_a_trade_that_is_open_at_the_end_is_valued_and_said(tmp_path: Path) -> None:
    """A quiet market, a flush and a reclaim, and the recording ends with the long still open."""
    path = tmp_path / "open.rec"
    with RecordingWriter(path, header()) as writer:
        scene = Scenario(config_with(), armed=False, calm=False)
        sinks = [scene.seen, Recorder(writer)]
        scene.session = Session(scene.engine, scene.venue, sinks, sinks)
        scene.calm()
        scene.arm()
        scene.wait_s(5)
    replayed = run_replay(path, None)
    near = {one["band"]: one for one in replayed.as_dict()["nearest"]}
    assert near["lower"]["away_bps"] == pytest.approx((108_402.0 / 106_800 - 1) * 1e4, abs=2)
    assert near["upper"]["away_bps"] == pytest.approx((1 - 108_402.0 / 109_700) * 1e4, abs=2)
    assert "BTC lower band at 106,800: never reached, the nearest was 150 bps away at 108,402" in replayed.as_text()
    trade = scene.open_trade()
    replayed.tally.on_actions([TradeChanged(1, trade, "opened")])
    assert "OPEN at the end, no price to value it at" in replayed.as_text()
    replayed.tally.marks = {trade.trade_id: Mark(4_010.0, 0.0789)}
    assert "OPEN at the end, valued at 4,010: +0.0789 USD still open" in replayed.as_text()
    (shown,) = [one for one in replayed.as_dict()["trades"] if one["id"] == trade.trade_id]
    assert (shown["mark"], shown["open_pnl_usd"]) == (4_010.0, 0.0789)
    assert replayed.as_dict()["session"]["open_pnl_usd"] == 0.0789


def until_a_trade_is_open(seed: int) -> list[MarketEvent]:
    """A simulated market up to two seconds after a setup's entry has filled."""
    events: list[MarketEvent] = []
    tally, config = Tally(), config_with()
    run = Session(Engine(config, NOON_NS), PaperVenue(config), [tally])
    run.feed(asked.Arm(NOON_NS, "replay", "replay"))
    last_ns = 0
    for event in SimulatedMarket(config, seed, NOON_NS).events():
        events.append(event)
        run.run([event])
        if not last_ns and any(trade.open_qty > 0 for trade in tally.trades):
            last_ns = event.ts_ns + 2 * NS_PER_S
        if last_ns and event.ts_ns > last_ns:
            return events
    raise AssertionError("it opened nothing")


def test_what_a_replay_leaves_open_is_worth_its_last_price(tmp_path: Path) -> None:
    path = write(tmp_path / "a.rec", until_a_trade_is_open(16))
    replayed = run_replay(path, None)
    opened = [one for one in replayed.as_dict()["trades"] if one["open_qty"] > 0]
    assert opened
    for trade in opened:
        sign = 1.0 if trade["side"] == "long" else -1.0
        assert trade["mark"] == pytest.approx(trade["entry"], rel=0.01)
        gross = sign * (trade["mark"] - trade["entry"]) * trade["open_qty"]
        assert gross - 0.001 * trade["entry"] * trade["qty"] < trade["open_pnl_usd"] < gross
    total = sum(trade["open_pnl_usd"] for trade in opened)
    assert replayed.as_dict()["session"]["open_pnl_usd"] == pytest.approx(total)
    assert "OPEN at the end, valued at" in replayed.as_text()


def test_marks_are_the_engines_own_worth(tmp_path: Path) -> None:
    scene = Scenario(config_with())
    trade = scene.open_trade()
    scene.move("ETH", 4_008.0)
    (mark,) = marks_of(scene.engine).values()
    assert mark.price == 4_008.0
    fee = trade.entry_qty * 4_008.0 * 5e-4
    assert mark.open_pnl_usd == pytest.approx(trade.entry_qty * (4_008.0 - trade.entry_price) - fee)
