"""Open trades: what is at stake, what it is worth now, where it leaves, and whether its stop really rests out there."""

from cockpit.domain.kinds import Side, TradePhase
from cockpit.domain.snapshot import ForeignPositionView, OpenTradeView, Snapshot
from cockpit.domain.trades import Rung, TradeRecord
from cockpit.domain.units import NS_PER_S, bps_between
from cockpit.tui import numbers
from cockpit.tui.text import Line, Span, left, line_width, wrap_line
from cockpit.tui.view import UNKNOWN_LINE, View

TRADE_CELLS = 78
"""With so many a trade takes two rows, else three."""
LADDER_CELLS = 6
BRIEF, OUT_CELLS = 50, 43


def described(shown: OpenTradeView) -> str:
    """A trade in one line of text."""
    trade = shown.trade
    stop = f"stop {numbers.price(trade.stop_price)}" if trade.stop_price is not None else "NO STOP"
    size = f"{numbers.amount(trade.open_qty)} @ {numbers.price(trade.entry_price)}"
    return f"{trade.trade_id} {trade.asset} {trade.side} {size}, {numbers.gain(shown.open_pnl_usd)} USD, {stop}"


class OpenTrades:
    """Which of the open trades is chosen: the keys for one trade act on it."""

    def __init__(self) -> None:
        self.chosen = ""

    def selected(self, view: View) -> OpenTradeView | None:
        """The chosen trade, the first one until another is chosen; None where none is open."""
        shown = view.snapshot.open_trades if view.snapshot is not None else ()
        return next((each for each in shown if each.trade.trade_id == self.chosen), shown[0] if shown else None)

    def move(self, view: View, steps: int) -> None:
        """Choose the next trade, or the one before."""
        current = self.selected(view)
        if current is None or view.snapshot is None:
            return
        shown = view.snapshot.open_trades
        place = min(len(shown) - 1, max(0, shown.index(current) + steps))
        self.chosen = shown[place].trade.trade_id

    def lines(self, view: View, cells: int, rows: int, focused: bool) -> list[Line]:
        """Two or three lines a trade, then the room that is left."""
        snapshot = view.snapshot
        if snapshot is None:
            return [UNKNOWN_LINE]
        under_cursor = self.selected(view) if focused else None
        drawn = _trades(view, snapshot, cells, rows, under_cursor)
        shown = [*drawn[: max(0, rows - 1)], _foot(snapshot, cells)]
        return [*shown, *_closed(view, cells, max(0, rows - len(shown)))]


def title(view: View, cells: int, rows: int) -> str:
    """The pane's name; where not every line fits, the key that shows them all."""
    is_cut = view.snapshot is not None and len(_trades(view, view.snapshot, cells, rows)) >= max(1, rows)
    return f"Open trades {view.glyphs.dot} more: z" if is_cut else "Open trades"


def _trades(view: View, now: Snapshot, cells: int, rows: int, under_cursor: OpenTradeView | None = None) -> list[Line]:
    """The form depends on the room alone, so that no trade changes its form when another opens or closes."""
    has_room = rows > 3 * max(1, now.max_open_trades)
    form = _wide if cells >= TRADE_CELLS else _narrow if has_room else _brief
    has_more = rows > 4 * max(1, now.max_open_trades) + 2
    drawn: list[Line] = []
    for shown in now.open_trades:
        first, *rest = [*form(view, now, shown, cells), *(_behind(shown.trade, cells) if has_more else [])]
        drawn += [_chosen(first) if shown is under_cursor else first, *rest]
    drawn += [_foreign(shown) for shown in now.foreign_positions]
    return drawn + [line for shown in now.open_trades for line in _stop_terms(shown, cells)]


def _behind(trade: TradeRecord, cells: int) -> list[Line]:
    """How it came in and what it costs, where there is room for more."""
    slip = "" if trade.phase is TradePhase.OPENING else f", slipped {numbers.bps(trade.slippage_bps)} bps"
    told = (
        f"{trade.setup.replace('_', ' ')}, decided {numbers.clock(trade.decided_ns)} at "
        f"{numbers.price(trade.decision_price)}{slip}, fees {numbers.money(trade.fees_usd)} USD, {trade.trade_id}"
    )
    return wrap_line((("  ", "text"), (told, "dim")), cells)


