"""Which of the engine's decisions are worth an alert, and in which words. Knows nothing of how they are sent."""

from collections.abc import Iterator
from typing import NamedTuple

from cockpit.config.alerts import AlertEvent
from cockpit.domain.actions import AnyAction, ModeChanged, Notice, StateChanged, TradeChanged
from cockpit.domain.kinds import EngineState
from cockpit.domain.stream import ProcessView
from cockpit.runtime.narrate import line_of

STALE = "stale:"
HALT_TOPIC = "halt"
CRITICAL = "critical"

Cause = tuple[str, str]


class Alert(NamedTuple):
    """One thing to tell: which event, how grave (info, warning, failure), and the line."""

    event: AlertEvent
    gravity: str
    line: str


class AlertTexts:
    """Turns decisions into alerts. Remembers what stands the engine down, so that each cause is told once."""

    def __init__(self) -> None:
        self._causes: set[Cause] = set()

    def of(self, action: AnyAction) -> Iterator[Alert]:
        """The alerts of one decision; most have none."""
        match action:
            case StateChanged():
                yield from self._state(action)
            case TradeChanged(change="opened"):
                yield Alert("trade_opened", "info", line_of(action) or "")
            case TradeChanged(change="closed"):
                yield Alert("trade_closed", "warning" if action.trade.pnl_usd < 0 else "info", line_of(action) or "")
            case ModeChanged():
                yield Alert("mode", "warning", line_of(action) or "")
            case Notice(severity="critical") if action.topic != HALT_TOPIC:
                yield Alert("critical", "failure", f"{action.topic}: {action.sentence}")
            case _:
                return

    def _state(self, change: StateChanged) -> Iterator[Alert]:
        if change.before is not change.after:
            if change.before is EngineState.FLATTENING:
                yield Alert("flatten", "warning", f"FLAT: every venue said so, now {_text(change.after)}")
            elif change.after is EngineState.FLATTENING:
                yield Alert("flatten", "failure", f"FLATTENING: {change.reason}")
            elif change.after is EngineState.HALTED:
                yield Alert("halt", "failure", f"HALTED: {change.reason}")
            elif EngineState.STANDING_DOWN in (change.before, change.after):
                yield Alert("standing_down", "warning", f"{_text(change.after)}: {change.reason}")
        yield from self._feeds(change)

    def _feeds(self, change: StateChanged) -> Iterator[Alert]:
        stale = {(cause.cause, cause.scope): cause.sentence for cause in change.stand_downs if STALE in cause.cause}
        for key in stale.keys() - self._causes:
            yield Alert("feed_down", "warning", f"feed: {stale[key]}")
        for name, scope in self._causes - stale.keys():
            yield Alert("feed_down", "info", f"feed: {name.removeprefix(STALE)} is back ({scope})")
        self._causes = set(stale)


class FaultAlerts:
    """What is wrong with the process, each told when it is first seen."""

    def __init__(self) -> None:
        self._faults = 0
        self._told: set[str] = set()

    def of(self, process: ProcessView) -> Iterator[Alert]:
        """What is wrong now and was not before."""
        if process.faults > self._faults:
            self._faults = process.faults
            yield Alert("fault", "failure", f"defect {process.faults} in the engine: {process.last_fault}")
        wrong = dict(_wrong(process))
        for key, line in wrong.items():
            if key not in self._told:
                yield Alert("fault", "failure", line)
        self._told = set(wrong)


def _wrong(process: ProcessView) -> Iterator[tuple[str, str]]:
    for task in process.tasks:
        if task.state == "backing_off":
            yield f"task {task.name}", f"task {task.name} fell: {task.detail}"
    if not process.journal_ok:
        yield "journal", f"journal: {process.journal_error or 'not ok'}, {process.journal_pending} records wait"
    if process.recording_error:
        yield "recording", f"recording: {process.recording_error}"


def _text(state: EngineState) -> str:
    return state.value.upper().replace("_", " ")
