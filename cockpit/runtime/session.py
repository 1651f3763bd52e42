"""An engine and its venue in one deterministic loop: the same for replays, simulations and a running process."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Protocol

from cockpit.domain.actions import (
    AnyAction,
    CancelOrder,
    FlattenVenues,
    PlaceOrder,
    QueryOrder,
    QueryPosition,
)
from cockpit.domain.commands import Command, Restore
from cockpit.domain.events import AnyEvent
from cockpit.domain.wire import Input
from cockpit.engine.machine import Engine
from cockpit.venues.paper import PaperVenue

VENUE_ACTIONS = (PlaceOrder, CancelOrder, QueryOrder, QueryPosition, FlattenVenues)


class InputSink(Protocol):
    """Somebody who is told everything that enters the engine, before it does."""

    def on_input(self, item: Input) -> None:
        """Something is about to enter the engine."""


class ActionSink(Protocol):
    """Somebody who is told everything the engine decides, in order."""

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        """What the engine decided on the last input; never empty."""


class Session:
    """Hands every input to the paper venue and the engine, and what the engine asks of the venue back to the venue."""

    def __init__(
        self,
        engine: Engine,
        venue: PaperVenue,
        actions: Iterable[ActionSink] = (),
        inputs: Iterable[InputSink] = (),
    ) -> None:
        self.engine = engine
        self.venue = venue
        self._action_sinks = tuple(actions)
        self._input_sinks = tuple(inputs)
        self._from_venue: deque[AnyEvent] = deque()

    def feed(self, item: Input) -> None:
        """One event or command, with everything that follows from it."""
        if isinstance(item, Command):
            if isinstance(item, Restore):
                self.venue.restore(item.orders, item.trades)
        else:
            self._from_venue.extend(self.venue.on_market(item))
            self._drain()
        self._give(item)
        self._drain()

    def run(self, items: Iterable[Input]) -> int:
        """Feed many inputs as fast as it goes; returns how many there were.

        Where nobody listens to the inputs, prints and tops that move nothing (nearly all) cost two calls and no more.
        """
        count = 0
        on_market, on = self.venue.on_market, self.engine.on
        for count, item in enumerate(items, start=1):
            if self._input_sinks or isinstance(item, Command):
                self.feed(item)
                continue
            fills = on_market(item)
            if fills:
                self._from_venue.extend(fills)
                self._drain()
            actions = on(item)
            if actions:
                self._act(actions)
                self._drain()
        return count

    def _give(self, item: Input) -> None:
        for sink in self._input_sinks:
            sink.on_input(item)
        actions = self.engine.on(item)
        if actions:
            self._act(actions)

    def _act(self, actions: Sequence[AnyAction]) -> None:
        for sink in self._action_sinks:
            sink.on_actions(actions)
        for action in actions:
            if isinstance(action, VENUE_ACTIONS):
                self._from_venue.extend(self.venue.submit(action))

    def _drain(self) -> None:
        while self._from_venue:
            self._give(self._from_venue.popleft())
