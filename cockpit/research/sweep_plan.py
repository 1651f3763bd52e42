"""What a sweep tries: a plan as the operator wrote it, and the settings that follow from it, always the same ones."""

import hashlib
import json
import math
import random
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cockpit.config.show import shown
from cockpit.config.wording import findings
from cockpit.domain.units import NS_PER_DAY, NS_PER_S
from cockpit.history.errors import HistoryError
from cockpit.history.store import day_of

Value = float | int | bool | str
Setting = dict[str, Value]
ALTERNATIVES = ("Span",)
"""Parts of an error's place that are no key of the plan."""
VARIED = 'a list of values, or {"low", "high", "step"}'
"""What a key varies over."""
RENAMED = {
    "keys": "vary",
    "from": "history.from",
    "to": "history.to",
    "hold_context": "history.hold_context",
    "walk_forward.purge_days": "walk_forward.purge_s",
    "walk_forward.embargo_days": "walk_forward.embargo_s",
}
"""What plans said before, and what it is called."""
ASSUMED = "assumptions."
"""Keys that begin so are of the backtest's assumptions, all others of the config."""


class Section(BaseModel):
    """A part of a plan: no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Span(Section):
    """Numbers from `low` to `high`, in steps where one is given, evenly in their logarithms where `log` says so."""

    low: float
    high: float
    step: Annotated[float, Field(gt=0)] | None = None
    log: bool = False

    @model_validator(mode="after")
    def rises(self) -> Self:
        """A span has a length, and a logarithm where it needs one."""
        if self.low >= self.high:
            raise ValueError(f"expected low under high, was {self.low:g} and {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"expected low above 0 for log, was {self.low:g}")
        return self

    def drawn(self, numbers: random.Random) -> float:
        """A random one."""
        if self.step is not None:
            return self.snapped(self.low + self.step * numbers.randrange(len(self.grid())))
        if self.log:
            return self.snapped(math.exp(numbers.uniform(math.log(self.low), math.log(self.high))))
        return self.snapped(numbers.uniform(self.low, self.high))

    def grid(self) -> list[float]:
        """All of them; only with a step."""
        if self.step is None:
            raise ValueError("expected a step for a grid, was none")
        return [
            self.snapped(self.low + self.step * n) for n in range(int((self.high - self.low) / self.step + 1e-9) + 1)
        ]

    @staticmethod
    def snapped(value: float) -> float:
        """Free of the noise of sums."""
        return round(value, 10)


class PlanHistory(Section):
    """The history that a sweep runs over: all of the profile's store, where nothing else is said."""

    first: Annotated[str | None, Field(alias="from")] = None
    last: Annotated[str | None, Field(alias="to")] = None
    assets: list[str] = []
    """Only these coins; empty for all."""
    store: str | None = None
    """A directory, counted from the plan's own, or a URL; `--store` on the command line comes before it."""
    hold_context: bool = False

    def store_from(self, plan: Path) -> str | None:
        """The store as seen from here; None for the profile's."""
        if self.store is None or "://" in self.store:
            return self.store
        return str(plan.parent / self.store)

    @model_validator(mode="after")
    def has_days(self) -> Self:
        """Days are days."""
        for name, day in (("from", self.first), ("to", self.last)):
            try:
                if day is not None:
                    day_of(day)
            except ValueError:
                raise ValueError(f"{name}: expected a day like 2024-08-08, was {day}") from None
        return self


