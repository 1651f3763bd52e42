"""Bands out of clusters: the strongest near the price, each labelled, never two that touch, never nonsense."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.config.context import AssetBands
from cockpit.config.proposals import BandProposalsSection
from cockpit.domain.bands import ProposedBand
from cockpit.domain.events import LiquidationCluster
from cockpit.domain.units import BPS
from cockpit.market.band_proposals import BOTH, Draft, draft
from cockpit.market.clusters import ESTIMATED, OBSERVED

PRICE, TICK = 100_000.0, 0.1
RULES = BandProposalsSection()
NOW = AssetBands(lower=[[98_900, 99_000]], upper=[[101_000, 101_100]])


def longs(low: float, high: float, usd: float, kind: str = ESTIMATED, count: int = 0) -> LiquidationCluster:
    return LiquidationCluster(low, high, usd, kind, count, True)


def shorts(low: float, high: float, usd: float, kind: str = ESTIMATED, count: int = 0) -> LiquidationCluster:
    return LiquidationCluster(low, high, usd, kind, count, False)


def drawn(
    *clusters: LiquidationCluster,
    rules: BandProposalsSection = RULES,
    explained: float | None = 35.0,
    current: AssetBands = NOW,
) -> Draft | None:
    return draft(rules, clusters, explained, PRICE, TICK, current)


def prices(bands: tuple[ProposedBand, ...]) -> list[tuple[float, float]]:
    return [(band.low, band.high) for band in bands]


def test_the_strongest_clusters_become_bands_nearest_first() -> None:
    found = drawn(
        longs(97_900, 98_000, 8e6),
        longs(99_000, 99_100, 3e6),
        longs(98_500, 98_600, 0.4e6),
        shorts(101_500, 101_600, 5e6),
    )
    assert found is not None
    assert prices(found.lower) == [(99_000, 99_100), (97_900, 98_000)]
    assert prices(found.upper) == [(101_500, 101_600)]
    assert found.explained_pct == 35.0
    assert found.lower[0].why == "estimated 3.0M USD of longs: 26% of what is estimated within 3 % below"
    assert found.upper[0].why == "estimated 5.0M USD of shorts: 100% of what is estimated within 3 % above"


def test_what_happened_is_counted_in_orders_and_ranked_among_its_own_kind() -> None:
    found = drawn(longs(99_400, 99_500, 120_000, OBSERVED, 7), longs(98_000, 98_100, 40e6))
    assert found is not None
    assert [(band.kind, band.notional_usd) for band in found.lower] == [(OBSERVED, 120_000), (ESTIMATED, 40e6)]
    assert found.lower[0].why == (
        "observed 120k USD of longs in 7 forced orders: 100% of what is observed within 3 % below"
    )


def test_two_kinds_at_the_same_prices_confirm_each_other_and_are_never_added_up() -> None:
    found = drawn(longs(98_950, 99_150, 4e6), longs(98_900, 99_050, 90_000, OBSERVED, 5))
    assert found is not None
    [band] = found.lower
    assert (band.kind, band.notional_usd) in ((BOTH, 4e6), (BOTH, 90_000))
    assert "estimated 4.0M USD" in band.why and "observed 90k USD" in band.why


def test_a_side_without_clusters_keeps_its_bands() -> None:
    found = drawn(longs(98_000, 98_100, 4e6))
    assert found is not None
    assert found.upper == ()
    assert found.bands.upper == NOW.upper
    assert found.bands.lower == [[98_000, 98_100]]


@pytest.mark.parametrize(
    ("what", "cluster"),
    [
        ("nearer than 15 bps", longs(99_900, 99_990, 9e6)),
        ("further than 3 %", longs(96_000, 96_900, 9e6)),
        ("longs above the price: passed already", longs(101_000, 101_100, 9e6)),
        ("shorts below the price", shorts(99_000, 99_100, 9e6)),
        ("too little estimated", longs(99_000, 99_100, 0.9e6)),
        ("too little observed", longs(99_000, 99_100, 49_000, OBSERVED, 3)),
    ],
)
def test_what_is_not_worth_a_band(what: str, cluster: LiquidationCluster) -> None:
    assert drawn(cluster) is None, what


def test_an_estimate_that_explains_too_little_proposes_nothing() -> None:
    cluster = longs(99_000, 99_100, 9e6)
    assert drawn(cluster, explained=9.9) is None
    assert drawn(cluster, explained=None) is None
    assert drawn(cluster, explained=10.0) is not None


def test_of_a_wide_cluster_the_part_the_price_reaches_first() -> None:
    found = drawn(longs(97_500, 99_000, 9e6), shorts(101_000, 102_000, 9e6))
    assert found is not None
    assert prices(found.lower) == [(98_604.0, 99_000.0)]
    assert prices(found.upper) == [(101_000.0, 101_404.0)]


def test_bands_as_they_are_by_now_are_no_news() -> None:
    same = [longs(98_910, 99_010, 4e6), shorts(101_010, 101_090, 4e6)]
    assert drawn(*same) is None
    assert drawn(*same, rules=RULES.model_copy(update={"change_bps": 0.5})) is not None


def test_new_bands_that_would_cross_old_ones_are_not_proposed() -> None:
    upper_passed = AssetBands(lower=[[90_000, 90_100]], upper=[[98_000, 98_100]])
    assert drawn(longs(99_000, 99_100, 4e6), current=upper_passed) is None


cluster = st.builds(
    lambda low, width, usd, kind, side: LiquidationCluster(low, low + width, usd, kind, 3, side),
    st.floats(90_000, 110_000),
    st.floats(0, 3_000),
    st.floats(0, 1e9),
    st.sampled_from([OBSERVED, ESTIMATED]),
    st.booleans(),
)


@given(clusters=st.lists(cluster, max_size=16), explained=st.none() | st.floats(0, 100))
def test_whatever_the_clusters_bands_are_ordered_apart_near_and_narrow(
    clusters: list[LiquidationCluster], explained: float | None
) -> None:
    found = drawn(*clusters, explained=explained)
    if found is None:
        return
    assert len(found.lower) <= RULES.max_bands and len(found.upper) <= RULES.max_bands
    for band in found.lower:
        assert PRICE * 0.97 * 0.99 <= band.low <= band.high < PRICE
    for band in found.upper:
        assert PRICE < band.low <= band.high <= PRICE * 1.03 * 1.01
    for band in (*found.lower, *found.upper):
        assert (band.high / band.low - 1.0) * BPS <= RULES.widest_bps + 0.3
        assert band.notional_usd > 0
    for near, far in zip(found.lower, found.lower[1:], strict=False):
        assert far.high < near.low
    for near, far in zip(found.upper, found.upper[1:], strict=False):
        assert far.low > near.high
