"""One setting over days of stored history, and everything that a report says of it."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from cockpit import __version__
from cockpit.config.model import CockpitConfig
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import BPS, NS_PER_DAY
from cockpit.history.errors import HistoryError
from cockpit.history.store import Store, day_text
from cockpit.journal.backtests import SetupBacktest
from cockpit.journal.build import code_digest
from cockpit.replay.tally import Mark, Tally
from cockpit.research import statistics as stats
from cockpit.research.assumptions import Assumptions
from cockpit.research.chance import Drawn, drawn
from cockpit.research.column_run import ColumnRun
from cockpit.research.day_bands import DrawnBands
from cockpit.research.guard_minutes import GuardMinutes
from cockpit.research.readings import held_names, held_readings, readings_of
from cockpit.research.run import Run
from cockpit.research.tape import Tape, load_tape

Progress = Callable[[int], None]
"""Told after each day how many rows went through so far."""


class Result(msgspec.Struct, frozen=True):
    """One trade of a backtest: `pnl_usd` and `r` are all of it, what is still open valued at the end."""

    trade: TradeRecord
    pnl_usd: float
    r: float
    is_open: bool

    @property
    def risk_usd(self) -> float:
        """1 R."""
        return self.trade.risk_usd


class Backtest(msgspec.Struct, frozen=True, kw_only=True):
    """What one setting came to. Trades are in the order in which they were decided."""

    first: str
    last: str
    days: int
    empty_days: list[str]
    rows: int
    events: int
    recorded_readings: int
    wakes: int
    wall_s: float
    read_s: float
    digest: str
    session: dict[str, float]
    trades: list[dict[str, Any]]
    results: list[Result]
    approved: int
    denied_by: dict[str, int]
    halts: list[str]
    bands_kept: list[str]
    held: list[str]
    modelled: list[str]
    assumptions: Assumptions
    minutes: list[GuardMinutes] = []
    by_chance: list[Drawn] = []
    version: str = __version__
    build: str = ""
    caveat: str = ""
    """What the prices are, where they are not those of the market that is traded."""
    damaged: list[str] = []

    @property
    def r(self) -> list[float]:
        """Every trade's result in R."""
        return [result.r for result in self.results]


def tapes(
    store: Store, config: CockpitConfig, days: range, assumptions: Assumptions, assets: Sequence[str] = ()
) -> Iterator[Tape]:
    """A tape a day, each read when it is asked for."""
    for day in days:
        yield load_tape(store, config, day, assumptions, readings_of(store, config, day, assets), assets)


def run_backtest(
    store: Store,
    config: CockpitConfig,
    days: range,
    assumptions: Assumptions,
    *,
    hold_context: bool = False,
    assets: Sequence[str] = (),
    event_by_event: bool = False,
    with_minutes: bool = True,
    with_chance: bool = True,
    bands: DrawnBands | None = None,
    progress: Progress | None = None,
) -> Backtest:
    """Run it. With `hold_context` the config's market context counts as fresh for readings without any history."""
    run: Run | None = None
    empty, modelled, by_chance, read_s, wall_s = [], dict[str, None](), list[Drawn](), 0.0, 0.0
    rows = events = recorded = 0
    held = held_readings(config, store, days, days.start * NS_PER_DAY, assets) if hold_context else []
    began = time.perf_counter()
    for tape in tapes(store, config, days, assumptions, assets):
        if not len(tape):
            empty.append(day_text(tape.day))
            continue
        if run is None:
            kind = Run if event_by_event else ColumnRun
            run = kind(config, assumptions, int(tape.clock[0]), held, bands=bands)
            if with_minutes and isinstance(run, ColumnRun):
                run.sample_guards()
        read_s += time.perf_counter() - began
        began = time.perf_counter()
        run.day(tape)
        wall_s += time.perf_counter() - began
        modelled |= dict.fromkeys(f"{place.venue} {place.asset}" for place in tape.modelled)
        if with_chance:
            by_chance += _by_chance(run, tape, assumptions)
        rows, events = rows + tape.rows, events + len(tape)
        recorded += len(tape.readings) if store.readings(tape.day) else 0
        del tape  # before the next one is read: a day is what is held
        if progress is not None:
            progress(rows)
        began = time.perf_counter()
    if run is None:
        raise HistoryError(f"{store.name}: expected prints from {day_text(days[0])} to {day_text(days[-1])}, was none")
    return Backtest(
        first=day_text(days[0]),
        last=day_text(days[-1]),
        days=len(days),
        empty_days=empty,
        rows=rows,
        events=events,
        recorded_readings=recorded,
        wakes=run.wakes,
        wall_s=wall_s,
        read_s=read_s,
        modelled=list(modelled),
        held=held_names(held),
        by_chance=by_chance,
        caveat=store.caveat,
        damaged=list(store.damage),
        **outcome(run),
    )


