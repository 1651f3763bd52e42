"""Reduce-only is clipped when it executes; nothing reduce-only outlives its position."""

import pytest
from paper_scene import BUY, SELL, MakeScene, Scene, fills, names, reasons


def test_a_close_larger_than_the_position_closes_the_position_and_no_more(scene: Scene) -> None:
    scene.long(0.01)
    events = scene.close(SELL, 0.05)
    assert fills(events) == [(0.01, 99_999.0)]
    assert reasons(events) == [("close", "position is flat")]
    assert scene.position == 0.0


@pytest.mark.parametrize("send", ["close", "stop", "target"])
def test_without_a_position_a_reduce_only_order_is_rejected(scene: Scene, send: str) -> None:
    scene.top(99_999.0, 100_001.0)
    events = scene.close(SELL, 0.01) if send == "close" else getattr(scene, send)(SELL, 0.01, 100_500.0)
    assert reasons(events) == [(send, "reduce-only: no position")]


def test_a_reduce_only_order_on_the_positions_own_side_is_rejected(scene: Scene) -> None:
    scene.long(0.01)
    assert reasons(scene.close(BUY, 0.01)) == [("close", "reduce-only: no position")]


def test_the_last_target_cancels_the_stop_after_its_own_fill(scene: Scene) -> None:
    scene.long(0.01)
    scene.stop(SELL, 0.01, 99_700.0)
    scene.target(SELL, 0.01, 100_500.0)
    events = scene.print(100_501.0)
    assert names(events) == ["OrderFilled", "OrderCancelled"]
    assert reasons(events) == [("stop", "position is flat")]


def test_the_stop_cancels_every_target_after_its_own_fill(scene: Scene) -> None:
    scene.long(0.01)
    scene.stop(SELL, 0.01, 99_700.0)
    scene.target(SELL, 0.005, 100_500.0, order_id="t1")
    scene.target(SELL, 0.005, 100_900.0, order_id="t2")
    events = scene.print(99_650.0)
    assert names(events) == ["OrderFilled", "OrderCancelled", "OrderCancelled"]
    assert scene.working_ids == []


def test_after_a_target_the_stop_executes_only_what_is_left(scene: Scene) -> None:
    scene.long(0.01)
    scene.stop(SELL, 0.01, 99_700.0)
    scene.target(SELL, 0.004, 100_500.0)
    scene.print(100_501.0)
    events = scene.print(99_650.0)
    assert fills(events) == [(0.006, 99_650.0)]
    assert reasons(events) == [("stop", "position is flat")]


def test_targets_together_larger_than_the_position_never_turn_it(scene: Scene) -> None:
    scene.long(0.01)
    for n in range(3):
        scene.target(SELL, 0.006, 100_500.0, order_id=f"t{n}")
    events = scene.print(100_900.0)
    assert fills(events) == [(0.006, 100_500.0), (0.004, 100_500.0)]
    assert scene.position == 0.0
    assert scene.working_ids == []


def test_the_waiting_rest_of_a_close_ends_when_something_else_made_it_flat(scene: Scene) -> None:
    scene.long(2.0)
    scene.top(99_999.0, 100_000.0, 1.0)
    scene.target(SELL, 1.0, 100_500.0)
    scene.close(SELL, 2.0)
    events = scene.print(100_501.0, 5.0)
    assert fills(events) == [(1.0, 100_500.0)]
    assert reasons(events) == [("close", "position is flat")]


def test_orders_that_reduced_a_long_go_when_it_was_turned_into_a_short(scene: Scene) -> None:
    scene.long(0.01)
    scene.stop(SELL, 0.01, 99_700.0)
    assert reasons(scene.market(SELL, 0.03)) == [("stop", "nothing to reduce: position is -0.02")]


def test_positions_of_two_venues_do_not_reduce_each_other(make_scene: MakeScene) -> None:
    scene = make_scene()
    scene.long(0.01)
    scene.venue = "okx"
    assert reasons(scene.close(SELL, 0.01)) == [("close", "reduce-only: no position")]
    assert scene.paper.position("binance", "BTC") == 0.01


def test_a_close_under_the_smallest_notional_is_allowed(scene: Scene) -> None:
    scene.long(0.01)
    scene.market(SELL, 0.009)
    scene.top(49_999.0, 50_000.0)
    assert fills(scene.close(SELL, 0.001)) == [(0.001, 49_999.0)]
