"""What those who work for one real venue share: its account, its orders, its voice."""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from cockpit.domain.bounded import Recent
from cockpit.domain.events import OrderFilled, VenueEvent, VenueNotice
from cockpit.domain.kinds import OrderRole, VenueTopic
from cockpit.domain.numbers import price_text
from cockpit.domain.quantity import rounded
from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.account import (
    HeldPosition,
    KeysLost,
    NotSent,
    VenueAccount,
    VenueFailure,
    VenueFill,
    VenueOrder,
)
from cockpit.exchanges.base.order_ids import FLATTEN, OrderIds
from cockpit.exchanges.base.order_text import plain_id
from cockpit.exchanges.base.timing import Timing, wait_for_all, within
from cockpit.execution.expected_positions import ExpectedPositions
from cockpit.execution.order_state import QTY_EPSILON, RESTING, OrderState

# What is under way to a venue: each request is a task of its own, and none is lost or fails unheard.

LOG = logging.getLogger("cockpit.execution")


class InFlightCalls:
    """Starts requests at once and keeps them until they end. `fell` hears of one that ended in a defect."""

    def __init__(self, fell: Callable[[str], None]) -> None:
        self._fell = fell
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, name: str, call: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run it as soon as the loop turns."""
        task = asyncio.create_task(self._run(name, call), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: call.close())  # one that was ended before its first step was never begun
        return task

    async def settle(self, within_s: float) -> bool:
        """Whether everything under way, and all it starts, ended within that time."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + within_s
        while (left := self._left()) and loop.time() < until_s:
            await wait_for_all(left, until_s - loop.time())
        return not self._left()

    async def stop(self, within_s: float) -> None:
        """Give what is under way `within_s` to end by itself, then end it."""
        await self.settle(within_s)
        for task in self._left():
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _left(self) -> list[asyncio.Task[None]]:
        """What has not ended: one that has is forgotten only when the loop gets to it."""
        return [task for task in self._tasks if not task.done()]

    async def _run(self, name: str, call: Coroutine[Any, Any, None]) -> None:
        try:
            await call
        except Exception as error:
            # A defect: the order it was about stays as it is known, and the next look at the venue repairs it.
            LOG.exception("%s failed", name)
            self._fell(f"{name}: {type(error).__name__}: {error}")


REMEMBERED = 2_000
"""Orders that are over are remembered for what is told late; the oldest go first."""

FILLS_REMEMBERED = 20_000
MINUTE_NS = 60 * NS_PER_S

Put = Callable[[VenueEvent], None]


