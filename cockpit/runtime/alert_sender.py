"""One service that alerts are told to, in a thread of its own: where it hangs, the others are told all the same."""

import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from cockpit.domain.plain_text import printable
from cockpit.runtime.alert_texts import Alert

if TYPE_CHECKING:
    from apprise.plugins.base import NotifyBase

QUEUED = 200
TOGETHER = 20
"""How many that wait are told in one message: a storm is few messages."""
GRAVEST = ("failure", "warning", "info")

Told = Callable[[str, int, str], None]
"""Called with the service's name, how many alerts, and why they were not told (empty where they were)."""


class AlertSender:
    """Tells one service, in order. `told` is called from its thread, and from `tell` where too many wait."""

    def __init__(self, name: str, service: "NotifyBase", title: Callable[[], str], told: Told) -> None:
        self.name = name
        self._service = service
        self._title = title
        self._told = told
        self._waiting: queue.Queue[Alert | None] = queue.Queue(QUEUED)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"alerts {name}", daemon=True)
        self._thread.start()

    def send(self, alert: Alert) -> None:
        """Queue one alert; never waits."""
        try:
            self._waiting.put_nowait(alert)
        except queue.Full:
            self._told(self.name, 1, f"has {QUEUED} waiting already")

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
                self._told(self.name, len(alerts), self._notify(alerts))
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
            is_told = self._service.notify(
                body=body, title=self._title(), notify_type=NotifyType(gravity), body_format=NotifyFormat.TEXT
            )
        except Exception as error:  # plugins raise whatever the service's library raises
            return f"failed: {type(error).__name__}"
        return "" if is_told else "did not take it"
