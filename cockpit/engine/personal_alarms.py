"""Alarms of one's own: each rings once when its level is passed, and may shed risk. None of them opens any."""

from collections.abc import Iterable
from math import inf, isfinite

from msgspec.structs import replace

from cockpit.config.model import CockpitConfig
from cockpit.domain.commands import DropAlarm, SetAlarm
from cockpit.domain.numbers import counted, price_text
from cockpit.domain.personal_alarms import AlarmLevel, AlarmOn
from cockpit.engine.answered_ids import Answer
from cockpit.engine.outbox import Outbox
from cockpit.market.market import Market

MOST = 50


class PersonalAlarms:
    """Those that are set, oldest first. Who sheds risk for them is told which have rung."""

    def __init__(self, config: CockpitConfig, market: Market) -> None:
        self._config = config
        self._market = market
        self.levels: tuple[AlarmLevel, ...] = ()
        self._last_number = 0

    def restore(self, levels: Iterable[AlarmLevel]) -> None:
        """Those that an earlier engine had."""
        self.levels = tuple(levels)
        self._last_number = max((int(level.alarm_id[1:]) for level in self.levels), default=0)

    def set(self, command: SetAlarm, out: Outbox) -> Answer:
        """Set one; refused where it cannot ring, or has its level behind it already."""
        refusal = self._refusal(command.alarm, out.now_ns)
        if refusal:
            return Answer(False, f"no alarm set: {refusal}")
        self._last_number += 1
        level = replace(command.alarm, alarm_id=f"a{self._last_number}")
        self.levels = (*self.levels, level)
        return Answer(True, f"alarm {level.alarm_id}: {level.text}")

    def drop(self, command: DropAlarm, out: Outbox) -> Answer:
        """Take one away, or all."""
        left = tuple(level for level in self.levels if command.alarm_id not in ("", level.alarm_id))
        gone = len(self.levels) - len(left)
        if command.alarm_id and not gone:
            known = ", ".join(level.alarm_id for level in self.levels) or "none"
            return Answer(False, f"expected an alarm among {known}, was {command.alarm_id}")
        self.levels = left
        return Answer(True, f"{counted(gone, 'alarm')} taken away, {len(left)} left")

    def fences(self, asset: str) -> tuple[float, float]:
        """Between these prices of an asset none of its alarms rings."""
        mine = [level for level in self.levels if level.on is AlarmOn.PRICE and level.asset == asset]
        low = max((level.level for level in mine if not level.is_above), default=-inf)
        return low, min((level.level for level in mine if level.is_above), default=inf)

    def on_price(self, asset: str, price: float, out: Outbox) -> list[AlarmLevel]:
        """A print beyond somebody's fences; those that ring now."""
        mine = [level for level in self.levels if level.on is AlarmOn.PRICE and level.asset == asset]
        return self._ring([(level, price) for level in mine], out)

    def on_time(self, pnl_usd: float | None, out: Outbox) -> list[AlarmLevel]:
        """The watch of every second, for all but prices; those that ring now."""
        others = [level for level in self.levels if level.on is not AlarmOn.PRICE]
        seen = [(level, self._value(level, pnl_usd, out.now_ns)) for level in others]
        return self._ring([(level, value) for level, value in seen if value is not None], out)

    def _ring(self, seen: Iterable[tuple[AlarmLevel, float]], out: Outbox) -> list[AlarmLevel]:
        rung = [(level, value) for level, value in seen if _is_passed(level, value)]
        for level, value in rung:
            out.notice("critical", "alarm", f"{level.alarm_id}: {level.text}, was {price_text(value)}")
        gone = {level.alarm_id for level, _ in rung}
        if gone:
            self.levels = tuple(level for level in self.levels if level.alarm_id not in gone)
        return [level for level, _ in rung]

    def _value(self, level: AlarmLevel, pnl_usd: float | None, now_ns: int) -> float | None:
        """What it watches right now; None while that is not known."""
        match level.on:
            case AlarmOn.PRICE:
                return self._market.assets[level.asset].price
            case AlarmOn.HEALTH_FACTOR:
                return self._market.health_factor(now_ns).value
            case AlarmOn.FUNDING:
                watch = self._config.assets[level.asset].watch
                rate = self._market.latest_funding(level.asset).get(watch)
                return None if rate is None else rate.rate_bps_8h
            case AlarmOn.PNL:
                return pnl_usd

    def _refusal(self, level: AlarmLevel, now_ns: int) -> str:
        if len(self.levels) >= MOST:
            return f"expected fewer than {MOST} alarms, were {len(self.levels)}"
        if not isfinite(level.level):
            return f"expected a level that is a number, was {level.level}"
        needs_asset = level.on in (AlarmOn.PRICE, AlarmOn.FUNDING)
        if needs_asset and level.asset not in self._config.assets:
            return f"expected an asset among {', '.join(self._config.assets)}, was {level.asset or 'none'}"
        if level.asset and level.asset not in self._config.assets:
            return f"expected an asset among {', '.join(self._config.assets)} or none, was {level.asset}"
        value = None if level.on is AlarmOn.PNL else self._value(level, None, now_ns)
        if value is not None and _is_passed(level, value):
            return f"{level.text} is so already, at {price_text(value)}"
        return ""


def _is_passed(level: AlarmLevel, value: float) -> bool:
    return value >= level.level if level.is_above else value <= level.level
