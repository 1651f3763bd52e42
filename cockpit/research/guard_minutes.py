"""How many minutes a day each setup could pass its guards and the gate, whatever its pattern does."""

from collections import Counter

import msgspec

from cockpit.domain.units import NS_PER_S
from cockpit.engine.machine import Engine
from cockpit.research.columns import Ints, first_rows

STEP_NS = 60 * NS_PER_S
NO_PRINT = "no print of its asset"


class GuardMinutes(msgspec.Struct, frozen=True):
    """A setup's minutes: looked at, passed, and how often each check was the one that denied."""

    setup: str
    minutes: int
    passed: int
    denied_by: dict[str, int]


class MinuteProbe:
    """Asks every setup at the first row of each minute. Asking changes nothing."""

    def __init__(self) -> None:
        self._minutes: Counter[str] = Counter()
        self._passed: Counter[str] = Counter()
        self._denied: dict[str, Counter[str]] = {}

    @staticmethod
    def places(clock: Ints) -> list[int]:
        """The first rows of the minutes."""
        found: list[int] = first_rows(clock, STEP_NS).tolist()
        return found

    def ask(self, engine: Engine) -> None:
        """Once a minute."""
        for name, setup in engine.setups.items():
            if engine.market.assets[setup.asset].price is None:
                self._minutes[name] += 1
                self._denied.setdefault(name, Counter())[NO_PRINT] += 1
                continue
            verdict = engine.probe(name)
            self._minutes[name] += 1
            self._passed[name] += verdict.approved
            if not verdict.approved:
                self._denied.setdefault(name, Counter())[verdict.reason_check] += 1

    def found(self) -> list[GuardMinutes]:
        """What every setup was told."""
        return [
            GuardMinutes(name, count, self._passed[name], dict(self._denied.get(name, Counter()).most_common()))
            for name, count in self._minutes.items()
        ]
