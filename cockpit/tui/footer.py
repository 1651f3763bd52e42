"""The rows at the bottom: what the engine said last, and the keys."""

from collections.abc import Iterator
from enum import Enum

from cockpit.domain.kinds import EngineState, Mode
from cockpit.domain.numbers import counted
from cockpit.tui import keys, numbers
from cockpit.tui.text import Line, Span, clean, cut, left, line_width, shortened, width
from cockpit.tui.view import View, plain_detail, silent_s

IDENTITY_FROM, IDENTITY_CELLS = 60, 24
"""Which cockpit this is stands beside the clock where there is room for it."""
SECONDS_FROM, BEFORE_FROM = 100, 160
"""With fewer cells the hour and the minute of what happened are enough; with as many, what came before is there too."""
AFTER_HELP = keys.BY_ID["help"].rank + 0.5
"""Where the keys for a chosen trade come."""


class Offered(Enum):
    """What is open decides which keys work, and so which are offered."""

    PANES = "panes"
    TRADE = "trade"
    """The panes, with a trade chosen."""
    READING = "reading"
    TEXT = "text"


def news_line(view: View, cells: int) -> Line:
    """The newest entry of the engine's log that is no verdict; at the right the market's kind and its clock."""
    now, process = view.snapshot, view.store.process
    feed = process.feed.partition(":")[0].upper() if process else ""
    clock = f"{numbers.clock(now.ts_ns)}Z " if now else ""
    corner: list[Span] = [(f" {feed} ", "info"), (clock, "dim")]
    if view.identity and cells >= IDENTITY_FROM:
        corner.insert(0, (f" {cut(view.identity, IDENTITY_CELLS)} ", "dim"))
    room = cells - line_width(corner)
    news = view.store.news[-1] if view.store.news else None
    if news is None or room < 12:
        return ((" " * max(0, room), "text"), *corner)
    time = f" {numbers.clock(news.ts_ns)[: 8 if cells >= SECONDS_FROM else 5]} " if news.ts_ns else " "
    text = shortened(news.text, room - len(time))
    before = _before(view, room - len(time) - width(text)) if cells >= BEFORE_FROM else ""
    return ((time, "dim"), (text, news.role), (left(before, room - len(time) - width(text)), "faint"), *corner)


def _before(view: View, cells: int) -> str:
    """What was said before the newest, where all of it fits beside that."""
    if len(view.store.news) < 2:
        return ""
    news = view.store.news[-2]
    told = f"   {numbers.clock(news.ts_ns)} {clean(news.text)}" if news.ts_ns else f"   {clean(news.text)}"
    return told if width(told) < cells else ""


def keys_line(bound: dict[str, tuple[str, ...]], view: View, cells: int, offered: Offered = Offered.PANES) -> Line:
    """As many keys as fit, in the order of their rank; flatten first, always. Only those that work now."""
    spans: list[Span] = []
    for shown, label, is_alarm in _offered(bound, view, offered):
        part: list[Span] = [(f" {shown} ", "key"), (f"{label} ", "alarm" if is_alarm else "dim")]
        if line_width(spans) + line_width(part) > cells:
            break
        spans += part
    return tuple(spans)


def _offered(bound: dict[str, tuple[str, ...]], view: View, offered: Offered) -> Iterator[tuple[str, str, bool]]:
    """Keys and what they do, by what is open."""
    both = "/".join(keys.shown(key) for key in bound[keys.FLATTEN][:2])
    yield both, keys.BY_ID[keys.FLATTEN].label, True
    is_lost = view.lost_s is not None and view.store.link.ever
    if offered in (Offered.PANES, Offered.TRADE):
        process = view.store.process
        if process is not None and process.replay:
            played = (action for action in keys.TABLE if action.group == keys.REPLAY and bound[action.id])
            yield from ((keys.shown(bound[action.id][0]), action.label, False) for action in played)
        asks_engine = (keys.ENGINE, keys.HANDS) if is_lost else ()
        of_trade = (keys.HANDS,) if offered is Offered.TRADE and not is_lost else ()
        ranked = sorted(
            (a for a in keys.TABLE if (a.rank > 1 or a.group in of_trade) and a.group not in asks_engine),
            key=lambda action: AFTER_HELP if action.group in of_trade else action.rank,
        )
        yield from ((keys.shown(bound[a.id][0]), _label(a, view), False) for a in ranked if bound[a.id])
        return
    now = view.snapshot
    risk_off = (*(("disarm",) if now is not None and now.armed else ()), "halt")
    for name in risk_off if not is_lost else ():
        works = [key for key in bound[name] if offered is Offered.READING or keys.is_everywhere(key)]
        if name == "disarm" and offered is Offered.READING:
            works = [*bound["arm"], *works]
        if works:
            yield keys.shown(works[0]), keys.BY_ID[name].label, False
    yield keys.shown("escape"), "close", False


def lost_rows(view: View, way_out: str, start_key: str = "") -> list[tuple[str, str]]:
    """The banner of a lost engine, once there had been one. `way_out` says how to get out without it, `start_key`
    what starts it again, where it can be started from here.
    """
    lost_s, link = view.lost_s, view.store.link
    if lost_s is None or not link.ever:
        return []
    again = f"; {start_key} starts it again" if start_key else ""
    banner = f" ENGINE LOST {numbers.lasting(silent_s(view))}: what is shown is the last known. Trying again{again}. "
    return [
        (banner, "alarm"),
        (f"  To get out now: {way_out}. {_last_known_stops(view)} ({plain_detail(link.detail)})", "bad"),
    ]


def _last_known_stops(view: View) -> str:
    """What guards the open trades while nobody watches them, as far as was known."""
    now = view.snapshot
    if now is None:
        return "What is open is unknown."
    if now.mode is Mode.PAPER:
        return "Paper: nothing real is open."
    stops = sum(view.trade.stop_rests_on_venue for view in now.open_trades)
    return f"Stops on the venue: {stops} of {counted(len(now.open_trades), 'open trade')}."


def left_behind(view: View) -> str:
    """What is said on leaving a screen whose engine does not answer."""
    lost_s = silent_s(view)
    since = (
        f"the engine has not answered for {numbers.lasting(lost_s)}" if view.lost_s is not None else "no engine answers"
    )
    return f"left: {since}. {_last_known_stops(view)}"


def _label(action: keys.KeyAction, view: View) -> str:
    now = view.snapshot
    if action.id == "arm" and now is not None and (now.armed or now.state is EngineState.ARMED):
        return "disarm"
    return f"{action.label:<6}" if action.id == "arm" else action.label
