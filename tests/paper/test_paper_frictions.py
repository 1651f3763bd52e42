"""What a backtest holds against us at the paper venue: latency, sizes, stops; and that paper trading has none of it."""

from dataclasses import dataclass
from statistics import median

import pytest
from paper_scene import BUY, SELL, MakeScene, Scene, fills

from cockpit.domain.actions import QueryPosition
from cockpit.domain.events import FundingPaid, FundingRate, VenuePosition
from cockpit.paper.frictions import NO_FRICTIONS, Frictions
from cockpit.paper.venue import PaperVenue


@dataclass(frozen=True)
class Costly:
    """Makes scenes with frictions."""

    make: MakeScene

    def __call__(self, frictions: Frictions, latency_ms: float = 0.0) -> Scene:
        scene = self.make(latency_ms)
        scene.paper = PaperVenue(scene.config, frictions)
        return scene


@pytest.fixture
def costly(make_scene: MakeScene) -> Costly:
    return Costly(make_scene)


def test_latency_is_drawn_from_the_request_alone() -> None:
    frictions = Frictions(latency_spread=0.5, seed=4)
    asked = [QueryPosition(number, "okx", "BTC") for number in range(2_000)]
    drawn = [frictions.latency_ns(50_000_000, one) for one in asked]
    assert drawn == [frictions.latency_ns(50_000_000, one) for one in asked]
    assert drawn != [Frictions(latency_spread=0.5, seed=5).latency_ns(50_000_000, one) for one in asked]
    assert 47_000_000 < median(drawn) < 53_000_000
    # A lognormal of sigma 0.5 lies over 2.276 times its median in 5 of 100 cases.
    assert 0.03 < sum(one > 2.276 * 50_000_000 for one in drawn) / 2_000 < 0.07
    assert {NO_FRICTIONS.latency_ns(50_000_000, one) for one in asked} == {50_000_000}


def test_what_was_sent_later_never_overtakes(costly: Costly) -> None:
    scene = costly(Frictions(latency_spread=2.0, seed=1), latency_ms=50.0)
    sent = []
    for _ in range(60):
        scene.now_ns += 1_000_000
        sent.append(scene.now_ns)
        scene.query_position()
    answers = [event for event in scene.tick(60_000.0) if isinstance(event, VenuePosition)]
    assert len(answers) == 60
    assert all(answer.ts_ns > at_ns for answer, at_ns in zip(answers, sent, strict=True))
    assert [answer.ts_ns for answer in answers] == sorted(answer.ts_ns for answer in answers)


def test_only_a_share_of_what_is_seen_can_be_had(costly: Costly) -> None:
    scene = costly(Frictions(size_share=0.5))
    scene.top(99_999.0, 100_000.0, 0.01)
    assert [qty for qty, _ in fills(scene.market(BUY, 0.02))] == [0.005]
    assert [qty for qty, _ in fills(scene.top(99_999.0, 100_000.0, 0.01))] == [0.005]


def test_a_resting_limit_gets_its_share_of_the_print_that_goes_through_it(costly: Costly) -> None:
    scene = costly(Frictions(size_share=0.5))
    scene.top(100_000.0, 100_001.0)
    scene.limit(BUY, 0.02, 99_990.0)
    assert not fills(scene.print(99_990.0))
    assert [qty for qty, _ in fills(scene.print(99_989.9, 0.01))] == [0.005]


@pytest.mark.parametrize(("slippage_bps", "fills_at"), [(0.0, 99_690.0), (10.0, 99_690.0 * 0.999)])
def test_a_stop_loses_more_than_the_print_that_triggered_it(
    costly: Costly, slippage_bps: float, fills_at: float
) -> None:
    scene = costly(Frictions(stop_slippage_bps=slippage_bps))
    scene.long(0.01)
    scene.stop(SELL, 0.01, 99_700.0)
    ((_, price),) = fills(scene.print(99_690.0))
    assert price == pytest.approx(fills_at)


def test_a_payment_known_from_the_past_is_paid_at_its_own_rate(scene: Scene) -> None:
    flat = scene.paper.pay_funding(FundingRate(scene.now_ns, scene.asset, scene.venue, 3.0))
    assert flat == []
    scene.long(0.01)
    scene.mark(100_000.0)
    paid = scene.paper.pay_funding(FundingRate(scene.now_ns, scene.asset, scene.venue, 3.0, 4.0))
    assert [(event.amount_usd, event.rate_bps) for event in paid if isinstance(event, FundingPaid)] == [
        (pytest.approx(-0.15), 1.5)
    ]
