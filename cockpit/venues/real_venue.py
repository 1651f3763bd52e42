"""One real venue in the engine's service: requests in, the venue's words out."""

from collections.abc import Collection, Sequence

from cockpit.config.execution import ExecutionSection
from cockpit.domain.kinds import Side, VenueTopic
from cockpit.domain.orders import OrderProgress, OrderRequest, trade_left_by
from cockpit.domain.trades import TradeRecord
from cockpit.venues.account import FundingWord, OrderWord, PositionWord, StreamWord, VenueAccount, VenueOrder
from cockpit.venues.cancelling import Cancelling
from cockpit.venues.engine_flatten import EngineFlatten
from cockpit.venues.flatten import FlattenPace
from cockpit.venues.funding import Funding
from cockpit.venues.kept_order import QTY_EPSILON, KeptOrder
from cockpit.venues.lookup import Lookup
from cockpit.venues.missed_fills import MissedFills
from cockpit.venues.order_ids import FLATTEN, OrderIds
from cockpit.venues.orphans import Orphans
from cockpit.venues.quantity import rounded
from cockpit.venues.reconcile import Reconcile
from cockpit.venues.sending import Sending
from cockpit.venues.strangers import Strangers
from cockpit.venues.timing import Timing
from cockpit.venues.venue_room import Pace, Put, VenueRoom