def _chosen(line: Line) -> Line:
    """The name of the trade that the keys act on stands out."""
    (name, _), *rest = line
    return ((name, "cursor"), *rest)


def _foreign(shown: ForeignPositionView) -> Line:
    """What is on the account and not ours, with what it may lose to its stop, if it has one."""
    mode = " ".join(part for part in (shown.margin_mode, shown.position_side) if part)
    name = f"not ours: {shown.qty:+g} {shown.asset} {shown.venue} {mode} "
    if shown.stop_price is None:
        return ((name, "warn"), ("NO STOP", "alarm"))
    risk = "unknown" if shown.loss_at_stop_usd is None else f"{numbers.money(shown.loss_at_stop_usd)} USD"
    return ((name, "warn"), (f"stop {numbers.price(shown.stop_price)}, {risk} at risk", "text"))


def _wide(view: View, now: Snapshot, shown: OpenTradeView, cells: int) -> list[Line]:
    trade = shown.trade
    head: Line = (*_name(shown), *_entry(shown), *_worth(shown), *_stop(view, trade))
    if line_width(head) > cells:
        head = (*_name(shown), *_entry(shown), *_worth(shown), *_stop(view, trade, brief=True))
    clocks = (*_time_stop(now, trade), *_entry_left(now, shown), *_trail(trade))
    times: Line = (("  ", "text"), *_age(now, trade), *(clocks or (("  ", "text"),)))
    under = (*times, *_fitting_rungs(view, trade, cells - line_width(times)))
    return [head, (*under, *_away(view, trade, cells - line_width(under)))]


def _narrow(view: View, now: Snapshot, shown: OpenTradeView, cells: int) -> list[Line]:
    trade = shown.trade
    brief = cells < BRIEF
    head: Line = (*_name(shown), *_worth(shown, brief))
    times = _time_stop(now, trade, "out" if cells < OUT_CELLS else "time stop")
    times = times or _entry_left(now, shown) or _age(now, trade, brief)
    under: Line = () if brief else _trail(trade)
    under = under or (("  ", "text"),)
    return [
        (*head, *times),
        (("  ", "text"), *_entry(shown, 0), *_stop(view, trade, brief)),
        (*under, *_fitting_rungs(view, trade, cells - line_width(under))),
    ]


def _brief(view: View, now: Snapshot, shown: OpenTradeView, cells: int) -> list[Line]:
    """Two rows: what it is worth and when it is closed; its stop and the target that is next."""
    trade = shown.trade
    times = _time_stop(now, trade, "out") or _entry_left(now, shown) or _age(now, trade, brief=True)
    ahead = next(((number, rung) for number, rung in enumerate(trade.rungs, 1) if rung.filled_qty < rung.qty), None)
    target: Line = ((f"  t{ahead[0]} ", "dim"), (numbers.price(ahead[1].price), "text")) if ahead is not None else ()
    second = (("  ", "text"), *_entry(shown, 0), *_stop(view, trade, brief=True), *target)
    if line_width(second) > cells:
        second = (("  ", "text"), *_stop(view, trade, brief=True), *target)
    return [(*_name(shown), *_worth(shown, brief=True), *times), second]


def _name(shown: OpenTradeView) -> Line:
    trade = shown.trade
    name: Span = (left(f"{trade.asset} {trade.side.value.upper()}", 10), "strong")
    return (name, ("UNKNOWN ", "alarm")) if shown.unknown else (name,)


def _entry(shown: OpenTradeView, pad: int = 20) -> Line:
    trade = shown.trade
    if trade.phase is TradePhase.OPENING:
        limit = shown.entry_limit_price
        where = "" if limit is None else f"at {numbers.price(limit)} "
        return ((f"opening {numbers.amount(trade.asked_qty)} {where}", "warn"),)
    size = f"{numbers.amount(trade.open_qty)} @ {numbers.price(trade.entry_price)}"
    return ((f"{size:<{pad}} ", "text"),)


