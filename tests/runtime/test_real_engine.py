"""Test mode from the outside: a real process, the real client library, a venue on loopback that trades."""

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cockpit.client.errors import EngineRefused
from cockpit.domain import wire
from cockpit.domain.kinds import EngineState, ExitReason, Mode, TradePhase
from cockpit.domain.snapshot import Snapshot
from cockpit.domain.trades import TradeRecord
from cockpit.journal.recordings import read_recording
from tests.loopback.trading_venue import KEY, PASSWORD, SECRET
from tests.runtime.real_engine import ARBITRAGE, RealStage, real_stage

SIGNAL = {"strategy": ARBITRAGE, "pair": "ETH/USDT", "side": "long", "amount": 41.0, "mode": "test"}
pytestmark = pytest.mark.timeout(240)


def is_read(snapshot: Snapshot) -> bool:
    """Every feed that the gate asks of ETH was read."""
    asset = next(asset for asset in snapshot.assets if asset.asset == "ETH")
    return None not in (asset.price, asset.short_pct, asset.funding_spread_bps, asset.open_interest_change_24h_pct)


def price_of(snapshot: Snapshot) -> float | None:
    return next(asset.bid for asset in snapshot.assets if asset.asset == "ETH")


def covered(snapshot: Snapshot) -> bool:
    return any(view.trade.stop_rests_on_venue and view.trade.rungs for view in snapshot.open_trades)


async def signal(stage: RealStage) -> dict[str, Any]:
    async with stage.client as client:
        return await client.execute(SIGNAL)


async def open_eth(stage: RealStage) -> None:
    """A signal's trade on an armed engine, with stop and targets on the venue."""
    await stage.until(is_read)
    await stage.arm()
    await signal(stage)
    await stage.until(covered)
    await stage.okx.until(lambda: len(stage.okx.open_orders) == 3)


async def test_an_order_and_its_stop_reach_the_venue_and_outlive_the_engine(tmp_path: Path) -> None:
    async with real_stage(tmp_path / "home") as stage:
        await stage.engine()
        await open_eth(stage)
        assert stage.okx.held("ETH") == pytest.approx(0.01)
        (stop,) = stage.okx.algo_orders
        assert (stop.asked.reduce_only, float(stop.asked.trigger)) == (True, 3988.01)
        assert stage.okx.watch.longest_naked_s() < 1.0
        assert await stage.terminate() == 0
        assert stage.okx.algo_orders == [stop]
        (recording,) = (stage.home / "recordings").glob("*.rec")
        code, said = await stage.run("replay", str(recording), "--verify")
        assert code == 0, said
        assert_no_secret(stage)


async def test_after_a_kill_the_trade_is_taken_up_and_flattened_by_the_command(tmp_path: Path) -> None:
    async with real_stage(tmp_path / "home") as stage:
        await stage.engine()
        await open_eth(stage)
        (stop,) = stage.okx.algo_orders
        await stage.kill()

        code, said = await refused_start(stage, "--mode", "paper")
        assert code == 2
        assert "the journal ends in test mode with 1 trade and" in said

        await stage.engine()
        seen = await stage.until(covered)
        (view,) = seen.open_trades
        assert (seen.state, view.trade.trade_id, view.trade.open_qty) == (EngineState.DISARMED, "t000001", 0.01)
        # The start-up checks lay a stop of their own for a moment.
        await stage.okx.until(lambda: stage.okx.algo_orders == [stop] and len(stage.okx.open_orders) == 3)
        assert len(stage.okx.called("entry")) == 1

        code, said = await stage.run("flatten", "--yes")
        assert code == 0, said
        assert "FLAT: every venue said so" in said
        assert (stage.okx.held("ETH"), stage.okx.open_orders, stage.okx.algo_orders) == (0.0, [], [])
        seen = await stage.until(lambda seen: seen.state is EngineState.HALTED)
        assert seen.open_trades == ()
        await stage.terminate()
        assert_no_secret(stage)


