"""Alerts to wherever the operator is, through apprise, from threads of their own: nothing here makes anybody wait."""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Collection, Sequence
from time import monotonic

from pydantic import SecretStr

from cockpit.config.alerts import AlertEvent
from cockpit.config.secrets import Secrets
from cockpit.domain.actions import AnyAction
from cockpit.domain.stream import AlertsView
from cockpit.runtime.alert_sender import QUEUED, AlertSender
from cockpit.runtime.alert_texts import Alert, AlertTexts, FaultAlerts
from cockpit.runtime.host import Host

URLS_NAME = "COCKPIT_ALERT_URLS"
LOOK_EVERY_S = 1.0
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
        self._words = AlertTexts()
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
            for alert in self._words.of(action):
                self.send(alert)

    async def watch(self, host: Host) -> None:
        """Look at the process once a second: what is wrong with it is no decision of the engine's."""
        while True:
            for alert in self._faults.of(host.process()):
                self.send(alert)
            await asyncio.sleep(LOOK_EVERY_S)

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
        """How it goes."""
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
