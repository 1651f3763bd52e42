"""What a call to a venue is for, which decides how long it waits where the venue wants to be left alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum


class CallKind(Enum):
    """What a call is for, and how many seconds at the most it waits for a venue that wants to be left alone."""

    EXIT = 0.2
    """What sheds risk, and the looks without which nobody could."""
    TARGET = 0.5
    """An exit that rests in profit: nothing is bare without it."""
    READ = 30.0
    ENTRY = 3600.0

    @property
    def longest_wait_s(self) -> float:
        """After an answer of 429."""
        return float(self.value)


_kind: ContextVar[CallKind] = ContextVar("call_kind", default=CallKind.READ)


@contextmanager
def for_exits() -> Iterator[None]:
    """Whatever is asked of a venue in here, and by the tasks that are started in here, is for an exit."""
    before = _kind.set(CallKind.EXIT)
    try:
        yield
    finally:
        _kind.reset(before)


def kind_now() -> CallKind:
    """What the calls that are made here are for."""
    return _kind.get()
