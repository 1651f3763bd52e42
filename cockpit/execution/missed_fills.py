"""Executions on our positions that nobody told us of: a flatten of another process, somebody's hand, the venue itself.

Where less is held than our own executions add up to, the venue is asked for every execution there before the position
is told, and what took ours is told with its true price and fee: once, by its fill id. Only a list that adds up to the
difference is believed. An absence that nothing explains is one witness, not two: the position is unknown, and its stop
stays. Only where the venue's executions can be read and the position is still missing after a minute is it told as it
is, and its trade's result is a guess.
"""

from collections.abc import Collection
from typing import NamedTuple

from cockpit.domain.events import OrderFilled
from cockpit.domain.kinds import VenueTopic
from cockpit.domain.orders import trade_left_by
from cockpit.domain.quantity import rounded
from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.account import VenueFailure, VenueFill
from cockpit.exchanges.base.order_ids import FLATTEN, OUTSIDE
from cockpit.exchanges.base.order_text import plain_id
from cockpit.exchanges.base.timing import within
from cockpit.execution.foreign_activity import ForeignActivity
from cockpit.execution.order_state import QTY_EPSILON
from cockpit.execution.venue_context import VenueContext

LEAST_READS = 4
MARGIN_NS = 5 * NS_PER_S
"""Clocks differ: so much earlier than the position began is asked for."""


class Doubt(NamedTuple):
    """Since when a position is less than ours, how often that was seen, and what seemed to explain it the last time.

    `was_read`: whether the executions could be read then.
    """

    since_ns: int
    reads: int = 0
    fill_ids: frozenset[str] = frozenset()
    was_read: bool = False


class Taken(NamedTuple):
    """So much of an execution was ours."""

    fill: VenueFill
    qty: float


