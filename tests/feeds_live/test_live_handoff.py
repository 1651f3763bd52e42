"""From the socket's callback to the inbox: order kept, prints never dropped, a slow engine never blocks the socket."""

import asyncio

import pytest

from cockpit.domain.events import AnyEvent, Top, Trade
from cockpit.exchanges.base.handoff import CROWDED, Handoff
from tests.patience import patient_s


def _print(trade_id: int) -> Trade:
    return Trade(0, 0, "binance", "BTC", 100.0, 1.0, True, trade_id)


TOP = Top(0, 0, "binance", "BTC", 100.0, 1.0, 100.1, 1.0)


async def _pumped(handoff: Handoff, count: int) -> list[AnyEvent]:
    taken: list[AnyEvent] = []
    enough = asyncio.Event()

    async def put(source: str, event: AnyEvent) -> None:
        assert source == "binance"
        taken.append(event)
        if len(taken) == count:
            enough.set()

    pump = asyncio.create_task(handoff.pump(put))
    await asyncio.wait_for(enough.wait(), patient_s(10))
    pump.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pump
    return taken


async def test_events_go_on_in_the_order_they_came() -> None:
    handoff = Handoff("binance")
    events = [_print(1), TOP, _print(2)]
    for event in events:
        handoff.offer(event)
    assert await _pumped(handoff, 3) == events


async def test_far_behind_only_what_must_arrive_is_kept() -> None:
    handoff = Handoff("binance")
    for trade_id in range(CROWDED):
        handoff.offer(_print(trade_id))
    handoff.offer(TOP)
    handoff.offer(_print(CROWDED))
    assert handoff.skipped == 1
    assert await _pumped(handoff, CROWDED + 1) == [_print(trade_id) for trade_id in range(CROWDED + 1)]


async def test_a_print_that_was_not_taken_is_offered_again() -> None:
    handoff = Handoff("binance")
    handoff.offer(_print(1))

    async def refuses(source: str, event: AnyEvent) -> None:
        raise RuntimeError("the engine is not there")

    with pytest.raises(RuntimeError):
        await handoff.pump(refuses)
    assert await _pumped(handoff, 1) == [_print(1)]
