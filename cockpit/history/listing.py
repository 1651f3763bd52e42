"""The store's contents and what was found of them, as lines."""

import msgspec

from cockpit.domain.numbers import counted
from cockpit.history.checking import Check, DayState
from cockpit.history.errors import HistoryError
from cockpit.history.store import Store, day_text, is_whole


class Listed(msgspec.Struct, frozen=True):
    """A series: from when to when, how many days of it are there and how many of those whole."""

    venue: str
    asset: str
    kind: str
    first: str
    last: str
    days: int
    whole_days: int
    rows: int
    bytes: int


def list_store(store: Store) -> list[Listed]:
    """Every series of the store. A damaged day counts as a day, not as a whole one: `check` says what it is."""
    listed = []
    for series in store.series():
        days, rows, whole, size = store.days(series), 0, 0, 0
        for day in days:
            size += store.size_bytes(series, day)
            try:
                about = store.about(series, day)
            except HistoryError:
                continue
            if about is not None:
                rows, whole = rows + about.rows, whole + is_whole(about, day)
        first, last = day_text(days[0]), day_text(days[-1])
        listed.append(Listed(series.venue, series.asset, series.kind.name, first, last, len(days), whole, rows, size))
    return listed


def listing_lines(store: Store, listed: list[Listed]) -> list[str]:
    if not listed:
        return [f"{store.name}: no history yet: cockpit history add FILES"]
    return [
        f"{one.venue} {one.asset} {one.kind}: {one.first} to {one.last}, {one.whole_days} of {one.days} days whole, "
        f"{one.rows:,} rows, {one.bytes / 1e6:.1f} MB"
        for one in listed
    ]


def check_lines(found: Check) -> list[str]:
    """A line a run of equal days, then a line a reading that lacks."""
    lines = [f"{found.first} to {found.last}"]
    for series in found.series:
        for run in _runs(series.days):
            lines.append(f"{series.venue} {series.asset} {series.kind}: {_run_text(run)}")
    for lack in found.lacks:
        part = f" ({lack.part_days} of them there in part)" if lack.part_days else ""
        setups = ", ".join(lack.setups)
        lines.append(f"lacks on {lack.days} of {counted(lack.of_days, 'day')}{part}: {lack.detail} ({setups})")
    return [*lines, "everything is there" if found.ok else "not everything is there"]


def _runs(days: list[DayState]) -> list[list[DayState]]:
    """Neighbours of one state together; a day with something to say stays alone."""
    runs: list[list[DayState]] = []
    for day in days:
        if runs and runs[-1][-1].state == day.state and not (day.detail or runs[-1][-1].detail):
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def _run_text(run: list[DayState]) -> str:
    span = run[0].day if len(run) == 1 else f"{run[0].day} to {run[-1].day}"
    rows = sum(day.rows for day in run)
    text = f"{span} {run[0].state}" + (f", {rows:,} rows" if rows else "")
    if run[0].state == "part":
        text += f", of {sum(end - start for day in run for start, end in day.covered) / 6e10:,.1f} minutes"
    return text + (
        f", {counted(run[0].gap_count, 'gap')}: {run[0].detail}"
        if run[0].gap_count
        else f": {run[0].detail}" * bool(run[0].detail)
    )
