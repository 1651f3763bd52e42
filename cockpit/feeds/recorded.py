"""What a recording offers a new run: its market, without what its own engine and venues did; and its pace."""

from collections.abc import Iterable, Iterator
from typing import get_args

from typing_extensions import TypeIs

from cockpit.domain.commands import AnyCommand
from cockpit.domain.events import AnyEvent, MarketEvent
from cockpit.domain.units import ns_to_seconds

MARKET_KINDS = get_args(MarketEvent)


def is_market_event(recorded: AnyEvent | AnyCommand) -> TypeIs[MarketEvent]:
    """Whether a recorded input is the market's: neither a venue's answer nor a command."""
    return isinstance(recorded, MARKET_KINDS)


def market_events(inputs: Iterable[AnyEvent | AnyCommand]) -> Iterator[MarketEvent]:
    """The market's part of recorded inputs, in their order.

    Fills, acknowledgements and positions of the recorded venue are dropped: the run has a venue of its own. So are the
    recorded commands: whoever runs it gives its own.
    """
    for recorded in inputs:
        if is_market_event(recorded):
            yield recorded


def delay_s(event_ns: int, first_ns: int, elapsed_s: float, speed: float) -> float:
    """How long to wait before handing on an event, `elapsed_s` of real time after the run's first event.

    `speed` 1 is as recorded, 10 ten times faster, 0 without waiting. Measured from the first event, so that waiting a
    little too long once is made good at the next. Raises ValueError for a speed below 0.
    """
    if speed < 0:
        raise ValueError(f"expected a speed of 0 or more, was {speed:g}")
    if speed == 0:
        return 0.0
    return max(0.0, ns_to_seconds(event_ns - first_ns) / speed - elapsed_s)
