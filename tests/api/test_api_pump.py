"""The pump: every client in its turn, none waited for, none ended by another."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from hand_clock import Clock

from cockpit.api.pump import TURN_S, Pump
from cockpit.api.socket_close import SocketClose


class Taker:
    """A connection that has room or not, and remembers what it was sent."""

    def __init__(self) -> None:
        self.has_capacity = True
        self.sent: list[str] = []

    def send_now(self, messages: list[str]) -> None:
        self.sent += messages


class Numbers:
    """What is to be sent: the next number each time."""

    def __init__(self) -> None:
        self.reads = 0

    def poll(self, now_s: float) -> list[str]:
        self.reads += 1
        return [str(self.reads)]


def go_round(pump: Pump) -> None:
    for _ in pump.steps():
        pass


async def pumped(pump: Pump, *clients: tuple[Any, Callable[[float], Any]]) -> list[asyncio.Task[None]]:
    feeding = [asyncio.create_task(pump.feed(taker, look)) for taker, look in clients]
    await asyncio.sleep(0)
    return feeding


async def test_one_without_room_is_not_waited_for_and_let_go_when_its_patience_is_over() -> None:
    clock, stuck, other, numbers = Clock(), Taker(), Taker(), Numbers()
    pump = Pump(2.0, clock)
    feeding = await pumped(pump, (stuck, numbers.poll), (other, Numbers().poll))
    stuck.has_capacity = False
    for expected in (1, 2, 3):
        go_round(pump)
        clock.now_s += 1.0
        assert len(other.sent) == expected
    assert not feeding[0].done()
    go_round(pump)
    with pytest.raises(SocketClose, match="expected to be read within 2 s, was not") as ended:
        await feeding[0]
    assert ended.value.code == 1013
    assert (stuck.sent, numbers.reads) == ([], 0), "what it cannot take is not even made"
    await stopped(*feeding)


async def test_room_again_in_time_is_patience_anew() -> None:
    clock, slow = Clock(), Taker()
    pump = Pump(2.0, clock)
    feeding = await pumped(pump, (slow, Numbers().poll))
    for _ in range(5):
        slow.has_capacity = False
        go_round(pump)
        clock.now_s += 1.5
        slow.has_capacity = True
        go_round(pump)
    assert slow.sent == ["1", "2", "3", "4", "5"]
    assert not feeding[0].done()
    await stopped(*feeding)


async def test_a_defect_in_one_clients_look_ends_that_client_alone() -> None:
    def broken(now_s: float) -> list[str]:
        raise ZeroDivisionError

    pump, other = Pump(2.0, Clock()), Taker()
    feeding = await pumped(pump, (Taker(), broken), (other, Numbers().poll))
    go_round(pump)
    with pytest.raises(ZeroDivisionError):
        await feeding[0]
    go_round(pump)
    assert other.sent == ["1", "2"]
    await stopped(*feeding)


async def test_between_two_clients_the_loop_goes_on() -> None:
    """A slow look costs the clients behind it time, never the engine its turn."""
    read: list[int] = []

    def slow(now_s: float) -> list[str]:
        end_s = time.perf_counter() + 2 * TURN_S
        while time.perf_counter() < end_s:
            pass
        read.append(turn)
        return []

    pump, turn = Pump(2.0), 0
    feeding = await pumped(pump, *((Taker(), slow) for _ in range(20)))
    running = asyncio.create_task(pump.run())
    while len(read) < 20:
        await asyncio.sleep(0)
        turn += 1
    await stopped(running, *feeding)
    assert all(read.count(number) <= 1 for number in set(read)), "one slow look in a turn, then the others run"


async def stopped(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
