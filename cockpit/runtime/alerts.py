"""Alerts to wherever the operator is, through apprise, from a thread of their own: nothing here makes anybody wait."""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from pydantic import SecretStr

from cockpit.config.alerts import AlertEvent
from cockpit.config.secrets import Secrets
from cockpit.domain.actions import AnyAction
from cockpit.domain.stream import AlertsView
from cockpit.runtime.alert_words import Alert, FaultWords, Words
from cockpit.runtime.host import Host
from cockpit.runtime.narrate import printable

if TYPE_CHECKING:
    from apprise.plugins.base import NotifyBase

URLS_NAME = "COCKPIT_ALERT_URLS"
QUEUED = 200
TOGETHER = 20
"""How many that wait are told in one message: a storm is few messages."""
LOOK_EVERY_S = 1.0
STOP_WITHIN_S = 5.0
GRAVEST = ("failure", "warning", "info")

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
        self._words = Words()
        self._faults = FaultWords()
        self._waiting: queue.Queue[Alert | None] = queue.Queue(QUEUED)
        self._services: list[tuple[str, NotifyBase]] = []
        self._is_over = threading.Event()
        self._counting = threading.Lock()
        self._asked = self._failed = 0
        self._last_error = ""
        self._has_bad_service = self._is_failing = False
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def stop(self, within_s: float = STOP_WITHIN_S) -> None:
        """Tell what waits, if that does not take too long. Blocks: call it from a thread."""
        if not self._thread.is_alive():
            return
        try:
            self._waiting.put(None, timeout=within_s)
        except queue.Full:
            self._is_over.set()
            return
        self._thread.join(within_s)
        self._is_over.set()

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        """Hear what the engine decided."""
        for action in actions:
            for alert in self._words.of(action):
                self.tell(alert)

    async def watch(self, host: Host) -> None:
        """Look at the process once a second: what is wrong with it is no decision of the engine's."""
        while True:
            for alert in self._faults.of(host.process()):
                self.tell(alert)
            await asyncio.sleep(LOOK_EVERY_S)

    def tell(self, alert: Alert) -> None:
        """Queue one alert, if its event was asked for."""
        if alert.event not in self._events:
            return
        with self._counting:
            self._asked += 1
        try:
            self._waiting.put_nowait(alert)
        except queue.Full:
            self._fail(1, f"{QUEUED} were waiting already")

    def view(self) -> AlertsView:
        """How it goes."""
        with self._counting:
            is_ok = not (self._has_bad_service or self._is_failing)
            return AlertsView(is_ok, len(self._services), self._asked, self._failed, self._last_error)

    # In the thread.

    def _run(self) -> None:
        try:
            self._services = self._make_services()
        except Exception as error:  # apprise loads a hundred plugins: whatever one of them does, the engine goes on
            self._has_bad_service = True
            self._fail(0, f"apprise could not be loaded: {type(error).__name__}")
        while not self._is_over.is_set():
            alerts, is_last = self._next()
            if alerts:
                self._send(alerts)
            if is_last:
                return

    def _make_services(self) -> "list[tuple[str, NotifyBase]]":
        from apprise import Apprise

        logging.getLogger("apprise").addHandler(logging.NullHandler())
        logging.getLogger("apprise").propagate = False
        every = Apprise()
        if not every.add(self._urls.get_secret_value()):
            self._has_bad_service = True
            self._fail(0, f"expected apprise URLs in {URLS_NAME}, was one that apprise does not know")
        services: list[tuple[str, NotifyBase]] = []
        for number, service in enumerate(every, start=1):
            scheme = str(service.url()).partition(":")[0]  # type: ignore[no-untyped-call]
            services.append((f"service {number} ({scheme})", service))
        return services

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

    def _send(self, alerts: list[Alert]) -> None:
        self._is_failing = False
        if not self._services:
            self._fail(len(alerts), "")
        gravity = next(gravity for gravity in GRAVEST if any(alert.gravity == gravity for alert in alerts))
        body = "\n".join(printable(alert.line) for alert in alerts)
        for name, service in self._services:
            error = _notify(service, self._title(), body, gravity)
            if error:
                self._fail(len(alerts), f"{name} {error}")

    def _fail(self, count: int, error: str) -> None:
        with self._counting:
            self._failed += count
            self._is_failing = True
            self._last_error = error or self._last_error
        if error:
            LOG.warning("alerts: %s", error)

    def __repr__(self) -> str:
        return f"Alerts({sorted(self._events)})"


def _notify(service: "NotifyBase", title: str, body: str, gravity: str) -> str:
    """Why it was not told, empty where it was. The error's own text may hold the URL: it is not repeated.

    The service is told in this thread: apprise's own pool would hold up the process's end for one that hangs.
    """
    from apprise import NotifyFormat, NotifyType

    try:
        is_told = service.notify(body=body, title=title, notify_type=NotifyType(gravity), body_format=NotifyFormat.TEXT)
    except Exception as error:  # plugins raise whatever the service's library raises
        return f"failed: {type(error).__name__}"
    return "" if is_told else "did not take it"


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
