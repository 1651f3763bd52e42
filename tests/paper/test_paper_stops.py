"""Stops rest, trigger on a print at or through their price, and never fill better than that print."""

import pytest
from paper_scene import BUY, SELL, Scene, fills, names, open_trade

from cockpit.domain.events import OrderCancelled


@pytest.mark.parametrize(
    ("is_long", "price", "triggers"),
    [
        (True, 99_700.1, False),
        (True, 99_700.0, True),
        (True, 99_699.9, True),
        (False, 100_299.9, False),
        (False, 100_300.0, True),
        (False, 100_300.1, True),
    ],
)
def test_a_stop_triggers_at_or_through_its_trigger(scene: Scene, is_long: bool, price: float, triggers: bool) -> None:
    if is_long:
        scene.long(0.01)
        scene.stop(SELL, 0.01, 99_700.0)
    else:
        scene.short(0.01)
        scene.stop(BUY, 0.01, 100_300.0)
    events = scene.print(price)
    assert names(events) == (["OrderFilled"] if triggers else [])
    assert (scene.position == 0.0) is triggers


def test_a_top_alone_does_not_trigger_a_resting_stop(scene: Scene) -> None:
    scene.long(0.01)
    scene.stop(SELL, 0.01, 99_700.0)
    assert scene.top(99_000.0, 99_001.0) == ()


@pytest.mark.parametrize(("bid", "price", "fills_at"), [(99_999.0, 99_690.0, 99_690.0), (99_600.0, 99_690.0, 99_600.0)])
def test_a_sell_stop_fills_at_the_bid_or_the_print_whichever_is_worse(
    scene: Scene, bid: float, price: float, fills_at: float
) -> None:
    scene.long(0.01)
    scene.stop(SELL, 0.01, 99_700.0)
    scene.top(bid, bid + 1.0)
    assert fills(scene.print(price)) == [(0.01, fills_at)]


@pytest.mark.parametrize(
    ("ask", "price", "fills_at"), [(100_001.0, 100_310.0, 100_310.0), (100_400.0, 100_310.0, 100_400.0)]
)
def test_a_buy_stop_fills_at_the_ask_or_the_print_whichever_is_worse(
    scene: Scene, ask: float, price: float, fills_at: float
) -> None:
    scene.short(0.01)
    scene.stop(BUY, 0.01, 100_300.0)
    scene.top(ask - 1.0, ask)
    assert fills(scene.print(price)) == [(0.01, fills_at)]


def test_a_gap_through_the_stop_fills_at_the_gapped_price(scene: Scene) -> None:
    scene.long(0.01)
    scene.stop(SELL, 0.01, 99_700.0)
    assert fills(scene.print(95_000.0)) == [(0.01, 95_000.0)]


def test_the_part_of_a_stop_that_waits_for_size_fills_no_better_than_the_print_either(scene: Scene) -> None:
    scene.long(1.5)
    scene.stop(SELL, 1.5, 99_700.0)
    scene.top(99_999.0, 100_000.0, 1.0)
    assert fills(scene.print(99_650.0)) == [(1.0, 99_650.0)]
    assert fills(scene.top(99_900.0, 99_901.0, 0.2)) == [(0.2, 99_650.0)]
    assert fills(scene.top(99_600.0, 99_601.0, 1.0)) == [(0.3, 99_600.0)]


def test_a_stop_already_passed_by_the_last_print_triggers_on_arrival(scene: Scene) -> None:
    scene.long(0.01)
    scene.print(99_650.0)
    assert fills(scene.stop(SELL, 0.01, 99_700.0)) == [(0.01, 99_650.0)]


def test_a_stop_passed_by_a_print_older_than_the_top_fills_at_the_top(scene: Scene) -> None:
    scene.long(0.01)
    scene.print(99_650.0)
    scene.top(99_660.0, 99_661.0)
    assert fills(scene.stop(SELL, 0.01, 99_700.0)) == [(0.01, 99_660.0)]


@pytest.mark.parametrize(("bid", "triggers"), [(99_699.5, False), (99_698.0, True)])
def test_a_stop_passed_by_the_whole_top_triggers_on_arrival(scene: Scene, bid: float, triggers: bool) -> None:
    scene.long(0.01)
    scene.top(bid, bid + 1.0)
    assert fills(scene.stop(SELL, 0.01, 99_700.0)) == ([(0.01, bid)] if triggers else [])


def test_a_stop_pays_the_taker_fee(scene: Scene) -> None:
    scene.long(0.01)
    scene.stop(SELL, 0.01, 99_700.0)
    (filled,) = scene.print(99_700.0)
    expected = 997.0 * scene.config.venues["binance"].taker_fee_bps / 10_000
    assert (filled.is_maker, filled.fee_usd) == (False, pytest.approx(expected))  # type: ignore[union-attr]


def test_of_two_stops_of_one_position_only_what_is_held_executes(scene: Scene) -> None:
    scene.long(0.01)
    scene.stop(SELL, 0.01, 99_700.0, order_id="old")
    scene.stop(SELL, 0.01, 99_800.0, order_id="new")
    events = scene.print(99_600.0)
    assert fills(events) == [(0.01, 99_600.0)]
    assert [e.reason for e in events if isinstance(e, OrderCancelled)] == ["position is flat"]
    assert (scene.position, scene.working_ids) == (0.0, [])


def test_a_triggered_stop_without_a_book_waits_for_the_first_top(scene: Scene) -> None:
    scene.paper.restore([], [open_trade(BUY, 0.01, 100_000.0)])
    scene.stop(SELL, 0.01, 99_700.0)
    assert scene.print(99_600.0) == ()
    assert scene.working_ids == ["stop"]
    assert fills(scene.top(99_650.0, 99_651.0)) == [(0.01, 99_600.0)]