class Pace(NamedTuple):
    """How long, in seconds, the real venues wait for what."""

    call_within_s: float = 12.0
    """Longer than the client's own limit, which comes first."""
    ask_at_s: tuple[float, ...] = (0.15, 0.5, 1.0, 2.0, 4.0, 6.0)
    """When an order nobody knows is asked for, after the doubt arose; then every `ask_on_every_s`."""
    ask_on_every_s: float = 4.0
    never_arrived_after_s: float = 5.0
    """An order the venue does not know for so long has never arrived."""
    bare_close_after_s: float = 0.3
    """A close of a position that no stop guards: it is asked for so often, also while the venue cannot be reached, and
    sent anew; the venue itself refuses what closes more than is there."""
    watch_entry_every_s: float = 0.35
    """So often positions are looked at while nobody knows what became of an entry."""
    list_lags_s: float = 0.3
    """A list of positions may be so much older than an execution that was told before it was asked for."""
    list_settles_s: float = 2.0
    """Where nothing of ours has changed for so long, one list tells what is not ours: no other has to say so too."""
    watch_given_up_s: float = 180.0
    """So long after it was sent an entry that was given up is watched; later the usual rounds find it."""
    stop_answer_within_s: float = 0.3
    """A stop whose answer is not there by then is asked for by its id, and sent again where the venue has none."""
    send_entry_within_s: float = 2.0
    settings_within_s: float = 1.0
    """An entry whose account does not tell its leverage and margin mode so soon is not sent."""
    send_exit_within_s: float = 120.0
    resend_first_s: float = 0.2
    resend_longest_s: float = 5.0
    resend_exit_longest_s: float = 0.8
    """A position waits for what is to close or guard it."""
    cancel_within_s: float = 5.0
    reread_after_s: float = 0.25
    peek_every_s: float = 0.6
    """So often positions and stops are looked at between rounds, as the stream may be mute: on Binance, with a position
    on one perpetual, 700 of 2,400 of a minute's weight."""
    explain_within_s: float = 3.0
    """A position that is less than ours is called unknown after so long without the executions that took it."""
    triggered_within_s: float = 0.5
    """A stop that was triggered has so long to be filled: one with a limit may have been gapped through."""
    gone_after_s: float = 60.0
    """So long a position or an order of ours must be missing, with nothing that explains it, before it counts as gone:
    far longer than any venue is known to hide one."""
    hidden_most_s: float = 15.0
    """A foreign position that is not listed any more, with no execution heard of, may be hidden for so long."""
    compare_within_s: float = 5.0
    """So long what became of an earlier engine's orders is not told before its positions were looked at."""
    everywhere_every_s: float = 30.0
    """How often orders are asked for on every perpetual there is, not only on ours."""
    unread_after_s: float = 10.0
    unread_unlinked_after_s: float = 3.0
    """With the private stream down too."""
    guard_within_s: float = 30.0
    guard_every_s: float = 10.0
    stop_within_s: float = 2.0


