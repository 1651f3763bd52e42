"""An account's calls: one fenced client, every failure judged, the allowance kept, each signed in the venue's time."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

from cockpit.config.endpoints import VenueUrls, is_loopback
from cockpit.config.secrets import VenueKeys
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.account import NotSent, VenueFailure
from cockpit.exchanges.base.allowance import DEFAULT_WAIT_S, Allowance, EndpointBudget
from cockpit.exchanges.base.call_kind import CallKind, kind_now
from cockpit.exchanges.base.outcomes import failure_of
from cockpit.exchanges.base.private_stream import PrivateStream
from cockpit.exchanges.base.timing import Timing
from cockpit.exchanges.base.venue_clock import VenueClock

CLOCK_SAMPLES = 3
Done = TypeVar("Done")


class AccountCalls(ABC):
    """One venue, one key, one event loop: `ask` for what changes nothing, `send` for what does."""

    venue: str
    weight_per_minute: float | None = None
    """The venue's allowance for one address; None where its answers do not say what was used."""
    endpoint_calls: Mapping[str, int] = {}
    """How often each endpoint may be asked in `endpoint_window_s`."""
    endpoint_window_s = 1.0
    left_alone_default_s = DEFAULT_WAIT_S
    """How long it is left alone after it turned a request away without a word on how long."""
    _stream: PrivateStream
    """It sees what arrives before the library does."""

    def __init__(self, keys: VenueKeys, urls: VenueUrls, timing: Timing) -> None:
        self.timing = timing
        self.client: Any = None
        self._making_ready = asyncio.Lock()
        self.clock = VenueClock()
        self.budget = EndpointBudget(self.endpoint_calls, self.endpoint_window_s, timing)
        self._allowance = Allowance(self.weight_per_minute, timing.clock, self.left_alone_default_s)
        self._keys = keys
        self._urls = urls
        self._under_way: set[asyncio.Task[Any]] = set()

    @property
    def is_loopback(self) -> bool:
        """Whether its orders go to this machine."""
        return self._urls.rest is not None and is_loopback(urlsplit(self._urls.rest).hostname or "")

    @abstractmethod
    def _make_client(self, keys: VenueKeys | None) -> Any:
        """A client with or without keys; imports the library. Runs off the loop."""

    @abstractmethod
    async def _server_time_ms(self) -> float:
        """What time it is at the venue."""

    # -- the client

    async def _make_ready(self) -> None:
        async with self._making_ready:
            if self.client is None:
                with self.judged():
                    client = await asyncio.to_thread(self._make_client, self._keys)
                    self._tap(client)
                    self.client = client

    def _tap(self, client: Any) -> None:
        """See every answer's status and headers, and every message of the stream before the library does."""
        answered, handle = client.on_rest_response, client.handle_message

        def on_rest_response(
            status: int, reason: str, url: str, method: str, headers: Mapping[str, str], *rest: Any
        ) -> Any:
            self._allowance.answered(status, headers)
            return answered(status, reason, url, method, headers, *rest)

        def handle_message(socket: Any, message: Any) -> None:
            if not self._stream.takes(message):
                handle(socket, message)

        client.on_rest_response = on_rest_response
        client.handle_message = handle_message
        client.nonce = self.venue_ms
        client.seconds = lambda: self.venue_ms() // 1_000

    async def _close_client(self) -> None:
        """Close every connection; what is still under way is given up."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        client, self.client = self.client, None
        if client is not None:
            client.timeout_on_exit = 0 if self.is_loopback else client.timeout_on_exit
            await client.close()

    # -- calls

    @contextmanager
    def judged(self) -> Iterator[None]:
        """Whatever goes wrong inside, in a call or in reading its answer, leaves as a `VenueFailure`."""
        try:
            yield
        except VenueFailure:
            raise
        except Exception as error:
            # Not chained: the library's own text has addresses with signatures in them.
            raise failure_of(error, self.venue, self._secrets()) from None

    async def ask(self, endpoint: str, params: Any = None) -> Any:
        """The venue's raw answer to one of the library's endpoints. Raises any `VenueFailure`.

        A venue that asked to be left alone is not asked: that is `NotSent`, at once. What an exit has to know waits the
        moment that is left, and is asked: an answer made of several would never come through where orders are turned
        away again and again. Where the clocks were too far apart they are compared anew before that is raised.
        """
        if self.client is None:
            raise NotSent(f"{self.venue}: expected an open account, was closed")
        kind = kind_now()
        waits_s = self._allowance.wait_s(kind)
        if kind is CallKind.EXIT and waits_s <= kind.longest_wait_s:
            await self.timing.sleep(waits_s)
        return await self._ask(endpoint, params, kind)

    async def _ask(self, endpoint: str, params: Any, kind: CallKind) -> Any:
        waits_s = self._allowance.wait_s(kind)
        if waits_s > 0:
            sentence = f"{self.venue}: asked to be left alone for {waits_s:.1f} s more"
            raise NotSent(sentence, waits_s, asked_until_ns=self._allowance.asked_until_ns)
        try:
            await self.budget.turn(endpoint, kind)
            with self.judged():
                return await getattr(self.client, endpoint)({} if params is None else params)
        except NotSent as refused:
            if refused.is_clock:
                await self._compare_clocks_quietly()
            elif self._allowance.asked_until_ns is not None:
                refused.retry_after_s = self._allowance.wait_s(kind)
                refused.asked_until_ns = self._allowance.asked_until_ns
            raise

    async def send(self, endpoint: str, params: Any, kind: CallKind = CallKind.EXIT) -> Any:
        """`ask`, for what changes something: cancelling the wait leaves the request on its way."""
        if self.client is None:
            raise NotSent(f"{self.venue}: expected an open account, was closed")
        return await self.go_on(self._ask(endpoint, params, kind))

    async def go_on(self, doing: Coroutine[Any, Any, Done]) -> Done:
        """Wait for it; cancelling the wait leaves it on its way."""
        return await asyncio.shield(self.start(doing))

    def start(self, doing: Coroutine[Any, Any, Done]) -> asyncio.Task[Done]:
        """Have it done; what is not done when the account is closed is given up."""
        task = asyncio.ensure_future(doing)
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()

    def _secrets(self) -> list[str]:
        found = (self._keys.api_key, self._keys.secret, self._keys.password)
        return [secret.get_secret_value() for secret in found if secret is not None] + self._stream.secrets

    # -- the clock

    async def ask_time(self) -> None:
        """Compare clocks once more; what is signed from now on carries the venue's time. Raises any `VenueFailure`."""
        asked_ns = self.timing.clock()
        venue_ms = await self._server_time_ms()
        self.clock.answered(asked_ns, round(venue_ms * NS_PER_MS), self.timing.clock())

    async def touch(self) -> None:
        """Ask for the time and leave the clock as it is: many of these at once wait for one another."""
        await self._server_time_ms()

    async def _compare_clocks_quietly(self) -> None:
        """The clock moved: what was learnt before does not count."""
        self.clock = VenueClock()
        try:
            await self.ask_time()
        except VenueFailure:
            return

    async def clock_offset_ms(self) -> float:
        """The venue's clock minus ours, from a few answers in a row."""
        for _ in range(CLOCK_SAMPLES):
            await self.ask_time()
        return self.clock.offset_ns / NS_PER_MS

    def by_our_clock(self, venue_ns: int) -> int:
        """When that was, told by the venue's clock, in our time."""
        return venue_ns - self.clock.offset_ns

    def venue_ms(self) -> int:
        """What time it is at the venue, as far as we know: what requests and logins are signed with."""
        return (self.timing.clock() + self.clock.offset_ns) // NS_PER_MS

    def used_weight_share(self) -> float | None:
        """How much of this minute's request allowance is used."""
        return self._allowance.used_share()
