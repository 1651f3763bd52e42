"""Scripted events for the simulated market: what an operator wants to see happen, and when.

As text, for a command line or a config: `hf:AT_S:TO[:OVER_S]`, `silent:READING[.SCOPE]:FROM_S:FOR_S`,
`gap:ASSET:AT_S:BPS`. Times are seconds since the simulation's start.
"""

import math

import msgspec

from cockpit.domain.kinds import Reading
from cockpit.domain.units import BPS


class ShockError(ValueError):
    """A shock's text or asset is wrong; the one-line message says what was expected. Tell whoever wrote it."""


class HealthFactorPath(msgspec.Struct, frozen=True):
    """The health factor goes to `to` in a straight line over `over_s` and stays there."""

    at_s: float
    to: float
    over_s: float = 0.0


class FeedSilent(msgspec.Struct, frozen=True):
    """A feed says nothing for `for_s`. `scope` narrows it to an asset, a venue or both (`BTC.okx`); empty means all."""

    reading: Reading
    scope: str
    from_s: float
    for_s: float

    def covers(self, reading: Reading, at_s: float, *scopes: str) -> bool:
        """Whether a datum of this feed falls silent; `scopes` are the asset and venue it belongs to."""
        if reading is not self.reading or not self.from_s <= at_s < self.from_s + self.for_s:
            return False
        return not self.scope or set(self.scope.split(".")) <= set(scopes)


class PriceGap(msgspec.Struct, frozen=True):
    """An asset's price jumps by `bps` without a print in between, and stays there."""

    asset: str
    at_s: float
    bps: float


Shock = HealthFactorPath | FeedSilent | PriceGap

_FORMS = {
    "hf": "hf:AT_S:TO[:OVER_S]",
    "silent": "silent:READING[.SCOPE]:FROM_S:FOR_S",
    "gap": "gap:ASSET:AT_S:BPS",
}


def parse_shock(text: str) -> Shock:
    """A shock from its text. Raises `ShockError` with the form that was expected."""
    kind, *fields = text.strip().split(":")
    form = _FORMS.get(kind, " or ".join(_FORMS.values()))
    try:
        match kind, fields:
            case "hf", [at, to, *over] if len(over) <= 1:
                return HealthFactorPath(_time_s(at), _above(to, 0.0), _time_s(over[0]) if over else 0.0)
            case "silent", [feed, start, length]:
                reading, _, scope = feed.partition(".")
                return FeedSilent(Reading(reading), scope, _time_s(start), _time_s(length))
            case "gap", [asset, at, bps] if asset:
                return PriceGap(asset, _time_s(at), _above(bps, -BPS))
    except ValueError as error:
        raise ShockError(f"expected {form}, was {text!r}: {error}") from error
    raise ShockError(f"expected {form}, was {text!r}")


def _time_s(text: str) -> float:
    seconds = float(text)
    if not 0.0 <= seconds < math.inf:
        raise ValueError(f"expected seconds from 0, was {text}")
    return seconds


def _above(text: str, limit: float) -> float:
    value = float(text)
    if not limit < value < math.inf:
        raise ValueError(f"expected a number above {limit:g}, was {text}")
    return value
