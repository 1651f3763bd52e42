"""What must hold at the end of a session of chaos, in sentences where it does not."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from typing import NamedTuple

import msgspec

from cockpit.domain.trades import TradeRecord
from tests.faults.chaos import Chaos
from tests.faults.stage import OVER, Stage

CENT = 0.005
MOST_USD = 100.0
BARE_FOR_S = 1.0
"""At the venue. Left out is only when the venue could not be reached: it is down, nothing answers, it asked to be left
alone, no engine runs; and for what is not ours, while its lists hide it or it takes no stop."""
A_MILLISECOND_S = 0.001
"""What adding up shares of seconds may be off by."""
DOUBLED, ORPHANED, MISBOOKED, OTHER = "doubled", "orphaned", "misbooked", ""


class Problem(NamedTuple):
    """Something that does not hold."""

    kind: str
    sentence: str


class Verdict(NamedTuple):
    """How a session went. `bare_s` is the longest time that a position stood without its stop and nothing explains."""

    problems: tuple[Problem, ...]
    bare_s: float = 0.0


def summary(verdicts: Sequence[Verdict]) -> str:
    """One line on many sessions."""
    kinds = Counter(problem.kind for verdict in verdicts for problem in verdict.problems)
    counts = ", ".join(f"{kinds[kind]} {kind}" for kind in (DOUBLED, ORPHANED, MISBOOKED))
    failed = sum(bool(verdict.problems) for verdict in verdicts)
    longest_s = max((verdict.bare_s for verdict in verdicts), default=0.0)
    return f"{len(verdicts)} sessions: longest bare {longest_s:.1f} s, {counts}; {failed} failed"


def verdict(chaos: Chaos) -> Verdict:
    """Everything that does not hold at the end."""
    spells = _bare_spells(chaos)
    naked = [Problem(OTHER, sentence) for bare_s, sentence in spells if bare_s > BARE_FOR_S + A_MILLISECOND_S]
    others = [Problem(OTHER, sentence) for sentence in (*_workers(chaos.stage), *_limits(chaos))]
    longest_s = max((bare_s for bare_s, _ in spells), default=0.0)
    return Verdict((*_accounts(chaos), *naked, *_books(chaos), *others), longest_s)


def _accounts(chaos: Chaos) -> list[Problem]:
    stage = chaos.stage
    found: list[Problem] = []
    for name, venue in stage.world.venues.items():
        if venue.positions:
            found.append(Problem(ORPHANED, f"{name} holds {dict(venue.positions)}"))
        if venue.open_orders or venue.algo_orders:
            left = [order.client_id for order in (*venue.open_orders, *venue.algo_orders)]
            found.append(Problem(ORPHANED, f"{name} rests {left}"))
        if venue.watch.doubled:
            found.append(Problem(DOUBLED, f"{name} took an id more than once: {venue.watch.doubled}"))
        if venue.watch.flips and not chaos.plan.has_foreign:
            found.append(Problem(DOUBLED, f"{name} turned a position over: {venue.watch.flips}"))
    if stage.host.faults:
        found.append(Problem(OTHER, f"defect in the engine: {stage.host.last_fault}"))
    return found


def _bare_spells(chaos: Chaos) -> list[tuple[float, str]]:
    """Every time a position stood without a stop, with how much of it nothing that was broken explains."""
    loop, found = chaos.stage.world.loop, []
    for name, venue in chaos.stage.world.venues.items():
        for spell in venue.watch.naked_longer_than(0.0):
            start_s, end_s = (
                ((at_ns or loop.now_ns()) - loop.start_ns) / 1e9 for at_ns in (spell.start_ns, spell.end_ns)
            )
            bare_s = chaos.troubles[name].unexplained_s(start_s, end_s)
            times = f"from {start_s:.2f} to {end_s:.2f} s, {bare_s:.2f} s unexplained"
            found.append((bare_s, f"{name} {spell.symbol} naked {times}"))
    return found


def _workers(stage: Stage) -> list[str]:
    assert stage.host.gate is not None
    views = (*stage.host.supervisor.views(), *stage.host.gate.workers())
    return [f"{view.name} is {view.state}: {view.detail}" for view in views if view.state == "backing_off"]


def _books(chaos: Chaos) -> list[Problem]:
    """The journal's executions are the venues', and its result is the wallets'."""
    lost = [Problem(ORPHANED, sentence) for sentence in _unknown_entries(chaos.stage)]
    return [*lost, *(Problem(MISBOOKED, sentence) for sentence in _misbooked(chaos))]


