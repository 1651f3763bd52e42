"""The columns of each kind of row, taken from the engine's own values."""

from typing import Any

import msgspec

from cockpit.domain.account import Account
from cockpit.domain.actions import Action, CommandAnswered, StateChanged
from cockpit.domain.kinds import Mode
from cockpit.domain.orders import OrderProgress
from cockpit.domain.trades import TradeRecord
from cockpit.domain.verdict import Verdict

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
    """A trade as it stands."""
    return {**{name: getattr(trade, name) for name in TRADE_COLUMNS}, "body": json_text(trade)}


def account_row(mode: Mode, account: Account) -> Row:
    """The account of one session in one mode."""
    return {
        "mode": mode,
        "session_started_ns": account.session_started_ns,
        "session_usd": account.session_usd,
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
