"""The host: answers that last, faults that halt entries and no exit, a market or a journal that goes away."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from cockpit.api.pages import Pages
from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import AnyAction
from cockpit.domain.commands import Arm, Disarm, Flatten, Resume, Signal
from cockpit.domain.events import HealthFactor, Tick, Top, Trade
from cockpit.domain.kinds import EngineState, ExitReason, FeedState, Mode, Side, TradePhase
from cockpit.domain.units import NS_PER_S
from cockpit.journal.recordings import read_recording
from cockpit.replay.replay import run_replay
from cockpit.runtime import host as host_module
from cockpit.runtime.host import NotAnswered
from tests.patience import patient_s
from tests.runtime.host_stage import PRICES, START_NS, PlayedMarket, Stage, staged, without_context


@pytest.fixture(scope="module")
def config(shipped_config: CockpitConfig) -> CockpitConfig:
    return without_context(shipped_config)


def broken_reading(ts_ns: int) -> HealthFactor:
    """What no feed may send: the engine trips over it."""
    return HealthFactor(ts_ns, "rpc", "2.5")  # type: ignore[arg-type]


async def test_an_answer_comes_once_the_journal_has_it(tmp_path: Path, config: CockpitConfig) -> None:
    async with staged(tmp_path, config) as stage:
        answer = await stage.command(lambda now_ns, command_id: Arm(now_ns, command_id, "test"))
        assert answer.ok
        rows = stage.rows("select command_id, command, ok from operator_actions")
        assert rows == [(answer.command_id, "arm", 1)]


async def test_an_engine_that_does_not_take_commands_says_not_answered(
    tmp_path: Path, config: CockpitConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_module, "ANSWER_WITHIN_S", 0.05)
    async with staged(tmp_path, config, starts=False) as stage:
        with pytest.raises(NotAnswered, match=r"within 0\.05 s, was none"):
            await stage.command(lambda now_ns, command_id: Disarm(now_ns, command_id, "test"))
        assert stage.host._answers == {}


async def test_a_command_that_a_defect_broke_off_is_answered_so_at_once(tmp_path: Path, config: CockpitConfig) -> None:
    async with staged(tmp_path, config) as stage:
        with pytest.raises(NotAnswered, match=r"a defect in the engine: .* on Signal"):
            await stage.command(
                lambda now_ns, command_id: Signal(
                    now_ns,
                    command_id,
                    "test",
                    "Cross-Exchange Arbitrage",
                    "BTC",
                    None,  # type: ignore[arg-type]
                    Mode.PAPER,
                )
            )
        assert stage.host.engine.risk.state is EngineState.HALTED


async def test_an_engine_that_is_ending_takes_no_more_risk(tmp_path: Path, config: CockpitConfig) -> None:
    """Between the Disarm and the end somebody outside may still talk to it: it must not be armed again."""
    async with staged(tmp_path, config) as stage:
        trade = await stage.open_trade()
        stage.host.close_to_entries()
        for make in (
            lambda now_ns, command_id: Arm(now_ns, command_id, "test"),
            lambda now_ns, command_id: Resume(now_ns, command_id, "test", "reviewed"),
        ):
            with pytest.raises(NotAnswered, match=r"one that is ending: (arm|resume) was not done"):
                await stage.command(make)
        with pytest.raises(NotAnswered, match="signal was not done"):
            await stage.signal("BTC")
        assert (await stage.command(lambda now_ns, command_id: Disarm(now_ns, command_id, "test"))).ok
        assert (await stage.command(lambda now_ns, command_id: Flatten(now_ns, command_id, "test", "end"))).ok
        stage.market.pass_ms(300, ETH=PRICES["ETH"])
        await stage.until(lambda: stage.host.trade(trade.trade_id).phase is TradePhase.CLOSED)  # type: ignore[union-attr]


async def test_a_fault_halts_entries_and_the_exits_go_on(
    tmp_path: Path, config: CockpitConfig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "cockpit.engine")
    async with staged(tmp_path, config) as stage:
        trade = await stage.open_trade()
        stage.market.play(broken_reading(stage.market.time_ns))
        await stage.until(lambda: stage.host.faults)
        assert stage.host.engine.risk.state is EngineState.HALTED
        process = stage.host.process()
        assert process.faults == 1
        assert "TypeError on HealthFactor" in process.last_fault
        assert "engine fault 1 on HealthFactor" in caplog.text
        refused = await stage.command(lambda now_ns, command_id: Arm(now_ns, command_id, "test"))
        assert not refused.ok and "defect in the engine, entries stopped" in refused.sentence
        assert trade.stop_price is not None
        stage.market.pass_ms(120, ETH=trade.stop_price - 5.0)
        await stage.until(lambda: stage.host.trade(trade.trade_id).phase is TradePhase.CLOSED)  # type: ignore[union-attr]
        closed = stage.host.trade(trade.trade_id)
        assert closed is not None and closed.exit_reason is ExitReason.STOP
        assert {task.name: task.state for task in stage.host.process().tasks}["core"] == "running"


async def test_a_thousand_faults_do_not_fill_the_log(
    tmp_path: Path, config: CockpitConfig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "cockpit.engine")
    async with staged(tmp_path, config) as stage:
        stage.market.play(*(broken_reading(START_NS + number) for number in range(1_000)))
        await stage.until(lambda: stage.host.faults == 1_000)
        assert sum("engine fault" in record.message for record in caplog.records) <= 3


@pytest.mark.parametrize("onlooker", ["a listener", "the log"])
async def test_an_onlooker_that_fails_keeps_no_order_from_the_venue(
    tmp_path: Path,
    config: CockpitConfig,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    onlooker: str,
) -> None:
    def fails(actions: Sequence[AnyAction]) -> None:
        raise RuntimeError("the dashboard is broken")

    caplog.set_level(logging.ERROR, "cockpit.engine")
    async with staged(tmp_path, config) as stage:
        if onlooker == "the log":
            monkeypatch.setattr(stage.host.log, "on_actions", fails)
        else:
            stage.host.listen(fails)
        trade = await stage.open_trade()
        assert trade.stop_rests_on_venue
        assert stage.host.faults == 0
        assert "a listener failed" in caplog.text


async def test_recording_and_journal_hold_everything(tmp_path: Path, config: CockpitConfig) -> None:
    async with staged(tmp_path, config) as stage:
        trade = await stage.open_trade()
        stage.market.pass_ms(300, ETH=PRICES["ETH"] * 1.01)
        await stage.until(lambda: stage.host.trade(trade.trade_id).phase is TradePhase.CLOSED)  # type: ignore[union-attr]
        decided = stage.host.log.last_seq
    replayed = run_replay(tmp_path / "a.rec", config, verify=True)
    assert replayed.verified and not replayed.torn
    assert [done.trade_id for done in replayed.tally.trades] == [trade.trade_id]
    _, reader = read_recording(tmp_path / "a.rec")
    records = list(reader)
    assert sum(isinstance(record, Top) for record in records) >= 4
    rows = stage.rows("select trade_id, phase, exit_reason from trades")
    assert rows == [(trade.trade_id, "closed", "targets")]
    assert stage.rows("select count(*) from fills") == [(4,)]
    assert decided > 10


async def test_what_waits_at_the_end_is_still_taken(tmp_path: Path, config: CockpitConfig) -> None:
    async with staged(tmp_path, config) as stage:
        stage.market.calm()
        await stage.until(lambda: stage.host.engine.market.assets["XRP"].price is not None)
        for number in range(100):
            stage.host.inbox.offer(
                "market", Trade(START_NS, START_NS, "binance", "BTC", 1.0 + number, 1.0, True, number)
            )
    assert stage.host.engine.market.assets["BTC"].price == 100.0


@pytest.mark.parametrize(("can_wait", "tops"), [(True, 50), (False, 1)])
async def test_a_market_that_can_wait_is_heard_out_one_that_cannot_is_heard_latest(
    tmp_path: Path, config: CockpitConfig, can_wait: bool, tops: int
) -> None:
    async with staged(tmp_path, config, PlayedMarket(can_wait=can_wait)) as stage:
        burst = [Top(START_NS, START_NS, "binance", "BTC", 1.0 + n, 1.0, 100.0, 1.0) for n in range(50)]
        stage.market.play(*burst)
        await stage.until(lambda: stage.host.engine.market.assets["BTC"].top == burst[-1])
    _, reader = read_recording(tmp_path / "a.rec")
    assert sum(isinstance(record, Top) for record in reader) == tops


async def test_a_dead_market_is_seen_within_a_second_and_stands_the_engine_down_by_age(
    tmp_path: Path, config: CockpitConfig
) -> None:
    market = PlayedMarket(speed=200.0)
    async with staged(tmp_path, config, market) as stage:
        await stage.open_trade()
        market.play(ConnectionError("no route to host"))
        market.runs_on = True

        def streams() -> list[tuple[FeedState, str]]:
            feeds = stage.host.snapshot().feeds
            return [(feed.state, feed.detail) for feed in feeds if feed.name.startswith("stream.")]

        await stage.until(lambda: all(state is FeedState.DOWN for state, _ in streams()))
        assert all("no route to host" in detail for _, detail in streams())
        task = next(task for task in stage.host.process().tasks if task.name == "market")
        assert task.detail == "ConnectionError: no route to host"
        await stage.until(lambda: stage.host.engine.risk.state is EngineState.STANDING_DOWN)
        assert stage.host.engine.book.trades[0].record.stop_rests_on_venue
        await stage.until(lambda: market.runs == 2)
        market.runs_on = False
        market.calm()
        await stage.until(lambda: all(state is FeedState.FRESH for state, _ in streams()))


async def test_a_market_that_is_over_says_so(tmp_path: Path, config: CockpitConfig) -> None:
    class Over(PlayedMarket):
        async def run(self, put: object) -> None:
            return

    async with staged(tmp_path, config, Over()) as stage:
        await stage.until(lambda: any(feed.state is FeedState.DOWN for feed in stage.host.snapshot().feeds))
        details = [feed.detail for feed in stage.host.snapshot().feeds if feed.name == "stream.BTC"]
        assert "played has ended" in details[0]


async def test_a_locked_journal_stops_nothing_is_seen_and_gets_everything_later(
    tmp_path: Path, config: CockpitConfig
) -> None:
    async with staged(tmp_path, config) as stage:
        await stage.until(lambda: stage.host.journal.has_written(stage.host.journal.appended))
        other = sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None)
        other.execute("begin exclusive")
        trade = await stage.open_trade()
        began_s = time.monotonic()
        answer = await stage.command(lambda now_ns, command_id: Disarm(now_ns, command_id, "test"))
        assert answer.ok
        assert time.monotonic() - began_s < patient_s(2.0), "an answer does not wait for the journal for long"
        assert "; NOT IN THE JOURNAL YET (" in answer.sentence
        pages = Pages(tmp_path / "journal.sqlite", stage.host.recent, 0.1, lambda: not stage.host.not_durable())
        shown, source = await pages.trades(50, 0)
        assert ([one.trade_id for one in shown], source) == ([trade.trade_id], "memory")
        await stage.until(lambda: not stage.host.process().journal_ok)
        process = stage.host.process()
        assert process.journal_pending > 0 and "locked" in process.journal_error
        assert trade.stop_price is not None
        stage.market.pass_ms(120, ETH=trade.stop_price - 5.0)
        await stage.until(lambda: stage.host.trade(trade.trade_id).phase is TradePhase.CLOSED)  # type: ignore[union-attr]
        other.execute("rollback")
        other.close()
        await stage.until(lambda: stage.host.journal.health().pending == 0)
        assert stage.host.process().journal_ok
        assert stage.host.not_durable() == ""
        shown, source = await pages.trades(50, 0)
        assert ([one.phase for one in shown], source) == ([TradePhase.CLOSED], "journal")
        assert await pages.trade(trade.trade_id) == shown[0]
        assert await pages.trade("t999999") is None
        assert stage.rows("select trade_id, phase from trades") == [(trade.trade_id, "closed")]
        assert stage.rows("select command from operator_actions order by seq") == [("arm",), ("signal",), ("disarm",)]


async def test_commands_overtake_a_flood_of_data(tmp_path: Path, config: CockpitConfig) -> None:
    async with staged(tmp_path, config) as stage:
        flood = [Trade(START_NS + n, START_NS, "binance", "BTC", 100.0, 1.0, True, n) for n in range(20_000)]
        for event in flood:
            assert stage.host.inbox.offer("market", event)
        asked = asyncio.create_task(stage.command(lambda now_ns, command_id: Arm(now_ns, command_id, "test")))
        answer = await asked
        assert answer.ok
        assert answer.ts_ns < flood[-1].ts_ns


async def test_looks_within_a_moment_share_one_snapshot(tmp_path: Path, config: CockpitConfig) -> None:
    async with staged(tmp_path, config) as stage:
        assert stage.host.snapshot() is stage.host.snapshot()
        first = stage.host.snapshot()
        await asyncio.sleep(0.06)
        assert stage.host.snapshot() is not first


async def test_tick_to_verdict_is_measured_where_a_print_is_decided_on(tmp_path: Path, config: CockpitConfig) -> None:
    async with staged(tmp_path, config) as stage:
        assert stage.host.process().tick_to_verdict_p99_ms is None
        await trigger_a_setup(stage)
        found = stage.host.process().tick_to_verdict_p99_ms
        assert found is not None and 0.0 < found < 1_000.0
        verdict = next(iter(stage.host.recent.verdicts.values()))
        assert stage.host.verdict(verdict.verdict_id) is verdict
        assert verdict.proposal.side in (Side.LONG, Side.SHORT)


async def trigger_a_setup(stage: Stage) -> None:
    """A dip of XRP under its VWAP that buyers turn round: the squeeze guard proposes at a bar's close."""
    market = stage.market
    market.calm()
    for step in range(90):
        market.time_ns += NS_PER_S
        price = 2.4 if step < 60 else 2.4 * (1 - 0.006)
        ns, buys = market.time_ns, step >= 80
        market.play(Top(ns, ns, "binance", "XRP", price, 9e5, price + 0.0001, 9e5))
        market.play(Trade(ns, ns, "binance", "XRP", price, 500.0 if step < 80 else 2_000.0, buys, step))
        market.play(Tick(ns))
    await stage.until(lambda: stage.host.recent.decisions)
