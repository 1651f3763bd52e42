"""What happens to our positions without us: closed by hand, liquidated, auto-deleveraged. Believed when seen twice."""

from cockpit.domain.actions import QueryPosition
from cockpit.domain.events import ForeignPosition, OrderEvent, OrderFilled, VenuePosition
from cockpit.domain.kinds import ExitReason
from cockpit.domain.numbers import price_text
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_S
from cockpit.engine.outbox import Outbox

REREAD_AFTER_NS = NS_PER_S
"""A fill may be on its way while a venue answers: a difference counts when it is still there after this long."""

SWEPT, OUTSIDE = "flatten", "outside"
"""Whose orders take from our trades without being theirs: a flatten of the venue, somebody else."""

Place = tuple[str, str]
Difference = tuple[float, float, int]


class OutsideWatch:
    """Compares what a venue says it holds with what our trades there add up to, both in signed base coins."""

    def __init__(self) -> None:
        self._seen: dict[Place, Difference] = {}
        self._reported: dict[Place, tuple[float, float]] = {}

    def is_gone(self, position: VenuePosition, trades: list[TradeRecord], lot: float, out: Outbox) -> bool:
        """Take one look; True when nothing is left of the trades' position, seen twice. Any difference is told once.

        `trades` are those on that perpetual, none of them opening or closing.
        """
        place = (position.venue, position.asset)
        ours = sum(trade.side.sign * trade.open_qty for trade in trades)
        if abs(position.qty - ours) <= lot / 2:
            self._seen.pop(place, None)
            self._reported.pop(place, None)
            return False
        qty, known, since_ns = self._seen.get(place, (position.qty, ours, out.now_ns))
        if (qty, known) != (position.qty, ours):
            since_ns = out.now_ns
        self._seen[place] = (position.qty, ours, since_ns)
        if out.now_ns - since_ns < REREAD_AFTER_NS:
            return False
        del self._seen[place]
        self._emit(place, position.qty, ours, out)
        is_left = position.qty * ours > 0 and abs(position.qty) >= lot / 2
        return bool(trades) and not is_left

    def unexplained(self, venue: str, asset: str) -> str | None:
        """What a venue holds there against what our trades hold, while the two differ."""
        reported = self._reported.get((venue, asset))
        return None if reported is None else _difference(venue, asset, *reported)

    @property
    def is_waiting(self) -> bool:
        """Whether a position that did not agree will be asked for again."""
        return bool(self._seen)

    def on_time(self, out: Outbox) -> None:
        """Time passed: ask again for every position that did not agree."""
        for (venue, asset), (_, _, since_ns) in self._seen.items():
            if out.now_ns - since_ns >= REREAD_AFTER_NS:
                out.add(QueryPosition(out.now_ns, venue, asset))

    def _emit(self, place: Place, qty: float, ours: float, out: Outbox) -> None:
        if self._reported.get(place) == (qty, ours):
            return
        self._reported[place] = (qty, ours)
        out.notice("critical", "position", f"{_difference(*place, qty, ours)}: check the venue")


def place_taken_from(event: OrderEvent) -> Place | None:
    """The venue and asset of an order that no trade of ours sent: `flatten-<venue>-<asset>-<n>`, `outside-...`."""
    parts = event.order_id.split("-", 3)
    return (parts[1], parts[2]) if len(parts) == 4 and parts[0] in (SWEPT, OUTSIDE) else None


def ended_by(fill: OrderFilled, trade: TradeRecord) -> tuple[ExitReason, str]:
    """Why a trade is over whose last part was taken by another's order. Somebody else's word goes over any other."""
    if is_foreign(fill):
        return ExitReason.OUTSIDE, taken_text(fill, trade)
    if trade.exit_reason is not None:
        return trade.exit_reason, trade.exit_detail
    is_swept = place_taken_from(fill) is not None
    return ExitReason.FLATTEN if is_swept else ExitReason.OUTSIDE, f"taken by {fill.order_id}"


def is_foreign(fill: OrderFilled) -> bool:
    """Whether nobody of ours ordered it: a hand, or the venue itself."""
    return fill.order_id.startswith(f"{OUTSIDE}-")


def taken_text(fill: OrderFilled, trade: TradeRecord) -> str:
    """What a foreign order took, as the venue told it."""
    what = f"{fill.qty:g} {trade.asset} at {price_text(fill.price)} on {trade.venue}"
    return f"{fill.forced or 'closed outside'}: {what}, order {fill.order_id.split('-', 3)[-1]}, which is not ours"


def guessed_text(trade: TradeRecord, price: float) -> str:
    """What is gone of a trade without anybody having told of an execution."""
    gone = f"{trade.open_qty:g} {trade.asset} gone from {trade.venue} without an order of ours"
    return f"{gone}, valued at {price_text(price)}: a guess, no execution was told, no exit fee is in it"


def _difference(venue: str, asset: str, qty: float, ours: float) -> str:
    return f"{venue} holds {qty:+g} {asset}, our trades hold {ours:+g}"


# Positions on our accounts that are not ours: shown, and counted against nothing of ours.

Key = tuple[str, str, str, str]


class ForeignPositions:
    """The latest word of the venues on each; a new session of the venues begins with none."""

    def __init__(self) -> None:
        self._held: dict[Key, ForeignPosition] = {}

    @property
    def held(self) -> tuple[ForeignPosition, ...]:
        """What is there, oldest first."""
        return tuple(self._held.values())

    def take(self, position: ForeignPosition, out: Outbox) -> None:
        """A venue tells of one, or that it is gone."""
        key = (position.venue, position.asset, position.margin_mode, position.position_side)
        if position.qty:
            self._held[key] = position
        else:
            self._held.pop(key, None)

    def adopted(self, position: ForeignPosition) -> None:
        """It is ours now."""
        self._held.pop((position.venue, position.asset, position.margin_mode, position.position_side), None)

    def clear(self) -> None:
        """Other venues are behind the engine now."""
        self._held.clear()
