"""What is told, in which words, and each thing once."""

import msgspec
import pytest

from cockpit.domain.account import Halt, StandDown
from cockpit.domain.actions import AnyAction, ModeChanged, Notice, StateChanged, TradeChanged
from cockpit.domain.kinds import EngineState, ExitReason, Mode, Side, TradePhase
from cockpit.domain.stream import ProcessView, TaskView
from cockpit.domain.trades import TradeRecord
from cockpit.runtime.alerts import Alert, AlertTexts, FaultAlerts

PROCESS = ProcessView(1, "0.1", "sim", 1.0, 1.0, (), (), 0, 0, 0, "", True, 0, "", "", "", None)
STALE = StandDown("stale:funding", "all", 0, "no funding on okx for 601 s, limit 600 s")
OTHER = StandDown("trades_today", "all", 0, "trades today 6 of 6")


def trade(gross_usd: float) -> TradeRecord:
    return TradeRecord(
        trade_id="t000001",
        verdict_id="v1",
        setup="x",
        asset="BTC",
        venue="okx",
        side=Side.LONG,
        mode=Mode.PAPER,
        phase=TradePhase.CLOSED,
        decided_ns=0,
        decision_price=100.0,
        asked_qty=1.0,
        stop_bps=28.0,
        initial_stop_price=99.0,
        risk_usd=1.0,
        requested_usd=100.0,
        notional_usd=100.0,
        size_factor=1.0,
        gross_usd=gross_usd,
        exit_price=101.0,
        exit_reason=ExitReason.STOP,
    )


def state(before: EngineState, after: EngineState, *causes: StandDown, halt: Halt | None = None) -> StateChanged:
    return StateChanged(0, before, after, "the reason", halt, causes)


ARMED, HALTED, DOWN, FLATTENING = (
    EngineState.ARMED,
    EngineState.HALTED,
    EngineState.STANDING_DOWN,
    EngineState.FLATTENING,
)


@pytest.mark.parametrize(
    ("action", "told"),
    [
        (state(ARMED, HALTED), [("halt", "failure", "HALTED: the reason")]),
        (state(ARMED, FLATTENING), [("flatten", "failure", "FLATTENING: the reason")]),
        (state(FLATTENING, HALTED), [("flatten", "warning", "FLAT: every venue said so, now HALTED")]),
        (state(ARMED, DOWN, OTHER), [("standing_down", "warning", "STANDING DOWN: the reason")]),
        (state(DOWN, ARMED), [("standing_down", "warning", "ARMED: the reason")]),
        (
            state(ARMED, DOWN, STALE),
            [
                ("standing_down", "warning", "STANDING DOWN: the reason"),
                ("feed_down", "warning", "feed: no funding on okx for 601 s, limit 600 s"),
            ],
        ),
        (state(EngineState.DISARMED, ARMED), []),
        (
            TradeChanged(0, trade(2.0), "closed"),
            [("trade_closed", "info", "t000001 BTC long closed by stop at 101: net +2.0000 USD, +2.00 R")],
        ),
        (
            TradeChanged(0, trade(-1.0), "closed"),
            [("trade_closed", "warning", "t000001 BTC long closed by stop at 101: net -1.0000 USD, -1.00 R")],
        ),
        (TradeChanged(0, trade(1.0), "target_filled"), []),
        (ModeChanged(0, Mode.PAPER, Mode.TEST, "asked"), [("mode", "warning", "mode paper -> test (asked)")]),
        (
            Notice(0, "critical", "stop", "unknown at the venue"),
            [("critical", "failure", "stop: unknown at the venue")],
        ),
        (Notice(0, "critical", "halt", "HALTED: told by the state already"), []),
        (Notice(0, "info", "day", "a new UTC day"), []),
    ],
)
def test_what_is_told(action: AnyAction, told: list[tuple[str, str, str]]) -> None:
    assert [tuple(alert) for alert in AlertTexts().of(action)] == told


def test_a_feed_is_told_when_it_goes_and_when_it_comes_back_and_not_in_between() -> None:
    words = AlertTexts()
    told = [
        [alert.line for alert in words.of(action) if alert.event == "feed_down"]
        for action in (
            state(ARMED, DOWN, STALE),
            state(DOWN, DOWN, STALE, OTHER),
            state(DOWN, DOWN, OTHER),
            state(DOWN, DOWN, STALE, OTHER),
        )
    ]
    gone = "feed: no funding on okx for 601 s, limit 600 s"
    assert told == [[gone], [], ["feed: funding is back (all)"], [gone]]


def test_what_is_wrong_with_the_process_is_told_once_for_each_time_it_goes_wrong() -> None:
    words = FaultAlerts()
    fallen = msgspec.structs.replace(PROCESS, tasks=(TaskView("market", "backing_off", 1, 0.2, "OSError: gone"),))
    broken = msgspec.structs.replace(PROCESS, faults=2, last_fault="KeyError on Trade: 'x'")
    silent = msgspec.structs.replace(PROCESS, journal_ok=False, journal_error="disk full", journal_pending=7)
    lost = msgspec.structs.replace(PROCESS, recording_error="disk full")

    def lines(process: ProcessView) -> list[str]:
        alerts: list[Alert] = list(words.of(process))
        assert {alert.event for alert in alerts} <= {"fault"}
        return [alert.line for alert in alerts]

    assert lines(PROCESS) == []
    assert lines(fallen) == ["task market fell: OSError: gone"]
    assert lines(fallen) == []
    assert lines(PROCESS) == []
    assert lines(fallen) == ["task market fell: OSError: gone"]
    assert lines(broken) == ["defect 2 in the engine: KeyError on Trade: 'x'"]
    assert lines(broken) == []
    assert lines(silent) == ["journal: disk full, 7 records wait"]
    assert lines(lost) == ["recording: disk full"]
