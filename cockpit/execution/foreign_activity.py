"""What is on our account and not ours: other people's orders, and positions that our own executions do not explain."""

from collections.abc import Iterable, Mapping

from cockpit.domain.kinds import OrderStatus, VenueTopic
from cockpit.domain.numbers import price_text
from cockpit.domain.quantity import rounded
from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.account import HeldPosition, VenueFill, VenueOrder
from cockpit.exchanges.base.order_text import apart_text, order_text, plain_id
from cockpit.execution.order_state import QTY_EPSILON
from cockpit.execution.venue_context import VenueContext

SHOWN = 3


class ForeignActivity:
    """Says so, once for each change, and says when it is over. Entries on that perpetual wait until then."""

    def __init__(self, context: VenueContext) -> None:
        self._context = context
        self._orders: dict[str, list[VenueOrder]] = {}
        self._positions: dict[str, str] = {}
        self._suspected: dict[str, float] = {}
        self._executed: dict[str, float] = {}
        """What the private stream told of executions of others since a difference was last counted, + bought."""
        self._apart: dict[str, list[HeldPosition]] = {}
        self._hidden_ns: dict[str, int] = {}
        self._remarked = ""

    def count(self, asset: str) -> int:
        """Orders of others there, by the last look."""
        return len(self._orders.get(asset, ()))

    def difference(self, asset: str) -> float:
        """What is held there beyond our own, + long, as two looks have shown it."""
        return self._suspected.get(asset, 0.0) if self._positions.get(asset) else 0.0

    def take_orders(self, orders: Iterable[VenueOrder], assets: Iterable[str] | None) -> None:
        """The open orders on these perpetuals, or on all there are. Another cockpit's mark is a second writer's."""
        assets_read = (*self._context.assets, *self._orders) if assets is None else assets
        foreign: dict[str, list[VenueOrder]] = {asset: [] for asset in assets_read}
        for order in orders:
            whose = self._context.ids.whose(order.client_id, self._context.venue, order.asset)
            if whose.cockpit is not None:
                self.second_writer(order)
            if whose.order_id is None and not whose.is_probe and not whose.is_protection:
                foreign.setdefault(order.asset, []).append(order)
        for asset, found in foreign.items():
            self._orders[asset] = found
            self._notify(asset)

    def take_positions(self, held: Mapping[str, float], assets: Iterable[str]) -> bool:
        """What the venue holds on these perpetuals, + long. A difference counts once two looks have shown it, or one
        look that needs no second; whether one waits for the second.
        """
        is_suspected = False
        for asset in assets:
            qty, ours = held.get(asset, 0.0), self._context.expected.get(asset, 0.0)
            difference = qty - ours
            if qty != 0.0:
                self._hidden_ns.pop(asset, None)
                self._context.foreign_fills.discard(asset)
            if self._may_be_hidden(asset, qty):
                continue
            if abs(difference) <= QTY_EPSILON:
                self._suspected.pop(asset, None)
                self._positions[asset] = ""
            elif not self._is_shown(asset, qty, difference):
                self._suspected[asset] = difference
                is_suspected = True
                continue
            elif qty == 0:
                self._gone(asset, ours)
            else:
                self._suspected[asset] = difference
                self._executed.pop(asset, None)
                self._positions[asset] = f"holds {qty:+.10g} {asset}, our own orders add up to {ours:+.10g}"
            self._notify(asset)
        return is_suspected

    def take_first_list(self, netted: Mapping[str, HeldPosition]) -> None:
        """A look that another one follows before anything is told: what both show beyond ours needs no third."""
        for asset, position in netted.items():
            difference = position.qty - self._context.expected.get(asset, 0.0)
            if abs(difference) > QTY_EPSILON and difference * position.qty > 0.0 and not self._positions.get(asset):
                self._suspected[asset] = difference

    def adopted(self, asset: str) -> None:
        """What was beyond ours there is ours now; the next look compares anew."""
        self._suspected.pop(asset, None)
        self._positions[asset] = ""
        self._hidden_ns.pop(asset, None)
        self._notify(asset)

    def unexplained(self) -> list[str]:
        """Where a foreign position was listed last, and nothing was executed that would have closed it since."""
        gone = self._context.foreign_fills
        return [asset for asset in self._positions if abs(self.difference(asset)) > QTY_EPSILON and asset not in gone]

    def _is_shown(self, asset: str, qty: float, difference: float) -> bool:
        """Whether the look before showed the same. What is beyond ours is to be guarded at once: for that a look before
        that showed more or less of it will do, executions of others that the stream told of and that add up to it, or
        that nothing of ours can have made it.
        """
        before = self._suspected.get(asset, 0.0)
        if abs(before - difference) <= QTY_EPSILON:
            return True
        if difference * qty <= 0.0:
            return False
        executed = self._executed.get(asset, 0.0)
        adds_up = executed != 0.0 and abs(self.difference(asset) + executed - difference) <= QTY_EPSILON
        is_beyond = qty * self._context.expected.get(asset, 0.0) >= 0.0
        return adds_up or (is_beyond and (before * difference > 0.0 or not self._may_be_ours(asset)))

    def _may_be_ours(self, asset: str) -> bool:
        """Whether an entry of ours may have filled there unheard, or what is ours there has changed just now, so that
        the list may be older than that.
        """
        context = self._context
        entries = [kept for kept in context.orders.values() if kept.asset == asset and not kept.reduce_only]
        whole = (kept.status is OrderStatus.FILLED or (kept.is_over and kept.was_reported) for kept in entries)
        if not all(whole):
            return True
        since_ns = context.now_ns - round(context.pace.list_settles_s * NS_PER_S)
        return len(context.expected.since(asset, since_ns)) > 1

    def _may_be_hidden(self, asset: str, qty: float) -> bool:
        """Whether a position that is not listed any more may still be there: one look is one witness."""
        context = self._context
        if qty != 0.0 or context.expected.get(asset, 0.0) != 0.0 or asset not in self.unexplained():
            return False
        since_ns = self._hidden_ns.setdefault(asset, context.now_ns)
        if context.timing.since_s(since_ns) < context.pace.hidden_most_s:
            return True
        del self._hidden_ns[asset]
        return False

    def take_apart(self, positions: Iterable[HeldPosition]) -> None:
        """What is held in another margin mode, on a side of its own, or on a second listing: named, and no more.

        It nets with nothing of ours, so that it stands in no entry's way.
        """
        context = self._context
        self.take_remarks(context.account.remarks())
        found: dict[str, list[HeldPosition]] = {asset: [] for asset in self._apart}
        for position in positions:
            found.setdefault(position.asset, []).append(position)
        self._apart = {asset: held for asset, held in found.items() if held}
        for asset, held in found.items():
            name = plain_id(asset)
            texts = ", ".join(f"{one.qty:+.10g} {name}{apart_text(one)}" for one in held)
            if texts:
                sentence = f"{context.venue} holds {texts}: not ours, apart from our orders"
                context.notify(VenueTopic.FOREIGN_POSITION, sentence, asset, is_grave=True)
            else:
                over = f"{context.venue} holds nothing apart from ours in {name} any more"
                context.notify(VenueTopic.FOREIGN_POSITION, over, asset, is_over=True)

    def take_remarks(self, remarks: Iterable[str]) -> None:
        """What an account has that is no position and that it leaves alone: named once two looks in a row show it."""
        shown = "; ".join(remarks)
        if shown == self._remarked and shown:
            self._context.notify(VenueTopic.FOREIGN_POSITION, shown)
        elif shown == self._remarked:
            over = f"{self._context.venue} has nothing beside ours any more"
            self._context.notify(VenueTopic.FOREIGN_POSITION, over, is_over=True)
        self._remarked = shown

    def held(self, netted: Mapping[str, HeldPosition]) -> list[HeldPosition]:
        """Every position that is not ours, as two looks have shown it: what is beyond ours, and what is apart."""
        beyond = []
        for asset, position in netted.items():
            difference = self.difference(asset)
            if abs(difference) > QTY_EPSILON and difference * position.qty > 0:
                beyond.append(position._replace(qty=difference))
        return beyond + [one for held in self._apart.values() for one in held]

    def knows_apart(self, asset: str, qty: float) -> bool:
        """Whether a position of that size was seen apart from ours there, or none where none is."""
        held = [one.qty for one in self._apart.get(asset, ())]
        return any(abs(qty - one) <= QTY_EPSILON for one in held) if held else abs(qty) <= QTY_EPSILON

    def receive(self, order: VenueOrder, fill: VenueFill | None) -> None:
        """The private stream spoke of an order that is not ours."""
        if self._context.ids.whose(order.client_id, self._context.venue, order.asset).cockpit is not None:
            self.second_writer(order)
        if fill is not None:
            self._context.foreign_fills.add(order.asset)
            if fill.nets_with_ours:
                executed = self._executed.get(fill.asset, 0.0) + fill.side.sign * fill.qty
                self._executed[fill.asset] = rounded(executed)
            what = f"{fill.qty:.10g} {plain_id(fill.asset)} at {price_text(fill.price)}"
            sentence = f"{self._context.venue} filled {what} of an order that is not ours ({plain_id(order.client_id)})"
            self._context.notify(VenueTopic.NOTE, sentence, order.asset, is_grave=True)

    def second_writer(self, order: VenueOrder) -> None:
        """Another cockpit trades this account."""
        sentence = f"another cockpit trades this account: {order_text(order)} ({plain_id(order.client_id)})"
        self._context.notify(VenueTopic.SECOND_WRITER, sentence, is_grave=True)

    def _gone(self, asset: str, ours: float) -> None:
        """Somebody else closed our position: nothing is there that could be in an entry's way."""
        self._context.expected[asset] = 0.0
        self._suspected.pop(asset, None)
        self._positions[asset] = ""
        gone = f"{ours:+.10g} {asset} gone from {self._context.venue} without an order of ours"
        self._context.notify(VenueTopic.NOTE, gone, asset, is_grave=True)

    def _notify(self, asset: str) -> None:
        parts = [part for part in (self._positions.get(asset), self._orders_text(asset)) if part]
        if parts:
            sentence = f"{self._context.venue} {asset}: {'; '.join(parts)}"
            self._context.notify(VenueTopic.UNEXPLAINED, sentence, asset, is_grave=True)
        else:
            self._context.notify(
                VenueTopic.UNEXPLAINED, f"{self._context.venue} {asset}: only ours again", asset, is_over=True
            )

    def _orders_text(self, asset: str) -> str:
        found = self._orders.get(asset, [])
        texts = [f"{order_text(order)} ({plain_id(order.client_id)})" for order in found[:SHOWN]]
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        return f"orders that are not ours: {', '.join(texts)}{more}" if found else ""
