"""Layer 1: what one trade and one day may cost, and what the venue and the mode take."""

import math

from cockpit.config.venues import Instrument
from cockpit.domain.kinds import Layer, Mode, Outcome, Side
from cockpit.domain.numbers import apart, counted
from cockpit.domain.verdict import Check
from cockpit.gate.inputs import GateInput
from cockpit.gate.sizing import Size, least_qty, lot_decimals, lots_down
from cockpit.gate.wording import usd

LAYER = Layer.GLOBAL
CENT_NOISE = 1e-6
"""In cents: what the float's own error adds to a sum of USD."""


def checks(asked: GateInput, size: Size, budget: Check) -> tuple[Check, ...]:
    """Every check of the layer for the final `size`; `budget` is `loss_budget`'s finding, made before that size."""
    found = (
        max_notional(asked, size),
        max_stop(asked, size),
        daily_loss(asked),
        open_trades(asked),
        budget,
        venue_minimum(asked, size),
        *spot_side(asked),
    )
    if asked.mode is Mode.TEST:
        return (*found, mode_exposure(asked, size), mode_trades(asked), mode_session_loss(asked))
    return found


def daily_loss_usd(asked: GateInput) -> float | None:
    """What the UTC day has lost, realised + open, net; 0 in profit, None while the open P&L is unknown."""
    open_usd = asked.known_open_pnl_usd
    if open_usd is None:
        return None
    return _loss_usd(asked.account.realised_usd + open_usd - asked.account.day_open_usd)


def max_notional(asked: GateInput, size: Size) -> Check:
    """The notional after every factor (before lots, so that the limit does not depend on the price) is at most this."""
    limit_usd = asked.config.limits.max_notional_usd
    shown, limit = usd(size.allowed_usd, limit_usd), f"<= {limit_usd:.2f} USD"
    if size.allowed_usd <= limit_usd:
        return Check(LAYER, "max_notional", Outcome.PASS, shown, limit, f"notional {shown} within {limit_usd:.2f}")
    sentence = f"notional {shown} over {limit_usd:.2f}: larger than any position may be"
    return Check(LAYER, "max_notional", Outcome.BLOCK, shown, limit, sentence)


def max_stop(asked: GateInput, size: Size) -> Check:
    """The stop, widened or not, is a distance above 0 and at most this."""
    limit_bps, stop_bps = asked.config.limits.max_stop_bps, size.stop_bps
    shown = apart(stop_bps, limit_bps, ".1f") + " bps"
    if stop_bps > asked.proposal.stop_bps:
        shown += f", widened from {asked.proposal.stop_bps:.1f}"
    limit = f"<= {limit_bps:.1f} bps"
    if 0.0 < stop_bps <= limit_bps:
        return Check(LAYER, "max_stop", Outcome.PASS, shown, limit, f"stop {shown}, within {limit_bps:.1f}")
    problem = f"over {limit_bps:.1f}: too far to risk money on" if stop_bps > limit_bps else "not above 0"
    return Check(LAYER, "max_stop", Outcome.BLOCK, shown, limit, f"stop {shown} {problem}")


def daily_loss(asked: GateInput) -> Check:
    """The UTC day's loss is under its limit."""
    limit_usd, loss_usd = asked.config.limits.daily_loss_usd, daily_loss_usd(asked)
    limit = f"< {limit_usd:.2f} USD"
    if loss_usd is None:
        return _open_pnl_unknown(asked, "daily_loss", limit)
    shown = usd(loss_usd, limit_usd)
    if loss_usd < limit_usd:
        return Check(LAYER, "daily_loss", Outcome.PASS, shown, limit, f"loss today {shown} under {limit_usd:.2f}")
    sentence = f"loss today {shown} at or above {limit_usd:.2f}: no entries until the next UTC day"
    return Check(LAYER, "daily_loss", Outcome.BLOCK, shown, limit, sentence)


def open_trades(asked: GateInput) -> Check:
    """There is room for one more open trade."""
    most, now = asked.config.limits.max_open_trades, asked.open_trades
    sentence = f"{counted(now, 'trade')} open of {most}"
    if now < most:
        return Check(LAYER, "open_trades", Outcome.PASS, str(now), f"< {most}", sentence)
    return Check(LAYER, "open_trades", Outcome.BLOCK, str(now), f"< {most}", f"{sentence}: no room for another")


