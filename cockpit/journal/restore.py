"""What a restarted engine must know, read from the journal. The trades are the truth; the memory may lag."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, Table, and_, func, or_, select

from cockpit.domain.account import Account, EngineMemory
from cockpit.domain.actions import StateChanged
from cockpit.domain.commands import Restore
from cockpit.domain.kinds import EngineState, Mode, OrderStatus, TradePhase
from cockpit.domain.orders import OrderProgress
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_S, utc_day
from cockpit.journal.rebuild import BookedFill, rebuild_account
from cockpit.journal.row_bodies import RowBodies
from cockpit.journal.schema import (
    fills,
    memory,
    notices,
    operator_actions,
    orders,
    paper_tracks,
    requests,
    sessions,
    states,
    trades,
    uptime,
    verdicts,
)
from cockpit.journal.sessions import FeedKind

FINAL_ORDERS = [status.value for status in OrderStatus if status.is_final]
OVER = [TradePhase.CLOSED.value, TradePhase.ABANDONED.value]
WRITTEN = (verdicts, orders, requests, fills, trades, states, operator_actions, notices, memory, paper_tracks)
BOOKED_MARGIN_NS = 60 * NS_PER_S
"""Venues' clocks differ from ours."""
Place = tuple[int, int]


class Restored(msgspec.Struct, frozen=True):
    """The command for the engine, and the lineage that its session belongs to (see `Journal.begin`).

    `unreadable` says which rows were set aside: what they held is not taken up, and the venue may know of it.
    `is_rebuilt` tells that the engine's own bookkeeping was older than its trades, and was brought up from them.
    `last_ns` is the event time of the last thing that the newest session wrote: a simulated market goes on no earlier.
    `session_id` is that of the session it comes from: the next one's must be greater.
    """

    command: Restore
    lineage: int
    is_rebuilt: bool
    last_ns: int = 0
    session_id: int = 0
    unreadable: tuple[str, ...] = ()


def find_restore(connection: Connection, now_ns: int, feed: FeedKind) -> Restored | None:
    """What the newest session on this kind of feed left: its account, open trades, and their orders.

    The orders are every order of the open trades (their numbers count on) and any other that is not known to be final.
    None when there was no such session, or it decided nothing worth remembering.
    """
    columns = (sessions.c.lineage, sessions.c.session_id, sessions.c.started_ns, sessions.c.mode)
    newest = select(*columns).where(sessions.c.feed == feed.value).order_by(sessions.c.session_id.desc()).limit(1)
    session = connection.execute(newest).one_or_none()
    if session is None:
        return None
    lineage: int = session.lineage
    set_aside: list[str] = []
    remembered, place, memory_ns = _newest_memory(connection, lineage, set_aside)
    all_trades = _trades(connection, lineage, set_aside)
    is_rebuilt = _moved_on(connection, lineage, place)
    if remembered is None and not all_trades and not is_rebuilt:
        return None
    if remembered is None:
        fresh = Account(utc_day=utc_day(session.started_ns), session_started_ns=session.started_ns)
        remembered = EngineMemory(Mode(session.mode), EngineState.DISARMED, fresh, 1, 1)
    if is_rebuilt:
        remembered = _brought_up(connection, lineage, remembered, place, memory_ns, all_trades, set_aside)
    open_trades = tuple(trade for trade in all_trades if trade.phase.value not in OVER)
    command = Restore(
        ts_ns=now_ns,
        command_id=f"restore-{now_ns}",
        by="engine",
        memory=_counted_on(connection, lineage, remembered),
        trades=open_trades,
        orders=_orders(connection, lineage, [trade.trade_id for trade in open_trades], set_aside),
        booked=_booked(connection, lineage, open_trades),
        signalled=tuple(trade for trade in all_trades if trade.signal_id and trade.phase.value in OVER),
    )
    last_ns = _last_ns(connection, session.session_id, session.started_ns)
    return Restored(command, lineage, is_rebuilt, last_ns, session.session_id, tuple(set_aside))


def _last_ns(connection: Connection, session_id: int, started_ns: int) -> int:
    """The event time of the last thing that a session wrote, its signs of life included.

    Earlier sessions do not count: they may have run by a clock that was set right since.
    """
    stamps = [select(func.max(table.c.ts_ns)).where(table.c.session_id == session_id) for table in WRITTEN]
    stamps.append(select(func.max(uptime.c.to_ns)).where(uptime.c.session_id == session_id))
    return max(started_ns, *(connection.execute(stamp).scalar_one() or 0 for stamp in stamps))


def _newest_memory(
    connection: Connection, lineage: int, set_aside: list[str]
) -> tuple[EngineMemory | None, Place, int]:
    """The newest that can be read: what came after it is brought up from the rest."""
    rows = select(memory).where(memory.c.lineage == lineage).order_by(memory.c.session_id.desc(), memory.c.seq.desc())
    bodies = RowBodies(EngineMemory, set_aside)
    for row in connection.execute(rows):
        remembered = bodies.of(row.body, f"memory row {row.session_id}/{row.seq}")
        if remembered is not None:
            return remembered, (row.session_id, row.seq), row.ts_ns
    return None, (0, 0), 0


def _newest(connection: Connection, table: Table, lineage: int) -> Any:
    newest = select(table).where(table.c.lineage == lineage).order_by(table.c.session_id.desc(), table.c.seq.desc())
    return connection.execute(newest.limit(1)).one_or_none()


