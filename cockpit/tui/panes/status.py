"""The status line: mode, state, price, money, and how the engine does, at every size; what matters most stays."""

from typing import NamedTuple

from cockpit.domain.kinds import EngineState, FeedState
from cockpit.domain.snapshot import Snapshot
from cockpit.tui import numbers, replaying
from cockpit.tui.text import Line, Span, line_width
from cockpit.tui.view import SIM, View, plain_detail, silent_s

STATE_ROLES = {
    EngineState.DISARMED: "strong",
    EngineState.ARMED: "good",
    EngineState.STANDING_DOWN: "warn",
    EngineState.HALTED: "bad",
    EngineState.FLATTENING: "alarm",
}
GAP: Span = ("  ", "text")
INDENT: Span = (" ", "text")
"""A second row begins where the first one's text does."""


class Labels(NamedTuple):
    """What the figures are called, where there is room for it and where there is not."""

    drawdown: str
    left: str
    losses: str
    oldest: str
    state_cells: int
    money_cells: int
    """What is kept free for the longest of them: nothing stands elsewhere because a number grew."""


FULL = Labels("drawdown", "trades left", "losing streak", ", oldest ", 13, 9)
BRIEF = Labels("dd", "left", "losses", " ", 8, 7)
FULL_FROM = 150


class Part(NamedTuple):
    """One figure of the status line; the lowest `rank` is dropped last.

    What is sudden comes and goes: for it as few others go as can, and none moves.
    """

    rank: int
    line: Line
    is_sudden: bool = False


def lines(view: View, cells: int, rows: int) -> list[Line]:
    """At most `rows` lines of `cells`: parts in reading order, the least important left out where they do not fit."""
    snapshot = view.snapshot
    if snapshot is None:
        return [((" COCKPIT ", "paper"), GAP, (_waiting(view), "dim"))]
    words = FULL if cells >= FULL_FROM else BRIEF
    parts = [part for part in _parts(view, snapshot, words) if part.line]
    sudden = [part for part in parts if part.is_sudden]
    kept = sorted((part for part in parts if not part.is_sudden), key=lambda part: part.rank)
    while kept and not _laid(parts, kept, cells, rows):
        kept.pop()
    while kept and not _laid(parts, [*kept, *sudden], cells, rows):
        enough = (part for part in reversed(kept) if _laid(parts, [*_without(kept, part), *sudden], cells, rows))
        kept = _without(kept, next(enough, kept[-1]))
    return _laid(parts, [*kept, *sudden], cells, rows)


def _without(parts: list[Part], part: Part) -> list[Part]:
    return [one for one in parts if one is not part]


def _laid(parts: list[Part], kept: list[Part], cells: int, rows: int) -> list[Line]:
    """The kept parts on rows, in reading order; empty where they do not fit."""
    laid: list[list[Span]] = [[]]
    for part in (part for part in parts if part in kept):
        gap = [GAP] if laid[-1] else []
        if line_width(laid[-1]) + line_width(gap) + line_width(part.line) > cells:
            if len(laid) == rows or len(INDENT[0]) + line_width(part.line) > cells:
                return []
            laid.append([INDENT])
            gap = []
        laid[-1] += [*gap, *part.line]
    return [tuple(row) for row in laid]


def _parts(view: View, now: Snapshot, words: Labels) -> list[Part]:
    account = now.account
    net = account.realised_usd + now.open_pnl_usd if now.open_pnl_usd is not None else None
    return [
        Part(0, ((f" {now.mode.value.upper()} ", now.mode.value),)),
        Part(1, ((f"{now.state.value.replace('_', ' ').upper():<{words.state_cells}}", STATE_ROLES[now.state]),)),
        Part(1, _replay(view)),
        Part(10, ((SIM, "info"),) if view.is_simulated else ()),
        Part(2, _price(view)),
        Part(3, (("net ", "dim"), (f"{numbers.gain(net):>{words.money_cells}}", numbers.role_of(net)))),
        Part(7, ((f"{numbers.r_units(account.session_r):>7}", numbers.role_of(account.session_r)),)),
        Part(5, _used(words.drawdown, now.drawdown_usd, now.drawdown_limit_usd)),
        Part(6, _trades(now, words)),
        Part(9, _losses(now, words)),
        Part(4, _health(now)),
        Part(2, _cut_off(now), is_sudden=True),
        Part(8, _feeds(now, words)),
        Part(11, _others(view, now) if words is FULL else ()),
        Part(2, _link(view), is_sudden=True),
    ]