async def test_what_was_closed_without_the_engine_is_booked_at_the_venues_own_prices(tmp_path: Path) -> None:
    """Killed, flattened by the direct road, restarted; and restarted once more."""
    async with real_stage(tmp_path / "home") as stage:
        await stage.engine()
        await open_eth(stage)
        await stage.kill()
        stage.prices["ETH"] = 3_995.0
        stage.okx.set_price("ETH", 3_995.0, 3_995.01, 3_995.0)
        code, said = await stage.run("flatten", "--yes")
        assert code == 0, said
        assert "no engine runs on this profile" in said

        for _ in range(2):
            await stage.engine()
            seen = await stage.until(lambda seen: seen.open_trades == ())
            await stage.terminate()
            assert_books_are_the_venues(stage, ExitReason.FLATTEN)
            assert len(stage.okx.called("close")) == 1, "nothing was left to close"
        wallet_usd = sum(one.pnl_usd - one.fee_usd for one in stage.okx.executions)
        assert seen.account.realised_usd == pytest.approx(float(wallet_usd))
        for recording in (stage.home / "recordings").glob("*.rec"):
            code, said = await stage.run("replay", str(recording), "--verify")
            assert code == 0, said


@pytest.mark.parametrize("who", ["by hand", "liquidation", "auto-deleveraging"])
async def test_what_somebody_else_closes_is_booked_at_the_venues_own_price(tmp_path: Path, who: str) -> None:
    async with real_stage(tmp_path / "home") as stage:
        await stage.engine()
        await open_eth(stage)
        match who:
            case "by hand":
                stage.okx.trade_by_hand("ETH", "sell", 0.01)
            case "liquidation":
                stage.okx.liquidate("ETH")
            case _:
                stage.okx.deleverage("ETH")
        await stage.until(lambda seen: seen.open_trades == ())
        await stage.okx.until(lambda: (stage.okx.algo_orders, stage.okx.open_orders) == ([], []))
        await stage.terminate()
        detail = assert_books_are_the_venues(stage, ExitReason.OUTSIDE)
        assert detail.startswith(f"{'closed outside' if who == 'by hand' else who}: 0.01 ETH at 4,000 on okx, order ")
        (recording,) = (stage.home / "recordings").glob("*.rec")
        code, said = await stage.run("replay", str(recording), "--verify")
        assert code == 0, said


def assert_books_are_the_venues(stage: RealStage, reason: ExitReason) -> str:
    """The journal's one trade has the venue's result and fees, and every execution once. Returns its exit's words."""
    with sqlite3.connect(stage.home / "journal.sqlite") as journal:
        ((body,),) = journal.execute("SELECT body FROM trades").fetchall()
        booked = journal.execute("SELECT fill_id, qty FROM fills").fetchall()
    journal.close()
    trade = msgspec.json.decode(body, type=TradeRecord)
    done = stage.okx.executions
    assert (trade.phase, trade.exit_reason) == (TradePhase.CLOSED, reason)
    assert trade.fees_usd == pytest.approx(sum(float(one.fee_usd) for one in done))
    assert trade.gross_usd == pytest.approx(sum(float(one.pnl_usd) for one in done))
    assert trade.exit_price == pytest.approx(float(done[-1].price))
    assert sorted(fill_id.partition("/")[0] for fill_id, _ in booked) == sorted(f"ETH-{one.trade_id}" for one in done)
    return trade.exit_detail


async def test_with_the_engine_dead_and_the_journal_unreadable_flatten_goes_to_the_venue(tmp_path: Path) -> None:
    async with real_stage(tmp_path / "home") as stage:
        await stage.engine()
        await open_eth(stage)
        await stage.kill()
        stage.okx.trade_by_hand("BTC", "sell", 0.01)
        for path in stage.home.glob("journal.sqlite*"):
            path.write_bytes(b"no database at all" * 100)
        broken = tmp_path / "broken.json"
        broken.write_text("{")

        code, said = await stage.run("--config", str(broken), "flatten", "--yes")
        assert code == 0, said
        assert "no engine runs on this profile" in said
        assert "going on with the venues' usual terms" in said
        assert "binance is left out: expected COCKPIT_BINANCE_API_KEY" in said
        assert "FLAT: every venue said so" in said
        assert (stage.okx.positions, stage.okx.open_orders, stage.okx.algo_orders) == ({}, [], [])
        assert stage.okx.watch.flips == []
        assert_no_secret(stage)


async def test_a_trade_of_somebody_else_blocks_entries_there_and_is_never_traded_past(tmp_path: Path) -> None:
    async with real_stage(tmp_path / "home") as stage:
        stage.okx.trade_by_hand("ETH", "buy", 0.5)
        await stage.engine()
        await stage.until(is_read)
        await stage.arm()
        await stage.until(lambda seen: "okx holds +0.5 ETH" in stage.printed)
        with pytest.raises(EngineRefused, match="ETH"):
            await signal(stage)
        assert stage.okx.called("entry") == []


