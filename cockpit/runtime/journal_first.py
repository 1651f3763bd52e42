"""No entry leaves before the journal has it: after a crash every order at the venue is one that we know."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from cockpit.domain.actions import CancelOrder, FlattenVenues, PlaceOrder, QueryOrder
from cockpit.domain.commands import AnyCommand, Command, Flatten
from cockpit.domain.events import AnyEvent, OrderCancelled, OrderRejected, OrderUnknown, VenueEvent
from cockpit.domain.kinds import OrderRole
from cockpit.domain.orders import OrderProgress
from cockpit.domain.trades import TradeRecord
from cockpit.engine.order_venue import OrderVenue, Request
from cockpit.exchanges.base.timing import Timing
from cockpit.journal.store import Journal

LOG = logging.getLogger("cockpit.engine")

DURABLE_WITHIN_S = 1.0
FLATTEN_DURABLE_WITHIN_S = 0.5
Put = Callable[[VenueEvent], None]


def disk_has_s(command: Command) -> float:
    """How long an answer waits for the disk. Whoever flattens and gets no answer takes another road soon."""
    return FLATTEN_DURABLE_WITHIN_S if isinstance(command, Flatten) else DURABLE_WITHIN_S


async def written_within(journal: Journal, within_s: float) -> bool:
    """Whether what the journal has been given by now survives a kill: waits for it, at most so long."""
    loop, written = asyncio.get_running_loop(), asyncio.Event()

    def emit() -> None:
        with suppress(RuntimeError):  # the loop may be gone by then
            loop.call_soon_threadsafe(written.set)

    journal.when_written(journal.appended, emit)
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await written.wait()
    return written.is_set()


class JournalFirst:
    """Holds an entry back until the journal has what was decided with it, at most `within_s`; then it is refused.

    `against_entries` is asked in the last moment: its sentence refuses the entry, should there be one.

    Everything else goes on at once: a way out waits for no disk. What became of a held entry is told through `put`.
    """

    def __init__(
        self,
        venue: OrderVenue,
        journal: Journal,
        within_s: float,
        put: Put,
        timing: Timing,
        against_entries: Callable[[], str] = lambda: "",
    ) -> None:
        self._venue = venue
        self._journal = journal
        self._within_s = within_s
        self._put = put
        self._timing = timing
        self._against_entries = against_entries
        self._held: dict[str, asyncio.Task[None]] = {}

    def on_market(self, event: AnyEvent | AnyCommand) -> Sequence[VenueEvent]:
        """As the venue has it."""
        return self._venue.on_market(event)

    def submit(self, action: Request) -> Sequence[VenueEvent]:
        """Pass a request on; an entry a little later, and what concerns a held one never."""
        match action:
            case PlaceOrder(order=order) if order.role is OrderRole.ENTRY:
                self._held[order.order_id] = asyncio.get_running_loop().create_task(self._hold(action))
                return ()
            case CancelOrder(order_id=order_id) if order_id in self._held:
                self._take_back(order_id)
                return ()
            case QueryOrder(order_id=order_id) if order_id in self._held:
                return ()
            case FlattenVenues():
                for order_id in list(self._held):
                    self._take_back(order_id)
        return self._venue.submit(action)

    def restore(
        self, orders: Sequence[OrderProgress], trades: Sequence[TradeRecord], booked: Sequence[tuple[str, str]] = ()
    ) -> None:
        """As the venue has it."""
        self._venue.restore(orders, trades, booked)

    def stop(self) -> None:
        """Nothing that is still held is ever sent."""
        for order_id in list(self._held):
            self._take_back(order_id)

    def _take_back(self, order_id: str) -> None:
        self._held.pop(order_id).cancel()
        self._put(OrderCancelled(self._timing.clock(), order_id, "taken back before it was sent"))

    async def _hold(self, action: PlaceOrder) -> None:
        """It runs once the step that decided the entry is over, and the journal was given all of it."""
        order_id = action.order.order_id
        try:
            is_written = await written_within(self._journal, self._within_s)
            against = self._against_entries()
            if against:
                self._put(OrderRejected(self._timing.clock(), order_id, f"not sent: {against}"))
            elif is_written:
                for event in self._venue.submit(action):
                    self._put(event)
            else:
                self._put(OrderRejected(self._timing.clock(), order_id, self._why_not()))
        except Exception as error:
            # A defect of ours: nobody can say whether it left, so the venue is asked.
            LOG.exception("%s could not be handed over", order_id)
            self._put(OrderUnknown(self._timing.clock(), order_id, f"defect on its way out: {error}"))
        finally:
            self._held.pop(order_id, None)

    def _why_not(self) -> str:
        health = self._journal.health()
        why = health.last_error or f"{health.pending} records waiting"
        return f"expected the journal to have it within {self._within_s * 1_000:g} ms, was {why}: not sent"
