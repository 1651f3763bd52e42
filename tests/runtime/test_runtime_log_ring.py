"""The log: numbered without a gap, replayed from any number, waited for by as many as like."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.actions import AnyAction, CancelOrder, Notice
from cockpit.runtime.log_ring import LogRing
from tests.patience import patient_s


def notices(first: int, count: int) -> list[AnyAction]:
    return [Notice(number, "info", "test", f"n{number}") for number in range(first, first + count)]


@given(st.lists(st.integers(0, 9), max_size=40), st.integers(1, 30), st.integers(-5, 400), st.integers(0, 50))
def test_whatever_is_asked_for_comes_without_a_gap(batches: list[int], kept: int, seq: int, limit: int) -> None:
    ring, written = LogRing(kept), 0
    for batch in batches:
        ring.on_actions(notices(written + 1, batch))
        written += batch
    assert ring.last_seq == written
    assert ring.first_seq == max(1, written - kept + 1)
    found = ring.after(seq, limit)
    first = max(seq + 1, ring.first_seq)
    assert [frame.seq for frame in found] == list(range(first, min(first + limit, written + 1)))
    assert all(frame.entry == Notice(frame.seq, "info", "test", f"n{frame.seq}") for frame in found)


def test_requests_to_venues_are_no_log() -> None:
    ring = LogRing()
    ring.on_actions([CancelOrder(1, "t1s1", "okx", "BTC"), *notices(1, 1)])
    assert [frame.seq for frame in ring.after(0)] == [1]


def test_before_the_first_entry() -> None:
    ring = LogRing()
    assert (ring.first_seq, ring.last_seq, ring.after(0)) == (1, 0, [])


async def test_a_reader_that_follows_misses_nothing() -> None:
    ring, read = LogRing(), []

    async def follow() -> None:
        seq = 0
        while seq < 100:
            await ring.wait_beyond(seq)
            frames = ring.after(seq, 7)
            read.extend(frame.seq for frame in frames)
            seq = frames[-1].seq

    readers = [asyncio.create_task(follow()) for _ in range(3)]
    for first in range(1, 100, 3):
        ring.on_actions(notices(first, 3))
        await asyncio.sleep(0)
    ring.on_actions(notices(100, 1))
    await asyncio.wait_for(asyncio.gather(*readers), patient_s(5))
    assert sorted(read) == sorted([*range(1, 101)] * 3)


async def test_a_waiter_sleeps_on_while_nothing_is_logged() -> None:
    ring = LogRing()
    ring.on_actions(notices(1, 1))
    waiting = asyncio.create_task(ring.wait_beyond(1))
    ring.on_actions([CancelOrder(1, "t1s1", "okx", "BTC")])
    await asyncio.sleep(0)
    assert not waiting.done()
    ring.on_actions(notices(2, 1))
    await asyncio.wait_for(waiting, patient_s(1))
