"""From what the engine decided to the journal's rows. Writing the same entry again changes nothing."""

from collections import defaultdict
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, and_, delete, or_, select, update
from sqlalchemy.dialects import sqlite

from cockpit.domain.account import Account
from cockpit.domain.actions import (
    Action,
    AdoptPosition,
    AnyAction,
    CancelOrder,
    CommandAnswered,
    Decided,
    FillBooked,
    FlattenVenues,
    MemoryChanged,
    ModeChanged,
    Notice,
    OrderChanged,
    PaperTracked,
    PlaceOrder,
    QueryOrder,
    QueryPosition,
    StateChanged,
    TradeChanged,
)
from cockpit.domain.kinds import Mode
from cockpit.domain.orders import OrderProgress
from cockpit.domain.signal_sources import PaperTrack
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import seconds_to_ns
from cockpit.domain.verdict import Verdict
from cockpit.journal import schema
from cockpit.journal.sessions import Alive, Entry, SessionInfo

# The columns of each kind of row, taken from the engine's own values.

Row = dict[str, Any]

TRADE_COLUMNS = (
    "trade_id",
    "verdict_id",
    "setup",
    "asset",
    "venue",
    "side",
    "mode",
    "phase",
    "decided_ns",
    "opened_ns",
    "closed_ns",
    "exit_reason",
    "notional_usd",
    "pnl_usd",
    "r",
    "fees_usd",
    "funding_usd",
    "slippage_bps",
    "decision_to_fill_ms",
    "exit_slippage_bps",
    "mae_bps",
    "mfe_bps",
)


def json_text(value: msgspec.Struct) -> str:
    """The whole value, for the body. Raises ValueError for text that has no UTF-8."""
    return msgspec.json.encode(value).decode()


def plain(value: msgspec.Struct) -> Row:
    """A struct's fields as they are."""
    return {name: getattr(value, name) for name in value.__struct_fields__}


def clean(value: Any) -> Any:
    """Text as every database takes it: PostgreSQL has no NUL."""
    return value.replace("\x00", "\ufffd") if isinstance(value, str) else value


def verdict_row(verdict: Verdict) -> Row:
    """A verdict; its checks are in the body."""
    proposal = verdict.proposal
    return {
        "verdict_id": verdict.verdict_id,
        "mode": verdict.mode,
        "setup": proposal.setup,
        "asset": proposal.asset,
        "side": proposal.side,
        "venue": verdict.venue,
        "approved": verdict.approved,
        "reason": verdict.reason,
        "reason_check": verdict.reason_check,
        "requested_usd": proposal.requested_usd,
        "decision_price": proposal.decision_price,
        "size_factor": verdict.size_factor,
        "stop_bps": verdict.stop_bps,
        "notional_usd": verdict.notional_usd,
        "qty": verdict.qty,
        "sent": verdict.sent,
        "not_sent_because": verdict.not_sent_because,
        "trade_id": verdict.trade_id,
        "signal_id": proposal.signal_id,
        "body": json_text(verdict),
    }


def request_row(action: Action, venue: str, asset: str) -> Row:
    """What was asked of a venue, or of several (their names with a space between)."""
    request = str(type(action).__struct_config__.tag)
    return {"request": request, "venue": venue, "asset": asset, "body": json_text(action)}


def order_row(order: OrderProgress) -> Row:
    """An order and what became of it so far."""
    request = order.request
    return {
        "order_id": request.order_id,
        "trade_id": request.trade_id,
        "venue": request.venue,
        "asset": request.asset,
        "side": request.side,
        "role": request.role,
        "order_type": request.order_type,
        "qty": request.qty,
        "status": order.status,
        "filled_qty": order.filled_qty,
        "average_price": order.average_price,
        "fees_usd": order.fees_usd,
        "venue_order_id": order.venue_order_id,
        "detail": order.detail,
        "body": json_text(order),
    }


def trade_row(trade: TradeRecord) -> Row:
    return {**{name: getattr(trade, name) for name in TRADE_COLUMNS}, "body": json_text(trade)}


def track_row(track: PaperTrack) -> Row:
    """What a proposal that was not sent came to on paper."""
    kept = {"source": track.source, "strategy": track.strategy, "verdict_id": track.verdict_id}
    return {**kept, "r": track.r or 0.0, "body": json_text(track)}


def account_row(mode: Mode, account: Account) -> Row:
    """The account of one session in one mode."""
    return {
        "mode": mode,
        "session_started_ns": account.session_started_ns,
        "realised_usd": account.realised_usd,
        "max_drawdown_usd": account.max_drawdown_usd,
        "body": json_text(account),
    }


def state_row(action: StateChanged) -> Row:
    """A change of the engine's state; its halt and stand-downs are in the body."""
    return {"before": action.before, "after": action.after, "reason": action.reason, "body": json_text(action)}


def answer_row(action: CommandAnswered) -> Row:
    """What an operator asked for and got."""
    row = plain(action)
    row["asked_by"] = row.pop("by")
    return row


MEMORIES_KEPT = 20
ALIVE_GAP_NS = seconds_to_ns(120)
"""Two signs of life further apart than this do not make the time between them count."""

