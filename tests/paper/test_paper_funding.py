"""Funding is paid once per payment time, by the side the rate names, on the position held at that time."""

from collections.abc import Sequence

import pytest
from paper_scene import Scene, names

from cockpit.domain.events import FundingPaid, FundingRate, VenueEvent
from cockpit.domain.kinds import Origin

PAYMENT_MS = 10_000.0


def paid(events: Sequence[VenueEvent]) -> list[float]:
    return [round(event.amount_usd, 9) for event in events if isinstance(event, FundingPaid)]


@pytest.mark.parametrize(
    ("is_long", "rate_bps", "amount_usd"),
    [(True, 3.0, -0.3), (True, -3.0, 0.3), (False, 3.0, 0.3), (False, -3.0, -0.3)],
)
def test_longs_pay_a_positive_rate_and_shorts_receive_it(
    scene: Scene, is_long: bool, rate_bps: float, amount_usd: float
) -> None:
    (scene.long if is_long else scene.short)(0.01)
    scene.mark(100_000.0)
    scene.funding(rate_bps, scene.ms(PAYMENT_MS))
    assert paid(scene.tick(after_ms=PAYMENT_MS)) == [amount_usd]


def test_a_shorter_interval_pays_its_share_of_the_eight_hour_rate(scene: Scene) -> None:
    scene.long(0.01)
    scene.mark(100_000.0)
    scene.funding(4.0, scene.ms(PAYMENT_MS), interval_h=2.0)
    (event,) = scene.tick(after_ms=PAYMENT_MS)
    assert isinstance(event, FundingPaid)
    assert event.rate_bps == pytest.approx(1.0)
    assert event.amount_usd == pytest.approx(-0.1)


def test_the_position_is_valued_at_the_mark_else_at_the_last_print(scene: Scene) -> None:
    scene.long(0.01)
    scene.print(200_000.0)
    scene.funding(10.0, scene.ms(PAYMENT_MS))
    assert paid(scene.tick(after_ms=PAYMENT_MS)) == [-2.0]
    scene.mark(150_000.0)
    scene.funding(10.0, scene.ms(3 * PAYMENT_MS))
    assert paid(scene.tick(after_ms=2 * PAYMENT_MS)) == [-1.5]


def test_a_payment_is_stamped_with_its_time_and_paid_once(scene: Scene) -> None:
    scene.long(0.01)
    for _ in range(3):
        scene.funding(3.0, scene.ms(PAYMENT_MS))
    (event,) = scene.tick(after_ms=PAYMENT_MS)
    assert event.ts_ns == scene.ms(PAYMENT_MS)
    assert scene.funding(3.0, scene.ms(PAYMENT_MS)) == ()
    assert scene.tick(after_ms=PAYMENT_MS) == ()


def test_a_rate_that_arrives_late_does_not_pay_a_payment_again(scene: Scene) -> None:
    scene.long(0.01)
    scene.funding(3.0, scene.ms(PAYMENT_MS))
    assert names(scene.tick(after_ms=PAYMENT_MS)) == ["FundingPaid"]
    late = FundingRate(scene.ms(5.0), scene.asset, scene.venue, 3.0, 8.0, scene.ms(PAYMENT_MS))
    scene.paper.on_market(late)
    assert scene.tick(after_ms=PAYMENT_MS) == ()


def test_the_last_rate_before_the_payment_counts(scene: Scene) -> None:
    scene.long(0.01)
    scene.mark(100_000.0)
    scene.funding(3.0, scene.ms(PAYMENT_MS))
    scene.funding(5.0, scene.ms(PAYMENT_MS))
    assert paid(scene.tick(after_ms=PAYMENT_MS)) == [-0.5]


def test_the_rate_of_the_following_payment_does_not_replace_the_one_that_is_due(scene: Scene) -> None:
    scene.long(0.01)
    scene.mark(100_000.0)
    scene.funding(3.0, scene.ms(PAYMENT_MS))
    scene.funding(7.0, scene.ms(2 * PAYMENT_MS))
    assert paid(scene.tick(after_ms=PAYMENT_MS)) == [-0.3]
    assert paid(scene.tick(after_ms=PAYMENT_MS)) == [-0.7]


def test_without_a_position_nothing_is_paid(scene: Scene) -> None:
    scene.top(99_999.0, 100_000.0)
    scene.funding(3.0, scene.ms(PAYMENT_MS))
    assert scene.tick(after_ms=PAYMENT_MS) == ()


def test_the_rate_of_another_venue_does_not_pay(scene: Scene) -> None:
    scene.long(0.01)
    scene.venue = "okx"
    scene.funding(3.0, scene.ms(PAYMENT_MS))
    assert scene.tick(after_ms=PAYMENT_MS) == ()


def test_a_reading_from_outside_moves_no_money(scene: Scene) -> None:
    scene.long(0.01)
    outside = FundingRate(scene.now_ns, "BTC", "binance", 3.0, 8.0, scene.ms(PAYMENT_MS), Origin.EXTERNAL)
    scene.paper.on_market(outside)
    assert scene.tick(after_ms=PAYMENT_MS) == ()
