"""Where an unexpected error's traceback goes: a JSON line in the log, never the user's terminal."""

import json
import traceback
from datetime import UTC, datetime
from pathlib import Path


def log_crash(log: Path, error: BaseException, doing: str) -> bool:
    """Append the traceback to `log`. False where that cannot be written: then the caller says so instead."""
    record = {
        "ts": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": "error",
        "event": "unexpected error",
        "doing": doing,
        "error": f"{type(error).__name__}: {error}",
        "traceback": "".join(traceback.format_exception(error)),
    }
    try:
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
    except OSError:
        return False
    return True