def _after(table: Table, lineage: int, place: Place) -> Any:
    session_id, seq = place
    later = or_(table.c.session_id > session_id, and_(table.c.session_id == session_id, table.c.seq > seq))
    return and_(table.c.lineage == lineage, later)


def _moved_on(connection: Connection, lineage: int, place: Place) -> bool:
    """Whether anything that the memory should know of was written after it."""
    return any(
        connection.execute(select(func.count()).select_from(table).where(_after(table, lineage, place))).scalar_one()
        for table in (trades, fills, states, verdicts)
    )


def _trades(connection: Connection, lineage: int, set_aside: list[str]) -> list[TradeRecord]:
    query = select(trades.c.trade_id, trades.c.body).where(trades.c.lineage == lineage).order_by(trades.c.decided_ns)
    bodies = RowBodies(TradeRecord, set_aside)
    found = (bodies.of(row.body, f"trades row {row.trade_id}") for row in connection.execute(query))
    return [trade for trade in found if trade is not None]


def _orders(
    connection: Connection, lineage: int, trade_ids: list[str], set_aside: list[str]
) -> tuple[OrderProgress, ...]:
    wanted = or_(orders.c.trade_id.in_(trade_ids), orders.c.status.not_in(FINAL_ORDERS))
    query = select(orders.c.order_id, orders.c.body).where(orders.c.lineage == lineage, wanted)
    bodies = RowBodies(OrderProgress, set_aside)
    rows = connection.execute(query.order_by(orders.c.session_id, orders.c.seq))
    found = (bodies.of(row.body, f"orders row {row.order_id}") for row in rows)
    return tuple(order for order in found if order is not None)


def _booked(connection: Connection, lineage: int, open_trades: Iterable[TradeRecord]) -> tuple[tuple[str, str], ...]:
    """Every execution that may still be met at a venue which tells the open trades' executions anew.

    One that was shared between trades is booked under its id and theirs.
    """
    since_ns = min((trade.decided_ns for trade in open_trades), default=None)
    if since_ns is None:
        return ()
    here = and_(trades.c.lineage == fills.c.lineage, trades.c.trade_id == fills.c.trade_id)
    rows = connection.execute(
        select(trades.c.venue, fills.c.fill_id)
        .join(trades, here)
        .where(fills.c.lineage == lineage, fills.c.ts_ns >= since_ns - BOOKED_MARGIN_NS)
        .order_by(fills.c.session_id, fills.c.seq)
    )
    return tuple(dict.fromkeys((row.venue, row.fill_id.partition("/")[0]) for row in rows))


def _brought_up(
    connection: Connection,
    lineage: int,
    remembered: EngineMemory,
    place: Place,
    memory_ns: int,
    all_trades: list[TradeRecord],
    set_aside: list[str],
) -> EngineMemory:
    """The memory with everything the journal holds that came after it, by its place there: stamps may go back."""
    now_ns = max(
        connection.execute(select(func.max(table.c.ts_ns)).where(_after(table, lineage, place))).scalar_one()
        or memory_ns
        for table in (trades, fills, states, verdicts)
    )
    changed = connection.execute(select(trades.c.trade_id).where(_after(trades, lineage, place))).scalars()
    columns = (fills.c.ts_ns, fills.c.trade_id, fills.c.order_id, fills.c.qty, fills.c.price, fills.c.fee_usd)
    booked = [BookedFill(*row) for row in connection.execute(select(*columns).where(fills.c.lineage == lineage))]
    account = rebuild_account(
        remembered.account,
        memory_ns,
        remembered.mode,
        all_trades,
        booked,
        max(now_ns, memory_ns),
        _last_review_ns(connection, lineage, place),
        frozenset(changed),
    )
    signals = connection.execute(
        select(verdicts.c.signal_id).where(_after(verdicts, lineage, place), verdicts.c.signal_id.is_not(None))
    )
    remembered = replace(
        remembered,
        account=account,
        signal_ids=tuple(dict.fromkeys((*remembered.signal_ids, *signals.scalars()))),
    )
    state = _newest(connection, states, lineage)
    if state is None or (state.session_id, state.seq) < place:
        return remembered
    change = RowBodies(StateChanged, set_aside).of(state.body, f"states row {state.session_id}/{state.seq}")
    if change is None:
        return remembered
    return replace(remembered, state=change.after, account=replace(account, halt=change.halt))


def _last_review_ns(connection: Connection, lineage: int, place: Place) -> int:
    reviews = and_(
        _after(operator_actions, lineage, place),
        operator_actions.c.command == "resume",
        operator_actions.c.ok.is_(True),
    )
    return connection.execute(select(func.max(operator_actions.c.ts_ns)).where(reviews)).scalar_one() or 0


def _counted_on(connection: Connection, lineage: int, remembered: EngineMemory) -> EngineMemory:
    """The memory with counters past every id in the journal: an id is never given twice."""
    newest = _newest(connection, verdicts, lineage)
    used_verdict = _number(newest.verdict_id) if newest is not None else 0
    trade_ids = connection.execute(select(trades.c.trade_id).where(trades.c.lineage == lineage)).scalars()
    used_trade = max(map(_number, trade_ids), default=0)
    return replace(
        remembered,
        next_verdict=max(remembered.next_verdict, used_verdict + 1),
        next_trade=max(remembered.next_trade, used_trade + 1),
    )


def _number(counted_id: str) -> int:
    """The count in an id such as `t000012`."""
    digits = counted_id[len(counted_id.rstrip("0123456789")) :]
    return int(digits) if digits else 0
