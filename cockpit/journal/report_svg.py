"""The report's two pictures as SVG that stands in a page: no script, no font and no address from anywhere else."""

import math
from collections.abc import Iterator, Sequence

from cockpit.domain.units import NS_PER_DAY, utc_text
from cockpit.journal.report_history import EquityPoint, RBin

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 12, 28
MOST_POINTS = 600
"""A picture this wide shows no more; of each stretch its lowest and its highest point are kept."""


def equity_svg(points: Sequence[EquityPoint]) -> str:
    """The equity after each trade over time, a step a trade, with 0 marked."""
    shown = _thinned(points)
    began, ended = shown[0].closed_ns, shown[-1].closed_ns
    low = min(0.0, *(point.equity_usd for point in shown))
    high = max(0.0, *(point.equity_usd for point in shown))
    pad = (high - low) * 0.06 or 0.01
    low, high = low - pad, high + pad

    def across(ts_ns: int) -> float:
        span = ended - began
        share = (ts_ns - began) / span if span else 1.0
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def down(usd: float) -> float:
        return TOP + (high - usd) / (high - low) * (HEIGHT - TOP - BOTTOM)

    steps = [f"M{LEFT:.1f} {down(0.0):.1f}"]
    for point in shown:
        steps.append(f"H{across(point.closed_ns):.1f}V{down(point.equity_usd):.1f}")
    line = "".join(steps)
    area = f"{line}L{across(ended):.1f} {down(0.0):.1f}Z"
    grid = "".join(_level(down(usd), f"{usd:+.4g}") for usd in _levels(low, high))
    return (
        f"{_open('Equity over time, net USD')}{grid}"
        f'<line class="zero" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{down(0.0):.1f}" y2="{down(0.0):.1f}"/>'
        f'<path class="area" d="{area}"/><path class="curve" d="{line}"/>'
        f'<text x="{LEFT}" y="{HEIGHT - 8}">{_moment(began, ended)}</text>'
        f'<text class="end" x="{WIDTH - RIGHT}" y="{HEIGHT - 8}">{_moment(ended, began)}</text></svg>'
    )


def histogram_svg(bins: Sequence[RBin]) -> str:
    """How many trades ended at which R, a bar a bin with its count over it."""
    most = max(one.trades for one in bins)
    room = WIDTH - LEFT - RIGHT
    step = room / len(bins)
    floor = HEIGHT - BOTTOM

    def bars() -> Iterator[str]:
        for number, one in enumerate(bins):
            x, tall = LEFT + number * step, (floor - TOP - 14) * one.trades / most
            side = "won" if one.from_r >= 0 else "lost"
            yield f'<text class="edge" x="{x:.1f}" y="{HEIGHT - 8}">{one.from_r:g}</text>'
            if one.trades:
                yield (
                    f'<rect class="{side}" x="{x + 1:.1f}" y="{floor - tall:.1f}" width="{step - 2:.1f}" '
                    f'height="{tall:.1f}"><title>{one.from_r:g} to {one.to_r:g} R: {one.trades}</title></rect>'
                    f'<text class="edge" x="{x + step / 2:.1f}" y="{floor - tall - 4:.1f}">{one.trades}</text>'
                )

    last = f'<text class="edge" x="{WIDTH - RIGHT}" y="{HEIGHT - 8}">{bins[-1].to_r:g}</text>'
    axis = f'<line class="zero" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{floor}" y2="{floor}"/>'
    return f"{_open('R of each closed trade')}{axis}{''.join(bars())}{last}</svg>"


def _open(label: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">'


def _level(y: float, label: str) -> str:
    return (
        f'<line class="level" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="end" x="{LEFT - 6}" y="{y + 4:.1f}">{label}</text>'
    )


def _levels(low: float, high: float) -> list[float]:
    """Three to seven round amounts between the two."""
    rough = (high - low) / 6
    scale = 10.0 ** math.floor(math.log10(rough))
    step = next(nice * scale for nice in (1, 2, 5, 10) if nice * scale >= rough)
    return [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _moment(ts_ns: int, other_ns: int) -> str:
    """A time of day, with its date where the picture spans more than a day."""
    text = utc_text(ts_ns)
    return f"{text[:16]}Z" if abs(ts_ns - other_ns) > NS_PER_DAY else f"{text[:10]} {text[11:16]}Z"


def _thinned(points: Sequence[EquityPoint]) -> Sequence[EquityPoint]:
    if len(points) <= MOST_POINTS:
        return points
    per = len(points) * 2 / MOST_POINTS
    kept: list[EquityPoint] = []
    for number in range(MOST_POINTS // 2):
        stretch = points[int(number * per) : int((number + 1) * per)]
        ends = {id(one): one for one in (min(stretch, key=_usd), max(stretch, key=_usd))}
        kept += sorted(ends.values(), key=lambda point: point.closed_ns)
    return [*kept, points[-1]]


def _usd(point: EquityPoint) -> float:
    return point.equity_usd