class MissedFills:
    """Finds them, position by position."""

    def __init__(self, context: VenueContext, foreign: ForeignActivity) -> None:
        self._context = context
        self._foreign = foreign
        self._doubts: dict[str, Doubt] = {}

    async def settle(self, asset: str, held: float, within_s: float | None = None) -> bool:
        """Tell what was missed there; whether the position itself may be told now.

        False asks for another look: what explains it is not clear yet, but may soon be.
        """
        context = self._context
        if not self.is_missing(asset, held):
            self._clear(asset)
            return True
        doubt = self._doubts.get(asset, Doubt(context.now_ns))
        self._doubts[asset] = doubt._replace(reads=doubt.reads + 1, was_read=False)
        try:
            call = context.account.fills_since(asset, context.since_ns.get(asset, 0) - MARGIN_NS)
            fills = await within(within_s or context.pace.call_within_s, call, "executions")
        except VenueFailure as failure:
            context.met(failure)
            self._notify_unknown(asset, held, f"its executions cannot be read: {failure}")
            return False
        if self._explained(asset, held, fills):
            self._clear(asset)
            return True
        if self._is_given_up(asset):
            return True
        self._doubts[asset] = self._doubts[asset]._replace(was_read=True)
        self._notify_unknown(asset, held, "no execution explains it")
        if self.is_young(asset):
            await self._ask_time()
        return False

    async def _ask_time(self) -> None:
        """The venue's clock may be another than it was: then its list began too late."""
        context = self._context
        try:
            await within(context.pace.call_within_s, context.account.ask_time(), "time")
        except VenueFailure as failure:
            context.met(failure)

    def agree_but_for(self, odd: Collection[str]) -> None:
        """Everywhere else what is held is what our own executions add up to."""
        for asset in self._doubts.keys() - set(odd):
            self._clear(asset)

    def is_young(self, asset: str) -> bool:
        """Whether what explains the position may still come any moment: then it is worth looking again at once."""
        doubt = self._doubts.get(asset)
        return doubt is not None and self._context.timing.since_s(doubt.since_ns) < self._context.pace.explain_within_s

    def may_soon_be_clear(self, asset: str) -> bool:
        """Whether it is worth looking again at once; also where another look has explained it meanwhile."""
        return asset not in self._doubts or self.is_young(asset)

    def seems_explained(self, asset: str) -> bool:
        """Whether executions add up to what is missing, and a second look is to say so too."""
        doubt = self._doubts.get(asset)
        return doubt is None or bool(doubt.fill_ids)

    def bare_qty(self, asset: str, held: float, lacks_fills: bool) -> float | None:
        """How much of ours stands there without a stop while it is not clear what took the rest: a close of it cannot
        wait for that. None in any other case, and where somebody else's position is beside it.
        """
        if abs(self._foreign.difference(asset)) > QTY_EPSILON:
            return None
        if abs(held) > QTY_EPSILON:
            return held if self._is_bare_rest(asset, held) else None
        return None if lacks_fills else self._bare_by_executions(asset)

    def _is_bare_rest(self, asset: str, held: float) -> bool:
        """Whether all that is listed is ours and bare: no more than our own executions add up to, no stop of ours rests
        there that has not filled, and no exit is in doubt that may have left but another trade's position.
        """
        context, ours = self._context, self._context.expected.get(asset, 0.0)
        exits = [kept for kept in context.orders.values() if kept.asset == asset and kept.is_our_exit]
        guards = any(kept.is_conditional and kept.is_resting and not kept.lacks_fills for kept in exits)
        is_known = not guards and not any(kept.is_in_doubt for kept in exits)
        return is_known and held * ours > 0 and abs(held) <= abs(ours) + QTY_EPSILON

    def _bare_by_executions(self, asset: str) -> float | None:
        """Where the venue lists nothing, the executions were read and none took it: what our own add up to."""
        context, doubt = self._context, self._doubts.get(asset)
        if doubt is None or not doubt.was_read or doubt.fill_ids or context.is_guarded(asset):
            return None
        return context.expected.get(asset, 0.0)

    def _clear(self, asset: str) -> None:
        self._doubts.pop(asset, None)
        self._notify_clear(asset)

    def _notify_clear(self, asset: str) -> None:
        context = self._context
        context.notify(
            VenueTopic.POSITION_UNKNOWN, f"{context.venue} tells our {plain_id(asset)} again", asset, is_over=True
        )

    def _notify_unknown(self, asset: str, held: float, trouble: str) -> None:
        if self.is_young(asset):
            return
        context, ours = self._context, self._context.expected.get(asset, 0.0)
        what = f"{context.venue} does not list our {ours:+.10g} {plain_id(asset)} (was {held:+.10g})"
        sentence = f"{what}, {trouble}: unknown, its stop stays"
        context.notify(VenueTopic.POSITION_UNKNOWN, sentence, asset, is_grave=True)

    def is_missing(self, asset: str, held: float) -> bool:
        """Whether less of ours is there than we know of, and nobody has got used to that yet."""
        ours = self._context.expected.get(asset, 0.0)
        sign = 1.0 if ours > 0 else -1.0
        is_less = abs(ours) - max(0.0, held * sign) > QTY_EPSILON
        return is_less and abs(held - ours - self._foreign.difference(asset)) > QTY_EPSILON

    def _is_given_up(self, asset: str) -> bool:
        """Whether it was missing so long, in so many looks, that it counts as gone although nothing explains it."""
        context, doubt = self._context, self._doubts.get(asset)
        if doubt is None or doubt.reads < LEAST_READS:
            return False
        if context.timing.since_s(doubt.since_ns) < context.pace.gone_after_s:
            return False
        what = f"{context.venue} does not tell which executions took our {plain_id(asset)}"
        gone = f"{what}, missing for {context.pace.gone_after_s:g} s: it counts as gone"
        context.notify(VenueTopic.NOTE, gone, asset, is_grave=True)
        self._notify_clear(asset)
        return True

    def _explained(self, asset: str, held: float, fills: tuple[VenueFill, ...]) -> bool:
        """Book what the list says, if it says all. Nothing is awaited here: what was told meanwhile is known."""
        news = [fill for fill in fills if fill.nets_with_ours and fill.fill_id not in self._context.fills_emitted]
        unknown = self._book_ours(news)
        if not self.is_missing(asset, held):
            return True
        began_ns = self._began_ns(asset, fills)
        unknown = [fill for fill in unknown if fill.ts_ns >= began_ns]
        newest = self._adding_up(
            unknown, held - self._context.expected.get(asset, 0.0) - self._foreign.difference(asset)
        )
        if newest is None:
            return False
        fill_ids = frozenset(fill.fill_id for fill in newest)
        doubt = self._doubts.get(asset, Doubt(self._context.now_ns))
        if doubt.fill_ids != fill_ids and not all(self._is_flatten(fill) for fill in newest):
            # A stop of ours may look like a stranger's order until the venue says which order it became.
            self._doubts[asset] = doubt._replace(fill_ids=fill_ids)
            return False
        for taken in self._taken(asset, newest):
            self._emit(asset, taken)
        for fill in unknown:
            self._context.fills_emitted.add(fill.fill_id)
        return True

    def _began_ns(self, asset: str, fills: tuple[VenueFill, ...]) -> int:
        """When the position began, by the venue's own list: at the first execution of ours that made it. What others
        traded before that took nothing of it. 0 where the list does not reach back so far, or it was adopted.
        """
        sign = self._context.expected.get(asset, 0.0)
        ours = (fill for fill in fills if fill.side.sign * sign > 0 and self._is_entry(fill))
        return min((fill.ts_ns for fill in ours), default=0)

    def _is_entry(self, fill: VenueFill) -> bool:
        order_id = self._order_id(fill)
        return order_id is not None and not order_id.startswith(FLATTEN)

    def _book_ours(self, fills: list[VenueFill]) -> list[VenueFill]:
        """Book the executions of the orders we know; returns those of flattens, of strangers, and of exits of an open
        trade that an earlier engine did not live to write down.

        Any other of ours that is not known any more: its trade is over, and it was booked then.
        """
        context, others = self._context, []
        for fill in fills:
            order_id = self._order_id(fill)
            kept = context.orders.get(order_id or "")
            if kept is not None:
                context.book(kept, [fill])
            elif order_id is None or order_id.startswith(FLATTEN) or trade_left_by(order_id) in context.left_trades:
                others.append(fill)
        return others

    @staticmethod
    def _adding_up(fills: list[VenueFill], difference: float) -> list[VenueFill] | None:
        """The newest of these that add up to the difference, as many as do; None where none do."""
        for first in range(len(fills)):
            total = sum(fill.side.sign * fill.qty for fill in fills[first:])
            if abs(total - difference) <= QTY_EPSILON:
                return fills[first:]
        return None

    def _taken(self, asset: str, fills: list[VenueFill]) -> list[Taken]:
        """What each took of ours: others' executions close others' positions first."""
        ours, theirs = self._context.expected.get(asset, 0.0), self._foreign.difference(asset)
        taken: list[Taken] = []
        for fill in fills:
            left, sign = fill.qty, fill.side.sign
            if theirs * sign < 0:
                closed = min(left, abs(theirs))
                theirs, left = rounded(theirs + sign * closed), rounded(left - closed)
            if ours * sign < 0:
                closed = min(left, abs(ours))
                ours, left = rounded(ours + sign * closed), rounded(left - closed)
                if closed > QTY_EPSILON:
                    taken.append(Taken(fill, closed))
            theirs = rounded(theirs + sign * left)
        return taken

    def _emit(self, asset: str, taken: Taken) -> None:
        context, (fill, qty) = self._context, taken
        order_id = self._order_id(fill) or f"{OUTSIDE}{context.venue}-{asset}-{plain_id(fill.venue_order_id)}"
        fee_usd = fill.fee_usd * qty / fill.qty
        context.expected[asset] = rounded(context.expected.get(asset, 0.0) + fill.side.sign * qty)
        context.fills_emitted.add(fill.fill_id)
        context.notify_unconverted(fill)
        context.emit(
            [OrderFilled(context.now_ns, order_id, fill.fill_id, qty, fill.price, fee_usd, fill.is_maker, fill.forced)]
        )

    def _order_id(self, fill: VenueFill) -> str | None:
        return self._context.ids.whose(fill.client_id, self._context.venue, fill.asset).order_id

    def _is_flatten(self, fill: VenueFill) -> bool:
        return (self._order_id(fill) or "").startswith(FLATTEN)
