"""The engine's own logs: JSON lines in rotating files, written by a thread.

What holds a secret never prints it, so none gets here.
"""

import copy
import json
import logging
import queue
import time
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from typing import Any

from cockpit.config.ownership import opened_here

MAX_BYTES = 5_000_000
FILES_KEPT = 5
QUEUED_LINES = 10_000


class JsonLines(logging.Formatter):
    """One JSON object a line: when (UTC), how bad, who, what, and the traceback if there is one."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class LogFile(RotatingFileHandler):
    """A rotating file. Where the disk takes no more, lines are lost and counted; nobody is bothered with it."""

    lost = 0

    def _open(self) -> Any:
        """Never through a link that somebody put in its place."""
        return open(self.baseFilename, self.mode, encoding=self.encoding, errors=self.errors, opener=opened_here)

    def handleError(self, record: logging.LogRecord) -> None:
        """Count the line that could not be written."""
        self.lost += 1

    def close(self) -> None:
        """What its buffer still holds goes with a disk that takes no more; the engine's end does not."""
        try:
            super().close()
        except OSError:
            self.lost += 1


class QueuedHandler(QueueHandler):
    """Hands records to a thread that writes the file: a disk that is slow holds up nobody.

    A full queue loses lines, and counts them. Closing it writes what waits.
    """

    def __init__(self, path: Path, formatter: logging.Formatter, delay: bool = False) -> None:
        """With `delay` the file appears with its first line."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = LogFile(
            path, maxBytes=MAX_BYTES, backupCount=FILES_KEPT, encoding="utf-8", delay=delay, errors="backslashreplace"
        )
        self._file.setFormatter(formatter)
        waiting: queue.Queue[logging.LogRecord] = queue.Queue(QUEUED_LINES)
        super().__init__(waiting)
        self.lines_lost = 0
        self.writer: QueueListener | None = QueueListener(waiting, self._file)
        self.writer.start()

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """The sentence as it is now: what it speaks of may change before it is written."""
        record = copy.copy(record)
        record.msg, record.args = record.getMessage(), None
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            super().enqueue(record)
        except queue.Full:
            self.lines_lost += 1

    def close(self) -> None:
        writer, self.writer = self.writer, None
        if writer is not None:
            writer.stop()
            self._file.close()
        super().close()


def log_to(path: Path, logger_name: str = "cockpit") -> logging.Handler:
    """Send a logger's records to a rotating file of JSON lines; returns the handler so that it can be closed."""
    handler = QueuedHandler(path, JsonLines(), delay=True)
    logger = logging.getLogger(logger_name)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    return handler