class WalkForward(Section):
    """Days to choose on, days to test the choice on. What was decided or still open in the `purge_s` before a test is
    not chosen by; what was decided in the `embargo_s` after an earlier one is not either.
    """

    train_days: Annotated[int, Field(ge=1)]
    test_days: Annotated[int, Field(ge=1)]
    purge_s: Annotated[float, Field(ge=0)] = 0.0
    embargo_s: Annotated[float, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def leaves_something(self) -> Self:
        """A purge as long as the days to choose on leaves nothing to choose by."""
        train_s = self.train_days * NS_PER_DAY // NS_PER_S
        if self.purge_s >= train_s:
            raise ValueError(f"purge_s: expected less than train_days ({train_s:,} s), was {self.purge_s:,.0f}")
        return self


class Plan(Section):
    """A sweep as its operator wrote it."""

    history: PlanHistory = PlanHistory()
    vary: dict[str, list[Value] | Span]
    search: Literal["grid", "random", "tpe"] = "grid"
    trials: Annotated[int, Field(ge=1)] | None = None
    walk_forward: WalkForward | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    set: list[str] = []
    pessimism: Annotated[float, Field(ge=0, le=10)] = 1.0
    spread_bps: Annotated[float, Field(ge=0)] = 1.0
    objective: Literal["mean_r", "sum_r", "sharpe_r", "net_usd"] = "mean_r"
    fewest_trades: Annotated[int, Field(ge=0)] = 5
    at_once: Annotated[int, Field(ge=1, le=1000)] = 8
    """Settings that share one reading of the columns, and that a TPE search asks for at a time."""

    @model_validator(mode="after")
    def can_be_tried(self) -> Self:
        """There is something to vary, and a search that draws says how often."""
        if not self.vary:
            raise ValueError("vary: expected at least one key, was none")
        for name, values in self.vary.items():
            if isinstance(values, list) and not values:
                raise ValueError(f"vary.{name}: expected at least one value, was none")
            if self.search == "grid" and isinstance(values, Span) and values.step is None:
                raise ValueError(f"vary.{name}: expected a step for a grid, was none")
        if self.search != "grid" and self.trials is None:
            raise ValueError(f"trials: expected a number for {self.search}, was none")
        return self

    @property
    def digest(self) -> str:
        """What tells plans apart."""
        return hashlib.sha256(self.model_dump_json(by_alias=True).encode()).hexdigest()[:16]

    @property
    def first_day(self) -> int | None:
        """The first day asked for."""
        return None if self.history.first is None else day_of(self.history.first)

    @property
    def last_day(self) -> int | None:
        """The last day asked for."""
        return None if self.history.last is None else day_of(self.history.last)

    @property
    def samples(self) -> Setting:
        """A value of each key that varies."""
        return {name: values.low if isinstance(values, Span) else values[0] for name, values in self.vary.items()}

    def settings(self) -> Iterator[Setting]:
        """The settings of a grid or a random search, in their order. A TPE search asks as it goes."""
        if self.search == "random":
            numbers = random.Random(self.seed)
            for _ in range(self.trials or 0):
                yield {name: drawn(values, numbers) for name, values in self.vary.items()}
            return
        grids = [values.grid() if isinstance(values, Span) else values for values in self.vary.values()]
        for number, chosen in enumerate(product(*grids)):
            if self.trials is not None and number >= self.trials:
                return
            yield dict(zip(self.vary, chosen, strict=True))


SECTIONS: dict[str, type[Section]] = {"history": PlanHistory, "walk_forward": WalkForward}


def drawn(values: list[Value] | Span, numbers: random.Random) -> Value:
    """A random one of them."""
    return values.drawn(numbers) if isinstance(values, Span) else numbers.choice(values)


def read_plan(path: Path) -> Plan:
    """The plan in a file. Raises `HistoryError` with one line for what is none."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise HistoryError(f"{path}: expected a plan, was {error.strerror or error}") from error
    except ValueError as error:
        raise HistoryError(f"{path}: expected JSON, was {error}") from error
    _refuse_renamed(path, raw)
    try:
        return Plan.model_validate(raw)
    except ValidationError as error:
        raise HistoryError(f"{path}: {_sentence(raw, error)}") from error


def _refuse_renamed(path: Path, raw: Any) -> None:
    """A word of an earlier plan is told its new name."""
    for old, new in RENAMED.items():
        section, _, name = old.rpartition(".")
        there = raw.get(section) if section and isinstance(raw, dict) else raw
        if isinstance(there, dict) and name in there:
            raise HistoryError(f"{path}: {old}: expected {new}, was {name}")


def _sentence(raw: Any, error: ValidationError) -> str:
    """The first mistake: its key, and what was expected there."""
    found = error.errors()
    # Of what a key may be, the one that says a number of its own says most.
    first = next((one for one in found if one["type"] == "value_error"), found[0])
    where = [str(part) for part in first["loc"] if part not in ALTERNATIVES and "[" not in str(part)]
    if first["type"] == "value_error":
        sentence = str(first["ctx"]["error"])
        own_key = sentence.partition(": expected")[1]
        return ".".join(where) + (("." if own_key else ": ") if where else "") + sentence
    if where[:1] == ["vary"] and len(where) > 1:
        return f"vary.{where[1]}: expected {VARIED}, was {shown(raw['vary'][where[1]])}"
    if first["type"] == "extra_forbidden":
        section = Plan if len(where) == 1 else SECTIONS[where[0]]
        names = ", ".join(field.alias or name for name, field in section.model_fields.items())
        return f"{'.'.join(where)}: expected one of {names}, was {where[-1]}"
    (said,) = findings(Plan, raw, [first])
    return ": ".join(part for part in (".".join(where), said.text) if part)