class VenueContext:
    """One venue: `assets` are the configured perpetuals. What happens there is told through `put`, stamped with now.

    `expected` is what our own executions add up to, by asset: what differs from it was somebody else's doing.
    `since_ns` is when that position began, by the venue's clock; `fills_emitted` are the executions that were told or
    booked, whatever order they were told under. `left_trades` are those that an earlier engine left open.
    `foreign_fills` are the perpetuals where something was executed that was not ours, since a position was last seen.
    """

    def __init__(
        self,
        account: VenueAccount,
        assets: Collection[str],
        ids: OrderIds,
        put: Put,
        timing: Timing,
        pace: Pace,
    ) -> None:
        self.venue = account.venue
        self.account = account
        self.assets = tuple(assets)
        self.ids = ids
        self.timing = timing
        self.pace = pace
        self.in_flight = InFlightCalls(lambda what: self.notify(VenueTopic.NOTE, f"defect: {what}", is_grave=True))
        self.orders: dict[str, OrderState] = {}
        self.expected = ExpectedPositions(timing.clock)
        self.since_ns: dict[str, int] = {}
        self._since_by_our_clock: set[str] = set()
        self.fills_emitted: Recent[str] = Recent(FILLS_REMEMBERED)
        self.left_trades: set[str] = set()
        self.foreign_fills: set[str] = set()
        self.triggered: Callable[[OrderState], None] = lambda kept: None
        """Is handed each stop that the venue tells as triggered and not filled."""
        self.is_linked = False
        """Whether the private stream stands."""
        self._left_alone_until_ns = 0
        self._put = put
        self._notified: dict[tuple[str, VenueTopic], VenueNotice] = {}

    @property
    def now_ns(self) -> int:
        return self.timing.clock()

    async def positions(self) -> tuple[HeldPosition, ...]:
        """What the venue lists, each with when it was asked for. Raises `VenueFailure`."""
        asked_ns = self.now_ns
        listed = await within(self.pace.call_within_s, self.account.positions(), "positions")
        return tuple(position._replace(asked_ns=asked_ns) for position in listed)

    # Orders.

    def keep(self, order: OrderState) -> OrderState:
        self.orders[order.order_id] = order
        if len(self.orders) > REMEMBERED:
            oldest = next((order_id for order_id, kept in self.orders.items() if kept.is_over), None)
            if oldest is not None:
                del self.orders[oldest]
        return order

    def state_of(self, order: VenueOrder) -> OrderState | None:
        """Our order behind the venue's, kept from now on; None where it does not carry our mark."""
        order_id = self.ids.whose(order.client_id, self.venue, order.asset).order_id
        if order_id is None:
            return None
        return self.orders.get(order_id) or self.keep(OrderState.found(order_id, order))

    def live(self, asset: str | None = None) -> list[OrderState]:
        """The orders that may still execute, everywhere or on one perpetual."""
        return [kept for kept in self.orders.values() if not kept.is_over and asset in (None, kept.asset)]

    def take(self, kept: OrderState, reported: VenueOrder) -> bool:
        """Book the venue's state of an order; True when the engine heard anything."""
        if kept.is_conditional and not reported.is_conditional and reported.status in RESTING:
            self.triggered(kept)
        return self._emit_for(kept, kept.take(reported, self.now_ns))

    def infer(self, kept: OrderState, filled_qty: float, average_price: float) -> None:
        """The position itself shows that so much of an order has executed."""
        self._emit_for(kept, kept.infer(filled_qty, average_price, self.now_ns))

    def give_up(self, kept: OrderState, reason: str) -> None:
        """The venue does not know it: it counts as never arrived. What a position had shown of it was somebody
        else's, and is closed by executions that count already.
        """
        kept.was_given_up, kept.was_disproved = True, kept.has_inferred_fill
        events = kept.refuse(reason, self.now_ns)
        kept.counted = kept.executed
        self._emit_for(kept, events)

    def holds_ours(self, asset: str) -> bool:
        """Whether our own executions add up to a position there."""
        return abs(self.expected.get(asset, 0.0)) > QTY_EPSILON

    def is_guarded(self, asset: str) -> bool:
        """Whether the stops that rest cover all that is ours there."""
        stops = (kept for kept in self.live(asset) if kept.role is OrderRole.STOP and kept.is_resting)
        return sum(kept.qty - kept.filled for kept in stops) + QTY_EPSILON >= abs(self.expected.get(asset, 0.0))

    def adopt(self, asset: str, qty: float) -> None:
        """So much of what is held there, + long, is ours from now on: executions before this explain nothing of it."""
        self.expected[asset] = rounded(self.expected.get(asset, 0.0) + qty)
        self.since_ns[asset] = self.now_ns
        self._since_by_our_clock.discard(asset)

    def book(self, kept: OrderState, fills: Iterable[VenueFill]) -> bool:
        """Book executions of an order; True when the engine heard anything."""
        events: list[VenueEvent] = []
        is_flat = abs(self.expected.get(kept.asset, 0.0)) <= QTY_EPSILON
        for fill in fills:
            if fill.fill_id in self.fills_emitted and not kept.has_booked(fill):
                events += kept.count(fill, self.now_ns)
                continue
            self.fills_emitted.add(fill.fill_id)
            self.notify_unconverted(fill)
            if is_flat or kept.asset in self._since_by_our_clock:
                # The venue's stamp says when ours began: earlier executions of others must explain nothing of it.
                self.since_ns[kept.asset], is_flat = fill.ts_ns, False
                self._since_by_our_clock.discard(kept.asset)
            events += kept.book([fill], self.now_ns)
        return self._emit_for(kept, events)

    # Telling.

    def emit(self, events: Iterable[VenueEvent]) -> None:
        """Hand events to the engine, in order."""
        for event in events:
            self._put(event)

    def notify(
        self, topic: VenueTopic, sentence: str, asset: str = "", is_over: bool = False, is_grave: bool = False
    ) -> None:
        """A notice beside orders and positions; the same is not said twice in a row, nor what never began as over."""
        last = self._notified.get((asset, topic))
        if is_over and (last is None or last.is_over):
            return
        if last is not None and (last.sentence, last.is_over) == (sentence, is_over):
            return
        notice = VenueNotice(self.now_ns, self.venue, asset, topic, sentence, is_over, is_grave)
        self._notified[asset, topic] = notice
        self._put(notice)

    def notify_unconverted(self, fill: VenueFill) -> None:
        """Its fee is of a coin that nobody knows the price of: the books have an estimate, and it is said."""
        if fill.unconverted_fee is not None:
            amount, coin = fill.unconverted_fee
            of_what = f"{self.venue}: fee of {amount:.10g} {plain_id(coin)} for {fill.qty:.10g} {plain_id(fill.asset)}"
            told = f"{of_what} not converted, no price of {plain_id(coin)} known (execution {plain_id(fill.fill_id)})"
            self.notify(
                VenueTopic.NOTE, f"{told}: booked as {fill.fee_usd:.6g} USD at the config's rate", is_grave=True
            )

    def stands(self, topic: VenueTopic, asset: str = "") -> bool:
        """Whether a notice of that topic stands."""
        last = self._notified.get((asset, topic))
        return last is not None and not last.is_over

    def met(self, failure: VenueFailure) -> None:
        """A call failed: lost keys, and a venue that wants to be left alone, are everybody's business."""
        if isinstance(failure, KeysLost):
            self.notify(VenueTopic.KEYS, f"{self.venue} refuses our keys: {failure}", is_grave=True)
        if isinstance(failure, NotSent) and failure.asked_until_ns is not None:
            if self.stands(VenueTopic.LEFT_ALONE) and failure.asked_until_ns < self._left_alone_until_ns + MINUTE_NS:
                return
            self._left_alone_until_ns = failure.asked_until_ns
            until = datetime.fromtimestamp(failure.asked_until_ns // NS_PER_S, UTC)
            asked = f"{self.venue} asked to be left alone until {until:%H:%M:%S} UTC"
            self.notify(VenueTopic.LEFT_ALONE, f"{asked}: no entry there, exits go on", is_grave=True)

    def answered(self) -> None:
        """The venue answered: where that was signed it knows our keys."""
        if self.account.signs_reads:
            self.keys_are_taken()
        if self.now_ns >= self._left_alone_until_ns:
            self.notify(VenueTopic.LEFT_ALONE, f"{self.venue} takes requests again", is_over=True)

    def keys_are_taken(self) -> None:
        self.notify(VenueTopic.KEYS, f"{self.venue} takes our keys again", is_over=True)

    def _emit_for(self, kept: OrderState, events: Iterable[VenueEvent]) -> bool:
        events = tuple(events)
        if not kept.nets_with_ours:
            self._notify_foreign_close(kept, events)
            return bool(events)
        executed, before = kept.executed, self.expected.get(kept.asset, 0.0)
        if executed != kept.counted:
            if abs(before) <= QTY_EPSILON and kept.has_inferred_fill:
                self.since_ns[kept.asset] = kept.sent_ns or self.now_ns
                self._since_by_our_clock.add(kept.asset)
            after = rounded(before + kept.side.sign * (executed - kept.counted))
            # A flatten closes what is not ours too: of that nothing was ever expected.
            is_beyond = kept.order_id.startswith(FLATTEN) and before * after <= 0.0
            self.expected[kept.asset] = 0.0 if is_beyond else after
            if is_beyond:
                self.foreign_fills.add(kept.asset)
            kept.counted = executed
        self.emit(events)
        return bool(events)

    def _notify_foreign_close(self, kept: OrderState, events: Iterable[VenueEvent]) -> None:
        """A flatten closed what is not in our books: it is said, and booked to nobody."""
        for event in events:
            if isinstance(event, OrderFilled):
                what = f"{event.qty:.10g} {plain_id(kept.asset)} at {price_text(event.price)}"
                self.notify(VenueTopic.NOTE, f"{self.venue}: the flatten closed {what} that was not ours", kept.asset)