def _worth(shown: OpenTradeView, brief: bool = False) -> Line:
    trade = shown.trade
    if trade.phase is TradePhase.OPENING:
        return ()
    total = None if shown.open_pnl_usd is None else trade.pnl_usd + shown.open_pnl_usd
    role = "warn" if total is None else ("good" if total >= 0 else "bad")
    unit = "" if brief else " USD"
    name = "" if brief else "now "
    return ((name, "dim"), (f"{numbers.gain(total):>6}{unit} {numbers.r_units(shown.total_r):>7} ", role))


def _stop(view: View, trade: TradeRecord, brief: bool = False) -> Line:
    """Where it is, and ticked where it rests on the venue: the tick must never be what is cut."""
    if trade.phase is TradePhase.OPENING:
        return ()
    if trade.stop_price is None:
        return (("NO STOP", "alarm"),)
    place = "" if brief else ("at entry " if trade.stop_at_entry else "on venue ")
    where: Span = (f"{place}{view.glyphs.yes}", "good")
    if not trade.stop_rests_on_venue:
        where = ("NOT SEEN YET" if trade.stop_unseen else "NOT ON VENUE", "alarm")
    name = "trail " if brief and trade.trail is not None else "stop "
    return ((name, "dim"), (f"{numbers.price(trade.stop_price)} ", "text"), where)


def _away(view: View, trade: TradeRecord, cells: int) -> Line:
    """How far the price is from the stop and, where it fits, from the next target; below 0 is past it."""
    asset = view.store.asset(trade.asset)
    price = asset.price if asset is not None else None
    if price is None or trade.phase is TradePhase.OPENING or trade.stop_price is None:
        return ()
    ahead = next((rung.price for rung in trade.rungs if rung.filled_qty < rung.qty), None)
    up = 1.0 if trade.side is Side.LONG else -1.0
    stop = f"  {-up * bps_between(trade.stop_price, price):z.0f} bps to stop"
    target = f", {up * bps_between(ahead, price):z.0f} to target" if ahead is not None else ""
    told = stop + target if len(stop + target) <= cells else stop
    return ((told, "dim"),) if len(told) <= cells else ()


def _stop_terms(shown: OpenTradeView, cells: int) -> list[Line]:
    """How its stop leaves where that is not at market: under everything else, as it is known before."""
    if not shown.stop_terms:
        return []
    return wrap_line(((f"{shown.trade.asset} ", "text"), (shown.stop_terms, "dim")), cells)


def _rungs(view: View, trade: TradeRecord) -> Line:
    """The ladder: filled rungs ticked, the others with their price and share."""
    total = sum(rung.qty for rung in trade.rungs)
    if not total:
        return (("no targets placed  ", "dim"),)
    filled = sum(rung.filled_qty for rung in trade.rungs) / total
    glyphs = view.glyphs
    done = round(filled * LADDER_CELLS)
    spans: list[Span] = [(glyphs.full * done + glyphs.empty * (LADDER_CELLS - done) + "  ", "good")]
    for number, rung in enumerate(trade.rungs, start=1):
        spans += [(f"t{number} ", "dim"), _rung(view, rung, total)]
    return tuple(spans)


def _fitting_rungs(view: View, trade: TradeRecord, cells: int) -> Line:
    """The ladder in so many cells: without its bar, then without shares, where not everything fits."""
    full = _rungs(view, trade)
    if line_width(full) <= cells or line_width(full[1:]) <= cells:
        return full if line_width(full) <= cells else full[1:]
    spans: list[Span] = []
    for number, rung in enumerate(trade.rungs, start=1):
        is_filled = rung.filled_qty >= rung.qty
        told: Span = (f"{view.glyphs.yes} ", "good") if is_filled else (f"{numbers.price(rung.price)} ", "text")
        spans += [(f"t{number} ", "dim"), told]
    return tuple(spans)


def _rung(view: View, rung: Rung, total: float) -> Span:
    share = f"{rung.qty / total * 100:.0f}%"
    if rung.filled_qty >= rung.qty:
        return (f"+{rung.distance_bps:g} {view.glyphs.yes} {share}  ", "good")
    partly = f" ({rung.filled_qty / rung.qty * 100:.0f}% of it)" if rung.filled_qty > 0 else ""
    return (f"{numbers.price(rung.price)} {share}{partly}  ", "text")


