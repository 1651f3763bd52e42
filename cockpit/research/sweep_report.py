"""What a sweep found, and what that is worth after so many tries."""

import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cockpit.domain.numbers import counted
from cockpit.domain.plain_text import wrapped
from cockpit.domain.units import NS_PER_DAY
from cockpit.history.errors import HistoryError
from cockpit.history.store import day_text
from cockpit.research import statistics as stats
from cockpit.research.sweep_plan import Plan, Value
from cockpit.research.trial import Trial
from cockpit.research.walk_forward import walk

BEST_LISTED, REASONS_LISTED = 10, 3
SHADES = " .:-=+*#%@"
LIKELY = 0.95


def sweep_summary(plan: Plan, days: range, trials: Sequence[Trial]) -> dict[str, Any]:
    """The object that `cockpit sweep --json` prints."""
    tried = [trial for trial in trials if not trial.refused]
    ranked = sorted(tried, key=lambda one: (-one.objective(plan.objective, plan.fewest_trades), one.number))
    best = ranked[0] if ranked and ranked[0].trades >= max(1, plan.fewest_trades) else None
    chosen = walk(plan, plan.walk_forward, days, tried) if plan.walk_forward is not None and tried else []
    outside = [r for one in chosen for r in one.test_r]
    found: dict[str, Any] = {
        "from": day_text(days.start),
        "to": day_text(days.stop - 1),
        "trials": [_shown(one) for one in trials],
        "refused": len(trials) - len(tried),
        "refused_because": dict(Counter(trial.refused for trial in trials if trial.refused).most_common()),
        "objective": plan.objective,
        "best": None if best is None else _shown(best) | {"interval_r": _interval(best.trade_r, plan.seed)},
        "deflated_sharpe": None,
        "pbo": stats.overfitting_probability(by_day(tried, days)) if len(tried) > 1 else None,
        "out_of_sample": _outside(outside, plan.seed) if plan.walk_forward is not None else None,
        "folds": [_fold(one) for one in chosen],
        "neighbours": {name: neighbours(name, tried, plan) for name in plan.vary},
        "heat": heat(tried, plan),
        "ranked": [one.number for one in ranked[:BEST_LISTED]],
    }
    if best is not None:
        found["deflated_sharpe"] = stats.deflated_sharpe(best.trade_r, [one.sharpe_r for one in tried])
    found["sentence"] = _sentence(found, best, plan)
    return found


