"""The API's own log: every refused call and every defect, counted and written by a thread, without any secret."""

import copy
import json
import logging
import queue
from collections import Counter
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path

from cockpit.runtime.logs import FILES_KEPT, MAX_BYTES, JsonLines

LOG = logging.getLogger("cockpit.api")
LOGGERS = ("cockpit.api", "uvicorn")
QUEUED_LINES = 10_000
LONGEST_PATH = 120


class CallLog:
    """Counts refused calls by reason, and writes a line for each.

    What is written names method, path (never the query), client and our own sentence; bodies and headers never.
    """

    def __init__(self, path: Path) -> None:
        self.refused: Counter[str] = Counter()
        self.lines_lost = 0
        self._path = path
        self._handler: _Handler | None = None
        self._listener: QueueListener | None = None

    def start(self) -> None:
        """Begin to write; the file rotates."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = RotatingFileHandler(self._path, maxBytes=MAX_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
        file.setFormatter(_CallLines())
        waiting: queue.Queue[logging.LogRecord] = queue.Queue(QUEUED_LINES)
        self._handler = _Handler(waiting, self)
        self._listener = QueueListener(waiting, file)
        self._listener.start()
        for name in LOGGERS:
            logger = logging.getLogger(name)
            logger.addHandler(self._handler)
            logger.setLevel(logging.WARNING)
            logger.propagate = False

    def stop(self) -> None:
        """Write what waits, and close."""
        if self._handler is None or self._listener is None:
            return
        for name in LOGGERS:
            logging.getLogger(name).removeHandler(self._handler)
        self._listener.stop()
        for handler in self._listener.handlers:
            handler.close()
        self._handler = self._listener = None

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


class _Handler(QueueHandler):
    """Hands records to the writing thread; a full queue loses lines, never time."""

    def __init__(self, waiting: "queue.Queue[logging.LogRecord]", owner: CallLog) -> None:
        super().__init__(waiting)
        self._owner = owner

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return copy.copy(record)

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            super().enqueue(record)
        except queue.Full:
            self._owner.lines_lost += 1