_ADDED: dict[type, tuple[Table, Callable[[Any], Row]]] = {
    Decided: (schema.verdicts, lambda action: verdict_row(action.verdict)),
    PlaceOrder: (schema.requests, lambda action: request_row(action, action.order.venue, action.order.asset)),
    CancelOrder: (schema.requests, lambda action: request_row(action, action.venue, action.asset)),
    QueryOrder: (schema.requests, lambda action: request_row(action, action.venue, action.asset)),
    QueryPosition: (schema.requests, lambda action: request_row(action, action.venue, action.asset)),
    AdoptPosition: (schema.requests, lambda action: request_row(action, action.venue, action.asset)),
    FlattenVenues: (schema.requests, lambda action: request_row(action, " ".join(action.venues), "")),
    FillBooked: (schema.fills, plain),
    MemoryChanged: (schema.memory, lambda action: {"body": json_text(action.memory)}),
    StateChanged: (schema.states, state_row),
    ModeChanged: (schema.modes, plain),
    CommandAnswered: (schema.operator_actions, answer_row),
    PaperTracked: (schema.paper_tracks, lambda action: track_row(action.track)),
    Notice: (schema.notices, plain),
}
"""The actions that become a row of their own, never changed again."""


class Rows:
    """The rows of one transaction, gathered from entries in order."""

    def __init__(self) -> None:
        self._added: dict[Table, list[Row]] = defaultdict(list)
        self._latest: dict[Table, dict[tuple[Any, ...], Row]] = defaultdict(dict)
        self._alive: list[tuple[int, Alive]] = []

    def add(self, entry: Entry) -> None:
        """Take one entry in. Raises ValueError when one of its values cannot be stored as text."""
        body = entry.body
        if isinstance(body, SessionInfo):
            self._append(schema.sessions, {"lineage": entry.lineage}, plain(body))
        elif isinstance(body, Alive):
            self._alive.append((entry.session_id, body))
        else:
            self._add_action(entry, body)

    def write(self, connection: Connection) -> None:
        """Write everything gathered, inside the caller's transaction."""
        dialect = connection.dialect.name
        for table, rows in self._added.items():
            connection.execute(_adding(dialect, table), rows)
        for table, latest in self._latest.items():
            connection.execute(_replacing(dialect, table), list(latest.values()))
        for session_id, alive in self._alive:
            _stretch_uptime(connection, session_id, alive)
        for session_id in {row["session_id"] for row in self._added.get(schema.memory, ())}:
            _prune_memory(connection, session_id)

    def _add_action(self, entry: Entry, action: AnyAction) -> None:
        place = {"session_id": entry.session_id, "seq": entry.seq, "lineage": entry.lineage, "ts_ns": action.ts_ns}
        if type(action) in _ADDED:
            table, row_of = _ADDED[type(action)]
            self._append(table, place, row_of(action))
        match action:
            case PlaceOrder():
                self._keep(schema.orders, place, order_row(OrderProgress(action.order)))
            case OrderChanged():
                self._keep(schema.orders, place, order_row(action.order))
            case TradeChanged():
                self._keep(schema.trades, place, {**trade_row(action.trade), "change": action.change})
            case MemoryChanged(memory=memory):
                for mode, account in ((memory.mode, memory.account), *memory.other_accounts):
                    self._keep(schema.accounts, place, account_row(mode, account))

    def _append(self, table: Table, place: Row, row: Row) -> None:
        self._added[table].append({name: clean(value) for name, value in {**row, **place}.items()})

    def _keep(self, table: Table, place: Row, row: Row) -> None:
        whole = {name: clean(value) for name, value in {**row, **place}.items()}
        self._latest[table][tuple(whole[column.name] for column in table.primary_key)] = whole


@cache
def _adding(dialect: str, table: Table) -> Any:
    """Insert rows; what is there already stays."""
    return _insert(dialect, table).on_conflict_do_nothing()


@cache
def _replacing(dialect: str, table: Table) -> Any:
    """Insert rows, or put them in place of older ones; a row that is newer already stays.

    Made once: to put it together takes longer than to write a row by it.
    """
    statement = _insert(dialect, table)
    new = statement.excluded
    keys = list(table.primary_key.columns)
    older = or_(table.c.session_id < new.session_id, and_(table.c.session_id == new.session_id, table.c.seq < new.seq))
    values = {column.name: new[column.name] for column in table.columns if column not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=values, where=older)


def _insert(dialect: str, table: Table) -> Any:
    if dialect != "postgresql":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def _stretch_uptime(connection: Connection, session_id: int, alive: Alive) -> None:
    spans = schema.uptime
    of_session = spans.c.session_id == session_id
    newest = select(spans).where(of_session).order_by(spans.c.from_ns.desc()).limit(1)
    last = connection.execute(newest).one_or_none()
    if last is not None and alive.ts_ns <= last.to_ns:
        return
    goes_on = not alive.is_anew and last is not None and last.mode == alive.mode
    if last is not None and goes_on and alive.ts_ns - last.to_ns <= ALIVE_GAP_NS:
        this_span = and_(of_session, spans.c.from_ns == last.from_ns)
        connection.execute(update(spans).where(this_span).values(to_ns=alive.ts_ns))
        return
    span = {"session_id": session_id, "from_ns": alive.ts_ns, "to_ns": alive.ts_ns, "mode": alive.mode.value}
    connection.execute(spans.insert().values(span))


def _prune_memory(connection: Connection, session_id: int) -> None:
    rows = schema.memory
    of_session = rows.c.session_id == session_id
    oldest_kept = select(rows.c.seq).where(of_session).order_by(rows.c.seq.desc()).limit(1).offset(MEMORIES_KEPT - 1)
    connection.execute(delete(rows).where(of_session, rows.c.seq < oldest_kept.scalar_subquery()))
