"""A request acts on the venue the latency after it was sent, on the book known at that instant."""

import pytest
from paper_scene import BUY, MakeScene, Scene, fills, names


@pytest.fixture
def slow(make_scene: MakeScene) -> Scene:
    scene = make_scene(latency_ms=50.0)
    scene.top(99_999.0, 100_000.0)
    return scene


def test_nothing_happens_before_the_latency_is_over(slow: Scene) -> None:
    assert slow.market(BUY, 0.01) == ()
    assert slow.tick(after_ms=49.0) == ()
    assert names(slow.tick(after_ms=1.0)) == ["OrderAccepted", "OrderFilled"]


def test_the_events_carry_the_instant_the_order_reached_the_venue(slow: Scene) -> None:
    slow.market(BUY, 0.01)
    events = slow.tick(after_ms=400.0)
    assert {event.ts_ns for event in events} == {slow.ms(1 + 50)}


def test_the_event_that_makes_the_time_pass_is_not_yet_in_the_book(slow: Scene) -> None:
    slow.market(BUY, 0.01)
    slow.top(100_009.0, 100_010.0, after_ms=49.0)
    events = slow.top(100_019.0, 100_020.0, after_ms=1.0)
    assert fills(events) == [(0.01, 100_010.0)]


def test_without_latency_it_happens_inside_submit(scene: Scene) -> None:
    scene.top(99_999.0, 100_000.0)
    assert fills(scene.market(BUY, 0.01)) == [(0.01, 100_000.0)]


def test_a_cancel_takes_as_long_and_a_fill_on_its_way_there_stands(slow: Scene) -> None:
    slow.limit(BUY, 0.01, 99_900.0, order_id="dip")
    slow.tick(after_ms=50.0)
    slow.cancel("dip")
    assert fills(slow.print(99_899.0, 0.004, after_ms=49.0)) == [(0.004, 99_900.0)]
    assert names(slow.print(99_899.0, after_ms=1.0)) == ["OrderCancelled"]
    assert slow.position == 0.004


def test_what_was_sent_together_happens_in_the_order_it_was_sent(slow: Scene) -> None:
    slow.limit(BUY, 0.01, 99_900.0, order_id="a")
    slow.cancel("a")
    slow.query("a")
    assert names(slow.tick(after_ms=50.0)) == ["OrderAccepted", "OrderCancelled", "OrderCancelled"]


def test_an_event_without_a_price_moves_the_time_too(slow: Scene) -> None:
    slow.market(BUY, 0.01)
    assert fills(slow.funding(1.0, slow.ms(10_000_000))) == []
    assert fills(slow.mark(100_000.0)) == []
    slow.now_ns = slow.ms(1_000)
    assert fills(slow.mark(100_000.0)) == [(0.01, 100_000.0)]