def by_day(trials: Sequence[Trial], days: range) -> stats.Floats:
    """A row a day and a column a trial: the sum of its trades' results."""
    table = np.zeros((len(days), len(trials)))
    for column, trial in enumerate(trials):
        for at_ns, r in zip(trial.trade_ns, trial.trade_r, strict=True):
            table[min(max(at_ns // NS_PER_DAY - days.start, 0), len(days) - 1), column] += r
    return table


def neighbours(name: str, trials: Sequence[Trial], plan: Plan) -> list[dict[str, Any]]:
    """How the result moves with one key, over everything else that was tried."""
    found: dict[Value, list[Trial]] = {}
    for trial in trials:
        found.setdefault(trial.values[name], []).append(trial)
    return [
        {"value": value, "trials": len(of), "trades": sum(one.trades for one in of), "mean_r": _mean_r(of)}
        for value, of in sorted(found.items(), key=lambda item: str(item[0]) if isinstance(item[0], str) else item[0])
    ]


def heat(trials: Sequence[Trial], plan: Plan) -> dict[str, Any] | None:
    """The mean R over the two keys with the most values; None where only one key varies."""
    names = sorted(plan.vary, key=lambda name: -len({str(trial.values[name]) for trial in trials}))[:2]
    if len(names) < 2:
        return None
    return heat_of(trials, *names)


def heat_of(trials: Sequence[Trial], row_key: str, column_key: str) -> dict[str, Any]:
    """The mean R over two keys, over everything else that was tried; None where nothing traded."""
    rows, columns = (sorted({trial.values[name] for trial in trials}, key=_order) for name in (row_key, column_key))
    cells: dict[tuple[Value, Value], list[Trial]] = {}
    for trial in trials:
        cells.setdefault((trial.values[row_key], trial.values[column_key]), []).append(trial)
    table = [[_mean_r(cells.get((row, column), [])) for column in columns] for row in rows]
    return {"rows": row_key, "columns": column_key, "row_values": rows, "column_values": columns, "mean_r": table}


def sweep_text(found: dict[str, Any], cells: int | None = None) -> str:
    """For people."""
    return "\n".join(line for whole in _lines(found) for line in (wrapped(whole, cells, "", "    ") or [whole]))


def write_sweep_csv(path: Path, trials: Sequence[Trial]) -> None:
    """Every trial as a row. Raises `HistoryError` where it cannot be written."""
    names = list(dict.fromkeys(name for trial in trials for name in trial.values))
    figures = ("trades", "mean_r", "sum_r", "sharpe_r", "net_usd", "max_drawdown_r", "refused", "digest")
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(["trial", *names, *figures])
            for trial in trials:
                values = trial.values
                shown = [values.get(name, "") for name in names]
                rows.writerow([trial.number, *shown, *(getattr(trial, figure) for figure in figures)])
    except OSError as error:
        raise HistoryError(f"{path}: expected to write it, was {error.strerror or error}") from error


def _order(value: Value) -> tuple[bool, float, str]:
    return (isinstance(value, str), 0.0 if isinstance(value, str) else float(value), str(value))


def _mean_r(trials: Sequence[Trial]) -> float | None:
    r = [one for trial in trials for one in trial.trade_r]
    return sum(r) / len(r) if r else None


def ranked_trials(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The best trials of a summary, the best first."""
    by_number = {one["number"]: one for one in found["trials"]}
    return [by_number[number] for number in found["ranked"]]


def _shown(trial: Trial) -> dict[str, Any]:
    """A trial as scripts read it: without a trade it has no expectancy."""
    figures = ("number", "refused", "sum_r", "sharpe_r", "max_drawdown_r", "digest")
    return {
        "set": trial.values,
        "trades": trial.trades,
        "net_usd": trial.net_usd,
        "expectancy_r": trial.mean_r if trial.trades else None,
        **{name: getattr(trial, name) for name in figures},
    }


def _interval(results: Sequence[float], seed: int) -> dict[str, float | None]:
    return stats.expectancy_members(results, stats.expectancy(results, seed))


def _outside(results: Sequence[float], seed: int) -> dict[str, Any]:
    return {"trades": len(results), "expectancy_r": _interval(results, seed)}


def _fold(chosen: Any) -> dict[str, Any]:
    return {
        "test_from": day_text(chosen.first_test_day),
        "trial": chosen.number,
        "set": json.loads(chosen.setting),
        "train_value": chosen.train_value,
        "train_trades": chosen.train_trades,
        "test_trades": len(chosen.test_r),
        "test_r": sum(chosen.test_r),
    }


def _sentence(found: dict[str, Any], best: Trial | None, plan: Plan) -> str:
    if best is None and found["refused"] == len(found["trials"]):
        return f"all {counted(found['refused'], 'setting')} refused: nothing was tried"
    if best is None:
        fewest = counted(max(1, plan.fewest_trades), "trade")
        return f"no setting of {len(found['trials'])} made {fewest}: nothing can be said"
    interval = stats.expectancy(best.trade_r, plan.seed)
    what = f"best of {len(found['trials'])}: {stats.verdict_sentence(best.trade_r, interval)}"
    skill = found["deflated_sharpe"]
    what += f"; after so many tries it has an edge with probability {skill:.2f}"
    what += "" if skill >= LIKELY else f": no evidence (expected {LIKELY:.2f} or more)"
    return what


def _lines(found: dict[str, Any]) -> Iterator[str]:
    yield found["sentence"]
    yield f"{found['from']} to {found['to']}, {len(found['trials'])} settings, {found['refused']} of them refused"
    because = list(found["refused_because"].items())
    for reason, count in because[:REASONS_LISTED]:
        yield f"  refused: {reason} ({counted(count, 'setting')})"
    if len(because) > REASONS_LISTED:
        yield f"  and for {counted(len(because) - REASONS_LISTED, 'other reason')}"
    overfit = found["pbo"]
    if overfit is not None:
        yield f"probability that choosing the best here is overfitting: {overfit:.2f} (0.50 is a coin)"
    outside = found["out_of_sample"]
    if outside is not None:
        result = f"{_expected(outside['expectancy_r'])} over {counted(outside['trades'], 'trade')}"
        yield f"chosen on earlier days, tested on later ones: {result}"
        for fold in found["folds"]:
            result = f"{counted(fold['test_trades'], 'trade')}, {fold['test_r']:+.2f} R"
            yield f"  from {fold['test_from']}: trial {fold['trial']}, {result}"
    for one in ranked_trials(found):
        setting = ", ".join(f"{name}={_value(value)}" for name, value in one["set"].items())
        mean = "no trade" if one["expectancy_r"] is None else f"{one['expectancy_r']:+.3f} R"
        result = f"{mean}, {counted(one['trades'], 'trade')}, {one['net_usd']:+.2f} USD"
        yield f"  {one['number']:>5}  {result}: {setting}"
    yield from _heat_lines(found["heat"])
    for name, values in found["neighbours"].items():
        yield f"{name}: " + ", ".join(f"{one['value']}: {_r(one['mean_r'])}" for one in values[:12])


def _expected(found: dict[str, float | None]) -> str:
    if found["low95"] is None or found["high95"] is None:
        return _r(found["mean"]) + (" a trade" if found["mean"] is not None else "")
    return f"{_r(found['mean'])} a trade (95 %: {found['low95']:+.2f} to {found['high95']:+.2f})"


def _heat_lines(table: dict[str, Any] | None) -> Iterator[str]:
    if table is None:
        return
    known = [value for row in table["mean_r"] for value in row if value is not None]
    if not known or len(table["column_values"]) > 60:
        return
    low, high = min(known), max(known)
    yield f"mean R, {table['rows']} down, {table['columns']} across: ' ' {low:+.2f} to '@' {high:+.2f}, ? no trade"
    for value, row in zip(table["row_values"], table["mean_r"], strict=True):
        cells = (
            "?" if one is None else SHADES[round((one - low) / ((high - low) or 1.0) * (len(SHADES) - 1))]
            for one in row
        )
        yield f"  {value!s:>10} |{''.join(cells)}|"


def _value(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _r(value: float | None) -> str:
    return "no trade" if value is None else f"{value:+.2f} R"
