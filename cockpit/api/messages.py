"""What the engine decides, as the outside dashboard's events."""

from typing import Any

import msgspec

from cockpit.api.quiet_json import quiet_json
from cockpit.domain.actions import AnyAction, Decided, ModeChanged, StateChanged, TradeChanged
from cockpit.domain.snapshot import Snapshot
from cockpit.domain.trades import TradeRecord

TRADE_EVENTS = {"opened": "trade_opened", "closed": "trade_completed"}

Event = tuple[str, dict[str, Any]]


def event_of(action: AnyAction) -> Event | None:
    """An action's event with its data, or None for what dashboards are not told."""
    match action:
        case TradeChanged() if action.change in TRADE_EVENTS:
            return TRADE_EVENTS[action.change], trade_data(action.trade)
        case Decided():
            return "verdict", msgspec.to_builtins(action.verdict)
        case ModeChanged():
            return "mode_changed", _data(action)
        case StateChanged():
            return "state_changed", _data(action)
        case _:
            return None


def kill_event(action: StateChanged) -> Event | None:
    """The kill switch's event: entries are stopped until an operator resumes."""
    halt = action.halt
    if halt is None:
        return None
    return "kill_switch", {**msgspec.to_builtins(halt), "state": action.after.value}


def trade_data(trade: TradeRecord) -> dict[str, Any]:
    """A trade with what it came to so far."""
    data: dict[str, Any] = msgspec.to_builtins(trade)
    return {**data, "strategy": trade.setup, "profit": trade.pnl_usd, "pnl_usd": trade.pnl_usd, "r": trade.r}


def market_data(snapshot: Snapshot) -> dict[str, Any]:
    """Every asset's market as it stands."""
    shown = ("price", "bid", "ask", "mark", "long_pct", "short_pct", "funding_spread_bps")
    assets = {view.asset: {name: getattr(view, name) for name in shown} for view in snapshot.assets}
    return {"assets": assets, "ts_ns": snapshot.ts_ns}


def encoded(event: str, data: dict[str, Any], timestamp: str) -> str:
    """One message as text; a number that is none becomes null."""
    return quiet_json({"event": event, "data": data, "timestamp": timestamp}).decode()


def _data(action: ModeChanged | StateChanged) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.to_builtins(action)
    data.pop("kind", None)
    return data