def outcome(run: Run) -> dict[str, Any]:
    """What a run came to, as a backtest says it."""
    tally = run.finish()
    return {
        "digest": tally.digest,
        "session": tally.session_summary(),
        "trades": [tally.trade_summary(trade) for trade in tally.trades],
        "results": results_of(tally),
        "approved": tally.approved,
        "denied_by": dict(tally.denied_by.most_common()),
        "halts": run.halts,
        "bands_kept": run.bands_kept,
        "assumptions": run.assumptions,
        "minutes": run.minutes if isinstance(run, ColumnRun) else [],
        "build": code_digest(),
    }


def results_of(tally: Tally) -> list[Result]:
    """Every trade that held a position, what is open valued as the tally marks it."""
    return [_result(trade, tally.marks.get(trade.trade_id)) for trade in tally.trades]


def _result(trade: TradeRecord, mark: Mark | None) -> Result:
    pnl_usd = trade.pnl_usd + ((mark.open_pnl_usd or 0.0) if mark is not None else 0.0)
    return Result(trade, pnl_usd, pnl_usd / trade.risk_usd if trade.risk_usd > 0 else 0.0, trade.open_qty > 0)


def _by_chance(run: Run, tape: Tape, assumptions: Assumptions) -> list[Drawn]:
    """Random entries in the place of each of the day's trades."""
    found = []
    for trade in run.tally.trades:
        if (trade.opened_ns or 0) // NS_PER_DAY == tape.day:
            one = drawn(trade, tape, run.config, half_spread_bps(trade.asset, tape), assumptions.seed)
            if one is not None:
                found.append(one)
    return found


