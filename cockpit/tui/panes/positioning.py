"""Positioning and funding: who is crowded, who pays, and whether shorts are allowed at all."""

from cockpit.domain.kinds import FeedState, Reading
from cockpit.domain.numbers import apart
from cockpit.domain.snapshot import AssetView, FeedView, FundingView
from cockpit.domain.units import NS_PER_S
from cockpit.tui import numbers
from cockpit.tui.text import Line, Span, left, line_width
from cockpit.tui.view import UNKNOWN_LINE, View, age_span

NAME = 5
MIN_BAR, MAX_BAR = 6, 16
FUNDING_CELLS = 8
WIDE = 60
LONGS_ONLY = "longs only"


def lines(view: View, cells: int, rows: int) -> list[Line]:
    """Two lines an asset where there is room, else one; fewer assets, the chosen one first, where there is not."""
    snapshot = view.snapshot
    if snapshot is None:
        return [UNKNOWN_LINE]
    assets = sorted(snapshot.assets, key=lambda asset: asset.asset != view.asset)
    bar = max(MIN_BAR, min(MAX_BAR, cells - 33 - verdict_cells(cells)))
    drawn = [_header(assets, bar, cells)]
    for asset in assets:
        drawn.append(_shares(view, asset, bar, cells))
        if rows > 2 * len(assets):
            drawn.append(_funding(view, asset, cells))
        if rows > 3 * len(assets):
            drawn.append(_behind(view, asset))
    return drawn


def verdict_cells(cells: int) -> int:
    """Whether shorts are allowed; with the limit where there is room, and the bar's mark for it where there is not."""
    return 15 if cells >= WIDE else 10


def _header(assets: list[AssetView], bar: int, cells: int) -> Line:
    venues = [rate.venue for rate in _rates(assets[0])] if assets else []
    names = "".join(f"{name[:7]:>{FUNDING_CELLS}}" for name in venues)
    return ((left("", NAME) + f"long%{'':<{bar}}short% {'shorts':<{verdict_cells(cells)}}", "dim"), (names, "dim"))


def _shares(view: View, asset: AssetView, bar: int, cells: int) -> Line:
    head: Span = (left(asset.asset, NAME), "strong")
    age = age_span(view.feeds(Reading.POSITIONING, asset.asset))
    late = bool(age[0]) and not age[0].startswith("off")
    if asset.long_pct is None or asset.short_pct is None:
        shares: list[Span] = [(left("positioning unknown", bar + 11 + verdict_cells(cells)), "warn")]
    else:
        is_crowded = asset.short_pct >= asset.no_short_at_pct
        sign = f" {view.glyphs.at_least}{asset.no_short_at_pct:g}"
        verdict = (
            f"{view.glyphs.no} BLOCKED{sign if cells >= WIDE else ''}" if is_crowded else f"{view.glyphs.yes} allowed"
        )
        role = "warn" if late else "text"
        shares = [
            (f"{asset.long_pct:>4.1f} ", role),
            (_bar(view, asset, bar), role),
            (f" {apart(asset.short_pct, asset.no_short_at_pct, '.1f'):>4} ".ljust(7), role),
            (f"{verdict:<{verdict_cells(cells)}}", "bad" if is_crowded else "good"),
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


def _funding(view: View, asset: AssetView, cells: int) -> Line:
    spread = asset.funding_spread_bps
    bias = _bias(view, asset, spread, brief=cells < WIDE)
    ages = [
        age_span(view.feeds(Reading.POSITIONING, asset.asset)),
        age_span(_funding_feeds(view, asset)),
    ]
    old = tuple((f"  {name} {text}", role) for name, (text, role) in zip(("pos", "fund"), ages, strict=True) if text)
    if len(old) == 2 and ages[0] == ages[1]:
        old = ((f"  pos, fund {ages[0][0]}", ages[0][1]),)
    head: Line = ((" " * NAME + "spread ", "dim"), (f"{numbers.bps(spread):>5} ", "text"))
    side: Line = ((f"{bias:<{18 if cells >= WIDE else 13}}", "warn" if bias == LONGS_ONLY else "dim"),)
    due: Line = (("next ", "dim"), (f"{_next_payment(view, asset):<6}", "text"))
    oi: Line = (("OI ", "dim"), (numbers.change(asset.open_interest_change_24h_pct), "text"))
    forms = ((*head, *side, *due, *oi, *old), (*head, *side, *oi, *old), (*head, *side, *old), (*head, *old))
    return next((form for form in forms if line_width(form) <= cells), (*head, *old))


def _behind(view: View, asset: AssetView) -> Line:
    """Where the shares are from, the basis, and how often each venue charges."""
    charged = ", ".join(f"{rate.venue} every {rate.interval_h:g} h" for rate in _rates(asset))
    source = asset.positioning_source or numbers.UNKNOWN
    return (
        (" " * NAME + "from ", "dim"), (f"{source}  ", "text"),
        ("basis ", "dim"), (f"{numbers.bps(asset.basis_bps)} bps  ", "text"),
        (charged, "dim"),
    )  # fmt: skip


def _bias(view: View, asset: AssetView, spread_bps: float | None, *, brief: bool) -> str:
    """What the gate makes of the spread; nothing where its thresholds are not known."""
    briefing = view.store.briefing
    if spread_bps is None or briefing.longs_only_above_bps is None or briefing.warn_below_bps is None:
        return ""
    if spread_bps > briefing.longs_only_above_bps:
        return LONGS_ONLY
    if spread_bps >= briefing.warn_below_bps:
        return "both sides"
    known = [rate for rate in _rates(asset) if rate.rate_bps_8h is not None]
    dearest = max(known, key=lambda rate: rate.rate_bps_8h or 0.0, default=None)
    return f"{dearest.venue[:7]} {'more' if brief else 'pays more'}" if dearest is not None else "both sides"


def _next_payment(view: View, asset: AssetView) -> str:
    now_ns = view.snapshot.ts_ns if view.snapshot else 0
    due = [rate.next_ns for rate in asset.funding if rate.next_ns is not None and rate.next_ns > now_ns]
    return numbers.until((min(due) - now_ns) / NS_PER_S) if due else numbers.UNKNOWN


def _funding_feeds(view: View, asset: AssetView) -> list[FeedView]:
    return [feed for feed in view.feeds(Reading.FUNDING, asset.asset) if feed.state is not FeedState.OFF]


def _rates(asset: AssetView) -> list[FundingView]:
    return sorted(asset.funding, key=lambda rate: rate.venue)