def loss_budget(asked: GateInput, size: Size) -> Check:
    """A worst loss at the stop over a share of what is left of the daily limit shrinks the trade.

    `size` is what every other reduction leaves: this one comes last.
    """
    rules, lost_usd = asked.config.gate, daily_loss_usd(asked)
    limit = f"<= {rules.loss_budget_share * 100:g} % of what is left of the day"
    if lost_usd is None:
        return _open_pnl_unknown(asked, "loss_budget", limit)
    left_usd = max(0.0, asked.config.limits.daily_loss_usd - lost_usd)
    budget_usd = left_usd * rules.loss_budget_share
    shown = usd(size.loss_usd, budget_usd)
    limit = f"<= {budget_usd:.2f} USD"
    if size.loss_usd <= budget_usd:
        sentence = f"worst loss at the stop {shown} within {budget_usd:.2f}, {left_usd:.2f} left today"
        return Check(LAYER, "loss_budget", Outcome.PASS, shown, limit, sentence)
    factor = rules.loss_budget_size_factor
    sentence = f"worst loss at the stop {shown} over {budget_usd:.2f}, {left_usd:.2f} left today: size x {factor:g}"
    return Check(LAYER, "loss_budget", Outcome.REDUCE, shown, limit, sentence, size_factor=factor)


def venue_minimum(asked: GateInput, size: Size) -> Check:
    """What is left after rounding down to lots is an order the venue takes; it is never rounded up to become one."""
    asset, venue = asked.proposal.asset, asked.venue
    instrument = asked.config.venues[venue].instruments.get(asset)
    if instrument is None:
        sentence = f"{asset} is not listed on {venue}: 0 lots can be traded there"
        return Check(LAYER, "venue_minimum", Outcome.BLOCK, "not listed", f"listed on {venue}", sentence)
    if not asked.proposal.decision_price > 0:
        sentence = f"no data on {asset}'s price: expected one above 0, was {asked.proposal.decision_price:g}"
        return Check(LAYER, "venue_minimum", Outcome.NO_DATA, "no price", "> 0", sentence)
    decimals = lot_decimals(instrument.lot)
    lots = f"{size.allowed_usd:.2f} USD is {size.qty:.{decimals}f} {asset} after rounding down to lots of "
    lots += f"{instrument.lot:.{decimals}f}"
    shown = f"{size.notional_usd:.2f} USD, {size.qty:.{decimals}f} {asset}"
    fits = size.qty >= instrument.min_qty and size.notional_usd >= instrument.min_notional_usd
    smallest = _minimum(asked, size, instrument)
    if fits:
        sentence = f"{lots}: at or above {venue}'s minimum of {smallest}"
        return Check(LAYER, "venue_minimum", Outcome.PASS, shown, f">= {smallest}", sentence)
    sentence = f"{lots}: under {venue}'s minimum of {smallest}" + ("" if asset in smallest else f" for {asset}")
    sentence += f"; {_what_fits(asked, size, instrument)}"
    return Check(LAYER, "venue_minimum", Outcome.BLOCK, shown, f">= {smallest}", sentence)


def spot_side(asked: GateInput) -> tuple[Check, ...]:
    """Where coins are traded instead of a perpetual nothing is borrowed: there are none to sell before some are bought.

    Silent where the venue trades a perpetual.
    """
    asset, venue = asked.proposal.asset, asked.venue
    instrument = asked.config.venues[venue].instruments.get(asset)
    if instrument is None or instrument.spot_product is None:
        return ()
    product, side = instrument.spot_product, asked.proposal.side
    if side is Side.LONG:
        sentence = f"{product} on {venue} is spot: bought with what is there, 1x"
        return (Check(LAYER, "spot_side", Outcome.PASS, side.value, Side.LONG.value, sentence),)
    sentence = f"{product} on {venue} is spot: 0 {asset} can be sold short there, expected long, was {side.value}"
    return (Check(LAYER, "spot_side", Outcome.BLOCK, side.value, Side.LONG.value, sentence),)


