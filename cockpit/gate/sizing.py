"""How large a trade may be: factors and stops collected from the checks, fees, and the venue's lots."""

import math
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache

import msgspec

from cockpit.config.model import CockpitConfig
from cockpit.config.venues import Instrument
from cockpit.domain.kinds import Outcome
from cockpit.domain.units import BPS
from cockpit.domain.verdict import Check, Sizing
from cockpit.gate.inputs import GateInput

LOT_NOISE = 1e-9
"""In lots. 0.3 / 0.1 is 2.9999999999999996: three lots, short by the float's own error."""


class Size(msgspec.Struct, frozen=True):
    """What the checks leave of a proposal.

    `allowed_usd` is the notional after every factor; `qty` (base coins, whole lots) and `notional_usd` are that rounded
    down to the venue's lot at the decision price, both 0 where not one lot is left or the venue does not list the
    asset. `loss_usd` is the loss at the stop on `allowed_usd`, round-trip taker fees included. `notes` tell of factors
    that changed nothing, as the lots are too coarse for them.
    """

    factor: float
    stop_bps: float
    allowed_usd: float
    qty: float
    notional_usd: float
    loss_usd: float
    notes: tuple[str, ...] = ()


@lru_cache(maxsize=256)
def lot_decimals(lot: float) -> int:
    """The decimals a quantity in whole lots needs: 3 for lots of 0.001, 0 for lots of 1."""
    exponent = Decimal(repr(lot)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def lots_down(qty: float, instrument: Instrument) -> float:
    """`qty` (base coins) rounded down to whole lots; 0 for what is not a positive number."""
    lots = qty / instrument.lot
    if not math.isfinite(lots) or lots <= 0:
        return 0.0
    return round(math.floor(lots + LOT_NOISE) * instrument.lot, lot_decimals(instrument.lot))


def least_qty(instrument: Instrument, price: float) -> float:
    """The smallest order the venue takes at this price, in whole lots: base coins."""
    wanted = max(instrument.lot, instrument.min_qty, instrument.min_notional_usd / price)
    return round(math.ceil(wanted / instrument.lot - LOT_NOISE) * instrument.lot, lot_decimals(instrument.lot))


def split_lots(lots: int, shares_pct: Iterable[float]) -> list[int]:
    """So many lots over shares that add up to 100: rounded on their running total, so that they add up exactly.

    A share under half a lot gets none, and its part goes to its neighbours.
    """
    parts: list[int] = []
    share_pct, lots_before = 0.0, 0
    for share in shares_pct:
        share_pct += share
        lots_until = max(lots_before, min(lots, math.floor(lots * share_pct / 100.0 + 0.5)))
        parts.append(lots_until - lots_before)
        lots_before = lots_until
    return parts


def round_trip_fee_bps(config: CockpitConfig, venue: str) -> float:
    """Taker fees of entering and leaving, in bps of the notional. Raises KeyError for a venue the config lacks."""
    return 2.0 * config.venues[venue].taker_fee_bps


def loss_at_stop_usd(notional_usd: float, stop_bps: float, fee_bps: float) -> float:
    """What a full stop costs: the distance and the round-trip fee, both on the notional. Positive USD."""
    return notional_usd * (stop_bps + fee_bps) / BPS


def size_for(asked: GateInput, checks: Iterable[Check]) -> Size:
    """The size and stop the reductions among `checks` leave of the proposal. Raises KeyError for an unknown venue."""
    proposal, config = asked.proposal, asked.config
    factor, widest_bps, notes = 1.0, proposal.stop_bps, []
    for check in checks:
        if check.outcome is Outcome.REDUCE:
            before, factor = factor, factor * _factor(check, proposal.stop_bps)
            notes += _note(asked, check.name, before, factor)
            if check.stop_bps is not None:
                widest_bps = max(widest_bps, check.stop_bps)
    # Widening ends at the limit; a stop that was asked beyond it stays as asked, and max_stop blocks it.
    stop_bps = max(proposal.stop_bps, min(widest_bps, config.limits.max_stop_bps))
    allowed_usd = proposal.requested_usd * factor
    qty = _qty(asked, allowed_usd)
    return Size(
        factor=factor,
        stop_bps=stop_bps,
        allowed_usd=allowed_usd,
        qty=qty,
        # min: whole lots cost no more than what was rounded down, except by the float's own error.
        notional_usd=min(qty * proposal.decision_price, allowed_usd) if qty > 0 else 0.0,
        loss_usd=loss_at_stop_usd(allowed_usd, stop_bps, round_trip_fee_bps(config, asked.venue)),
        notes=tuple(notes),
    )


def sizing_of(asked: GateInput, size: Size) -> Sizing:
    """The three steps, for whoever reads the verdict."""
    proposal, fee_bps = asked.proposal, round_trip_fee_bps(asked.config, asked.venue)
    return Sizing(
        asset=proposal.asset,
        asked_usd=proposal.requested_usd,
        asked_loss_usd=loss_at_stop_usd(proposal.requested_usd, proposal.stop_bps, fee_bps),
        factor=size.factor,
        allowed_usd=size.allowed_usd,
        allowed_loss_usd=size.loss_usd,
        qty=size.qty,
        notional_usd=size.notional_usd,
        loss_usd=loss_at_stop_usd(size.notional_usd, size.stop_bps, fee_bps),
        notes=size.notes,
    )


def _note(asked: GateInput, name: str, before: float, after: float) -> list[str]:
    """As `open_interest 0.8x allows 23.24, still 2 lots`, where a factor takes not even one lot."""
    requested_usd, instrument = asked.proposal.requested_usd, _instrument(asked)
    qty = _qty(asked, requested_usd * after)
    if instrument is None or after >= before or qty <= 0 or qty != _qty(asked, requested_usd * before):
        return []
    lots = round(qty / instrument.lot)
    kept = f"{lots} lot" if lots == 1 else f"{lots} lots"
    return [f"{name} {after / before:.3g}x allows {requested_usd * after:.2f}, still {kept}"]


def _factor(check: Check, asked_stop_bps: float) -> float:
    """A reduction's factor: never above 1, and never so large that a wider stop would lose more than the one asked."""
    factor = min(check.size_factor, 1.0)
    if check.stop_bps is not None and check.stop_bps > asked_stop_bps:
        factor = min(factor, asked_stop_bps / check.stop_bps)
    return factor


def _qty(asked: GateInput, notional_usd: float) -> float:
    instrument, price = _instrument(asked), asked.proposal.decision_price
    if instrument is None or not price > 0:
        return 0.0
    return lots_down(notional_usd / price, instrument)


def _instrument(asked: GateInput) -> Instrument | None:
    return asked.config.venues[asked.venue].instruments.get(asked.proposal.asset)
