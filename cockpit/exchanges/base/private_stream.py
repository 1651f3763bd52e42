"""An account's private stream: dialled again whenever it breaks, and whenever it should have spoken and did not.

A private stream may rightly be silent for hours, so that silence alone says nothing. What gives a deaf one away is an
order that the venue accepted and its stream never mentions: then it is dialled anew, and whoever listens is told, to
look the rest up.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from typing import Any, NoReturn, Protocol

from cockpit.domain.bounded import BoundedMap, Recent
from cockpit.domain.units import NS_PER_MS, seconds_to_ns
from cockpit.exchanges.base.account import Ambiguous, FundingUpdate, OrderUpdate, StreamUpdate, VenueFailure
from cockpit.exchanges.base.outcomes import failure_of
from cockpit.exchanges.base.timing import BackOff, Timing

# Conditional orders that were triggered, followed to the orders they became.
#
# The venue gives such an order an id of its own, and its words may come before the word that says whose it is.

MOST_ORDERS = 500
UPDATES_KEPT = 20


class TriggeredOrders:
    """Renames the updates about a triggered order to the client id of the conditional order it came from."""

    def __init__(self) -> None:
        self._client_ids: BoundedMap[str, str] = BoundedMap(MOST_ORDERS)
        self._updates: BoundedMap[str, list[OrderUpdate]] = BoundedMap(MOST_ORDERS)

    def client_id(self, venue_order_id: str, told: str) -> str:
        """Under which id of ours an order goes; `told` where it came from no conditional one."""
        return self._client_ids.get(venue_order_id, told)

    def renamed(self, update: OrderUpdate) -> OrderUpdate:
        """The update under our id; remembered, should its origin be told later."""
        order_id = update.order.venue_order_id
        known = self._client_ids.get(order_id)
        self._remember(order_id, update)
        return update if known is None else _under(update, known)

    def resolve(self, order_id: str, client_id: str) -> list[OrderUpdate]:
        """The venue said what a conditional order became; returns what was said of that before, under our id."""
        if order_id in self._client_ids:
            return []
        self._client_ids[order_id] = client_id
        return [_under(update, client_id) for update in self._updates.get(order_id, ())]

    def has_spoken(self, order_id: str) -> bool:
        """Whether the order that it became was spoken of already: then its own word counts, not the trigger's."""
        return order_id in self._updates

    def _remember(self, order_id: str, update: OrderUpdate) -> None:
        self._updates[order_id] = [*self._updates.get(order_id, ()), update][-UPDATES_KEPT:]


def _under(update: OrderUpdate, client_id: str) -> OrderUpdate:
    fill = None if update.fill is None else update.fill._replace(client_id=client_id)
    return update._replace(order=update.order._replace(client_id=client_id), fill=fill)


DIAL_WITHIN_S = 10.0
DEAF_AFTER_S = 5.0
"""An order that was accepted is mentioned well within this."""
POLL_EVERY_S = 0.5
FUNDING_EVERY_S = 60.0
CLOCK_EVERY_S = 300.0


class Asked(Protocol):
    """What a stream needs of its account."""

    venue: str
    timing: Timing
    client: Any

    async def ask(self, endpoint: str, params: Any = None) -> Any:
        """The venue's raw answer."""

    async def ask_time(self) -> None:
        """Compare clocks once more."""

    def venue_ms(self) -> int:
        """What time it is at the venue, as far as we know."""

    def is_probe(self, client_id: str) -> bool:
        """Whether an order only asked whether the venue takes stops."""

    async def funding_since(self, since_ms: int) -> list[tuple[str, FundingUpdate]]:
        """Payments booked since then, each with the venue's own id."""


