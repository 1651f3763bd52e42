"""Alarms of one's own: a level, a direction, and at the most an action that sheds risk."""

from enum import StrEnum

import msgspec


class AlarmOn(StrEnum):
    """What an alarm watches."""

    PRICE = "price"
    HEALTH_FACTOR = "health_factor"
    FUNDING = "funding"
    """The watched venue's rate, bps over 8 h."""
    PNL = "pnl"
    """Today's result in USD, realised and open, net."""


class AlarmAction(StrEnum):
    """What an alarm may do beside ringing. Nothing that opens risk."""

    RING = "ring"
    CLOSE = "close"
    """Close the trades of its asset, or all where it has none."""
    DISARM = "disarm"
    FLATTEN = "flatten"


class AlarmLevel(msgspec.Struct, frozen=True):
    """Rings once, when what it watches is at or above `level` (or at or below, without `is_above`)."""

    on: AlarmOn
    level: float
    is_above: bool
    asset: str = ""
    action: AlarmAction = AlarmAction.RING
    alarm_id: str = ""
    """Given by the engine, counted: `a1`, `a2`, ..."""

    @property
    def text(self) -> str:
        """As `BTC price at or above 110,000: close`."""
        what = self.on.value.replace("_", " ")
        what = f"{self.asset} {what}" if self.asset else what
        side = "at or above" if self.is_above else "at or below"
        return f"{what} {side} {self.level:,.10g}: {self.action.value}"
