"""A pre-flight checklist: items that are in order, in order with a warning, or not."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from cockpit.domain.kinds import Mode
from cockpit.gate.arithmetic import SetupArithmetic


class Standing(StrEnum):
    """How an item stands. Only FAIL makes the checklist a no."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Item(NamedTuple):
    """One thing that was looked at; `detail` is a sentence with its numbers."""

    name: str
    standing: Standing
    detail: str

    @property
    def ok(self) -> bool:
        """Whether it lets the engine start."""
        return self.standing is not Standing.FAIL


@dataclass(frozen=True, slots=True)
class Checklist:
    """Everything looked at before a start in `mode`, and the arithmetic of every setup."""

    mode: Mode
    home: Path
    config: Path
    items: tuple[Item, ...]
    arithmetic: tuple[SetupArithmetic, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing fails."""
        return all(item.ok for item in self.items)


def passed(name: str, detail: str) -> Item:
    """An item in order."""
    return Item(name, Standing.OK, detail)


def warned(name: str, detail: str) -> Item:
    """An item in order that somebody should read."""
    return Item(name, Standing.WARN, detail)


def failed(name: str, detail: str) -> Item:
    """An item that is not in order."""
    return Item(name, Standing.FAIL, detail)
