"""The API's own log: every refused call and every defect, counted and written by a thread, without any secret."""

import json
import logging
from collections import Counter
from pathlib import Path

from cockpit.runtime.logs import JsonLines, QueuedHandler

LOG = logging.getLogger("cockpit.api")
LOGGERS = ("cockpit.api", "uvicorn")
LONGEST_PATH = 120


class CallLog:
    """Counts refused calls by reason, and writes a line for each.

    What is written names method, path (never the query), client and our own sentence; bodies and headers never.
    """

    def __init__(self, path: Path) -> None:
        self.refused: Counter[str] = Counter()
        self._path = path
        self._handler: QueuedHandler | None = None

    def start(self) -> None:
        """Begin to write; the file rotates."""
        self._handler = QueuedHandler(self._path, _CallLines())
        for name in LOGGERS:
            logger = logging.getLogger(name)
            logger.addHandler(self._handler)
            logger.setLevel(logging.WARNING)
            logger.propagate = False

    def stop(self) -> None:
        """Write what waits, and close."""
        if self._handler is None:
            return
        for name in LOGGERS:
            logging.getLogger(name).removeHandler(self._handler)
        self._handler.close()
        self._handler = None

    def refuse(self, reason: str, status: int, scope: "CallScope", sentence: str) -> None:
        """Count and write one refused call; `reason` is one of a few fixed words."""
        self.refused[reason] += 1
        LOG.warning("refused %d %s: %s", status, reason, sentence, extra={"call": scope.as_dict()})


class CallScope:
    """Which call it was, as far as may be written down."""

    __slots__ = ("client", "listener", "method", "path")

    def __init__(self, listener: str, client: str, method: str, path: str) -> None:
        self.listener = listener
        self.client = client
        self.method = method
        self.path = path[:LONGEST_PATH]

    def as_dict(self) -> dict[str, str]:
        """For the log's line."""
        return {"door": self.listener, "client": self.client, "method": self.method, "path": self.path}


class _CallLines(JsonLines):
    """The log's lines with the call beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        line = json.loads(super().format(record))
        line |= getattr(record, "call", {})
        return json.dumps(line)
