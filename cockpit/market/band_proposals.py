"""Bands out of liquidation clusters: the strongest near the price, each with its numbers. A proposal, never a rule.

Observed notional is a lower bound and estimated notional an assumption: the two are never added up. What ranks a
cluster is its share of its own kind on its side of the price.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cockpit.config.context import AssetBands
from cockpit.config.proposals import BandProposalsSection
from cockpit.domain.bands import Band, ProposedBand
from cockpit.domain.events import LiquidationCluster
from cockpit.domain.units import BPS, offset_price
from cockpit.market.clusters import ESTIMATED, OBSERVED

BOTH = "both"
MILLION, THOUSAND = 1e6, 1e3


class Draft(NamedTuple):
    """What the clusters suggest: the bands of each side that has any, and all bands as they would be."""

    lower: tuple[ProposedBand, ...]
    upper: tuple[ProposedBand, ...]
    bands: AssetBands
    explained_pct: float | None


class _Candidate(NamedTuple):
    cluster: LiquidationCluster
    share: float
    """Of what its own kind holds on its side, 0..1."""


def draft(
    section: BandProposalsSection,
    clusters: Sequence[LiquidationCluster],
    explained_pct: float | None,
    price: float,
    tick_usd: float,
    current: AssetBands,
) -> Draft | None:
    """New bands around `price`; None where no cluster is worth a band, or nothing would change.

    Longs are liquidated below the price and shorts above it: clusters on the wrong side have been passed and are left
    out, and so is an estimate that explains too little of the open interest.
    """
    counted = [one for one in clusters if one.kind != ESTIMATED or _is_explained(section, explained_pct)]
    lower = _side(section, counted, price, tick_usd, longs=True)
    upper = _side(section, counted, price, tick_usd, longs=False)
    if not (lower or upper):
        return None
    try:
        bands = AssetBands(
            lower=[[band.low, band.high] for band in lower] or current.lower,
            upper=[[band.low, band.high] for band in upper] or current.upper,
        )
    except ValueError:
        # One side's new bands and the other's old ones cross: that is no market to redraw by halves.
        return None
    if not differs(section, bands, current):
        return None
    is_estimated = any(band.kind != OBSERVED for band in (*lower, *upper))
    return Draft(lower, upper, bands, explained_pct if is_estimated else None)


def differs(section: BandProposalsSection, bands: AssetBands, others: AssetBands) -> bool:
    """Whether any edge lies further from its counterpart than is worth an operator's look."""
    return any(
        len(one) != len(other)
        or any(
            abs(edge / was - 1.0) * BPS > section.change_bps
            for band, before in zip(one, other, strict=True)
            for edge, was in zip(band, before, strict=True)
        )
        for one, other in ((bands.lower, others.lower), (bands.upper, others.upper))
    )


def pairs(bands: Iterable[Sequence[float]]) -> tuple[Band, ...]:
    """The config's lists as the vocabulary's tuples."""
    return tuple((band[0], band[1]) for band in bands)


def _is_explained(section: BandProposalsSection, explained_pct: float | None) -> bool:
    return explained_pct is not None and explained_pct >= section.min_explained_pct


def _side(
    section: BandProposalsSection, clusters: Sequence[LiquidationCluster], price: float, tick_usd: float, *, longs: bool
) -> tuple[ProposedBand, ...]:
    """The side's strongest clusters as bands apart from one another, nearest first."""
    chosen: list[ProposedBand] = []
    ranked = sorted(_candidates(section, clusters, price, longs), key=lambda one: (-one.share, one.cluster.price_low))
    for candidate in ranked:
        band = _band(section, candidate, price, tick_usd, longs)
        touched = next((at for at, other in enumerate(chosen) if _touch(section, band, other)), None)
        if touched is not None:
            chosen[touched] = _confirmed(chosen[touched], band)
        elif len(chosen) < section.max_bands:
            chosen.append(band)
    return tuple(sorted(chosen, key=lambda band: -band.high if longs else band.low))


def _candidates(
    section: BandProposalsSection, clusters: Sequence[LiquidationCluster], price: float, longs: bool
) -> list[_Candidate]:
    sign = -1 if longs else 1
    near = offset_price(price, sign * section.min_distance_bps)
    far = offset_price(price, sign * section.within_pct * 100.0)
    inside = [
        one
        for one in clusters
        if one.longs is longs
        and (far <= one.price_high <= near if longs else near <= one.price_low <= far)
        and one.notional_usd > 0.0
    ]
    totals = {kind: sum(one.notional_usd for one in inside if one.kind == kind) for kind in (OBSERVED, ESTIMATED)}
    least_usd = {OBSERVED: section.min_observed_usd, ESTIMATED: section.min_estimated_usd}
    found = [_Candidate(one, one.notional_usd / totals[one.kind]) for one in inside]
    return [
        one
        for one in found
        if one.share * 100.0 >= section.min_share_pct and one.cluster.notional_usd >= least_usd[one.cluster.kind]
    ]


def _band(
    section: BandProposalsSection, candidate: _Candidate, price: float, tick_usd: float, longs: bool
) -> ProposedBand:
    """The cluster's prices, to the tick; of a wide one the part that the price reaches first."""
    cluster = candidate.cluster
    low, high = cluster.price_low, cluster.price_high
    if longs:
        low = max(low, offset_price(high, -section.widest_bps))
    else:
        high = min(high, offset_price(low, section.widest_bps))
    where = "below" if longs else "above"
    orders = f" in {cluster.count} forced orders" if cluster.kind == OBSERVED else ""
    why = (
        f"{cluster.kind} {_usd(cluster.notional_usd)} of {'longs' if longs else 'shorts'}{orders}: "
        f"{candidate.share:.0%} of what is {cluster.kind} within {section.within_pct:g} % {where}"
    )
    return ProposedBand(_ticked(low, tick_usd), _ticked(high, tick_usd), cluster.notional_usd, cluster.kind, why)


def _confirmed(band: ProposedBand, other: ProposedBand) -> ProposedBand:
    """A band that a weaker cluster touches: its prices stay, and what the other kind says is said too."""
    if other.kind == band.kind or band.kind == BOTH:
        return band
    return ProposedBand(band.low, band.high, band.notional_usd, BOTH, f"{band.why}; {other.why}")


def _touch(section: BandProposalsSection, band: ProposedBand, other: ProposedBand) -> bool:
    return band.low <= offset_price(other.high, section.apart_bps) and other.low <= offset_price(
        band.high, section.apart_bps
    )


def _ticked(price: float, tick_usd: float) -> float:
    return round(round(price / tick_usd) * tick_usd, 10)


def _usd(amount: float) -> str:
    return f"{amount / MILLION:.1f}M USD" if amount >= MILLION else f"{amount / THOUSAND:.0f}k USD"