class RealVenue:
    """Wires what works for one venue together. Nothing of it blocks; every request is a task of its own."""

    def __init__(
        self,
        account: VenueAccount,
        assets: Collection[str],
        ids: OrderIds,
        put: Put,
        execution: ExecutionSection,
        timing: Timing,
        pace: Pace,
        flatten_pace: FlattenPace,
    ) -> None:
        room = self._room = VenueRoom(account, assets, ids, put, timing, pace)
        self._orphans = Orphans(room)
        self._lookup = Lookup(room)
        self._cancelling = Cancelling(room, self._lookup)
        wait_free_s = execution.cancel_before_close_ms / 1000.0
        self._sending = Sending(room, self._lookup, self._cancelling, execution.entry_weight_share, wait_free_s)
        self._cancelling.sending_of = self._sending.task_of
        self._strangers = Strangers(room)
        missed = MissedFills(room, self._strangers)
        self._reconcile = Reconcile(
            room, self._lookup, self._strangers, missed, self._orphans, execution.reconcile_every_s
        )
        self._flatten = EngineFlatten(room, self._lookup, self._sending, missed, flatten_pace)
        self._waits_for: set[str] = set()
        self._funding = Funding(room)

    @property
    def has_answered(self) -> bool:
        """Whether the venue has told what it holds and rests, and what became of every order of an earlier engine."""
        return self._reconcile.has_answered

    # Requests.

    def place(self, request: OrderRequest) -> None:
        """Send an order."""
        self._sending.place(request)

    def cancel(self, order_id: str, asset: str) -> None:
        """Take an order back."""
        self._cancelling.cancel(self._order(order_id, asset))

    def query(self, order_id: str, asset: str) -> None:
        """Tell what became of an order. One that is being sent right now is told of without asking."""
        if self._sending.task_of(order_id) is None:
            kept = self._order(order_id, asset)
            self._room.errands.start(f"look up {order_id}", self._answer(kept))

    def query_position(self, asset: str) -> None:
        """Tell what is held."""
        self._room.errands.start(f"position of {asset}", self._reconcile.tell_position(asset))

    def flatten(self, reason: str) -> None:
        """Flatten the venue."""
        self._flatten.start(reason)

    # Life.

    def restore(
        self, orders: Sequence[OrderProgress], trades: Sequence[TradeRecord], booked: Collection[str] = ()
    ) -> None:
        """Stand where the journal says an earlier engine stood; the venue is asked by the engine's own queries.

        `booked` are the executions in its journal since the oldest of these trades was decided.
        """
        room = self._room
        for progress in orders:
            room.keep(KeptOrder.restored(progress, room.ids.client_id(progress.request.order_id)))
        for fill_id in (*booked, *(fill_id for progress in orders for fill_id in progress.fill_ids)):
            room.fills_told.add(fill_id)
        for trade in trades:
            room.left_trades.add(trade.trade_id)
            held = room.expected.get(trade.asset, 0.0) + trade.side.sign * trade.open_qty
            room.expected[trade.asset] = rounded(held)
            room.since_ns[trade.asset] = min(room.since_ns.get(trade.asset, trade.decided_ns), trade.decided_ns)
        self._waits_for = {asset for asset, held in room.expected.items() if abs(held) > QTY_EPSILON}
        self._funding.restore(trades)

    def say_unread(self) -> None:
        """Nothing is known yet: no entry may start."""
        self._room.say(VenueTopic.UNREAD, f"{self._room.venue}: positions and orders not read yet")

    async def follow(self) -> None:
        """Read the private stream, for ever."""
        try:
            await self._room.account.follow(self.hear, self._linked)
        finally:
            self._reconcile.linked(False, "not followed")

    async def reconcile(self) -> None:
        """Ask what the venue holds, for ever."""
        await self._reconcile.run()

    async def look(self) -> None:
        """Read the venue now. Raises `VenueFailure`."""
        await self._reconcile.round()

    async def settle(self, within_s: float) -> bool:
        """Whether nothing that was asked of the venue is under way any more."""
        return await self._room.errands.settle(within_s)

    async def stop(self) -> None:
        """Let what is under way end, then close the connections."""
        await self._room.errands.stop(self._room.pace.stop_within_s)
        await self._room.account.close()

    # The private stream.

    def _linked(self, is_up: bool, sentence: str) -> None:
        self._reconcile.linked(is_up, sentence)
        if is_up:
            self._funding.catch_up()

    def hear(self, word: StreamWord) -> None:
        """A word of the private stream."""
        match word:
            case OrderWord():
                self._hear_order(word)
            case PositionWord():
                expected = self._room.expected.get(word.asset, 0.0)
                if abs(word.qty - expected) > QTY_EPSILON:
                    self._reconcile.doubt()
            case FundingWord():
                self._funding.hear(word)

    def _hear_order(self, word: OrderWord) -> None:
        room = self._room
        if self._may_be_a_stop(word.order):
            self._reconcile.doubt()
            return
        kept = room.kept_of(word.order)
        if kept is None:
            self._strangers.hear(word.order, word.fill)
            self._reconcile.doubt()
            return
        room.take(kept, word.order)
        if word.fill is not None:
            room.book(kept, [word.fill])
        self._lookup.follow(kept)
        if kept.is_ours_alone:
            self._reconcile.doubt()

    def _may_be_a_stop(self, order: VenueOrder) -> bool:
        """Whether it carries our mark under an id that nobody gives an order, while a stop rests there: it may be what
        that has become, and is told as the stop's once the venue has said so.
        """
        room = self._room
        order_id = room.ids.whose(order.client_id, room.venue, order.asset).order_id
        if order_id is None or order_id in room.orders or order_id.startswith(FLATTEN) or trade_left_by(order_id):
            return False
        return any(kept.is_conditional for kept in room.live(order.asset))

    async def _answer(self, kept: KeptOrder) -> None:
        """After a restart what closed a position is told before what became of the orders that guarded it."""
        before = (kept.told, kept.filled)
        if kept.asset in self._waits_for:
            await self._reconcile.compared()
        if (kept.told, kept.filled) == before:
            await self._lookup.answer(kept)
        else:
            self._lookup.follow(kept)

    def _order(self, order_id: str, asset: str) -> KeptOrder:
        """An order by the engine's id; one that nobody here has placed is asked for by that id all the same."""
        room = self._room
        known = room.orders.get(order_id)
        if known is not None:
            return known
        return room.keep(KeptOrder(order_id, room.ids.client_id(order_id), asset, Side.LONG))
