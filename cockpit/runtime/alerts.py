"""Alerts to wherever the operator is, through apprise, from threads of their own: nothing here makes anybody wait."""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from pydantic import SecretStr

from cockpit.config.alerts import AlertEvent
from cockpit.config.secrets import Secrets
from cockpit.domain.actions import AnyAction, ModeChanged, Notice, StateChanged, TradeChanged
from cockpit.domain.kinds import EngineState
from cockpit.domain.plain_text import printable
from cockpit.domain.stream import AlertsView, ProcessView
from cockpit.runtime.host import Host
from cockpit.runtime.narrate import line_of

if TYPE_CHECKING:
    from apprise.plugins.base import NotifyBase


# Which of the engine's decisions are worth an alert, and in which words. Knows nothing of how they are sent.

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
        self._known: set[str] = set()

    def of(self, process: ProcessView) -> Iterator[Alert]:
        """What is wrong now and was not before."""
        if process.faults > self._faults:
            self._faults = process.faults
            yield Alert("fault", "failure", f"defect {process.faults} in the engine: {process.last_fault}")
        wrong = dict(_wrong(process))
        for key, line in wrong.items():
            if key not in self._known:
                yield Alert("fault", "failure", line)
        self._known = set(wrong)


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


# One service that alerts are told to, in a thread of its own: where it hangs, the others are told all the same.

QUEUED = 200
TOGETHER = 20
"""How many that wait are told in one message: a storm is few messages."""
GRAVEST = ("failure", "warning", "info")

Report = Callable[[str, int, str], None]
"""Called with the service's name, how many alerts, and why they were not told (empty where they were)."""


class AlertSender:
    """Tells one service, in order. `report` is called from its thread, and from `tell` where too many wait."""

    def __init__(self, name: str, service: "NotifyBase", title: Callable[[], str], report: Report) -> None:
        self.name = name
        self._service = service
        self._title = title
        self._report = report
        self._waiting: queue.Queue[Alert | None] = queue.Queue(QUEUED)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"alerts {name}", daemon=True)
        self._thread.start()

    def send(self, alert: Alert) -> None:
        """Queue one alert; never waits."""
        try:
            self._waiting.put_nowait(alert)
        except queue.Full:
            self._report(self.name, 1, f"has {QUEUED} waiting already")

    def end(self) -> None:
        """Nothing more will come; what waits is told first, unless too much does. Never waits."""
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            self._is_over.set()

    def join(self, within_s: float) -> None:
        """Wait until it has ended, but not for ever: the thread goes with the process."""
        self._thread.join(within_s)
        self._is_over.set()

    def _run(self) -> None:
        while not self._is_over.is_set():
            alerts, is_last = self._next()
            if alerts:
                self._report(self.name, len(alerts), self._notify(alerts))
            if is_last:
                return

    def _next(self) -> tuple[list[Alert], bool]:
        """Everything that waits, up to a message's worth, and whether that is the end."""
        taken: list[Alert] = []
        item = self._waiting.get()
        while item is not None:
            taken.append(item)
            if len(taken) == TOGETHER:
                return taken, False
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                return taken, False
        return taken, True

    def _notify(self, alerts: list[Alert]) -> str:
        """Why they were not told, empty where they were. An error's own text may hold the URL: it is not repeated.

        The service is told in this thread: apprise's own pool would hold up the process's end for one that hangs.
        """
        from apprise import NotifyFormat, NotifyType

        gravity = next(gravity for gravity in GRAVEST if any(alert.gravity == gravity for alert in alerts))
        body = "\n".join(printable(alert.line) for alert in alerts)
        try:
            was_taken = self._service.notify(
                body=body, title=self._title(), notify_type=NotifyType(gravity), body_format=NotifyFormat.TEXT
            )
        except Exception as error:  # plugins raise whatever the service's library raises
            return f"failed: {type(error).__name__}"
        return "" if was_taken else "did not take it"


URLS_NAME = "COCKPIT_ALERT_URLS"
POLL_EVERY_S = 1.0
STOP_WITHIN_S = 5.0

LOG = logging.getLogger("cockpit.engine")


