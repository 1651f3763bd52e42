"""What a trade's numbers come to before it is made, whole lots and rungs included: shown so that nothing is hidden."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from cockpit.config.model import CockpitConfig
from cockpit.config.setups import SetupSection
from cockpit.config.venues import Instrument
from cockpit.domain.units import BPS
from cockpit.domain.verdict import Target, Verdict
from cockpit.gate.sizing import loss_at_stop_usd, lots_down, round_trip_fee_bps, split_lots


class RungArithmetic(msgspec.Struct, frozen=True):
    """One rung as placed: its share of the traded size, fees as a share of its distance, what it earns after them."""

    distance_bps: float
    share_pct: float
    fee_share_pct: float
    net_usd: float


class TradeArithmetic(msgspec.Struct, frozen=True):
    """One trade at its stop and its rungs; fees are taker both ways. Money is USD.

    The break-even rates are the share of trades that must win for nothing to be lost over many: where a win fills every
    rung, and where it fills the first and the rest stops at entry, which pays back the fees. None where no share is
    enough.
    """

    notional_usd: float
    fees_usd: float
    loss_at_stop_usd: float
    rungs: tuple[RungArithmetic, ...]
    break_even_all_pct: float | None
    break_even_first_pct: float | None


class Reduced(NamedTuple):
    """What a gate's factor leaves: the lots traded then, 0 where it is denied."""

    factor: float
    lots: int


class SetupArithmetic(msgspec.Struct, frozen=True):
    """One setup on one asset as it is traded at `price`, before any gate factor. Money is USD.

    `lots` is 0 where whole lots fall under the venue's minimum: such a setup is always denied, and `traded` is what it
    asked. Without a price `lots` is None and `traded` is what it asked, unrounded. `full_stops_*` count the full stops
    in a row that stay within each limit.
    """

    setup: str
    asset: str
    venue: str
    enabled: bool
    price: float | None
    stop_bps: float
    asked_usd: float
    fee_bps: float
    lots: int | None
    qty: float | None
    traded: TradeArithmetic
    reduced: tuple[Reduced, ...]
    full_stops_daily_loss: int
    full_stops_drawdown: int

    @property
    def is_denied(self) -> bool:
        """Whether not one order of it fits its venue."""
        return self.lots == 0


def setup_arithmetic(config: CockpitConfig, prices_usd: Mapping[str, float] | None = None) -> list[SetupArithmetic]:
    """The arithmetic of every setup of the config, one entry for each asset it trades, in the config's order.

    `prices_usd` by asset are today's; where one is missing the market context's is taken.
    """
    prices = {**config.market_context.prices_usd, **(prices_usd or {})}
    found = []
    for name, setup in config.setups.items():
        for asset in setup.traded:
            shown = name if len(setup.traded) == 1 else f"{name}.{asset}"
            found.append(_one(config, shown, setup, asset, prices.get(asset)))
    return found


def trade_arithmetic(
    notional_usd: float, stop_bps: float, targets: Sequence[Target], fee_bps: float
) -> TradeArithmetic:
    """The numbers of a trade of this size whose rungs have these shares of it."""
    rungs = tuple(
        RungArithmetic(
            distance_bps=rung.distance_bps,
            share_pct=rung.share_pct,
            fee_share_pct=100.0 * fee_bps / rung.distance_bps,
            net_usd=notional_usd * rung.share_pct / 100.0 * (rung.distance_bps - fee_bps) / BPS,
        )
        for rung in targets
    )
    gains = [(rung.distance_bps - fee_bps) * rung.share_pct / 100.0 for rung in targets]
    loss_bps = stop_bps + fee_bps
    return TradeArithmetic(
        notional_usd=notional_usd,
        fees_usd=notional_usd * fee_bps / BPS,
        loss_at_stop_usd=loss_at_stop_usd(notional_usd, stop_bps, fee_bps),
        rungs=rungs,
        break_even_all_pct=_break_even_pct(math.fsum(gains), loss_bps),
        break_even_first_pct=_break_even_pct(gains[0], loss_bps) if gains else None,
    )


def verdict_arithmetic(config: CockpitConfig, verdict: Verdict) -> TradeArithmetic:
    """The numbers of what a verdict trades, or would trade where it denies: its whole lots over its ladder."""
    proposal, size = verdict.proposal, verdict.sizing
    instrument = config.venues[verdict.venue].instruments.get(proposal.asset)
    qty = 0.0 if size is None else size.qty
    rungs = traded_rungs(qty, proposal.targets, instrument) if instrument is not None and qty > 0 else ()
    notional_usd = 0.0 if size is None else size.notional_usd
    return trade_arithmetic(notional_usd, verdict.stop_bps, rungs, round_trip_fee_bps(config, verdict.venue))


def traded_rungs(qty: float, targets: Sequence[Target], instrument: Instrument) -> tuple[Target, ...]:
    """The ladder as `qty` in whole lots fills it: its distances, and the shares they really have."""
    lots = round(qty / instrument.lot)
    split = zip(targets, split_lots(lots, [target.share_pct for target in targets]), strict=True)
    return tuple(Target(target.distance_bps, 100.0 * part / lots) for target, part in split if part)


def _break_even_pct(gain_bps: float, loss_bps: float) -> float | None:
    return 100.0 * loss_bps / (loss_bps + gain_bps) if gain_bps > 0 else None


def _one(config: CockpitConfig, name: str, setup: SetupSection, asset: str, price: float | None) -> SetupArithmetic:
    venue = config.assets[asset].trade_on
    instrument, fee_bps = config.instrument(asset), round_trip_fee_bps(config, venue)
    asked_usd = config.capital.base_unit_usd * setup.size_multiplier
    targets = tuple(Target(rung.distance_bps, rung.share_pct) for rung in setup.targets)
    qty = None if price is None else _fitting_qty(asked_usd, price, instrument)
    notional_usd = asked_usd
    if qty and price is not None:
        notional_usd, targets = qty * price, traded_rungs(qty, targets, instrument)
    traded = trade_arithmetic(notional_usd, setup.stop_bps, targets, fee_bps)
    drawdown_usd = config.capital.hot_wallet_usd * config.limits.session_drawdown_pct / 100.0
    factors = dict.fromkeys((config.gate.open_interest_size_factor, config.gate.loss_budget_size_factor))
    return SetupArithmetic(
        setup=name,
        asset=asset,
        venue=venue,
        enabled=setup.enabled,
        price=price,
        stop_bps=setup.stop_bps,
        asked_usd=asked_usd,
        fee_bps=fee_bps,
        lots=None if qty is None else round(qty / instrument.lot),
        qty=qty,
        traded=traded,
        reduced=()
        if price is None
        else tuple(
            Reduced(factor, round(_fitting_qty(asked_usd * factor, price, instrument) / instrument.lot))
            for factor in factors
        ),
        full_stops_daily_loss=math.floor(config.limits.daily_loss_usd / traded.loss_at_stop_usd),
        full_stops_drawdown=math.floor(drawdown_usd / traded.loss_at_stop_usd),
    )


def _fitting_qty(notional_usd: float, price: float, instrument: Instrument) -> float:
    """Whole lots of it in base coins; 0 where that is under the venue's minimum."""
    qty = lots_down(notional_usd / price, instrument)
    fits = qty >= instrument.min_qty and qty * price >= instrument.min_notional_usd
    return qty if fits else 0.0