def _waiting(view: View) -> str:
    link = view.store.link
    if link.ever:
        return "attached, waiting for the first snapshot"
    return "looking for the engine" + (f": {plain_detail(link.detail)}" if link.detail else "")


def _replay(view: View) -> Line:
    """Nothing where the market is no recording."""
    word = replaying.text(view.store.process)
    return ((word, "info"),) if word else ()


def _cut_off(now: Snapshot) -> Line:
    """Nothing while every source of signals is taken."""
    names = [source.name for source in now.sources if source.cut_off]
    text = "" if not names else f"CUT OFF {names[0] if len(names) == 1 else f'{len(names)} sources'}"
    return ((text, "alarm"),) if text else ()


def _price(view: View) -> Line:
    asset = view.chosen
    return ((f"{view.asset} ", "dim"), (numbers.price(asset.price if asset else None), "price"))


def _others(view: View, now: Snapshot) -> Line:
    """The prices of the assets that are not on the ladder, where everything else has its room."""
    others = [asset for asset in now.assets if asset.asset != view.asset]
    return tuple(
        span
        for number, asset in enumerate(others)
        for span in ((f"{'  ' if number else ''}{asset.asset} ", "dim"), (numbers.price(asset.price), "text"))
    )


def _used(name: str, used: float | None, limit: float) -> Line:
    role = "bad" if used is None or used >= limit else ("warn" if used >= limit / 2 else "text")
    most = numbers.money(limit)
    return ((f"{name} ", "dim"), (f"{numbers.money(used):>{len(most)}}/{most}", role))


def _trades(now: Snapshot, words: Labels) -> Line:
    left = max(0, now.max_trades_per_day - now.account.trades_today)
    return ((f"{words.left} ", "dim"), (f"{left}/{now.max_trades_per_day}", "text" if left else "warn"))


def _losses(now: Snapshot, words: Labels) -> Line:
    losses = now.account.losses_since_review
    return ((f"{words.losses} ", "dim"), (f"{losses:>2}", "warn" if losses else "text"))


def _health(now: Snapshot) -> Line:
    health = now.health
    if not health.watched:
        return (("HF ", "dim"), ("not watched", "warn"))
    if health.no_debt:
        return (("HF ", "dim"), ("no debt", "good"))
    value = health.value
    role = (
        "bad"
        if value is None or value < health.entries_stop_under
        else ("warn" if value < health.warn_under else "text")
    )
    return (("HF ", "dim"), (numbers.health(value), role))


def _feeds(now: Snapshot, words: Labels) -> Line:
    wanted = [feed for feed in now.feeds if feed.state is not FeedState.OFF]
    fresh = sum(feed.state is FeedState.FRESH for feed in wanted)
    ages = [feed.age_s for feed in wanted if feed.age_s is not None]
    oldest = numbers.lasting(max(ages)) if ages else numbers.UNKNOWN
    role = "text" if fresh == len(wanted) else ("bad" if any(f.state is FeedState.STALE for f in wanted) else "warn")
    return (
        ("feeds ", "dim"),
        (f"{fresh:>{len(str(len(wanted)))}}/{len(wanted)}", role),
        (f"{words.oldest}{oldest:>6}", "dim" if role == "text" else role),
    )


def _link(view: View) -> Line:
    """Nothing while the link holds: silence is good news."""
    return () if view.lost_s is None else ((f"LOST {numbers.lasting(silent_s(view))}", "alarm"),)
