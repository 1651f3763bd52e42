"""What has a price on a chart or a ladder: our entries, stops, targets and alarms, and the edges of bands."""

from typing import NamedTuple

from cockpit.domain.kinds import TradePhase
from cockpit.domain.personal_alarms import AlarmAction, AlarmOn
from cockpit.domain.snapshot import AssetView
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import bps_between
from cockpit.tui.glyphs import Glyphs
from cockpit.tui.view import View


class Level(NamedTuple):
    """`rank` is its claim where only one can be shown: entry 1, stop 2, target 3, alarm 4, near edge 5, far edge 6."""

    price: float
    text: str
    role: str
    rank: int


def trades_of(view: View) -> list[TradeRecord]:
    """Our open trades on the ladder's asset."""
    now = view.snapshot
    return [shown.trade for shown in now.open_trades if shown.trade.asset == view.asset] if now else []


def of_trade(trade: TradeRecord, glyphs: Glyphs) -> list[Level]:
    """Entry, stop and the targets that are not filled; an entry under way has only the price it was decided at."""
    opening = trade.phase is TradePhase.OPENING
    found = [Level(trade.decision_price if opening else trade.entry_price, f"{glyphs.entry} {trade.side}", "info", 1)]
    if opening:
        return found
    if trade.stop_price is not None:
        where = "" if trade.stop_rests_on_venue else " NOT SEEN YET" if trade.stop_unseen else " NOT ON VENUE"
        found.append(Level(trade.stop_price, f"{glyphs.stop} stop{where}", "bad", 2))
    for number, rung in enumerate(trade.rungs, start=1):
        if rung.qty > rung.filled_qty:
            found.append(Level(rung.price, f"{glyphs.target} t{number}", "good", 3))
    return found


def of_alarms(view: View) -> list[Level]:
    """The operator's own alarms on the asset's price."""
    now = view.snapshot
    mine = [alarm for alarm in now.alarms if alarm.on is AlarmOn.PRICE and alarm.asset == view.asset] if now else []
    quiet = AlarmAction.RING
    return [
        Level(one.level, f"alarm {one.alarm_id}{'' if one.action is quiet else f' {one.action}'}", "warn", 4)
        for one in mine
    ]


def of_bands(asset: AssetView) -> list[Level]:
    """Both edges of every band."""
    found = []
    for low, high in asset.bands_upper:
        found += [Level(low, "upper band", "warn", 5), Level(high, "upper band end", "warn", 6)]
    for low, high in asset.bands_lower:
        found += [Level(high, "lower band", "warn", 5), Level(low, "lower band end", "warn", 6)]
    return found


def distances(level: float, price: float) -> tuple[str, ...]:
    """How far a level is from the price: `28 bps below`, and shorter where its row says on which side it is."""
    bps = bps_between(level, price)
    if abs(bps) < 0.5:
        return ("here",)
    far = f"{abs(bps):.0f} bps"
    return (f"{far} {'above' if bps > 0 else 'below'}", far)


def in_band(asset: AssetView, low: float, high: float) -> bool:
    """Whether any band shares a price with low..high."""
    return any(floor <= high and low <= ceiling for floor, ceiling in (*asset.bands_upper, *asset.bands_lower))