class Alerts:
    """Hears every decision, never blocks and never raises; what could not be told is counted.

    `urls` are apprise's, separated by commas or spaces, and never shown: a failing service is named by its number and
    its scheme. `title` heads every message.
    """

    def __init__(self, urls: SecretStr, events: Collection[AlertEvent], title: Callable[[], str]) -> None:
        self._urls = urls
        self._events = frozenset(events)
        self._title = title
        self._texts = AlertTexts()
        self._faults = FaultAlerts()
        self._waiting: queue.Queue[Alert | None] = queue.Queue(QUEUED)
        self._senders: list[AlertSender] = []
        self._counting = threading.Lock()
        self._asked = self._failed = 0
        self._last_error = ""
        self._failing: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def stop(self, within_s: float = STOP_WITHIN_S) -> None:
        """Tell what waits, if that does not take too long. Blocks: call it from a thread."""
        give_up_s = monotonic() + within_s
        try:
            self._waiting.put(None, timeout=within_s)
        except queue.Full:
            return
        self._thread.join(within_s)
        for sender in self._senders:
            sender.join(max(0.0, give_up_s - monotonic()))

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        """Hear what the engine decided."""
        for action in actions:
            for alert in self._texts.of(action):
                self.send(alert)

    async def watch(self, host: Host) -> None:
        """Look at the process once a second: what is wrong with it is no decision of the engine's."""
        while True:
            for alert in self._faults.of(host.process()):
                self.send(alert)
            await asyncio.sleep(POLL_EVERY_S)

    def send(self, alert: Alert) -> None:
        """Queue one alert, if its event was asked for."""
        if alert.event not in self._events:
            return
        with self._counting:
            self._asked += 1
        try:
            self._waiting.put_nowait(alert)
        except queue.Full:
            self._count("alerts", 1, f"have {QUEUED} waiting already")

    def view(self) -> AlertsView:
        with self._counting:
            return AlertsView(not self._failing, len(self._senders), self._asked, self._failed, self._last_error)

    def _count(self, who: str, count: int, error: str) -> None:
        """What came of telling, from whatever thread."""
        with self._counting:
            if not error:
                self._failing.discard(who)
                return
            self._failing.add(who)
            self._failed += count
            self._last_error = f"{who} {error}"
        LOG.warning("alerts: %s %s", who, error)

    # In the thread.

    def _run(self) -> None:
        try:
            self._make_senders()
        except Exception as error:  # apprise loads a hundred plugins: whatever one of them does, the engine goes on
            self._count("apprise", 0, f"could not be loaded: {type(error).__name__}")
        while (alert := self._waiting.get()) is not None:
            for sender in self._senders:
                sender.send(alert)
            self._count("alerts", 1, "" if self._senders else "have nobody to be told to")
        for sender in self._senders:
            sender.end()

    def _make_senders(self) -> None:
        from apprise import Apprise

        logging.getLogger("apprise").addHandler(logging.NullHandler())
        logging.getLogger("apprise").propagate = False
        every = Apprise()
        if not every.add(self._urls.get_secret_value()):
            self._count(URLS_NAME, 0, "expected apprise URLs, was one that apprise does not know")
        for number, service in enumerate(every, start=1):
            scheme = str(service.url()).partition(":")[0]  # type: ignore[no-untyped-call]
            self._senders.append(AlertSender(f"service {number} ({scheme})", service, self._title, self._count))

    def __repr__(self) -> str:
        return f"Alerts({sorted(self._events)})"


def start_alerts(host: Host, secrets: Secrets | None = None) -> Alerts | None:
    """Alerts of this host, told from now on; None where no service is named. Call it on the host's loop."""
    urls = (secrets or Secrets()).find(URLS_NAME)
    events = host.config.alerts.events
    if urls is None or not events:
        return None
    alerts = Alerts(urls, events, lambda: f"Cockpit, {host.mode.value} mode")
    host.alerts = alerts.view
    host.listen(alerts.on_actions)
    host.supervisor.start("alerts", lambda: alerts.watch(host))
    alerts.start()
    return alerts