@pytest.mark.parametrize(
    ("spoil", "finding"),
    [
        (lambda okx: setattr(okx.core, "hedge_mode", True), "position mode.okx: expected one-way mode, was hedged"),
        (lambda okx: setattr(okx, "key_revoked", True), "50111"),
        (lambda okx: setattr(okx.core.algos, "gone", True), "stop capability.okx: expected a protective stop"),
        (lambda okx: okx.core.leverage.update({"ETH-USDT-SWAP": 50}), "ETH has leverage 50, expected at most 5"),
    ],
    ids=["hedged", "keys", "stops", "leverage"],
)
async def test_an_account_that_is_not_sound_is_not_traded(spoil: Any, finding: str, tmp_path: Path) -> None:
    async with real_stage(tmp_path / "home") as stage:
        spoil(stage.okx)
        await assert_not_traded(stage, finding, await refused_start(stage))


async def test_a_clock_that_is_not_right_is_not_traded_by(tmp_path: Path) -> None:
    """It goes wrong once the session's time is settled: a venue that is the only one to answer then would be right."""
    async with real_stage(tmp_path / "home") as stage:
        starting = asyncio.create_task(refused_start(stage))
        await stage.okx.until(lambda: any(call.role != "time" for call in stage.okx.calls))
        stage.okx.clock_skew_ms = 5_000
        await assert_not_traded(stage, "clock.okx: expected at most 1000 ms", await starting)


async def assert_not_traded(stage: RealStage, finding: str, start: tuple[int, str]) -> None:
    """Neither the start nor `validate` finds the account sound."""
    code, said = start
    assert code == 2
    assert "mode stays paper: " in said and finding in said
    code, said = await stage.run("validate", "--mode", "test", "--json")
    assert code == 1
    failed = " ".join(check["detail"] for check in json.loads(said)["checks"] if not check["ok"])
    assert finding.partition(": ")[2][:40] in failed
    assert stage.okx.called("entry") == []
    assert_no_secret(stage)


async def test_keys_that_are_not_there_are_named(tmp_path: Path) -> None:
    async with real_stage(tmp_path / "home") as stage:
        stage.environ.pop("COCKPIT_OKX_SECRET")
        code, said = await refused_start(stage)
        assert (code, "expected COCKPIT_OKX_SECRET, was not set" in said) == (2, True)


async def test_paper_with_keys_in_the_environment_signs_nothing(tmp_path: Path) -> None:
    async with real_stage(tmp_path / "home") as stage:
        await stage.engine(mode="paper")
        await stage.until(is_read)
        await stage.arm()
        async with stage.client as client:
            await client.execute(
                {"strategy": ARBITRAGE, "pair": "ETH/USDT", "side": "long", "amount": 41, "mode": "paper"}
            )
        await stage.until(lambda seen: any(view.trade.phase is TradePhase.OPEN for view in seen.open_trades))
        assert {call.role for venue in (stage.okx, stage.binance) for call in venue.calls} <= {"public", "time"}
        await stage.terminate()


async def test_the_drill_gets_out_and_is_what_live_asks_for(tmp_path: Path) -> None:
    async with real_stage(tmp_path / "home") as stage:
        await stage.engine(mode="live", overrides=("aave.required=false",))
        await stage.until(is_read)
        with pytest.raises(EngineRefused, match=r"not armed: expected today's drill on okx \(last: never\), was none"):
            await stage.arm()
        await stage.terminate()

        code, said = await stage.run("drill", "--yes")
        assert code == 0, said
        for step in ("ENTRY", "STOP SEEN", "FLATTEN", "okx: one can get out"):
            assert step in said
        assert (stage.okx.positions, stage.okx.algo_orders) == ({}, [])
        with sqlite3.connect(stage.home / "journal.sqlite") as journal:
            assert journal.execute("SELECT venue, place, ok FROM drills").fetchall() == [("okx", "loopback", 1)]
        journal.close()

        await stage.engine(mode="live", overrides=("aave.required=false",))
        await stage.arm()
        assert (await stage.until(lambda seen: True)).state is EngineState.ARMED
        await stage.terminate()
        assert_no_secret(stage)


