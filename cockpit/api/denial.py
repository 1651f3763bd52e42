"""How a route says no: one exception, with the status and the detail that its caller reads."""

from typing import Any


class Denied(Exception):
    """Ends a call. `detail` always has `error` (a short word) and `reason` (a sentence)."""

    def __init__(self, status: int, error: str, reason: str, **more: Any) -> None:
        super().__init__(reason)
        self.status = status
        self.error = error
        self.detail = {"error": error, "reason": reason, **more}
