"""What the numbers of the config come to, before any trade: shown by `cockpit validate`, so that nothing is hidden."""

import math
from collections.abc import Mapping

import msgspec

from cockpit.config.model import CockpitConfig
from cockpit.config.setups import SetupSection, TargetSection
from cockpit.domain.units import BPS
from cockpit.gate.sizing import loss_at_stop_usd, lots_down, round_trip_fee_bps


class TargetArithmetic(msgspec.Struct, frozen=True):
    """One rung: round-trip fees as a share of its distance, and what its part of the size earns after them."""

    distance_bps: float
    share_pct: float
    fee_share_pct: float
    net_usd: float


class SetupArithmetic(msgspec.Struct, frozen=True):
    """One setup on one asset, at its full size, before any gate factor. Money is USD, fees are taker both ways.

    `lots_usd` is `notional_usd` rounded down to the venue's lot at the asset's price, None where no price is known, 0
    where it is under the venue's minimum (such a setup is always denied). Losses and fees are those of `notional_usd`.
    `break_even_win_rate_pct` is None where even the full ladder does not pay its fees. `full_stops_*` count how many
    full stops in a row stay within each limit.
    """

    setup: str
    asset: str
    venue: str
    stop_bps: float
    notional_usd: float
    lots_usd: float | None
    fee_bps: float
    fees_usd: float
    loss_at_stop_usd: float
    targets: tuple[TargetArithmetic, ...]
    break_even_win_rate_pct: float | None
    full_stops_daily_loss: int
    full_stops_drawdown: int


def setup_arithmetic(config: CockpitConfig, prices_usd: Mapping[str, float] | None = None) -> list[SetupArithmetic]:
    """The arithmetic of every setup of the config, one entry for each asset it trades, in the config's order.

    `prices_usd` by asset are only for rounding to lots; without them the market context's prices are taken.
    """
    prices = config.market_context.prices_usd if prices_usd is None else prices_usd
    found = []
    for name, setup in config.setups.items():
        for asset in setup.traded:
            shown = name if len(setup.traded) == 1 else f"{name}.{asset}"
            found.append(_one(config, shown, setup, asset, prices.get(asset)))
    return found


def break_even_win_rate_pct(stop_bps: float, targets: list[TargetSection], fee_bps: float) -> float | None:
    """The share of trades that must win for nothing to be lost over many, in percent; None where no share suffices.

    Assumes that a win reaches every rung of the ladder and a loss is the full stop, both paying the round-trip fee:
    with G = sum(share x distance) - fee and L = stop + fee, the rate is L / (L + G). Trades that stop after the first
    rung, or slip, need more.
    """
    gain_bps = sum(rung.distance_bps * rung.share_pct for rung in targets) / 100.0 - fee_bps
    loss_bps = stop_bps + fee_bps
    return 100.0 * loss_bps / (loss_bps + gain_bps) if gain_bps > 0 else None


def _one(config: CockpitConfig, name: str, setup: SetupSection, asset: str, price: float | None) -> SetupArithmetic:
    venue = config.assets[asset].trade_on
    fee_bps = round_trip_fee_bps(config, venue)
    notional_usd = config.capital.base_unit_usd * setup.size_multiplier
    loss_usd = loss_at_stop_usd(notional_usd, setup.stop_bps, fee_bps)
    drawdown_usd = config.capital.hot_wallet_usd * config.limits.session_drawdown_pct / 100.0
    return SetupArithmetic(
        setup=name,
        asset=asset,
        venue=venue,
        stop_bps=setup.stop_bps,
        notional_usd=notional_usd,
        lots_usd=None if price is None else _lots_usd(config, asset, notional_usd, price),
        fee_bps=fee_bps,
        fees_usd=notional_usd * fee_bps / BPS,
        loss_at_stop_usd=loss_usd,
        targets=tuple(_rung(rung, notional_usd, fee_bps) for rung in setup.targets),
        break_even_win_rate_pct=break_even_win_rate_pct(setup.stop_bps, setup.targets, fee_bps),
        full_stops_daily_loss=math.floor(config.limits.daily_loss_usd / loss_usd),
        full_stops_drawdown=math.floor(drawdown_usd / loss_usd),
    )


def _rung(rung: TargetSection, notional_usd: float, fee_bps: float) -> TargetArithmetic:
    return TargetArithmetic(
        distance_bps=rung.distance_bps,
        share_pct=rung.share_pct,
        fee_share_pct=100.0 * fee_bps / rung.distance_bps,
        net_usd=notional_usd * rung.share_pct / 100.0 * (rung.distance_bps - fee_bps) / BPS,
    )


def _lots_usd(config: CockpitConfig, asset: str, notional_usd: float, price: float) -> float:
    instrument = config.instrument(asset)
    qty = lots_down(notional_usd / price, instrument)
    fits = qty >= instrument.min_qty and qty * price >= instrument.min_notional_usd
    return qty * price if fits else 0.0
