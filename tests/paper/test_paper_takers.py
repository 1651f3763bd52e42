"""Market orders take the opposite side of the known book; what it does not cover waits for fresh tops."""

import pytest
from paper_scene import BUY, SELL, MakeScene, Scene, fills, names

from cockpit.domain.events import OrderAccepted, OrderFilled, OrderRejected


@pytest.mark.parametrize(("side", "price"), [(BUY, 100_001.0), (SELL, 99_999.0)])
def test_a_buy_pays_the_ask_and_a_sell_gets_the_bid(scene: Scene, side: object, price: float) -> None:
    scene.top(99_999.0, 100_001.0)
    assert fills(scene.market(side, 0.01)) == [(0.01, price)]  # type: ignore[arg-type]


def test_the_fee_is_the_venues_taker_fee_on_the_notional(scene: Scene) -> None:
    scene.top(99_999.0, 100_000.0)
    accepted, filled = scene.market(BUY, 0.01)
    assert isinstance(accepted, OrderAccepted)
    assert isinstance(filled, OrderFilled)
    assert filled.fee_usd == pytest.approx(1_000.0 * scene.config.venues["binance"].taker_fee_bps / 10_000)
    assert not filled.is_maker


def test_a_big_order_fills_in_parts_each_against_a_fresh_top(scene: Scene) -> None:
    scene.top(99_999.0, 100_000.0, 1.0)
    first = scene.market(BUY, 2.5)
    second = scene.top(100_001.0, 100_002.0, 1.0)
    third = scene.top(100_001.0, 100_003.0, 1.0)
    assert [fills(events) for events in (first, second, third)] == [
        [(1.0, 100_000.0)],
        [(1.0, 100_002.0)],
        [(0.5, 100_003.0)],
    ]
    ids = [event.fill_id for event in (*first, *second, *third) if isinstance(event, OrderFilled)]
    assert len(set(ids)) == 3
    assert scene.working_ids == []


def test_a_later_part_carries_the_stamp_of_the_top_it_took(scene: Scene) -> None:
    scene.top(99_999.0, 100_000.0, 1.0)
    scene.market(BUY, 1.5)
    assert [event.ts_ns for event in scene.top(99_999.0, 100_000.0, 1.0)] == [scene.now_ns]


def test_a_size_we_took_is_gone_until_the_next_top(scene: Scene) -> None:
    scene.top(99_999.0, 100_000.0, 1.0)
    assert fills(scene.market(BUY, 0.8)) == [(0.8, 100_000.0)]
    assert fills(scene.market(BUY, 0.8)) == [(0.2, 100_000.0)]
    assert scene.print(100_000.0) == ()
    assert fills(scene.top(99_999.0, 100_000.0, 1.0)) == [(0.6, 100_000.0)]


def test_depth_not_older_than_the_top_is_walked_level_by_level(scene: Scene) -> None:
    scene.top(99_999.0, 100_000.0, 1.0)
    scene.depth([(99_999.0, 1.0)], [(100_000.0, 1.0), (100_005.0, 2.0), (100_010.0, 5.0)])
    assert fills(scene.market(BUY, 4.0)) == [(1.0, 100_000.0), (2.0, 100_005.0), (1.0, 100_010.0)]


def test_depth_older_than_the_top_counts_no_more(scene: Scene) -> None:
    scene.depth([(99_999.0, 1.0)], [(100_000.0, 1.0), (100_005.0, 2.0)])
    scene.top(99_999.0, 100_000.0, 1.0)
    assert fills(scene.market(BUY, 4.0)) == [(1.0, 100_000.0)]


def test_a_top_that_follows_a_depth_of_the_same_stamp_replaces_its_better_levels(scene: Scene) -> None:
    scene.depth([(99_999.0, 1.0)], [(100_000.0, 1.0), (100_005.0, 2.0), (100_009.0, 9.0)])
    scene.top(99_999.0, 100_005.0, 0.5, after_ms=0.0)
    assert fills(scene.market(BUY, 1.0)) == [(0.5, 100_005.0), (0.5, 100_009.0)]


def test_a_fresh_depth_gives_a_waiting_order_its_deeper_levels_but_not_the_taken_one_again(scene: Scene) -> None:
    scene.top(99_999.0, 100_000.0, 1.0)
    scene.market(BUY, 2.0)
    assert fills(scene.depth([(99_999.0, 1.0)], [(100_000.0, 1.0), (100_005.0, 2.0)])) == [(1.0, 100_005.0)]


def test_a_book_known_by_depth_alone_serves_too(scene: Scene) -> None:
    scene.depth([(99_999.0, 1.0)], [(100_000.0, 1.0)])
    assert fills(scene.market(BUY, 1.5)) == [(1.0, 100_000.0)]
    assert fills(scene.depth([(99_999.0, 1.0)], [(100_001.0, 1.0)])) == [(0.5, 100_001.0)]


def test_without_a_book_a_market_order_is_rejected(scene: Scene) -> None:
    (event,) = scene.market(BUY, 0.01)
    assert isinstance(event, OrderRejected)
    assert event.reason.startswith("no book")


def test_a_venue_without_a_book_of_its_own_is_filled_on_the_watched_one(make_scene: MakeScene) -> None:
    scene = make_scene(venue="okx")
    scene.top(99_999.0, 100_000.0, venue="binance")
    assert fills(scene.market(BUY, 0.01)) == [(0.01, 100_000.0)]
    assert scene.paper.position("okx", "BTC") == 0.01
    assert scene.paper.position("binance", "BTC") == 0.0


def test_once_a_venue_showed_a_book_of_its_own_only_that_counts(make_scene: MakeScene) -> None:
    scene = make_scene(venue="okx")
    scene.top(99_999.0, 100_000.0, 1.0, venue="binance")
    scene.top(99_990.0, 99_995.0, 1.0, venue="okx")
    scene.top(89_999.0, 90_000.0, 1.0, venue="binance")
    assert fills(scene.market(BUY, 0.01)) == [(0.01, 99_995.0)]


def test_a_waiting_order_moves_to_its_own_venues_book_when_that_appears(make_scene: MakeScene) -> None:
    scene = make_scene(venue="okx")
    scene.top(99_999.0, 100_000.0, 1.0, venue="binance")
    scene.market(BUY, 1.5)
    assert fills(scene.top(99_990.0, 99_995.0, 1.0, venue="okx")) == [(0.5, 99_995.0)]


def test_sizes_finer_than_the_venues_lot_are_not_taken(make_scene: MakeScene) -> None:
    scene = make_scene(venue="okx", asset="XRP")
    scene.top(2.4999, 2.5, 7.4, venue="binance")
    assert fills(scene.market(BUY, 10.0)) == [(7.0, 2.5)]


def test_orders_waiting_for_size_are_served_in_the_order_they_came(scene: Scene) -> None:
    scene.top(99_999.0, 100_000.0, 1.0)
    scene.market(BUY, 2.0, order_id="first")
    scene.market(BUY, 1.0, order_id="second")
    events = scene.top(99_999.0, 100_000.0, 1.5)
    assert [(e.order_id, e.qty) for e in events if isinstance(e, OrderFilled)] == [("first", 1.0), ("second", 0.5)]


def test_a_waiting_market_order_can_be_cancelled(scene: Scene) -> None:
    scene.top(99_999.0, 100_000.0, 1.0)
    scene.market(BUY, 2.0, order_id="big")
    assert names(scene.cancel("big")) == ["OrderCancelled"]
    assert scene.top(99_999.0, 100_000.0, 5.0) == ()
    assert scene.position == 1.0
