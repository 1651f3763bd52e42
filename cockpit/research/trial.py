"""Some settings of a sweep over all its days: what a worker does, wherever it runs, and what it hands back."""

import json
from pathlib import Path
from typing import Any

import msgspec
from pydantic import ValidationError

from cockpit.config.load import Override, apply_overrides
from cockpit.config.model import CockpitConfig
from cockpit.config.own_code import own_code
from cockpit.config.problems import ConfigError
from cockpit.domain.events import ReadingEvent
from cockpit.domain.units import NS_PER_DAY
from cockpit.history.errors import HistoryError
from cockpit.history.remote_store import store_at
from cockpit.history.store import Store
from cockpit.research import statistics as stats
from cockpit.research.assumptions import Assumptions
from cockpit.research.backtest import Result, results_of, tapes
from cockpit.research.column_run import ColumnRun
from cockpit.research.day_bands import read_bands
from cockpit.research.day_columns import DayColumns
from cockpit.research.readings import held_readings
from cockpit.research.sweep_plan import ASSUMED, Setting

NO_PRINT = "no print on any of the days"


class Batch(msgspec.Struct, frozen=True):
    """Settings by the numbers of their trials, and everything a worker needs to try them."""

    store: str
    config_json: str
    beside: str
    first_day: int
    end_day: int
    hold_context: bool
    assumptions: Assumptions
    settings: list[tuple[int, Setting]]
    bands: str = ""
    """The path of a file with each day's bands; empty where the config's or a rule's are used."""
    assets: list[str] = []
    """Only these; empty for all."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One setting's outcome. Trades are in the order of their decisions; `refused` says why it could not be tried."""

    number: int
    setting: str
    refused: str = ""
    digest: str = ""
    trades: int = 0
    mean_r: float = 0.0
    sum_r: float = 0.0
    sharpe_r: float = 0.0
    net_usd: float = 0.0
    max_drawdown_r: float = 0.0
    rows: int = 0
    trade_ns: list[int] = []
    closed_ns: list[int] = []
    trade_r: list[float] = []
    trade_setup: list[str] = []

    @property
    def values(self) -> Setting:
        """The setting as a mapping."""
        found: Setting = json.loads(self.setting)
        return found

    def objective(self, name: str, fewest_trades: int) -> float:
        """What the sweep looks for; too few trades count as nothing found, nothing gained."""
        if self.refused or self.trades < fewest_trades:
            return float("-inf")
        value: float = getattr(self, name)
        return value

    def r_between(self, first_ns: int, end_ns: int, closed_before_ns: int) -> list[float]:
        """The results of trades decided in a span that were over before an instant."""
        return [
            r
            for at_ns, closed_ns, r in zip(self.trade_ns, self.closed_ns, self.trade_r, strict=True)
            if first_ns <= at_ns < end_ns and closed_ns < closed_before_ns
        ]


def run_batch(batch: Batch) -> list[Trial]:
    """Every setting of it over all days; a day's columns are read once for all of them."""
    found: dict[int, Trial] = {}
    runs: dict[int, tuple[CockpitConfig, Assumptions]] = {}
    for number, setting in batch.settings:
        try:
            runs[number] = _configured(batch, setting)
        except (ConfigError, ValidationError, ValueError) as error:
            found[number] = Trial(number=number, setting=setting_text(setting), refused=_one_line(error))
    started: dict[int, ColumnRun] = {}
    refused: dict[int, str] = {}
    store, days = store_at(batch.store), range(batch.first_day, batch.end_day)
    # Days whose spread is modelled differ with the assumptions: settings of the same assumptions share a tape.
    for assumptions in dict.fromkeys(assumed for _, assumed in runs.values()):
        alike = {number: config for number, (config, assumed) in runs.items() if assumed == assumptions}
        started |= _run_alike(batch, store, days, assumptions, alike, refused)
    for number, setting in batch.settings:
        if number in runs:
            found[number] = _outcome(number, setting, started.get(number), refused.get(number, NO_PRINT))
    return [found[number] for number, _ in batch.settings]