async def refused_start(stage: RealStage, *more: str) -> tuple[int, str]:
    """An engine that does not start: its exit code and words."""
    climb = ("--override-way-up", "a test of the road")
    mode = more or ("--mode", "test")
    return await stage.run("engine", "--feed", "live", "--port", "0", *climb, "--set", "aave.required=false", *mode)


def assert_no_secret(stage: RealStage) -> None:
    """Neither what was printed nor any file of the profile holds a key."""
    texts = {"what was printed": stage.printed.encode()}
    texts |= {str(path): path.read_bytes() for path in stage.home.rglob("*") if path.is_file()}
    for path in stage.home.glob("recordings/*.rec"):
        header, records = read_recording(path)
        texts[f"{path}, unpacked"] = b"".join((repr(header).encode(), *(wire.encode(record) for record in records)))
    for secret in (KEY, SECRET, PASSWORD):
        holders = [name for name, text in texts.items() if secret.encode() in text]
        assert holders == [], f"{secret} in {holders}"


async def test_a_running_engine_goes_up_to_test_and_down_to_paper_again(tmp_path: Path) -> None:
    async with real_stage(tmp_path / "home") as stage:
        await stage.engine(mode="paper")
        await stage.until(is_read)
        async with stage.client as client:
            with pytest.raises(EngineRefused, match="the way up to test is locked until the journal shows"):
                await client.set_mode(Mode.TEST)
            assert stage.okx.called("account") == []
            await client.set_mode(Mode.TEST, "a test of the road")
            assert (await client.snapshot()).state is EngineState.DISARMED
        await open_eth(stage)
        async with stage.client as client:
            with pytest.raises(EngineRefused, match="mode stays test: 1 trade open, expected 0"):
                await client.set_mode(Mode.PAPER)
            await client.flatten("enough")
            await stage.until(lambda seen: seen.state is EngineState.HALTED)
            assert (stage.okx.positions, stage.okx.algo_orders, stage.okx.open_orders) == ({}, [], [])
            await client.resume("seen flat")
            await client.set_mode(Mode.PAPER)
        await stage.okx.until(lambda: stage.okx.private_sockets() == [])
        before = len(stage.okx.calls)
        await stage.arm()
        stage.prices["ETH"] += 1.0
        await stage.until(
            lambda seen: price_of(seen) == stage.prices["ETH"]
        )  # paper knows the books it has seen itself
        async with stage.client as client:
            await client.execute({**SIGNAL, "mode": "paper"})
        await stage.until(lambda seen: any(view.trade.phase is TradePhase.OPEN for view in seen.open_trades))
        assert {call.role for call in stage.okx.calls[before:]} <= {"public", "time"}
        await stage.terminate()
        (recording,) = (stage.home / "recordings").glob("*.rec")
        code, said = await stage.run("replay", str(recording), "--verify")
        assert code == 0, said


async def test_an_account_that_is_not_sound_any_more_halts_what_is_taken_up_and_its_exits_work(tmp_path: Path) -> None:
    async with real_stage(tmp_path / "home") as stage:
        await stage.engine()
        await open_eth(stage)
        await stage.kill()
        stage.okx.core.leverage["ETH-USDT-SWAP"] = 50
        await stage.engine()
        seen = await stage.until(lambda seen: seen.state is EngineState.HALTED)
        assert "start-up checks: margin.okx: ETH has leverage 50, expected at most 5" in seen.state_reason
        await stage.until(covered)
        stage.prices["ETH"] = 3_980.0
        await stage.until(lambda seen: seen.open_trades == ())
        await stage.okx.until(lambda: stage.okx.open_orders == [])
        assert (stage.okx.held("ETH"), stage.okx.algo_orders) == (0.0, [])


async def test_keys_that_are_revoked_halt_the_engine(tmp_path: Path) -> None:
    async with real_stage(tmp_path / "home") as stage:
        await stage.engine()
        await open_eth(stage)
        stage.okx.key_revoked = True
        seen = await stage.until(lambda seen: seen.state is EngineState.HALTED)
        assert seen.halt is not None
        assert seen.halt.cause == "keys"
        stage.okx.key_revoked = False
        assert (await stage.run("flatten", "--yes"))[0] == 0
        assert (stage.okx.positions, stage.okx.algo_orders) == ({}, [])
