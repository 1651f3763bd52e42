"""What a run came to: verdicts, trades, the session's result, and a digest of every verdict and action in order."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from cockpit.domain import wire
from cockpit.domain.actions import AnyAction, Decided, MemoryChanged, TradeChanged
from cockpit.domain.numbers import price_text
from cockpit.domain.trades import TradeRecord
from cockpit.domain.verdict import Verdict

# Where two actions part: the first field that is not the same, not two pages of everything that is.

ABSENT = "nothing"


def first_difference(recorded: AnyAction, now: AnyAction) -> str:
    """As `decided.verdict.qty: expected 0.01, was 0.011`; both actions where they are not even of one kind."""
    one, other = msgspec.to_builtins(recorded), msgspec.to_builtins(now)
    if one["kind"] != other["kind"]:
        return f"expected {shown(one)}, was {shown(other)}"
    return next(_parted(one, other, one["kind"]), f"{one['kind']}: equal as JSON, not byte for byte")


def shown(plain: Any) -> str:
    """A value as JSON."""
    return plain if plain is ABSENT else msgspec.json.encode(plain).decode()


def _parted(one: Any, other: Any, where: str) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            yield from _parted(one.get(key, ABSENT), other.get(key, ABSENT), f"{where}.{key}")
    elif isinstance(one, tuple | list) and isinstance(other, tuple | list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            yield from _parted(*pair, f"{where}[{number}]")
    elif shown(one) != shown(other):
        yield f"{where}: expected {shown(one)}, was {shown(other)}"


class Mark(msgspec.Struct, frozen=True):
    """An open trade at the end of a run: the price it could have left at, and what closing it there would have added,
    net of the exit's fee. None where no price was known.
    """

    price: float | None
    open_pnl_usd: float | None


class Nearest(msgspec.Struct, frozen=True):
    """How near the price came to a band's edge that setups wait at; 0 bps where it was reached."""

    asset: str
    band: str
    edge: float
    price: float
    away_bps: float

    @property
    def sentence(self) -> str:
        where = f"{self.asset} {self.band} band at {price_text(self.edge)}"
        if self.away_bps == 0.0:
            return f"{where}: reached"
        return f"{where}: never reached, the nearest was {self.away_bps:,.0f} bps away at {price_text(self.price)}"


class Tally:
    """Counts what was decided. Two runs with the same digest decided the same things in the same order, bit for bit."""

    def __init__(self) -> None:
        self.approved = 0
        self.denied_by: Counter[str] = Counter()
        self.verdicts: list[Verdict] = []
        self.max_drawdown_usd = 0.0
        self.consecutive_losses = 0
        self._trades: dict[str, TradeRecord] = {}
        self.marks: dict[str, Mark] = {}
        """What each trade still open was worth at the end."""
        self.count = 0
        """How many actions were taken in, but for those that say what the engine remembers and no more."""
        self.nearest: list[Nearest] = []
        """How near each asset came to its nearest bands."""
        self._hash = hashlib.sha256()

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        """Take the decisions into the digest, and the verdicts and trades into the counts."""
        for action in actions:
            self._hash.update(wire.encode(action))
            self.count += not isinstance(action, MemoryChanged)
            if isinstance(action, Decided):
                self._count(action.verdict)
            elif isinstance(action, TradeChanged):
                self._trades[action.trade.trade_id] = action.trade
            elif isinstance(action, MemoryChanged):
                self.max_drawdown_usd = action.memory.account.max_drawdown_usd
                self.consecutive_losses = action.memory.account.consecutive_losses

    @property
    def trades(self) -> list[TradeRecord]:
        """Every trade that held a position, in its last state."""
        return [trade for trade in self._trades.values() if trade.entry_qty > 0]

    @property
    def digest(self) -> str:
        """sha256 over every verdict and action in order."""
        return self._hash.hexdigest()

    def summary(self) -> dict[str, Any]:
        """The run as `cockpit replay --json` prints it, less the timing."""
        return {
            "verdicts": {"approved": self.approved, "denied": sum(self.denied_by.values())},
            "denied_by": dict(sorted(self.denied_by.items())),
            "trades": [self.trade_summary(trade) for trade in self.trades],
            "nearest": [msgspec.to_builtins(near) for near in self.nearest],
            "session": self.session_summary(),
            "digest": self.digest,
        }

    def session_summary(self) -> dict[str, float]:
        """What the session came to, what is still open apart."""
        return {
            "pnl_usd": sum((trade.pnl_usd for trade in self.trades), 0.0),
            "open_pnl_usd": sum((mark.open_pnl_usd or 0.0 for mark in self.marks.values()), 0.0),
            "max_drawdown_usd": self.max_drawdown_usd,
            "consecutive_losses": self.consecutive_losses,
        }

    def trade_summary(self, trade: TradeRecord) -> dict[str, Any]:
        """A trade as scripts read it, and what it is worth where it is open."""
        mark = self.marks.get(trade.trade_id)
        worth = {} if mark is None else {"mark": mark.price, "open_pnl_usd": mark.open_pnl_usd}
        return {**trade_summary(trade), **worth}

    def _count(self, verdict: Verdict) -> None:
        self.verdicts.append(verdict)
        if verdict.approved:
            self.approved += 1
        else:
            self.denied_by[verdict.reason_check] += 1


def trade_summary(trade: TradeRecord) -> dict[str, Any]:
    """A trade as scripts read it; `stop` is where it was first placed, `closed_ns` null while it is open."""
    return {
        "id": trade.trade_id,
        "setup": trade.setup,
        "asset": trade.asset,
        "side": trade.side.value,
        "venue": trade.venue,
        "opened_ns": trade.opened_ns,
        "entry": trade.entry_price,
        "qty": trade.entry_qty,
        "stop": trade.initial_stop_price,
        "stop_now": trade.stop_price,
        "targets": [
            {"bps": rung.distance_bps, "price": rung.price, "qty": rung.qty, "filled_qty": rung.filled_qty}
            for rung in trade.rungs
        ],
        "closed_ns": trade.closed_ns,
        "exit": trade.exit_price if trade.exit_qty > 0 else None,
        "open_qty": trade.open_qty,
        "exit_reason": trade.exit_reason.value if trade.exit_reason else None,
        "exit_detail": trade.exit_detail,
        "pnl_usd": trade.pnl_usd,
        "fees_usd": trade.fees_usd,
        "funding_usd": trade.funding_usd,
        "r": trade.r,
        "risk_usd": trade.risk_usd,
        "risk_of": trade.risk_of.value,
        "slippage_bps": trade.slippage_bps,
        "decision_to_fill_ms": trade.decision_to_fill_ms,
    }
