"""Positioning and funding: who is crowded, who pays, and whether shorts are allowed at all."""

from cockpit.domain.kinds import FeedState, Reading
from cockpit.domain.snapshot import AssetView, FeedView, FundingView
from cockpit.domain.units import NS_PER_S
from cockpit.tui import numbers
from cockpit.tui.text import Line, Span, left
from cockpit.tui.view import UNKNOWN_LINE, View, age_span

NAME = 5
MIN_BAR, MAX_BAR = 6, 16
FUNDING_CELLS = 8


def lines(view: View, cells: int, rows: int) -> list[Line]:
    """Two lines an asset where there is room, else one; fewer assets, the chosen one first, where there is not."""
    snapshot = view.snapshot
    if snapshot is None:
        return [UNKNOWN_LINE]
    assets = sorted(snapshot.assets, key=lambda asset: asset.asset != view.asset)
    bar = max(MIN_BAR, min(MAX_BAR, cells - 43))
    drawn = [_header(assets, bar, cells)]
    for asset in assets:
        drawn.append(_shares(view, asset, bar))
        if rows > 2 * len(assets):
            drawn.append(_funding(view, asset))
    return drawn


def _header(assets: list[AssetView], bar: int, cells: int) -> Line:
    venues = [rate.venue for rate in _rates(assets[0])] if assets else []
    names = "".join(f"{name[:7]:>{FUNDING_CELLS}}" for name in venues)
    return ((left("", NAME) + f"long%{'':<{bar}}short%  no short ", "dim"), (names, "dim"))


def _shares(view: View, asset: AssetView, bar: int) -> Line:
    head: Span = (left(asset.asset, NAME), "strong")
    age = age_span(view.feeds(Reading.POSITIONING, asset.asset))
    late = bool(age[0]) and not age[0].startswith("off")
    if asset.long_pct is None or asset.short_pct is None:
        shares: list[Span] = [(left("positioning unknown", bar + 21), "warn")]
    else:
        is_crowded = asset.short_pct >= asset.no_short_at_pct
        sign = f"{view.glyphs.at_least}{asset.no_short_at_pct:g} "
        verdict = f"{sign}{view.glyphs.no} NO" if is_crowded else f"{sign}{view.glyphs.yes} ok"
        role = "warn" if late else "text"
        shares = [
            (f"{asset.long_pct:>4.1f} ", role),
            (_bar(view, asset, bar), role),
            (f" {asset.short_pct:>4.1f}  ", role),
            (f"{verdict:<9} ", "bad" if is_crowded else "good"),
        ]
    old = age_span(_funding_feeds(view, asset))[0]
    rates = [(f"{numbers.bps(rate.rate_bps_8h):>{FUNDING_CELLS}}", "warn" if old else "text") for rate in _rates(asset)]
    return (head, *shares, *(rates or [("funding ?", "warn")]))


def _bar(view: View, asset: AssetView, cells: int) -> str:
    """The long share filled from the left; the mark is where the short share reaches its limit."""
    glyphs = view.glyphs
    filled = round((asset.long_pct or 0.0) / 100.0 * cells)
    mark = min(cells - 1, max(0, round((100.0 - asset.no_short_at_pct) / 100.0 * cells)))
    row = [glyphs.full if column < filled else glyphs.empty for column in range(cells)]
    row[mark] = glyphs.mark
    return "".join(row)


def _funding(view: View, asset: AssetView) -> Line:
    spread = asset.funding_spread_bps
    ages = [
        age_span(view.feeds(Reading.POSITIONING, asset.asset)),
        age_span(_funding_feeds(view, asset)),
    ]
    old = [(f"  {name} {text}", role) for name, (text, role) in zip(("pos", "fund"), ages, strict=True) if text]
    change = asset.open_interest_change_24h_pct
    return (
        (" " * NAME + "spread ", "dim"),
        (f"{numbers.bps(spread):>5} ", "text"),
        (f"{_bias(view, spread):<11}", "warn" if _bias(view, spread) == "longs only" else "dim"),
        ("next ", "dim"),
        (f"{_next_payment(view, asset):<7}", "text"),
        ("OI ", "dim"),
        (numbers.UNKNOWN if change is None else f"{change:+.1f}%", "text"),
        *old,
    )


def _bias(view: View, spread_bps: float | None) -> str:
    """What the gate makes of the spread; nothing where its thresholds are not known."""
    briefing = view.store.briefing
    if spread_bps is None or briefing.longs_only_above_bps is None or briefing.warn_below_bps is None:
        return ""
    if spread_bps > briefing.longs_only_above_bps:
        return "longs only"
    return "warning" if spread_bps < briefing.warn_below_bps else "either way"


def _next_payment(view: View, asset: AssetView) -> str:
    now_ns = view.snapshot.ts_ns if view.snapshot else 0
    due = [rate.next_ns for rate in asset.funding if rate.next_ns is not None and rate.next_ns > now_ns]
    return numbers.lasting((min(due) - now_ns) // (60 * NS_PER_S) * 60) if due else numbers.UNKNOWN


def _funding_feeds(view: View, asset: AssetView) -> list[FeedView]:
    return [feed for feed in view.feeds(Reading.FUNDING, asset.asset) if feed.state is not FeedState.OFF]


def _rates(asset: AssetView) -> list[FundingView]:
    return sorted(asset.funding, key=lambda rate: rate.venue)
