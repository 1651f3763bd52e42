"""The real venues behind one door: what the engine asks goes out at once, what the venues say comes back by `put`."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import CancelOrder, FlattenVenues, PlaceOrder, QueryOrder, QueryPosition
from cockpit.domain.commands import AnyCommand
from cockpit.domain.events import AnyEvent, OrderRejected, VenueEvent
from cockpit.domain.orders import OrderProgress
from cockpit.domain.trades import TradeRecord
from cockpit.engine.order_venue import Request
from cockpit.exchanges.base.account import VenueAccount
from cockpit.exchanges.base.order_ids import OrderIds
from cockpit.exchanges.base.timing import Timing
from cockpit.execution.live_venue import LiveVenue
from cockpit.execution.venue_context import Pace, Put
from cockpit.flatten.venue_flatten import FlattenPace

LOG = logging.getLogger("cockpit.execution")
NOTHING: tuple[VenueEvent, ...] = ()

Work = Callable[[], Awaitable[None]]


class VenueRouter:
    """Every venue that real orders go to. The accounts are open already; `prefix` names this profile in client ids.

    `put` gets every word of the venues and must not block. Until `start` requests wait; from then on each leaves with
    the loop's next turn. The supervisor runs the `workers`.
    """

    def __init__(
        self,
        accounts: Mapping[str, VenueAccount],
        prefix: str,
        put: Put,
        config: CockpitConfig,
        timing: Timing | None = None,
        pace: Pace | None = None,
        flatten_pace: FlattenPace | None = None,
    ) -> None:
        timing, ids = timing or Timing(), OrderIds(prefix)
        pace, flatten_pace = pace or Pace(), flatten_pace or FlattenPace()
        self._put = put
        self._timing = timing
        self._venues = {
            venue: LiveVenue(account, _assets_on(config, venue), ids, put, config.execution, timing, pace, flatten_pace)
            for venue, account in accounts.items()
        }
        self._waiting: list[Request] | None = []

    # What a session needs of a venue.

    def on_market(self, event: AnyEvent | AnyCommand) -> Sequence[VenueEvent]:
        """A real venue needs no market from us."""
        return NOTHING

    def submit(self, action: Request) -> Sequence[VenueEvent]:
        """Send a request; never waits. What comes of it is put."""
        if self._waiting is not None:
            self._waiting.append(action)
        else:
            self._hand_over(action)
        return NOTHING

    def restore(
        self, orders: Sequence[OrderProgress], trades: Sequence[TradeRecord], booked: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Stand where the journal says an earlier engine stood. Call it before the restored engine asks anything."""
        for name, venue in self._venues.items():
            venue.restore(
                [order for order in orders if order.request.venue == name],
                [trade for trade in trades if trade.venue == name],
                [fill_id for venue_name, fill_id in booked if venue_name == name],
            )

    # Life.

    async def start(self) -> None:
        """Say that nothing is known yet, and send what has waited."""
        for venue in self._venues.values():
            venue.notify_unread()
        waiting, self._waiting = self._waiting or [], None
        for action in waiting:
            self._hand_over(action)

    def workers(self) -> Mapping[str, Work]:
        """What the supervisor keeps running, by name."""
        works: dict[str, Work] = {}
        for name, venue in self._venues.items():
            works[f"{name} stream"] = venue.follow
            works[f"{name} reconcile"] = venue.reconcile
        return works

    async def stop(self) -> None:
        """Let requests that are under way end within two seconds, then close the accounts. The workers end before."""
        for name, venue in self._venues.items():
            try:
                await venue.stop()
            except Exception:
                LOG.exception("%s did not close cleanly", name)

    def has_answered(self, venue: str) -> bool:
        """Whether that venue has told what it holds, and what became of every order of an earlier engine."""
        return self._venues[venue].has_answered

    async def read_now(self, venue: str) -> None:
        """Read one venue now, without waiting for its next round. Raises `VenueFailure`."""
        await self._venues[venue].read_now()

    async def settle(self, within_s: float) -> bool:
        """Whether nothing that was asked of any venue is under way any more, after `within_s` at the most."""
        return all(await asyncio.gather(*(venue.settle(within_s) for venue in self._venues.values())))

    def _hand_over(self, action: Request) -> None:
        match action:
            case PlaceOrder(order=order):
                if order.venue in self._venues:
                    self._venues[order.venue].place(order)
                else:
                    reason = f"expected a venue with an account, was {order.venue}"
                    self._put(OrderRejected(self._timing.clock(), order.order_id, reason))
            case FlattenVenues():
                for name in action.venues:
                    if name in self._venues:
                        self._venues[name].flatten(action.reason)
            case CancelOrder() | QueryOrder() | QueryPosition() if action.venue not in self._venues:
                LOG.error("asked of %s, which has no account here: %s", action.venue, action)
            case CancelOrder():
                self._venues[action.venue].cancel(action.order_id, action.asset)
            case QueryOrder():
                self._venues[action.venue].query(action.order_id, action.asset)
            case QueryPosition():
                self._venues[action.venue].query_position(action.asset)


def _assets_on(config: CockpitConfig, venue: str) -> list[str]:
    return list(config.venues[venue].instruments)