def refuse_unknown_keys(batch: Batch, tried: Setting) -> None:
    """A key that no config and no assumption has would have every setting refused. Raises `HistoryError`."""
    for key, value in tried.items():
        try:
            _configured(batch, {key: value})
        except ValidationError as error:
            if any(one["type"] == "extra_forbidden" for one in error.errors()):
                raise HistoryError(f"vary.{key}: expected a key of the config, was none of it") from error
        except (ConfigError, msgspec.ValidationError) as error:
            raise HistoryError(f"vary.{key}: {_one_line(error)}") from error


def _run_alike(
    batch: Batch,
    store: Store,
    days: range,
    assumptions: Assumptions,
    configs: dict[int, CockpitConfig],
    refused: dict[int, str],
) -> dict[int, ColumnRun]:
    """One run a setting; what a setup itself refuses of its values goes into `refused`."""
    started: dict[int, ColumnRun] = {}
    bands = read_bands(Path(batch.bands)) if batch.bands else None
    groups: dict[str, list[int]] = {}
    for number, config in configs.items():
        groups.setdefault(_follows(config), []).append(number)
    for numbers in groups.values():
        for tape in tapes(store, configs[numbers[0]], days, assumptions, batch.assets):
            if not len(tape):
                continue
            columns = DayColumns(tape)
            for number in (one for one in numbers if one not in refused):
                if number not in started:
                    config = configs[number]
                    start_ns, held = days.start * NS_PER_DAY, list[ReadingEvent]()
                    if batch.hold_context:
                        held = held_readings(config, store, days, start_ns, batch.assets)
                    try:
                        started[number] = ColumnRun(config, assumptions, int(tape.clock[0]), held, bands=bands)
                    except ValueError as error:
                        refused[number] = _one_line(error)
                        continue
                started[number].share(columns)
                started[number].day(tape)
            del tape, columns  # before the next day is read
    return started


def _follows(config: CockpitConfig) -> str:
    """What of a config decides which rows a tape has: settings that agree in it share their columns."""
    assets = {asset: (where.watch, where.trade_on) for asset, where in config.assets.items()}
    ticks = {name: {a: i.tick_usd for a, i in venue.instruments.items()} for name, venue in config.venues.items()}
    return json.dumps([assets, ticks, config.gate.funding_spread_of], sort_keys=True)


def _configured(batch: Batch, setting: Setting) -> tuple[CockpitConfig, Assumptions]:
    overrides = [
        Override(tuple(key.split(".")), value) for key, value in setting.items() if not key.startswith(ASSUMED)
    ]
    raw = apply_overrides(json.loads(batch.config_json), overrides).raw
    assumed: dict[str, Any] = msgspec.to_builtins(batch.assumptions)
    assumed |= {key.removeprefix(ASSUMED): value for key, value in setting.items() if key.startswith(ASSUMED)}
    config = CockpitConfig.model_validate(raw, context=own_code(Path(batch.beside)))
    return config, msgspec.convert(assumed, Assumptions, strict=False)


def _one_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg'].removeprefix('Value error, ')}"
    return " ".join(str(error).split())


def _outcome(number: int, setting: Setting, run: ColumnRun | None, refused: str) -> Trial:
    if run is None:
        return Trial(number=number, setting=setting_text(setting), refused=refused)
    tally = run.finish()
    results = results_of(tally)
    r = [one.r for one in results]
    return Trial(
        number=number,
        setting=setting_text(setting),
        digest=tally.digest,
        trades=len(results),
        mean_r=sum(r) / len(r) if r else 0.0,
        sum_r=sum(r, 0.0),
        sharpe_r=stats.sharpe(r) if len(r) > 1 else 0.0,
        net_usd=sum((one.pnl_usd for one in results), 0.0),
        max_drawdown_r=stats.max_drawdown(r),
        rows=run.rows,
        trade_ns=[one.trade.decided_ns for one in results],
        closed_ns=[_closed_ns(one) for one in results],
        trade_r=r,
        trade_setup=[one.trade.setup for one in results],
    )


def _closed_ns(result: Result) -> int:
    """When it was over; one that is still open never was."""
    return result.trade.closed_ns if result.trade.closed_ns is not None and not result.is_open else 2**62


def setting_text(setting: Setting) -> str:
    """The same text for the same setting."""
    return json.dumps(setting, sort_keys=True)
