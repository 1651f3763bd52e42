"""What the engine decides, in lines for people: the headless engine's screen."""

from collections.abc import Callable, Sequence

from cockpit.domain.actions import AnyAction, CommandAnswered, Decided, ModeChanged, Notice, StateChanged, TradeChanged
from cockpit.domain.numbers import price_text
from cockpit.domain.plain_text import printable
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import utc_text
from cockpit.domain.verdict import Verdict

SHOWN_CHANGES = ("opened", "stop_rests", "target_filled", "stop_to_entry", "closing", "closed", "abandoned")


class Narrator:
    """Tells the log, line by line, to `notify`."""

    def __init__(self, notify: Callable[[str], None]) -> None:
        self._notify = notify

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        """Tell what is worth telling."""
        for action in actions:
            line = line_of(action)
            if line is not None:
                self._notify(f"{utc_text(action.ts_ns)[11:19]} {printable(line)}")


def line_of(action: AnyAction) -> str | None:
    """One action as one line, or None for what people need not read."""
    match action:
        case Decided():
            return verdict_text(action.verdict)
        case TradeChanged() if action.change in SHOWN_CHANGES:
            return _trade(action.trade, action.change)
        case StateChanged():
            return f"{action.after.value.upper().replace('_', ' ')}: {action.reason}"
        case ModeChanged():
            return f"mode {action.before.value} -> {action.after.value} ({action.reason})"
        case Notice():
            return f"{'!! ' if action.severity == 'critical' else ''}{action.topic}: {action.sentence}"
        case CommandAnswered():
            return f"{action.command} by {action.by}: {'done' if action.ok else 'refused'}: {action.sentence}"
        case _:
            return None


def verdict_text(verdict: Verdict) -> str:
    """A verdict: yes and how much, or no and why."""
    asked = verdict.proposal
    what = f"{asked.setup} {asked.asset} {asked.side.value}"
    if not verdict.approved:
        return f"no  {what}: {verdict.reason}"
    size = f"{verdict.size_text}, stop {verdict.stop_bps:g} bps"
    return f"yes {what}: {size}" + (f", not sent: {verdict.not_sent_because}" if not verdict.sent else "")


def _trade(trade: TradeRecord, change: str) -> str:
    what = f"{trade.trade_id} {trade.asset} {trade.side.value}"
    match change:
        case "opened":
            late = f"{trade.decision_to_fill_ms or 0.0:.0f} ms, slippage {trade.slippage_bps:+.2f} bps"
            return f"{what} opened: {trade.entry_qty:g} at {price_text(trade.entry_price)} ({late})"
        case "stop_rests":
            return f"{what} stop rests at {price_text(trade.stop_price or 0.0)}"
        case "stop_to_entry":
            return f"{what} stop moved to entry and fees: {price_text(trade.stop_price or 0.0)}"
        case "closed":
            reason = trade.exit_reason.value if trade.exit_reason else ""
            result = f"net {trade.pnl_usd:+.4f} USD, {trade.r:+.2f} R"
            return f"{what} closed by {reason} at {price_text(trade.exit_price)}: {result}"
        case _:
            return f"{what} {change.replace('_', ' ')} {trade.exit_detail}".rstrip()
