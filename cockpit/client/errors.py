"""What can go wrong between a client and an engine."""

from typing import Any


class EngineRefused(Exception):
    """The engine understood and said no. `status` is the HTTP status, `detail` the whole answer: show the sentence."""

    def __init__(self, sentence: str, status: int = 0, detail: Any = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.detail = detail


class EngineUnreachable(Exception):
    """Nobody answered. What was asked may or may not have been done: look at the engine's state, or at the venue."""