class PrivateStream(ABC):
    """`follow` reads it for ever; `takes` is handed every message that arrives on the account's sockets."""

    def __init__(self, account: Asked) -> None:
        self.account = account
        self.secrets: list[str] = []
        """What must never be said, beside the keys: what the stream's address holds."""
        self._received: Callable[[StreamUpdate], None] | None = None
        self._stands = False
        self._broken: asyncio.Future[NoReturn] | None = None
        self._expected_ns: dict[str, int] = {}
        self._spoken_of: Recent[str] = Recent(2_000)
        self._paid: Recent[str] = Recent(200)
        self._funding_due = asyncio.Event()
        self._funding_since_ms: int | None = None
        self._unconfirmed: set[str] = set()
        self._confirmed = asyncio.Event()

    # -- what each venue fills in

    @abstractmethod
    async def _dial(self) -> Iterable[Awaitable[Any]]:
        """Open the sockets and subscribe; what is returned fails when one of them breaks. Raises anything."""

    @abstractmethod
    async def _hang_up(self) -> None:
        """Drop the sockets, whatever state they are in."""

    async def _keep_alive(self) -> None:
        """Whatever keeps the subscription alive, for ever: the library's pings, where the venue asks for no more."""
        await asyncio.Event().wait()

    @abstractmethod
    def _read(self, message: Any) -> list[StreamUpdate] | None:
        """What a message says of the account; None where it is not data and the library shall see it."""

    # -- messages

    def takes(self, message: Any) -> bool:
        """Read a message; False where the library needs to see it. A message that cannot be read breaks the link."""
        try:
            parser = self._read(message)
        except Exception as error:
            self.break_off(f"unreadable message: {type(error).__name__}")
            return True
        for update in parser or ():
            self._emit(update)
        return parser is not None

    def _emit(self, update: StreamUpdate) -> None:
        if isinstance(update, OrderUpdate):
            client_id = update.order.client_id
            self._spoken_of.add(client_id)
            self._expected_ns.pop(client_id, None)
            if self.account.is_probe(client_id):
                return
        if self._received is not None:
            self._received(update)

    def expect(self, client_id: str) -> None:
        """The venue accepted this order: its stream will speak of it, or has; before it stood nobody could hear it."""
        if self._stands and client_id not in self._spoken_of:
            self._expected_ns[client_id] = self.account.timing.clock()

    def break_off(self, why: str) -> None:
        """Dial anew."""
        if self._broken is not None and not self._broken.done():
            self._broken.set_exception(Ambiguous(f"{self.account.venue} stream: {why}"))

    def funding_is_due(self) -> None:
        """A payment was announced: ask for it now."""
        self._funding_due.set()

    # -- the link

    async def follow(self, received: Callable[[StreamUpdate], None], linked: Callable[[bool, str], None]) -> None:
        """Read until cancelled. `linked` hears when it stands, and why it broke."""
        self._received = received
        back_off = BackOff(0.2, 10.0)
        try:
            while True:
                failure = await self._until_it_breaks(linked, back_off)
                linked(False, str(failure))
                await self.account.timing.sleep(back_off.failed())
        finally:
            self._received = None

    async def _until_it_breaks(self, linked: Callable[[bool, str], None], back_off: BackOff) -> VenueFailure:
        self._broken = asyncio.get_running_loop().create_future()
        try:
            self.account.client.ws_dial_backoff = {}  # the library would wait on top of our own waiting
            sockets = list(await self._dial())
            back_off.succeeded()
            self._stands = True
            linked(True, "")
            await _first_end(
                self._broken,
                *sockets,
                self._keep_alive(),
                self._notice_deafness(),
                self._on_funding(),
                self._keep_time(),
            )
            return Ambiguous(f"{self.account.venue} stream: ended")
        except Exception as error:
            return failure_of(error, self.account.venue, self.secrets)
        finally:
            self._stands = False
            self._expected_ns.clear()
            await self._hang_up()

    async def connected(self, url: str, waiting: asyncio.Future[Any]) -> None:
        """Wait until the socket of that address stands; `waiting` fails where it cannot be opened."""
        standing = asyncio.ensure_future(asyncio.shield(self.account.client.clients[url].connected))
        try:
            await self.within(DIAL_WITHIN_S, [standing, waiting], "a connection")
        finally:
            standing.cancel()

    async def within(self, seconds: float, steps: Collection[asyncio.Future[Any]], what: str) -> None:
        """Wait until the first of these is done, and raise what it raised. Raises `Ambiguous` when none is in time."""
        done, _ = await asyncio.wait(steps, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            raise Ambiguous(f"{self.account.venue} stream: expected {what} within {seconds:g} s, was not")
        for step in done:
            step.result()

    def expect_confirmed(self, subscriptions: Iterable[str]) -> None:
        """These are about to be asked for, and the venue confirms each: `confirm`, then `until_confirmed` returns."""
        self._unconfirmed = set(subscriptions)
        self._confirmed.clear()

    def confirm(self, subscription: str) -> None:
        """The venue said that it stands."""
        self._unconfirmed.discard(subscription)
        if not self._unconfirmed:
            self._confirmed.set()

    async def until_confirmed(self, sockets: Collection[asyncio.Future[Any]]) -> None:
        """Wait until every subscription is confirmed; `sockets` fail where one of theirs breaks before."""
        confirmed = asyncio.ensure_future(self._confirmed.wait())
        try:
            await self.within(DIAL_WITHIN_S, [confirmed, *sockets], "its subscriptions confirmed")
        finally:
            confirmed.cancel()

    async def drop(self, url: str) -> None:
        """Close the library's socket of that address, where it has one."""
        client = self.account.client
        socket = client.clients.pop(url, None) if client is not None else None
        if socket is not None:
            await socket.close()

    # -- beside the messages

    async def _notice_deafness(self) -> None:
        while True:
            await self.account.timing.sleep(POLL_EVERY_S)
            now_ns = self.account.timing.clock()
            for client_id, accepted_ns in self._expected_ns.items():
                if now_ns - accepted_ns > seconds_to_ns(DEAF_AFTER_S):
                    raise Ambiguous(
                        f"{self.account.venue} stream: expected word of order {client_id} within {DEAF_AFTER_S:g} s, "
                        f"was none"
                    )

    async def _on_funding(self) -> None:
        """Payments are asked for: the stream does not always say for which asset, and may miss one."""
        if self._funding_since_ms is None:
            self._funding_since_ms = self.account.venue_ms()
        while True:
            self._funding_due.clear()
            with suppress(VenueFailure):  # asked again soon, for the same time
                await self._emit_funding(self._funding_since_ms)
            pause = asyncio.ensure_future(self.account.timing.sleep(FUNDING_EVERY_S))
            due = asyncio.ensure_future(self._funding_due.wait())
            try:
                await asyncio.wait({pause, due}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                pause.cancel()
                due.cancel()

    async def _emit_funding(self, since_ms: int) -> None:
        for payment_id, update in await self.account.funding_since(since_ms):
            if payment_id not in self._paid and self._received is not None:
                self._paid.add(payment_id)
                self._received(update)
                self._funding_since_ms = max(self._funding_since_ms or 0, update.ts_ns // NS_PER_MS)

    async def _keep_time(self) -> None:
        while True:
            await self.account.timing.sleep(CLOCK_EVERY_S)
            try:
                await self.account.ask_time()
            except VenueFailure:
                continue


async def _first_end(*what: Awaitable[Any]) -> None:
    """Wait until the first of them ends, drop the others, and raise what ended it."""
    tasks = [asyncio.ensure_future(one) for one in what]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
