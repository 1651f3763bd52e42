"""What a sweep tries: a plan as the operator wrote it, and the settings that follow from it, always the same ones."""

import hashlib
import json
import math
import random
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cockpit.history.errors import HistoryError
from cockpit.history.store import day_of

Value = float | int | bool | str
Setting = dict[str, Value]
ALTERNATIVES = ("Span",)
"""Parts of an error's place that are no key of the plan."""
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


class WalkForward(Section):
    """Days to choose on, days to test the choice on. `purge_days` before a test day nothing may still have been open
    that was chosen on; `embargo_days` after a test are never chosen on.
    """

    train_days: Annotated[int, Field(ge=1)]
    test_days: Annotated[int, Field(ge=1)]
    purge_days: Annotated[int, Field(ge=0)] = 0
    embargo_days: Annotated[int, Field(ge=0)] = 0


class Plan(Section):
    """A sweep as its operator wrote it."""

    search: Literal["grid", "random", "tpe"] = "grid"
    keys: dict[str, list[Value] | Span]
    set: list[str] = []
    trials: Annotated[int, Field(ge=1)] | None = None
    first: Annotated[str | None, Field(alias="from")] = None
    last: Annotated[str | None, Field(alias="to")] = None
    hold_context: bool = False
    pessimism: Annotated[float, Field(ge=0, le=10)] = 1.0
    spread_bps: Annotated[float, Field(ge=0)] = 1.0
    seed: Annotated[int, Field(ge=0)] = 0
    objective: Literal["mean_r", "sum_r", "sharpe_r", "net_usd"] = "mean_r"
    fewest_trades: Annotated[int, Field(ge=0)] = 5
    at_once: Annotated[int, Field(ge=1, le=1000)] = 8
    """Settings that share one reading of the columns, and that a TPE search asks for at a time."""
    walk_forward: WalkForward | None = None

    @model_validator(mode="after")
    def can_be_tried(self) -> Self:
        """There is something to vary, days are days, and a search that draws says how often."""
        if not self.keys:
            raise ValueError("keys: expected at least one, was none")
        for name, values in self.keys.items():
            if isinstance(values, list) and not values:
                raise ValueError(f"keys.{name}: expected at least one value, was none")
            if self.search == "grid" and isinstance(values, Span) and values.step is None:
                raise ValueError(f"keys.{name}: expected a step for a grid, was none")
        if self.search != "grid" and self.trials is None:
            raise ValueError(f"trials: expected a number for {self.search}, was none")
        for day in (self.first, self.last):
            if day is not None:
                day_of(day)
        return self

    @property
    def digest(self) -> str:
        """What tells plans apart."""
        return hashlib.sha256(self.model_dump_json(by_alias=True).encode()).hexdigest()[:16]

    @property
    def first_day(self) -> int | None:
        """The first day asked for."""
        return None if self.first is None else day_of(self.first)

    @property
    def last_day(self) -> int | None:
        """The last day asked for."""
        return None if self.last is None else day_of(self.last)

    def settings(self) -> Iterator[Setting]:
        """The settings of a grid or a random search, in their order. A TPE search asks as it goes."""
        if self.search == "random":
            numbers = random.Random(self.seed)
            for _ in range(self.trials or 0):
                yield {name: drawn(values, numbers) for name, values in self.keys.items()}
            return
        grids = [values.grid() if isinstance(values, Span) else values for values in self.keys.values()]
        for number, chosen in enumerate(product(*grids)):
            if self.trials is not None and number >= self.trials:
                return
            yield dict(zip(self.keys, chosen, strict=True))


def drawn(values: list[Value] | Span, numbers: random.Random) -> Value:
    """A random one of them."""
    return values.drawn(numbers) if isinstance(values, Span) else numbers.choice(values)


def read_plan(path: Path) -> Plan:
    """The plan in a file. Raises `HistoryError` with one line for what is none."""
    try:
        return Plan.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise HistoryError(f"{path}: expected a plan, was {error.strerror or error}") from error
    except ValidationError as error:
        found = error.errors()
        # Of what a key may be, the one that says a number of its own says most.
        said = next((one for one in found if one["type"] == "value_error"), found[0])
        where = ".".join(str(part) for part in said["loc"] if part not in ALTERNATIVES and "[" not in str(part))
        message = said["msg"].removeprefix("Value error, ")
        raise HistoryError(f"{path}: {where + ': ' if where else ''}{message}") from error
    except ValueError as error:
        raise HistoryError(f"{path}: expected JSON, was {error}") from error
