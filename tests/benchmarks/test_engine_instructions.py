"""What an event costs the engine in instructions of Python, beside a plain loop over the same events in the same run.

Seconds depend on the machine and on who else uses it, instructions on the code alone: what makes every event dearer
shows here. The limits leave room for another version of Python, and none for a call more for each event.
"""

import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.commands import Arm
from cockpit.domain.events import AnyEvent, Top, Trade
from cockpit.domain.units import NS_PER_S
from cockpit.engine.machine import Engine

EVENTS, EVERY_NS, START_NS = 4_000, 1_000_000, 1_723_075_200 * NS_PER_S
MOST_OF_A_PLAIN_LOOP = {Trade: 4.7, Top: 5.0}


def opcodes(work: Callable[[], None]) -> int:
    """How many instructions of Python `work` takes, with all that it calls."""
    count = 0

    def trace(frame: FrameType, what: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += what == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def plain(events: Sequence[AnyEvent]) -> None:
    """A loop with a trivial rule, as in the benchmark of throughput."""
    price, crossings = 0.0, 0
    for event in events:
        if type(event) is Trade:
            crossings += price <= 109_610.0 < event.price
            price = event.price


def prints(count: int) -> list[AnyEvent]:
    stamps = (START_NS + number * EVERY_NS for number in range(count))
    return [Trade(ns, ns, "binance", "BTC", 108_400.0 + ns // EVERY_NS % 7, 0.01, True, 1) for ns in stamps]


def tops(count: int) -> list[AnyEvent]:
    stamps = (START_NS + number * EVERY_NS for number in range(count))
    return [Top(ns, ns, "binance", "BTC", 108_400.0, 1.0, 108_400.1, 1.0) for ns in stamps]


@pytest.mark.parametrize("made", [prints, tops])
def test_an_event_costs_a_few_times_a_plain_loop(made: Any, shipped_config: CockpitConfig) -> None:
    events = made(EVENTS)
    engine = Engine(shipped_config, START_NS, hold_context=True)
    engine.on(Arm(START_NS, "arm", "test"))
    engine.on(events[0])

    def loop() -> None:
        for event in events:
            engine.on(event)

    ratio = opcodes(loop) / opcodes(lambda: plain(events))
    assert ratio < MOST_OF_A_PLAIN_LOOP[type(events[0])], f"{ratio:.2f} times a plain loop's instructions"
    print(f"{made.__name__}: {ratio:.2f} times a plain loop's instructions")
