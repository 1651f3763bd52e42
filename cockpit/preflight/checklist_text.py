"""The checklist for people, in 80 columns, and for scripts."""

import json
from collections.abc import Iterator

import msgspec

from cockpit.domain.numbers import counted
from cockpit.domain.plain_text import wrapped
from cockpit.gate.arithmetic import SetupArithmetic
from cockpit.preflight.checklist import Checklist, Item, Standing
from cockpit.preflight.further import Stage, stages_json

WIDTH = 80
NAME_WIDTH = 20
MARKS = {Standing.OK: "ok  ", Standing.WARN: "warn", Standing.FAIL: "FAIL"}
FOLDED = ("arithmetic.",)
"""Items whose numbers the table shows already; they are listed only where they are not plainly in order."""


def checklist_lines(checklist: Checklist, further: tuple[Stage, ...] = (), cells: int | None = WIDTH) -> Iterator[str]:
    """The checklist as lines of at most so many cells, except where one word is longer; then what the way on asks."""
    yield f"Pre-flight checklist, {checklist.mode} mode"
    yield f"home    {checklist.home}"
    yield f"config  {checklist.config}"
    yield ""
    yield from arithmetic_lines(checklist.arithmetic)
    yield ""
    for item in checklist.items:
        if item.standing is not Standing.OK or not item.name.startswith(FOLDED):
            yield from _item_lines(item, cells)
    yield ""
    for stage in further:
        yield from _stage_lines(stage, cells)
    yield _verdict(checklist)


def arithmetic_lines(arithmetic: tuple[SetupArithmetic, ...]) -> Iterator[str]:
    """The setups' arithmetic as a table of what is traded: a row each, money in USD, fees taker both ways."""
    for name, size, lots, stop, loss, fees, even, stops in (
        ("setup", "traded", "lots", "stop", "loss", "fee % of", "even at %", "stops to"),
        ("", "USD", "", "bps", "USD", "target", "all/first", "day/drawdn"),
    ):
        yield f"{name:<{NAME_WIDTH}} {size:>6} {lots:>5} {stop:>4} {loss:>6} {fees:>10} {even:>10} {stops:>10}"
    for row in arithmetic:
        yield _arithmetic_line(row)


def _arithmetic_line(row: SetupArithmetic) -> str:
    """A size that is not known in lots is marked `~`; one that fits no order is denied."""
    name = row.setup if len(row.setup) <= NAME_WIDTH else f"{row.setup[: NAME_WIDTH - 2]}.."
    if row.is_denied:
        denied = f"denied: {row.asked_usd:.2f} USD is under one order"
        return f"{name:<{NAME_WIDTH}} {'0.00':>6} {0:>5} {row.stop_bps:>4g}  {denied}"
    traded = row.traded
    size = f"~{traded.notional_usd:.2f}" if row.lots is None else f"{traded.notional_usd:.2f}"
    lots = "?" if row.lots is None else str(row.lots)
    shares = "/".join(f"{rung.fee_share_pct:.0f}" for rung in traded.rungs)
    rates = (traded.break_even_all_pct, traded.break_even_first_pct)
    even = "/".join("never" if rate is None else f"{rate:.1f}" for rate in rates)
    stops = f"{row.full_stops_daily_loss}/{row.full_stops_drawdown}"
    return (
        f"{name:<{NAME_WIDTH}} {size:>6} {lots:>5} {row.stop_bps:>4g} {traded.loss_at_stop_usd:>6.3f} "
        f"{shares:>10} {even:>10} {stops:>10}"
    )


def checklist_json(checklist: Checklist, further: tuple[Stage, ...] = ()) -> str:
    """The checklist as one JSON object: `ok`, `checks` with `name`, `ok`, `detail` (and `standing`), the mode,
    `arithmetic` with each setup's numbers, and `further`: what each later stage still lacks.
    """
    checks = [
        {"name": item.name, "ok": item.ok, "standing": item.standing.value, "detail": item.detail}
        for item in checklist.items
    ]
    found = {
        "ok": checklist.ok,
        "mode": checklist.mode.value,
        "checks": checks,
        "arithmetic": [msgspec.to_builtins(one) for one in checklist.arithmetic],
        "further": stages_json(further),
    }
    return json.dumps(found, ensure_ascii=False)


def _stage_lines(stage: Stage, cells: int | None) -> Iterator[str]:
    begins = "ready" if stage.ready else f"{sum(one.needed for one in stage.missing)} missing"
    yield f"{stage.name}: {begins}; {stage.command}"
    for one in stage.missing:
        yield from _wrapped("    need  " if one.needed else "    may   ", f"{one.name}: {one.sentence}", cells)
    yield ""


def _item_lines(item: Item, cells: int | None) -> list[str]:
    return _wrapped(f"{MARKS[item.standing]}  ", f"{item.name}: {item.detail}", cells)


def _wrapped(head: str, text: str, cells: int | None) -> list[str]:
    return wrapped(text, cells, head, " " * len(head))


def _verdict(checklist: Checklist) -> str:
    failing = sum(not item.ok for item in checklist.items)
    warnings = sum(item.standing is Standing.WARN for item in checklist.items)
    if failing:
        return f"NOT READY for {checklist.mode}: {failing} of {len(checklist.items)} checks fail, {warnings} warn"
    return f"READY for {checklist.mode}: {counted(len(checklist.items), 'check')}, {warnings} warn"