def half_spread_bps(asset: str, tape: Tape) -> float:
    """Half the middle spread of the day's tops."""
    tops = next((tops for tops in tape.tops if tops.asset == asset and len(tops)), None)
    if tops is None:
        return 0.0
    step = max(1, len(tops) // 10_000)
    bid, ask = tops.bid[::step], tops.ask[::step]
    return float(np.median((ask - bid) / (ask + bid))) * BPS


def summary(backtest: Backtest) -> dict[str, Any]:
    """The object that `cockpit backtest --json` prints: that of `cockpit replay --json`, and what a backtest adds.

    `events` are those of the history, modelled tops among them, whichever engine ran; `result_usd` and `result_r` are
    all of a trade, what is still open valued at the end.
    """
    r = backtest.r
    interval = stats.expectancy(r, backtest.assumptions.seed)
    found: dict[str, Any] = {
        "sentence": stats.verdict_sentence(r, interval) + (f"; {backtest.caveat}" if backtest.caveat else ""),
        "events": backtest.events,
        "wall_s": backtest.wall_s,
        "events_per_s": _rate(backtest.events, backtest.wall_s),
        "from": backtest.first,
        "to": backtest.last,
        "days": backtest.days,
        "empty_days": backtest.empty_days,
        "rows": backtest.rows,
        "recorded_readings": backtest.recorded_readings,
        "wakes": backtest.wakes,
        "rows_per_s": _rate(backtest.rows, backtest.wall_s),
        "read_s": backtest.read_s,
        "trades": [
            {**trade, "result_usd": one.pnl_usd, "result_r": one.r, "is_open": one.is_open}
            for trade, one in zip(backtest.trades, backtest.results, strict=True)
        ],
        "session": backtest.session,
        "expectancy_r": stats.expectancy_members(r, interval),
        "trades_needed": stats.trades_needed(r),
        "random_entries": chance_summary(backtest.by_chance),
        "drawdown_r": None if (down := stats.order_drawdowns(r, backtest.assumptions.seed)) is None else down._asdict(),
        "costs_usd": costs(backtest.results),
        "by_setup": by_setup(backtest),
        "verdicts": {"approved": backtest.approved, "denied": sum(backtest.denied_by.values())},
        "denied_by": backtest.denied_by,
        "guard_minutes": [msgspec.to_builtins(one) for one in backtest.minutes],
        "halts": backtest.halts,
        "bands_kept": backtest.bands_kept,
        "held": backtest.held,
        "damaged": backtest.damaged,
        "modelled_spread": backtest.modelled,
        "assumptions": msgspec.to_builtins(backtest.assumptions),
        "digest": backtest.digest,
        "version": backtest.version,
        "build": backtest.build,
    }
    return found


def _rate(count: int, wall_s: float) -> float:
    return count / wall_s if wall_s > 0 else 0.0


def chance_summary(by_chance: Sequence[Drawn]) -> dict[str, float] | None:
    """The entries beside random ones with the same exits; None for too few."""
    if len(by_chance) < stats.FEWEST:
        return None
    means = np.mean([one.by_chance for one in by_chance], axis=0)
    mean = float(np.mean([one.r for one in by_chance]))
    return {"entries_r": mean, "random_r": float(means.mean()), "p": stats.significance(mean, means)}


def costs(results: Sequence[Result]) -> dict[str, float]:
    """From what the prices gave to what was left, in USD."""
    trades = [one.trade for one in results]
    slipped = sum(trade.slippage_bps * trade.entry_qty * trade.decision_price / BPS for trade in trades)
    slipped += sum((trade.exit_slippage_bps or 0.0) * trade.exit_qty * trade.exit_price / BPS for trade in trades)
    gross = sum(trade.gross_usd for trade in trades)
    return {
        "before_slippage": gross + slipped,
        "slippage": -slipped,
        "fees": -sum(trade.fees_usd for trade in trades),
        "funding": sum(trade.funding_usd for trade in trades),
        "open": sum(one.pnl_usd - one.trade.pnl_usd for one in results),
        "net": sum(one.pnl_usd for one in results),
    }


def kept_setups(backtest: Backtest) -> list[SetupBacktest]:
    """What the profile keeps of it: a line a setup that traded."""
    found = []
    for name in sorted({one.trade.setup for one in backtest.results}):
        r = [one.r for one in backtest.results if one.trade.setup == name]
        slipped = [one.trade.slippage_bps for one in backtest.results if one.trade.setup == name]
        interval = stats.expectancy(r, backtest.assumptions.seed)
        found.append(
            SetupBacktest(
                setup=name,
                trades=len(r),
                mean_r=float(np.mean(r)),
                low_r=None if interval is None else interval.low,
                high_r=None if interval is None else interval.high,
                first=backtest.first,
                last=backtest.last,
                days=backtest.days,
                slippage_bps=float(np.mean(slipped)),
            )
        )
    return found


def by_setup(backtest: Backtest) -> dict[str, dict[str, Any]]:
    """Each setup's trades and what they came to."""
    found: dict[str, dict[str, Any]] = {}
    for name in sorted({one.trade.setup for one in backtest.results}):
        mine = [one for one in backtest.results if one.trade.setup == name]
        r = [one.r for one in mine]
        interval = stats.expectancy(r, backtest.assumptions.seed)
        found[name] = {
            "trades": len(mine),
            "mean_r": float(np.mean(r)),
            "interval_r": None if interval is None else [interval.low, interval.high],
            "win_rate_pct": 100.0 * sum(one.pnl_usd > 0 for one in mine) / len(mine),
            "net_usd": sum(one.pnl_usd for one in mine),
            "exits": dict(Counter(str(one.trade.exit_reason or "open") for one in mine).most_common()),
            "sentence": stats.verdict_sentence(r, interval),
        }
    return found
