"""The API's small parts, each handed what it judges."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hand_clock import Clock
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from pydantic import SecretStr, ValidationError

from cockpit.api.buckets import CLIENTS_REMEMBERED, Bucket, Buckets
from cockpit.api.call_log import CallLog, CallScope
from cockpit.api.hub import Hub
from cockpit.api.models import ExecuteRequest, UpdateRequest
from cockpit.api.scoreboard import Scoreboard
from cockpit.api.signing import WINDOW_S, SignalSignature, sign
from cockpit.api.trade_routes import Answer, Answered
from cockpit.api.update_routes import read_update
from cockpit.config.model import CockpitConfig
from cockpit.domain.account import Halt
from cockpit.domain.actions import StateChanged, TradeChanged
from cockpit.domain.events import HealthFactor, Positioning
from cockpit.domain.kinds import EngineState, Mode, Origin, Side, TradePhase
from cockpit.domain.snapshot import Snapshot
from cockpit.domain.trades import TradeRecord
from cockpit.engine.machine import Engine
from cockpit.engine.views import snapshot as taken

START_NS = 1_760_000_000_000_000_000
TRADE = TradeRecord(
    trade_id="t1",
    verdict_id="v1",
    setup="Momentum Signal",
    asset="BTC",
    venue="okx",
    side=Side.LONG,
    mode=Mode.PAPER,
    phase=TradePhase.OPENING,
    decided_ns=START_NS,
    decision_price=100.0,
    asked_qty=1.0,
    stop_bps=30.0,
    initial_stop_price=99.7,
    risk_usd=1.0,
    requested_usd=100.0,
    notional_usd=100.0,
    size_factor=1.0,
)


# Rates.


@given(st.floats(0.1, 100), st.integers(1, 20), st.lists(st.floats(0, 5), min_size=1, max_size=100))
def test_no_client_ever_gets_more_than_its_rate_and_burst(per_s: float, burst: int, waits: list[float]) -> None:
    clock = Clock()
    bucket = Bucket(per_s, burst, clock)
    taken = 0
    for wait_s in waits:
        clock.now_s += wait_s
        taken += bucket.take() == 0.0
    assert taken <= burst + sum(waits) * per_s + 1e-6


def test_a_refused_call_is_told_when_there_is_room_again() -> None:
    clock = Clock()
    buckets = Buckets(per_s=2.0, burst=1.0, clock=clock)

    assert buckets.take("one") == 0.0
    wait_s = buckets.take("one")
    assert wait_s == pytest.approx(0.5)
    assert buckets.take("another") == 0.0
    clock.now_s += wait_s
    assert buckets.take("one") == 0.0


def test_clients_are_remembered_within_bounds() -> None:
    buckets = Buckets(per_s=1.0, burst=1.0, clock=Clock())
    for number in range(CLIENTS_REMEMBERED * 2):
        buckets.take(str(number))

    assert len(buckets._of) == CLIENTS_REMEMBERED


# Signatures.


@given(st.binary(max_size=200), st.integers(0, 4_000_000_000), st.floats(-60, 60))
def test_a_signature_holds_for_its_body_and_its_window(body: bytes, stamp: int, offset_s: float) -> None:
    secret = SecretStr("s")
    check = SignalSignature(secret, lambda: stamp + offset_s)
    header = f"t={stamp},v1={sign(secret, stamp, body)}"

    assert (check.refusal(header, body) is None) is (abs(stamp + offset_s - stamp) <= WINDOW_S)
    assert check.refusal(header, body + b"x") is not None
    assert check.refusal(header.replace(f"t={stamp}", f"t={stamp + 1}"), body) is not None


@given(st.text(max_size=60))
def test_a_header_of_any_form_is_judged_and_never_an_error(header: str) -> None:
    assert SignalSignature(SecretStr("s"), Clock()).refusal(header, b"") is not None


# Answers by id.


async def test_a_failed_answer_is_asked_for_again() -> None:
    answered, calls = Answered(), 0

    async def make() -> Answer:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise TimeoutError("the engine was busy")
        return Answer(200, {"n": calls})

    with pytest.raises(TimeoutError):
        await answered.once("a", "body", make)
    assert await answered.once("a", "body", make) == (Answer(200, {"n": 2}), True)
    assert await answered.once("a", "other", make) == (Answer(200, {"n": 2}), False)
    assert calls == 2


async def test_a_caller_that_goes_away_leaves_the_answer_to_the_others() -> None:
    answered, go = Answered(), asyncio.Event()

    async def make() -> Answer:
        await go.wait()
        return Answer(200, {})

    first = asyncio.create_task(answered.once("a", "body", make))
    second = asyncio.create_task(answered.once("a", "body", make))
    await asyncio.sleep(0)
    first.cancel()
    go.set()
    assert await second == (Answer(200, {}), True)


# The scoreboard.


def life(trade: TradeRecord, gross_usd: float) -> list[TradeRecord]:
    filled = replace(
        trade,
        phase=TradePhase.OPEN,
        opened_ns=START_NS + 1,
        entry_qty=1.0,
        decision_to_fill_ms=50.0,
        fees_usd=0.05,
    )
    part = replace(filled, gross_usd=gross_usd / 2, fees_usd=0.07)
    closed = replace(part, phase=TradePhase.CLOSED, closed_ns=START_NS + 2, gross_usd=gross_usd, fees_usd=0.1)
    return [trade, filled, part, closed]


def test_a_trade_counts_once_and_for_what_it_really_came_to() -> None:
    board = Scoreboard([], "test")
    for state in life(TRADE, 3.0):
        board.on_actions([TradeChanged(START_NS, state, "changed")])
        score = board.score("Momentum Signal")
        assert score.total_profit_usd == pytest.approx(state.pnl_usd)
        assert score.total_trades == int(state.opened_ns is not None)
    board.on_actions([TradeChanged(START_NS, life(TRADE, 3.0)[-1], "closed")])

    score = board.score("Momentum Signal")
    assert (score.closed, score.wins, score.open_trades) == (1, 1, 0)
    assert score.total_profit_usd == pytest.approx(2.9)
    assert score.mean_fill_s == pytest.approx(0.05)
    assert score.success_rate == 1.0
    assert score.last_ns == START_NS + 2


def test_an_entry_that_never_filled_is_no_trade() -> None:
    board = Scoreboard([], "test")
    for phase in (TradePhase.OPENING, TradePhase.ABANDONED):
        board.on_actions([TradeChanged(START_NS, replace(TRADE, phase=phase), "changed")])

    score = board.score("Momentum Signal")
    assert (score.total_trades, score.success_rate, score.mean_fill_s, score.last_ns) == (0, None, None, None)


@given(st.lists(st.floats(-5, 5), max_size=8), st.data())
def test_what_was_journalled_and_what_is_seen_add_up_alike(results: list[float], data: st.DataObject) -> None:
    """Wherever a restart falls into a session, the scores are those of one that was never interrupted."""
    lives = [life(replace(TRADE, trade_id=f"t{number}"), gross) for number, gross in enumerate(results)]
    whole, earlier, later = Scoreboard([], "test"), [], []
    for states in lives:
        cut = data.draw(st.integers(0, len(states)))
        if cut:
            earlier.append(states[cut - 1])
        later += states[cut:]
    for state in (state for states in lives for state in states):
        whole.on_actions([TradeChanged(START_NS, state, "changed")])
    restarted = Scoreboard(earlier, "test")
    restarted.on_actions([TradeChanged(START_NS, state, "changed") for state in later])

    one, other = whole.score("Momentum Signal"), restarted.score("Momentum Signal")
    assert (one.closed, one.wins, one.fills) == (other.closed, other.wins, other.fills)
    assert one.total_profit_usd == pytest.approx(other.total_profit_usd)


# The dashboard's events.


def state_changed(after: EngineState, halt: Halt | None) -> StateChanged:
    return StateChanged(START_NS, EngineState.ARMED, after, "because", halt)


def test_the_kill_switch_is_told_once_for_each_halt(shipped_config: CockpitConfig) -> None:
    engine = Engine(shipped_config, START_NS)
    hub = Hub(lambda: taken(engine), lambda: START_NS)
    hub.listeners = 1
    halt = Halt(START_NS, "drawdown", "too much")
    hub.on_actions([state_changed(EngineState.FLATTENING, halt), state_changed(EngineState.HALTED, halt)])
    hub.on_actions([state_changed(EngineState.DISARMED, None)])
    hub.on_actions([state_changed(EngineState.HALTED, replace(halt, cause="operator"))])

    told = [json.loads(text) for text in hub.after(0, 100)]
    assert [message["event"] for message in told if message["event"] == "kill_switch"] == ["kill_switch"] * 2
    assert [message["data"]["cause"] for message in told if message["event"] == "kill_switch"] == [
        "drawdown",
        "operator",
    ]


@given(st.integers(1, 20), st.integers(0, 60), st.integers(0, 70), st.integers(1, 30))
def test_events_are_read_in_order_without_a_gap(kept: int, written: int, seen: int, limit: int) -> None:
    hub = Hub(lambda: pytest.fail("nobody asked for the market"), lambda: START_NS, kept)
    hub.listeners = 1
    for number in range(1, written + 1):
        hub.announce("number", {"n": number})
    numbers = [json.loads(text)["data"]["n"] for text in hub.after(seen, limit)]

    first = max(seen + 1, hub.first_seq)
    assert numbers == list(range(first, min(first + limit, written + 1)))


def test_nothing_is_written_down_for_nobody() -> None:
    hub = Hub(lambda: pytest.fail("nobody asked for the market"), lambda: START_NS)
    hub.announce("number", {"n": 1})

    assert hub.last_seq == 0


# News from outside.


@pytest.fixture(scope="module")
def snapshot(shipped_config: CockpitConfig) -> Snapshot:
    return taken(Engine(shipped_config, START_NS))


@given(
    st.sampled_from(["trade_completed", "market_update", "health_factor_update"]),
    st.dictionaries(
        st.sampled_from(["asset", "short_pct", "long_pct", "health_factor", "value", "price"]) | st.text(max_size=10),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20) | st.just("BTC"),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=5,
        ),
        max_size=6,
    ),
)
def test_whatever_is_pushed_only_external_readings_in_range_come_of_it(
    snapshot: Snapshot, event: Any, data: dict[str, Any]
) -> None:
    found = read_update(UpdateRequest(event=event, data=data), snapshot)

    for reading in found.readings:
        match reading:
            case HealthFactor():
                assert reading.origin is Origin.EXTERNAL
                assert reading.value is not None and reading.value > 0
            case Positioning():
                assert reading.origin is Origin.EXTERNAL
                assert 0 <= reading.short_pct <= 100
                assert reading.asset == "BTC"
            case _:
                pytest.fail(f"a {type(reading).__name__} came from outside")
    assert event != "trade_completed" or not found.readings
    msgspec.json.encode(found.facts)
    assert all(entry.why for entry in found.ignored)


# Bodies.


@given(st.floats(0, 1e11, exclude_max=True))
def test_an_instant_reads_the_same_as_number_and_as_text(epoch_s: float) -> None:
    from datetime import UTC, datetime

    body = {"strategy": "s", "pair": "BTC/USD", "amount": 1, "side": "auto", "mode": "paper"}
    text = datetime.fromtimestamp(epoch_s, UTC).isoformat()
    assert ExecuteRequest(**body, expires_at=text).expires_at == pytest.approx(epoch_s, abs=1e-3)
    assert ExecuteRequest(**body, expires_at=text.replace("+00:00", "")).expires_at == pytest.approx(epoch_s, abs=1e-3)
    assert ExecuteRequest(**body, expires_at=epoch_s).expires_at == epoch_s


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 1e12, True, "now", "", "20" * 40])
def test_what_is_no_instant_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        ExecuteRequest.model_validate(
            {"strategy": "s", "pair": "p/q", "amount": 1, "side": "auto", "mode": "paper", "expires_at": value}
        )


# The log.


def test_a_full_log_loses_lines_and_never_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cockpit.runtime.logs.QUEUED_LINES", 5)
    log = CallLog(tmp_path / "logs" / "api.log")
    log.start()
    handler = log._handler
    assert handler is not None and handler.writer is not None
    listener = handler.writer
    listener.stop()
    try:
        for _ in range(8):
            log.refuse("rate", 429, CallScope("tcp", "127.0.0.1", "GET", "/api/\x1b[2J" + "x" * 500), "too fast")
    finally:
        listener.start()
        log.stop()

    lines = [json.loads(line) for line in (tmp_path / "logs" / "api.log").read_text().splitlines()]
    assert log.refused["rate"] == 8
    assert len(lines) == 5
    assert handler.lines_lost == 3
    assert len(lines[0]["path"]) == 120
    assert "\x1b" not in (tmp_path / "logs" / "api.log").read_text()
    assert not logging.getLogger("cockpit.api").handlers