def _unknown_entries(stage: Stage) -> list[str]:
    assert stage.host.journal.flush(10.0)
    with closing(sqlite3.connect(stage.home / "journal.sqlite")) as connection:
        asked = {row[0] for row in connection.execute("select order_id from orders")}
    return [f"{own} at the venue is in no journal" for own in _entries(stage) if own not in asked]


def _misbooked(chaos: Chaos) -> list[str]:
    stage, found = chaos.stage, []
    with closing(sqlite3.connect(stage.home / "journal.sqlite")) as connection:
        bodies = connection.execute("select body from trades").fetchall()
        booked_rows = connection.execute("select order_id, sum(qty) from fills group by order_id").fetchall()
    trades = [msgspec.json.decode(body, type=TradeRecord) for (body,) in bodies]
    found += [f"{trade.trade_id} is {trade.phase.value}" for trade in trades if trade.phase not in OVER]
    booked: dict[str, float] = defaultdict(float)
    for order_id, qty in booked_rows:
        booked[f"f{order_id.rpartition('-')[2]}" if order_id.startswith("flatten-") else order_id] += qty
    at_venues = _executed(stage)
    for own, qty in at_venues.items():
        closed_anothers = own.startswith("g") or (own.startswith("f") and chaos.plan.has_hands)
        # An exit of ours may take from what is not ours: of that nothing is booked.
        closed_anothers |= chaos.plan.has_foreign and "e" not in own and booked.get(own, 0.0) < qty
        if not closed_anothers and abs(booked.get(own, 0.0) - qty) > 1e-9:
            found.append(f"{own} executed {qty:g}, the journal has {booked.get(own, 0.0):g}")
    ours = [own for own in booked if not own.startswith("outside-")]
    found += [f"{own} is booked and never executed" for own in ours if own not in at_venues]
    return found if chaos.plan.may_guess or chaos.plan.has_foreign else [*found, *_money(chaos, trades)]


def _own(client_id: str) -> str | None:
    """Our id in a client id: `ck`, six characters, and it; a stop that spot laid again has a number behind it."""
    return client_id[8:].partition("r")[0] if client_id.startswith("ck") else None


def _executed(stage: Stage) -> dict[str, float]:
    """Base coins executed by our own orders, a triggered stop's under the stop's id."""
    executed: dict[str, float] = defaultdict(float)
    for venue in stage.world.venues.values():
        core = venue.core
        for order in core.orders.values():
            algo = core.algos.all.get(order.algo_id) if order.algo_id is not None else None
            own = _own(algo.client_id if algo is not None else order.client_id)
            if own is not None and order.filled:
                executed[own] += float(order.filled * core.rules[order.symbol].unit)
    return dict(executed)


def _entries(stage: Stage) -> list[str]:
    orders = [order for venue in stage.world.venues.values() for order in venue.core.orders.values()]
    owns = (_own(order.client_id) for order in orders if not order.reduce_only and order.owner == "client")
    return [own for own in owns if own is not None]


def _money(chaos: Chaos, trades: list[TradeRecord]) -> list[str]:
    stage = chaos.stage
    income: dict[str, float] = defaultdict(float)
    for venue in stage.world.venues.values():
        for entry in venue.core.income:
            income[entry.kind] += float(entry.amount_usd)
    ours = {
        "REALIZED_PNL": sum(trade.gross_usd for trade in trades),
        "COMMISSION": -sum(trade.fees_usd for trade in trades),
        "FUNDING_FEE": sum(trade.funding_usd for trade in trades),
    }
    if chaos.plan.may_miss_funding:
        del ours["FUNDING_FEE"]
    return [
        f"{kind}: the journal has {ours[kind]:.4f}, the wallets {income[kind]:.4f}"
        for kind in ours
        if abs(ours[kind] - income[kind]) > CENT
    ]


def _limits(chaos: Chaos) -> list[str]:
    """Test mode's exposure, at each venue and over all of them, never more than the gate allowed."""
    stage = chaos.stage
    if chaos.plan.has_foreign:
        return []
    largest_usd = 0.0
    for venue in stage.world.venues.values():
        for symbol, largest in venue.watch.largest.items():
            rules = venue.core.rules[symbol]
            largest_usd = max(largest_usd, float(largest * rules.unit) * stage.world.prices[rules.asset])
    return [f"a position was worth {largest_usd:.2f} USD"] if largest_usd > MOST_USD * 1.02 else []
