"""What a signal says of its own trade, held to what is registered for its strategy: stricter, never looser."""

from cockpit.config.setups import ExternalStrategy
from cockpit.domain.commands import Signal
from cockpit.domain.kinds import Side
from cockpit.domain.numbers import apart, price_text
from cockpit.domain.units import bps_between

NEAREST_STOP_BPS = 1.0
"""A stop nearer than this is hit by the spread alone."""


def side_of(signal: Signal, strategy: ExternalStrategy) -> Side:
    """The side it says, or the registered one."""
    return signal.side or Side(strategy.side)


def stop_bps_of(signal: Signal, strategy: ExternalStrategy, price: float) -> float:
    """How far its stop is from where it would enter; below 0 where it is on the wrong side of that."""
    if signal.stop_price is not None:
        entry = signal.limit_price or price
        return -side_of(signal, strategy).sign * bps_between(signal.stop_price, entry)
    return strategy.stop_bps if signal.stop_bps is None else signal.stop_bps


def against_terms(signal: Signal, strategy: ExternalStrategy, price: float) -> str:
    """Why its own terms are refused, with both numbers; empty where they are within the registered ones."""
    if signal.stop_bps is not None and signal.stop_price is not None:
        return f"expected one of stop_bps and stop_price, was both ({signal.stop_bps:g}, {signal.stop_price:g})"
    stop_bps = stop_bps_of(signal, strategy, price)
    if not 0 < stop_bps <= strategy.stop_bps:
        shown = apart(stop_bps, strategy.stop_bps, ".1f")
        if stop_bps <= 0:
            return f"expected a stop on the losing side of the entry, was {shown} bps beyond it"
        return f"stop {shown} bps wider than the {strategy.stop_bps:g} bps registered for {strategy.name}"
    if signal.stop_price is not None and stop_bps < NEAREST_STOP_BPS:
        return f"expected a stop at least {NEAREST_STOP_BPS:g} bps away, was {apart(stop_bps, NEAREST_STOP_BPS, '.2f')}"
    if signal.hold_s is not None and strategy.max_hold_s is not None and signal.hold_s > strategy.max_hold_s:
        shown = apart(signal.hold_s, strategy.max_hold_s, ".0f")
        return f"hold {shown} s longer than the {strategy.max_hold_s:g} s registered for {strategy.name}"
    return _against_entry(signal, strategy, price)


def _against_entry(signal: Signal, strategy: ExternalStrategy, price: float) -> str:
    limit, bounds = signal.limit_price, strategy.entry
    if limit is None:
        return "expected a limit price beside within_s, was none" if signal.limit_within_s is not None else ""
    if bounds.limit_within_s <= 0:
        return f"{strategy.name} enters at market, was a limit at {price_text(limit)}"
    wait_s = signal.limit_within_s
    if wait_s is None or not 0 < wait_s <= bounds.limit_within_s:
        was = "none" if wait_s is None else apart(wait_s, bounds.limit_within_s, ".0f")
        return f"expected within_s up to the {bounds.limit_within_s:g} s registered for {strategy.name}, was {was}"
    away_bps = abs(bps_between(limit, price))
    if away_bps > bounds.limit_away_bps:
        shown = apart(away_bps, bounds.limit_away_bps, ".1f")
        return (
            f"limit {price_text(limit)} is {shown} bps from the market, "
            f"registered for {strategy.name} are {bounds.limit_away_bps:g}"
        )
    return ""
