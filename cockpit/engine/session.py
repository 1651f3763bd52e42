"""An engine and its venue in one deterministic loop: the same for replays, simulations and a running process."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Protocol

from cockpit.domain.actions import AnyAction
from cockpit.domain.commands import Restore
from cockpit.domain.events import AnyEvent
from cockpit.domain.wire import Input
from cockpit.engine.machine import Engine
from cockpit.engine.order_venue import VENUE_ACTIONS, OrderVenue


class InputSink(Protocol):
    """Somebody who is told everything that enters the engine, before it does."""

    def on_input(self, item: Input) -> None:
        """Something is about to enter the engine."""


class ActionSink(Protocol):
    """Somebody who is told everything the engine decides, in order."""

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        """What the engine decided on the last input; never empty."""


class Session:
    """Hands every input to the venue and the engine, and what the engine asks of the venue back to the venue.

    `venue` may be replaced between two inputs. `has_submitted` tells that something was asked of it since somebody
    last set this to False.
    """

    def __init__(
        self,
        engine: Engine,
        venue: OrderVenue,
        actions: Iterable[ActionSink] = (),
        inputs: Iterable[InputSink] = (),
    ) -> None:
        self.engine = engine
        self.venue = venue
        self.has_submitted = False
        self._action_sinks = tuple(actions)
        self._input_sinks = tuple(inputs)
        self._from_venue: deque[AnyEvent] = deque()

    def feed(self, item: Input) -> None:
        """One event or command, with everything that follows from it."""
        if isinstance(item, Restore):
            self.venue.restore(item.orders, item.trades, item.booked)
        else:
            self._from_venue.extend(self.venue.on_market(item))
            self._drain()
        self._give(item)
        self._drain()

    def run(self, items: Iterable[AnyEvent]) -> None:
        """Feed many events as fast as it goes.

        Where nobody listens to the inputs, prints and tops that move nothing (nearly all) cost two calls and no more.
        """
        if self._input_sinks:
            for item in items:
                self.feed(item)
            return
        on_market, handlers = self.venue.on_market, self.engine.handlers
        for item in items:
            happened = on_market(item)
            if happened:
                self._from_venue.extend(happened)
                self._drain()
            actions = handlers[type(item)](item)
            if actions:
                self._act(actions)
                self._drain()

    def _give(self, item: Input) -> None:
        for sink in self._input_sinks:
            sink.on_input(item)
        actions = self.engine.on(item)
        if actions:
            self._act(actions)

    def _act(self, actions: Sequence[AnyAction]) -> None:
        """The venue first: an order never waits for a journal or a screen, nor for one that fails."""
        for action in actions:
            if isinstance(action, VENUE_ACTIONS):
                self.has_submitted = True
                self._from_venue.extend(self.venue.submit(action))
        for sink in self._action_sinks:
            sink.on_actions(actions)

    def _drain(self) -> None:
        while self._from_venue:
            self._give(self._from_venue.popleft())
