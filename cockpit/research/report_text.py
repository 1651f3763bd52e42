"""A backtest on a terminal: the sentence first, then what it rests on."""

from collections.abc import Iterator
from typing import Any

from cockpit.domain.numbers import counted
from cockpit.domain.plain_text import wrapped
from cockpit.domain.units import NS_PER_S, utc_text
from cockpit.research.sensitivity import sensitivity_lines

LEVELS = "▁▂▃▄▅▆▇█"
TRADES_LISTED = 40
CHECKS_NAMED = 3


def text_of(found: dict[str, Any], cells: int | None = None) -> str:
    """The summary in lines; those too long for the terminal are broken."""
    return "\n".join(line for whole in _lines(found) for line in (wrapped(whole, cells, "", "    ") or [whole]))


def _lines(found: dict[str, Any]) -> Iterator[str]:
    yield found["sentence"]
    yield f"{found['from']} to {found['to']}, {found['rows']:,} rows, {found['wakes']:,} of them woke the engine"
    yield f"in {found['wall_s']:.2f} s ({found['rows_per_s']:,.0f} rows/s), read in {found['read_s']:.2f} s"
    if found["empty_days"]:
        yield f"NO PRINTS on {len(found['empty_days'])} of {found['days']} days: {', '.join(found['empty_days'][:5])}"
    yield from (f"DAMAGED: {one}" for one in found["damaged"])
    yield from _assumed(found)
    if found["trades"]:
        yield from _proof(found)
        yield from _table(found)
        yield from sensitivity_lines(found.get("sensitivity", []))
        yield "result in R, trade by trade: " + curve([one["result_r"] for one in found["trades"]])
        yield from _trades(found["trades"])
    verdicts = found["verdicts"]
    yield f"verdicts: {verdicts['approved']} approved, {verdicts['denied']} denied"
    for check, count in found["denied_by"].items():
        yield f"  denied {count} times by {check}"
    for one in found["guard_minutes"]:
        by = ", ".join(f"{check} {count}" for check, count in list(one["denied_by"].items())[:CHECKS_NAMED])
        share = f"{one['passed']} of {one['minutes']} minutes"
        yield f"  {one['setup']} could pass its guards in {share}" + (f" (denied by {by})" if by else "")
    for halt in found["halts"]:
        yield f"  halted, resumed the next day: {halt}"
    if found["bands_kept"]:
        kept = ", ".join(found["bands_kept"][:3])
        yield f"  bands of the day before stayed {len(found['bands_kept'])} times, a trade rested on them: {kept}"
    yield f"digest {found['digest']}"


def _assumed(found: dict[str, Any]) -> Iterator[str]:
    assumed = found["assumptions"]
    if found["modelled_spread"]:
        spread_bps = assumed["modelled_spread_bps"] * assumed["pessimism"]
        where = ", ".join(found["modelled_spread"])
        yield f"MODELLED: no quotes of {where}: a spread of {spread_bps:g} bps is assumed and charged"
    if found["held"]:
        yield f"HELD at the config's values, no history of it: {', '.join(found['held'])}"
    yield f"pessimism {assumed['pessimism']:g} (latency, fees, modelled spread, sizes to be had, what stops lose)"
    if found["recorded_readings"]:
        yield f"{found['recorded_readings']:,} readings as they were recorded"
        return
    yield (
        "running funding and basis are a venue's own only where its tickers are stored: else the last payment stands "
        "for the rate, and no basis is known; of depth and forced orders nothing is"
    )


def _proof(found: dict[str, Any]) -> Iterator[str]:
    chance = found["random_entries"]
    if chance is not None:
        yield (
            f"entries {chance['entries_r']:+.2f} R beside {chance['random_r']:+.2f} R of random ones with the same "
            f"exits and costs: p {chance['p']:.2f}"
        )
    down = found["drawdown_r"]
    if down is not None:
        yield (
            f"largest drawdown {down['seen']:.1f} R; in other orders of the same trades {down['median']:.1f} R, "
            f"in one of twenty over {down['worst_5_pct']:.1f} R"
        )
    cost = found["costs_usd"]
    yield (
        f"USD: prices gave {cost['before_slippage']:+.2f}, slippage {cost['slippage']:+.2f}, fees {cost['fees']:+.2f}, "
        f"funding {cost['funding']:+.2f}, still open {cost['open']:+.2f}: net {cost['net']:+.2f}"
    )


def _table(found: dict[str, Any]) -> Iterator[str]:
    for name, one in found["by_setup"].items():
        exits = ", ".join(f"{reason} {count}" for reason, count in one["exits"].items())
        yield (
            f"  {name}: {counted(one['trades'], 'trade')}, {one['mean_r']:+.2f} R, {one['win_rate_pct']:.0f} % won, "
            f"{one['net_usd']:+.2f} USD; {exits}"
        )


def _trades(trades: list[dict[str, Any]]) -> Iterator[str]:
    for one in trades[:TRADES_LISTED]:
        end = "OPEN at the end, valued at the last price"
        if one["closed_ns"] is not None:
            held_s = (one["closed_ns"] - (one["opened_ns"] or one["closed_ns"])) / NS_PER_S
            end = f"{one['exit_reason']} after {held_s:.0f} s"
        opened = utc_text(one["opened_ns"] or 0)
        what = f"{one['id']} {opened} {one['setup']} {one['side']} {one['qty']:g} {one['asset']}"
        yield f"  {what}: {end}, {one['result_r']:+.2f} R"
    if len(trades) > TRADES_LISTED:
        yield f"  and {len(trades) - TRADES_LISTED} more: --csv or --html has them all"


def curve(results: list[float], cells: int = 60) -> str:
    """The sum of the results as a line of blocks."""
    total, sums = 0.0, []
    for result in results:
        total += result
        sums.append(total)
    if not sums:
        return ""
    shown = [sums[min(len(sums) - 1, at * len(sums) // cells)] for at in range(min(cells, len(sums)))]
    low, high = min(0.0, *shown), max(0.0, *shown)
    reach = (high - low) or 1.0
    return "".join(LEVELS[round((value - low) / reach * (len(LEVELS) - 1))] for value in shown) + f" {total:+.1f} R"