def _age(now: Snapshot, trade: TradeRecord, brief: bool = False) -> Line:
    opened_ns = trade.opened_ns or trade.decided_ns
    age: Span = (f"{numbers.lasting((now.ts_ns - opened_ns) / NS_PER_S):>6}", "dim")
    if trade.phase is not TradePhase.CLOSING:
        return (age,)
    return (("CLOSING", "warn"),) if brief else (age, ("  CLOSING", "warn"))


def _time_stop(now: Snapshot, trade: TradeRecord, name: str = "time stop") -> Line:
    """When it is closed at market, first on its line: the most urgent figure is never the one that is cut."""
    if trade.time_stop_ns is None or trade.phase is TradePhase.CLOSING:
        return ()
    left_s = (trade.time_stop_ns - now.ts_ns) / NS_PER_S
    return ((f"  {name} {numbers.lasting(left_s)}  ", "warn"),)


def _entry_left(now: Snapshot, shown: OpenTradeView) -> Line:
    """How long its entry still rests."""
    if shown.trade.phase is not TradePhase.OPENING or shown.entry_until_ns is None:
        return ()
    return ((f"  {numbers.lasting((shown.entry_until_ns - now.ts_ns) / NS_PER_S)} left  ", "warn"),)


def _trail(trade: TradeRecord) -> Line:
    """That its stop follows the price, and how far behind."""
    return () if trade.trail is None else ((f"  trails {trade.trail.text}  ", "info"),)


def _closed(view: View, cells: int, most: int) -> list[Line]:
    """Where rows are left, what was closed last."""
    closed = sorted(view.store.closed_trades, key=lambda trade: trade.closed_ns or 0, reverse=True)
    clock_cells = 5 if cells < BRIEF else 8
    drawn: list[Line] = []
    for trade in closed[:most]:
        how = trade.exit_reason.value.replace("_", " ") if trade.exit_reason else "closed"
        held_s = ((trade.closed_ns or 0) - (trade.opened_ns or trade.decided_ns)) / NS_PER_S
        head: Line = (
            (f"{numbers.clock(trade.closed_ns or 0)[:clock_cells]} {left(f'{trade.asset} {trade.side}', 10)}", "dim"),
            (f"{numbers.gain(trade.pnl_usd):>6} {numbers.r_units(trade.r):>7} ", numbers.role_of(trade.pnl_usd)),
        )
        held = f"{how}, held {numbers.lasting(held_s)}"
        named = f"{held}, {trade.setup.replace('_', ' ')}"
        told = next((form for form in (named, held) if line_width(head) + len(form) <= cells), how)
        drawn.append((*head, (told, "dim")))
    return drawn


def _foot(now: Snapshot, cells: int) -> Line:
    """The room left, then what the stops would cost, then the largest position: as much of it as fits."""
    count = len(now.open_trades)
    room = max(0, now.max_open_trades - count)
    none = "" if count else "no open trade  "
    told: Line = ((none, "text"), (f"room for {room}", "dim"))
    exposure: Line = ((f"  exposure {numbers.money(now.exposure_usd)} USD", "dim"),)
    for more in (exposure, _at_stops(now), ((f"  largest {numbers.whole(now.max_notional_usd)} USD", "dim"),)):
        told = (*told, *more) if line_width((*told, *more)) <= cells else told
    return told


def _at_stops(now: Snapshot) -> Line:
    """What the open trades bring, before fees, where every stop fills at its price."""
    trades = [shown.trade for shown in now.open_trades if shown.trade.phase is not TradePhase.OPENING]
    if not trades:
        return ()
    if any(trade.stop_price is None for trade in trades):
        return (("  at the stops: ", "dim"), ("one has none", "warn"))
    moves = ((trade.stop_price or 0.0) - trade.entry_price for trade in trades)
    usd = sum(
        (move if trade.side is Side.LONG else -move) * trade.open_qty for move, trade in zip(moves, trades, strict=True)
    )
    return (("  at the stops ", "dim"), (f"{numbers.gain(usd)} USD", numbers.role_of(usd)))