def _minimum(asked: GateInput, size: Size, instrument: Instrument) -> str:
    """The minimum that decides: the quantity where there is no other, or where only the rounding fell under it."""
    lots_decide = size.qty < instrument.min_qty and size.allowed_usd >= instrument.min_notional_usd
    if instrument.min_notional_usd == 0 or lots_decide:
        return f"{instrument.min_qty:.{lot_decimals(instrument.lot)}f} {asked.proposal.asset}"
    return f"{instrument.min_notional_usd:g} USD"


def _what_fits(asked: GateInput, size: Size, instrument: Instrument) -> str:
    """The least order of the venue, whether any position may be so large, and which venues take the size as it is."""
    asset, price, most_usd = asked.proposal.asset, asked.proposal.decision_price, asked.config.limits.max_notional_usd
    least = least_qty(instrument, price)
    least_usd = math.ceil(least * price * 100.0 - CENT_NOISE) / 100.0
    said = f"least order {least:.{lot_decimals(instrument.lot)}f} {asset}, {least_usd:.2f} USD"
    if least_usd > most_usd:
        said += f", over the {most_usd:.2f} of any position: no size fits"
    elsewhere = []
    for name in asked.config.venues:
        other = asked.config.venues[name].instruments.get(asset)
        qty = 0.0 if other is None or name == asked.venue else lots_down(size.allowed_usd / price, other)
        if other is not None and qty > 0 and qty >= least_qty(other, price):
            elsewhere.append(f"{name} takes {qty:.{lot_decimals(other.lot)}f} {asset}")
    return said + "".join(f"; {one}" for one in elsewhere)


def mode_exposure(asked: GateInput, size: Size) -> Check:
    """Test mode: all open notional with this trade is at most this."""
    limit_usd, total_usd = asked.config.modes.test.max_exposure_usd, asked.exposure_usd + size.allowed_usd
    shown, limit = usd(total_usd, limit_usd), f"<= {limit_usd:.2f} USD"
    parts = f"{asked.exposure_usd:.2f} open + {size.allowed_usd:.2f}"
    if total_usd <= limit_usd:
        sentence = f"test mode exposure {shown} ({parts}) within {limit_usd:.2f}"
        return Check(LAYER, "test_exposure", Outcome.PASS, shown, limit, sentence)
    sentence = f"test mode exposure {shown} ({parts}) over {limit_usd:.2f}"
    return Check(LAYER, "test_exposure", Outcome.BLOCK, shown, limit, sentence)


def mode_trades(asked: GateInput) -> Check:
    """Test mode: the session has a trade left."""
    most, done = asked.config.modes.test.max_trades, asked.account.trades_today
    if done < most:
        sentence = f"{counted(done, 'trade')} this test session of {most}"
        return Check(LAYER, "test_trades", Outcome.PASS, str(done), f"< {most}", sentence)
    sentence = f"{counted(done, 'trade')} this test session of {most}: none left"
    return Check(LAYER, "test_trades", Outcome.BLOCK, str(done), f"< {most}", sentence)


def mode_session_loss(asked: GateInput) -> Check:
    """Test mode: the session's loss, realised + open, is under its limit."""
    limit_usd, open_usd = asked.config.modes.test.max_session_loss_usd, asked.known_open_pnl_usd
    limit = f"< {limit_usd:.2f} USD"
    if open_usd is None:
        return _open_pnl_unknown(asked, "test_session_loss", limit)
    loss_usd = _loss_usd(asked.account.realised_usd + open_usd)
    shown = usd(loss_usd, limit_usd)
    if loss_usd < limit_usd:
        sentence = f"loss this test session {shown} under {limit_usd:.2f}"
        return Check(LAYER, "test_session_loss", Outcome.PASS, shown, limit, sentence)
    sentence = f"loss this test session {shown} at or above {limit_usd:.2f}: no more entries"
    return Check(LAYER, "test_session_loss", Outcome.BLOCK, shown, limit, sentence)


def _loss_usd(result_usd: float) -> float:
    """A result's loss as a positive amount: profit is none. What is not a number stays so, and passes no limit."""
    return 0.0 if result_usd >= 0 else -result_usd


def _open_pnl_unknown(asked: GateInput, name: str, limit: str) -> Check:
    sentence = (
        f"no data on the open P&L of {counted(asked.open_trades, 'open trade')}: the loss is unknown, must be {limit}"
    )
    return Check(LAYER, name, Outcome.NO_DATA, "no data", limit, sentence)
