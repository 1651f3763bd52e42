"""Resting limits fill on trade-through only, at their price, no more than the print's size."""

import pytest
from paper_scene import BUY, SELL, MakeScene, Scene, fills, names

from cockpit.domain.events import OrderCancelled, OrderFilled, OrderRejected
from cockpit.domain.kinds import OrderStatus


@pytest.fixture
def quoted(scene: Scene) -> Scene:
    scene.top(99_999.0, 100_001.0)
    return scene


@pytest.mark.parametrize(
    ("side", "limit", "price", "fills_at"),
    [
        (BUY, 99_900.0, 99_900.1, None),
        (BUY, 99_900.0, 99_900.0, None),
        (BUY, 99_900.0, 99_899.9, 99_900.0),
        (BUY, 99_900.0, 99_000.0, 99_900.0),
        (SELL, 100_100.0, 100_099.9, None),
        (SELL, 100_100.0, 100_100.0, None),
        (SELL, 100_100.0, 100_100.1, 100_100.0),
    ],
)
def test_only_a_print_strictly_beyond_the_limit_fills_it_and_at_the_limit(
    quoted: Scene, side: object, limit: float, price: float, fills_at: float | None
) -> None:
    quoted.limit(side, 0.01, limit)  # type: ignore[arg-type]
    assert fills(quoted.print(price)) == ([] if fills_at is None else [(0.01, fills_at)])


def test_a_print_through_one_limit_leaves_the_one_it_only_touches(quoted: Scene) -> None:
    quoted.limit(BUY, 0.01, 99_950.0, order_id="through")
    quoted.limit(BUY, 0.01, 99_900.0, order_id="touched")
    assert fills(quoted.print(99_900.0)) == [(0.01, 99_950.0)]
    assert quoted.working_ids == ["touched"]


def test_a_top_beyond_the_limit_fills_nothing(quoted: Scene) -> None:
    quoted.limit(BUY, 0.01, 99_900.0)
    assert quoted.top(99_000.0, 99_001.0) == ()


def test_a_resting_fill_pays_the_maker_fee(quoted: Scene) -> None:
    quoted.limit(BUY, 0.01, 99_900.0)
    (filled,) = quoted.print(99_899.0)
    assert isinstance(filled, OrderFilled)
    assert filled.is_maker
    assert filled.fee_usd == pytest.approx(999.0 * quoted.config.venues["binance"].maker_fee_bps / 10_000)


def test_a_print_fills_no_more_than_its_size(quoted: Scene) -> None:
    quoted.limit(BUY, 0.01, 99_900.0)
    assert fills(quoted.print(99_899.0, 0.004)) == [(0.004, 99_900.0)]
    assert fills(quoted.print(99_899.0, 0.002)) == [(0.002, 99_900.0)]
    assert fills(quoted.print(99_899.0, 9.0)) == [(0.004, 99_900.0)]
    assert quoted.print(99_899.0) == ()


def test_a_prints_size_is_shared_by_price_then_time(quoted: Scene) -> None:
    quoted.limit(BUY, 0.01, 99_900.0, order_id="lower")
    quoted.limit(BUY, 0.01, 99_950.0, order_id="early")
    quoted.limit(BUY, 0.01, 99_950.0, order_id="late")
    events = quoted.print(99_800.0, 0.025)
    assert [(e.order_id, e.qty) for e in events if isinstance(e, OrderFilled)] == [
        ("early", 0.01),
        ("late", 0.01),
        ("lower", 0.005),
    ]


def test_the_prints_of_the_book_in_use_count_and_no_others(make_scene: MakeScene) -> None:
    scene = make_scene(venue="okx")
    scene.top(99_999.0, 100_001.0, venue="binance")
    scene.limit(BUY, 0.01, 99_900.0)
    assert scene.print(99_800.0, venue="okx") == ()
    assert fills(scene.print(99_800.0, 0.004, venue="binance")) == [(0.004, 99_900.0)]
    scene.top(99_999.0, 100_001.0, venue="okx")
    assert scene.print(99_800.0, venue="binance") == ()
    assert fills(scene.print(99_800.0, venue="okx")) == [(0.006, 99_900.0)]


def test_a_marketable_limit_takes_up_to_its_price_and_the_rest_rests(quoted: Scene) -> None:
    quoted.depth([(99_999.0, 1.0)], [(100_001.0, 1.0), (100_003.0, 1.0), (100_010.0, 5.0)])
    events = quoted.limit(BUY, 3.0, 100_005.0, order_id="sweep")
    assert fills(events) == [(1.0, 100_001.0), (1.0, 100_003.0)]
    (rest,) = quoted.paper.working()
    assert (rest.status, rest.open_qty) == (OrderStatus.PARTLY_FILLED, 1.0)
    assert quoted.top(99_999.0, 100_001.0) == ()
    assert fills(quoted.print(100_004.0)) == [(1.0, 100_005.0)]


def test_a_limit_entry_is_cancelled_once_its_time_is_over(quoted: Scene) -> None:
    quoted.limit(BUY, 0.01, 99_900.0, expires_ns=quoted.ms(1_000))
    assert quoted.tick(after_ms=998.0) == ()
    (event,) = quoted.print(99_800.0)
    assert isinstance(event, OrderCancelled)
    assert event.ts_ns == quoted.ms(1_000)
    assert quoted.position == 0.0


def test_a_limit_that_filled_in_time_does_not_expire(quoted: Scene) -> None:
    quoted.limit(BUY, 0.01, 99_900.0, expires_ns=quoted.ms(1_000))
    quoted.print(99_800.0)
    assert quoted.tick(after_ms=5_000.0) == ()


def test_a_limit_that_expired_on_its_way_is_rejected(make_scene: MakeScene) -> None:
    scene = make_scene(latency_ms=50.0)
    scene.top(99_999.0, 100_001.0)
    scene.limit(BUY, 0.01, 100_001.0, expires_ns=scene.ms(21))
    (event,) = scene.tick(after_ms=60.0)
    assert isinstance(event, OrderRejected)
    assert event.reason == "expired 30 ms before it reached the venue"


def test_a_limit_may_rest_before_any_book_is_known(scene: Scene) -> None:
    assert names(scene.limit(BUY, 0.01, 99_900.0)) == ["OrderAccepted"]
    assert fills(scene.print(99_899.0)) == [(0.01, 99_900.0)]


@pytest.mark.parametrize(("price", "qty"), [(0.0, 1.0), (-5.0, 1.0), (float("nan"), 1.0), (99_000.0, 0.0)])
def test_a_print_that_is_no_print_fills_nothing(quoted: Scene, price: float, qty: float) -> None:
    quoted.limit(BUY, 0.01, 99_900.0)
    assert quoted.print(price, qty) == ()
