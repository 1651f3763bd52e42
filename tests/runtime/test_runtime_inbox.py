"""The inbox: commands overtake data, only the latest of what conflates is kept, nothing else is ever lost."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.domain.commands import Arm, Flatten
from cockpit.domain.events import (
    AnyEvent,
    Depth,
    FeedHealth,
    HealthFactor,
    MarkPrice,
    OrderFilled,
    PriorityFee,
    Tick,
    Top,
    Trade,
)
from cockpit.domain.kinds import FeedState, Reading
from cockpit.domain.wire import Input
from cockpit.runtime.inbox import COMPACT_AFTER, Inbox
from tests.patience import patient_s


def trade(number: int, asset: str = "BTC") -> Trade:
    return Trade(number, number, "binance", asset, 100.0, 1.0, True, number)


def top(number: int, asset: str = "BTC", venue: str = "binance") -> Top:
    return Top(number, number, venue, asset, 100.0, 1.0, 100.1, float(number))


def depth(number: int) -> Depth:
    return Depth(number, number, "binance", "BTC", ((100.0, 1.0),), ((100.1, 1.0),))


def mark(number: int) -> MarkPrice:
    return MarkPrice(number, number, "binance", "BTC", 100.0, 100.0)


def fill(number: int) -> OrderFilled:
    return OrderFilled(number, "t1e1", f"f{number}", 1.0, 100.0, 0.0, False)


def health(number: int) -> HealthFactor:
    return HealthFactor(number, "rpc", 2.5)


def feed_health(number: int, state: FeedState = FeedState.DOWN) -> FeedHealth:
    return FeedHealth(number, Reading.STREAM, "binance", state)


def everything(inbox: Inbox) -> list[Input]:
    found: list[Input] = []
    while (item := inbox.take()) is not None:
        found.append(item)
    return found


def test_commands_overtake_data_and_keep_their_own_order() -> None:
    inbox = Inbox()
    for number in range(100):
        assert inbox.offer("market", trade(number))
    arm, flatten = Arm(1, "c1", "api"), Flatten(2, "c2", "api", "now")
    inbox.command(arm)
    inbox.command(flatten)
    assert [inbox.take(), inbox.take()] == [arm, flatten]
    assert everything(inbox) == [trade(number) for number in range(100)]


def test_a_command_is_never_refused_by_a_full_queue() -> None:
    inbox = Inbox(capacity=2)
    while inbox.offer("market", trade(1)):
        pass
    inbox.command(Flatten(1, "c1", "api", "now"))
    assert isinstance(inbox.take(), Flatten)


def test_only_the_newest_of_what_conflates_is_kept_at_its_newest_place() -> None:
    inbox = Inbox()
    for event in (top(1), depth(2), mark(3), Tick(4), feed_health(5), trade(6), top(7), depth(8), mark(9), Tick(10)):
        inbox.offer("market", event)
    inbox.offer("market", feed_health(11, FeedState.FRESH))
    kept = [trade(6), top(7), depth(8), mark(9), Tick(10), feed_health(11, FeedState.FRESH)]
    assert everything(inbox) == kept
    assert inbox.conflated == 5


def test_another_venue_or_asset_is_another_top() -> None:
    inbox = Inbox()
    events = [top(1), top(2, venue="okx"), top(3, asset="ETH")]
    for event in events:
        inbox.offer("market", event)
    assert everything(inbox) == events


def test_prints_fills_and_readings_never_conflate() -> None:
    inbox = Inbox()
    events: list[AnyEvent] = [make(number) for number in range(50) for make in (trade, fill, health)]
    events += [PriorityFee(number, 1.0) for number in range(50)]
    for event in events:
        inbox.offer("market", event)
    assert everything(inbox) == events
    assert inbox.conflated == 0


async def test_a_market_that_can_wait_loses_not_even_a_top() -> None:
    inbox = Inbox()
    events: list[AnyEvent] = [top(1), top(2), Tick(3), Tick(4), depth(5), depth(6)]
    for event in events:
        await inbox.put_each("market", event)
    assert everything(inbox) == events


async def test_a_full_share_makes_its_own_producer_wait_and_no_other() -> None:
    inbox = Inbox(capacity=3)
    for number in range(3):
        await inbox.put("market", trade(number))
    late = asyncio.ensure_future(inbox.put("market", trade(3)))
    each = asyncio.ensure_future(inbox.put_each("market", top(4)))
    await asyncio.sleep(0)
    assert not late.done() and not each.done()
    await inbox.put("venue", fill(1))
    await inbox.put("market", top(9))
    assert inbox.take() == trade(0)
    await asyncio.sleep(0)
    assert not late.done() and not each.done()
    assert inbox.take() == trade(1)
    await asyncio.gather(late, each)
    assert everything(inbox) == [trade(2), trade(3), top(4), fill(1), top(9)]


async def test_a_sockets_callback_waits_for_nobody_and_loses_no_print() -> None:
    """There is no second queue before this one: order is kept, what conflates does, and how much waits can be seen."""
    inbox = Inbox(capacity=10)
    for number in range(1_000):
        inbox.put("binance", trade(number))
        inbox.put("binance", top(number))
    assert len(inbox) == 1_001
    assert inbox.conflated == 999
    assert everything(inbox) == [*(trade(number) for number in range(1_000)), top(999)]
    await inbox.put("binance", trade(1))


def test_memory_stays_bounded_while_nobody_takes() -> None:
    """A consumer that stalls for a million tops and ticks: a handful is kept, the emptied places are swept up."""
    inbox = Inbox(capacity=1_000)
    taken = sum(inbox.offer("market", trade(number)) for number in range(2_000))
    for number in range(50_000):
        inbox.offer("market", top(number))
        inbox.offer("market", top(number, asset="ETH"))
        inbox.offer("clock", Tick(number))
    assert taken == 1_000
    assert len(inbox) == 1_003
    assert len(inbox._cells) <= 2 * (1_003 + COMPACT_AFTER)
    assert everything(inbox)[-3:] == [top(49_999), top(49_999, asset="ETH"), Tick(49_999)]
    assert len(inbox) == 0


async def test_the_consumer_sleeps_until_there_is_something() -> None:
    inbox = Inbox()
    waiting = asyncio.create_task(inbox.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    inbox.offer("market", trade(1))
    await asyncio.wait_for(waiting, patient_s(1))
    assert inbox.take() == trade(1) and inbox.take() is None
    again = asyncio.create_task(inbox.wait())
    await asyncio.sleep(0)
    assert not again.done()
    inbox.command(Arm(1, "c1", "api"))
    await asyncio.wait_for(again, patient_s(1))


MAKERS = {"trade": trade, "fill": fill, "health": health, "top": top, "depth": depth, "mark": mark}
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(sorted(MAKERS)), st.sampled_from(["market", "venue"])),
        st.just(("take", "")),
        st.just(("command", "")),
    ),
    max_size=200,
)


@settings(max_examples=150)
@given(STEPS, st.integers(1, 30))
def test_nothing_is_lost_and_order_is_kept(steps: list[tuple[str, str]], capacity: int) -> None:
    """Of whatever is offered and taken in any order: what does not conflate comes out whole and in order, what does
    comes out as its newest, and a command comes before all data that still waits."""
    inbox = Inbox(capacity)
    offered: list[Input] = []
    taken: list[Input] = []
    waiting_commands = 0
    for number, (what, source) in enumerate(steps):
        if what == "take":
            item = inbox.take()
            assert isinstance(item, Arm) == (waiting_commands > 0)
            waiting_commands -= isinstance(item, Arm)
            taken += [item] if item is not None else []
        elif what == "command":
            inbox.command(Arm(number, f"c{number}", "api"))
            waiting_commands += 1
        else:
            event = MAKERS[what](number)
            if inbox.offer(source, event):
                offered.append(event)
            else:
                assert not isinstance(event, Top | Depth | MarkPrice)
    taken += everything(inbox)
    kinds = (Trade, OrderFilled, HealthFactor)
    assert [item for item in taken if isinstance(item, kinds)] == [item for item in offered if isinstance(item, kinds)]
    for kind in (Top, Depth, MarkPrice):
        sent = [item for item in offered if isinstance(item, kind)]
        came = [item for item in taken if isinstance(item, kind)]
        assert came[-1:] == sent[-1:]
        assert [item.ts_ns for item in came] == sorted(item.ts_ns for item in came)
    # Stamps grow with the offers: what is taken in one go is in order of its newest word.
    events = [item for item in taken if not isinstance(item, Arm)]
    assert [item.ts_ns for item in events] == sorted(item.ts_ns for item in events)
