"""The checklist for people, in 80 columns, and for scripts."""

import json
import textwrap
from collections.abc import Iterator

from cockpit.gate.arithmetic import SetupArithmetic
from cockpit.preflight.checklist import Checklist, Item, Standing
from cockpit.preflight.further import Stage, stages_json

WIDTH = 80
NAME_WIDTH = 22
MARKS = {Standing.OK: "ok  ", Standing.WARN: "warn", Standing.FAIL: "FAIL"}
FOLDED = ("arithmetic.",)
"""Items whose numbers the table shows already; they are listed only where they are not plainly in order."""


def checklist_lines(checklist: Checklist, further: tuple[Stage, ...] = ()) -> Iterator[str]:
    """The checklist as lines of at most 80 characters, except where one word is longer; then what the way on asks."""
    yield f"Pre-flight checklist, {checklist.mode} mode"
    yield f"home    {checklist.home}"
    yield f"config  {checklist.config}"
    yield ""
    yield from arithmetic_lines(checklist.arithmetic)
    yield ""
    for item in checklist.items:
        if item.standing is not Standing.OK or not item.name.startswith(FOLDED):
            yield from _item_lines(item)
    yield ""
    for stage in further:
        yield from _stage_lines(stage)
    yield _verdict(checklist)


def arithmetic_lines(arithmetic: tuple[SetupArithmetic, ...]) -> Iterator[str]:
    """The setups' arithmetic as a table: a row each, money in USD, fees taker both ways."""
    for titles in (
        ("setup", "size", "stop", "loss", "fee % of target", "even at", "stops to"),
        ("", "USD", "bps", "USD", "", "win %", "day / drawdn"),
    ):
        name, size, stop, loss, fees, even, stops = titles
        yield f"{name:<{NAME_WIDTH}} {size:>6} {stop:>4} {loss:>6} {fees:>15} {even:>7}  {stops}"
    for row in arithmetic:
        shares = "/".join(f"{rung.fee_share_pct:.0f}" for rung in row.targets)
        rate = "never" if row.break_even_win_rate_pct is None else f"{row.break_even_win_rate_pct:.1f}"
        name = row.setup if len(row.setup) <= NAME_WIDTH else f"{row.setup[: NAME_WIDTH - 2]}.."
        yield (
            f"{name:<{NAME_WIDTH}} {row.notional_usd:>6.2f} {row.stop_bps:>4g} {row.loss_at_stop_usd:>6.2f} "
            f"{shares:>15} {rate:>7}  {row.full_stops_daily_loss} / {row.full_stops_drawdown}"
        )


def checklist_json(checklist: Checklist, further: tuple[Stage, ...] = ()) -> str:
    """The checklist as one JSON object: `ok`, `checks` with `name`, `ok`, `detail` (and `standing`), the mode, and
    `further`: what each later stage still lacks.
    """
    checks = [
        {"name": item.name, "ok": item.ok, "standing": item.standing.value, "detail": item.detail}
        for item in checklist.items
    ]
    found = {"ok": checklist.ok, "mode": checklist.mode.value, "checks": checks, "further": stages_json(further)}
    return json.dumps(found, ensure_ascii=False)


def _stage_lines(stage: Stage) -> Iterator[str]:
    begins = "ready" if stage.ready else f"{sum(one.needed for one in stage.missing)} missing"
    yield f"{stage.name}: {begins}; {stage.command}"
    for one in stage.missing:
        yield from _wrapped("    need  " if one.needed else "    may   ", f"{one.name}: {one.sentence}")
    yield ""


def _item_lines(item: Item) -> list[str]:
    return _wrapped(f"{MARKS[item.standing]}  ", f"{item.name}: {item.detail}")


def _wrapped(head: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        width=WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _verdict(checklist: Checklist) -> str:
    failing = sum(not item.ok for item in checklist.items)
    warnings = sum(item.standing is Standing.WARN for item in checklist.items)
    if failing:
        return f"NOT READY for {checklist.mode}: {failing} of {len(checklist.items)} checks fail, {warnings} warn"
    return f"READY for {checklist.mode}: {len(checklist.items)} checks, {warnings} warn"
