"""Made-up values for the journal's tests: any vocabulary value at all, and a few trades with known numbers."""

import enum
import resource
import types
import typing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import Table, select

from cockpit.domain.account import Account, EngineMemory
from cockpit.domain.actions import (
    AnyAction,
    Decided,
    FillBooked,
    MemoryChanged,
    Notice,
    OrderChanged,
    PlaceOrder,
    TradeChanged,
)
from cockpit.domain.kinds import (
    EngineState,
    ExitReason,
    Layer,
    Mode,
    OrderRole,
    OrderStatus,
    OrderType,
    Outcome,
    Side,
    TradePhase,
)
from cockpit.domain.orders import OrderProgress, OrderRequest
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_DAY, NS_PER_S
from cockpit.domain.verdict import Check, Proposal, Target, Verdict
from cockpit.journal.database import journal_url, open_database
from cockpit.journal.sessions import FeedKind, SessionInfo

DAY = 20_380
START_NS = DAY * NS_PER_DAY + 8 * 3600 * NS_PER_S
SESSION = SessionInfo(START_NS, START_NS, FeedKind.LIVE, Mode.PAPER, "digest", "0.1")

_SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    bool: st.booleans(),
    type(None): st.none(),
}


def any_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of an annotation of the vocabulary."""
    origin = typing.get_origin(hint)
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if origin in (typing.Union, types.UnionType):
        return st.one_of([any_of(part) for part in typing.get_args(hint)])
    if origin is tuple:
        parts = typing.get_args(hint)
        if parts[-1] is Ellipsis:
            return st.lists(any_of(parts[0]), max_size=3).map(tuple)
        return st.tuples(*[any_of(part) for part in parts])
    if issubclass(hint, enum.Enum):
        return st.sampled_from(hint)
    assert issubclass(hint, msgspec.Struct)
    hints = typing.get_type_hints(hint)
    return st.builds(hint, **{name: any_of(hints[name]) for name in hint.__struct_fields__})


def at(seconds: float) -> int:
    """An instant that many seconds into the sample session."""
    return START_NS + round(seconds * NS_PER_S)


def notice(number: int) -> Notice:
    return Notice(at(number), "info", "test", f"notice {number}")


def proposal(signal_id: str | None = None) -> Proposal:
    return Proposal(
        "btc_lower_band_long", "BTC", Side.LONG, 29.0, 100_000.0, 28.0, (Target(25.0, 100.0),), signal_id=signal_id
    )


def verdict(
    number: int,
    *,
    ts_ns: int = START_NS,
    denied_by: str = "",
    trade_id: str | None = None,
    signal_id: str | None = None,
) -> Verdict:
    """An approved verdict (sent when it has a trade), or one that a check denied."""
    outcome = Outcome.BLOCK if denied_by else Outcome.PASS
    check = Check(
        Layer.GLOBAL, denied_by or "notional", outcome, "29.00", "415.00", f"{denied_by or 'notional'} said so"
    )
    return Verdict(
        verdict_id=f"v{number:06d}",
        ts_ns=ts_ns,
        mode=Mode.PAPER,
        proposal=proposal(signal_id),
        approved=not denied_by,
        reason=check.sentence if denied_by else "",
        reason_check=denied_by,
        checks=(check,),
        size_factor=1.0,
        stop_bps=28.0,
        notional_usd=0.0 if denied_by else 29.0,
        qty=0.0 if denied_by else 0.00029,
        venue="okx",
        sent=trade_id is not None,
        trade_id=trade_id,
    )


def trade(number: int, **changes: Any) -> TradeRecord:
    """A long trade of 0.00029 BTC decided `number` minutes into the session; 1 R is 0.10 USD."""
    base = TradeRecord(
        trade_id=f"t{number:06d}",
        verdict_id=f"v{number:06d}",
        setup="btc_lower_band_long",
        asset="BTC",
        venue="okx",
        side=Side.LONG,
        mode=Mode.PAPER,
        phase=TradePhase.OPENING,
        decided_ns=at(60 * number),
        decision_price=100_000.0,
        asked_qty=0.00029,
        stop_bps=28.0,
        initial_stop_price=99_720.0,
        risk_usd=0.10,
        requested_usd=29.0,
        notional_usd=29.0,
        size_factor=1.0,
        entry_order_id=f"t{number:06d}e1",
    )
    return replace(base, **changes)


def opened(number: int, **changes: Any) -> TradeRecord:
    """The trade filled at 100,000 half a second after the decision."""
    filled = {
        "phase": TradePhase.OPEN,
        "opened_ns": at(60 * number + 0.5),
        "entry_qty": 0.00029,
        "entry_price": 100_000.0,
        "open_qty": 0.00029,
        "stop_price": 99_720.0,
        "stop_order_id": f"t{number:06d}s2",
        "stop_rests_on_venue": True,
        "decision_to_fill_ms": 500.0,
        "fees_usd": 0.01,
    }
    return trade(number, **{**filled, **changes})


def closed(number: int, gross_usd: float, **changes: Any) -> TradeRecord:
    """The trade closed 30 s after the decision, having paid 0.02 USD of fees."""
    end = {
        "phase": TradePhase.CLOSED,
        "open_qty": 0.0,
        "exit_qty": 0.00029,
        "exit_price": 100_000.0 + gross_usd / 0.00029,
        "gross_usd": gross_usd,
        "fees_usd": 0.02,
        "closed_ns": at(60 * number + 30),
        "exit_reason": ExitReason.TARGETS if gross_usd > 0 else ExitReason.STOP,
        "stop_rests_on_venue": False,
    }
    return opened(number, **{**end, **changes})


def entry_fill(of: TradeRecord) -> FillBooked:
    return FillBooked(
        at(0) if of.opened_ns is None else of.opened_ns,
        of.entry_order_id,
        of.trade_id,
        f"f-{of.entry_order_id}",
        of.entry_qty,
        of.entry_price,
        0.01,
        False,
    )


def exit_fill(of: TradeRecord) -> FillBooked:
    order_id = f"{of.trade_id}c9"
    return FillBooked(
        of.closed_ns or 0, order_id, of.trade_id, f"f-{order_id}", of.exit_qty, of.exit_price, 0.01, False
    )


def order(of: TradeRecord, role: OrderRole, number: int, status: OrderStatus = OrderStatus.WORKING) -> OrderProgress:
    request = OrderRequest(
        order_id=f"{of.trade_id}{role.value[0]}{number}",
        trade_id=of.trade_id,
        venue="okx",
        asset=of.asset,
        side=of.side if role is OrderRole.ENTRY else of.side.opposite,
        role=role,
        order_type=OrderType.MARKET,
        qty=0.00029,
        reduce_only=role is not OrderRole.ENTRY,
        decided_ns=of.decided_ns,
        decision_price=of.decision_price,
    )
    return OrderProgress(request, status)


def memory(ts_ns: int, *, next_trade: int = 1, **changes: Any) -> MemoryChanged:
    account = Account(utc_day=DAY, session_started_ns=START_NS, **changes)
    return MemoryChanged(ts_ns, EngineMemory(Mode.PAPER, EngineState.ARMED, account, next_trade, next_trade))


def life(number: int, gross_usd: float) -> list[AnyAction]:
    """What the engine says over a whole trade, its own bookkeeping left out."""
    done, began = closed(number, gross_usd), opened(number)
    entry = order(done, OrderRole.ENTRY, 1, OrderStatus.SENT)
    decided = verdict(number, ts_ns=done.decided_ns, trade_id=done.trade_id)
    return [
        Decided(done.decided_ns, decided),
        PlaceOrder(done.decided_ns, entry.request),
        OrderChanged(done.decided_ns, entry),
        TradeChanged(done.decided_ns, trade(number), "sent"),
        entry_fill(began),
        OrderChanged(began.opened_ns or 0, replace(entry, status=OrderStatus.FILLED, filled_qty=0.00029)),
        TradeChanged(began.opened_ns or 0, began, "opened"),
        exit_fill(done),
        TradeChanged(done.closed_ns or 0, done, "closed"),
    ]


def sentences(notices: Sequence[Any]) -> list[str]:
    return [row.sentence for row in notices]


@contextmanager
def no_file_over(size: int) -> Iterator[None]:
    """The operating system refuses to make any file of this process larger than that."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def rows(path: Path | str, table: Table) -> list[Any]:
    """A table's rows in the order they were decided."""
    order_by = [table.c.session_id, table.c.seq] if "seq" in table.c else list(table.primary_key)
    with open_database(journal_url(path), writes=False).connect() as connection:
        return list(connection.execute(select(table).order_by(*order_by)))
