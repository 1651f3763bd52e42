"""What a simulated market is to be like: figures fitted to history, as a file that the simulated feed reads.

With one there are no stories around the bands: prices walk without a drift, as volatile, as bursty and as much
together as the history was, readings revert to their means as they did. Nothing in it can be foreseen.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import NamedTuple

import msgspec

from cockpit.config.ownership import read_file

FILE = "simulated_profile.json"
"""Beside the journal of the profile."""


class ProfileError(ValueError):
    """A profile cannot be used; the one-line message says why."""


class Reverting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value that leans toward its mean: half of a distance is gone after the half-life."""

    mean: float
    deviation: float
    half_life_s: float


class Jumps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Moves at once, the fat tails of a price: so many an hour, each drawn about none with this deviation."""

    per_hour: float
    size_bps: float


class VolatilityState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How volatility stays high or low for long: its logarithm wanders about its mean with the deviation `size`.

    Half of a distance from the mean is gone after the half-life. Over long the volatility is what it is without.
    """

    half_life_s: float
    size: float


class ForcedOrders(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Forced orders come in bursts: so many an hour, of so many orders on average, one so long after another.

    `order_usd` is the median order, `spread` the deviation of its logarithm.
    """

    bursts_per_hour: float
    orders: float
    gap_s: float
    order_usd: float
    spread: float


class AssetProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one asset trades.

    Volatility is in bps over one second (over t seconds it is that times the root of t). A burst adds about
    `burst_heat` to the rate of arrivals, in shares of the usual one, and dies away over `burst_memory_s`. What jumps
    add is in the volatility. None where the history showed none, or has none to show: a state of volatility takes
    `state_hours_needed`, and the history had `state_hours` of prints.
    """

    volatility_bps: float
    arrivals_per_s: float
    burst_heat: float
    burst_memory_s: float
    spread_bps: float | None
    print_usd: float
    top_usd: float | None
    days: int = 0
    jumps: Jumps | None = None
    forced: ForcedOrders | None = None
    state: VolatilityState | None = None
    state_hours: float = 0.0
    state_hours_needed: float = 0.0


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole market. `correlation` has a row an asset, in the order of `assets`."""

    first: str
    last: str
    assets: dict[str, AssetProfile]
    correlation: list[list[float]]
    funding_bps: dict[str, dict[str, Reverting]] = {}
    short_pct: dict[str, Reverting] = {}

    def __post_init__(self) -> None:
        rows = len(self.assets)
        if len(self.correlation) != rows or any(len(row) != rows for row in self.correlation):
            raise ValueError(f"expected a correlation of {rows} by {rows}, was another shape")


def read_profile(path: Path) -> Profile:
    """Read a profile's file. Raises `ProfileError`."""
    try:
        found = msgspec.json.decode(read_file(path), type=Profile)
        _triangle(found.correlation)
        return found
    except OSError as error:
        raise ProfileError(f"{path}: expected a profile of `cockpit history fit`, was {error.strerror}") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise ProfileError(f"{path}: expected a profile of `cockpit history fit`: {error}") from error


class Draw(NamedTuple):
    """What chance does to a price in one step: a standard normal number, one of 0 to 1 that decides on a jump, and
    another standard normal number that its state of volatility goes by.
    """

    shock: float
    luck: float
    unrest: float = 0.0


NO_DRAW = Draw(0.0, 1.0)


class Together:
    """Draws what one step does to each asset: shocks correlated as the profile says, one luck and one unrest for all.

    So the jumps of all assets come together, and those of a rarer kind when those of a more common one do; and the
    hours are wild or calm for all of them, which leaves their correlation what it is.
    """

    def __init__(self, rng: Random, jumps: Random, states: Random, profile: Profile) -> None:
        self._rng, self._jumps = rng, jumps
        self._states = states if any(one.state is not None for one in profile.assets.values()) else None
        self._names = list(profile.assets)
        self._rows = _triangle(profile.correlation)

    def drawn(self) -> Mapping[str, Draw]:
        """The next ones by asset."""
        own = [self._rng.gauss(0.0, 1.0) for _ in self._names]
        luck = self._jumps.random()
        unrest = self._states.gauss(0.0, 1.0) if self._states is not None else 0.0
        return {
            name: Draw(sum(weight * value for weight, value in zip(row, own, strict=False)), luck, unrest)
            for name, row in zip(self._names, self._rows, strict=True)
        }


def _triangle(matrix: list[list[float]]) -> list[list[float]]:
    """The lower triangle whose product with itself turned is the matrix. Raises `ProfileError` where none is."""
    rows: list[list[float]] = []
    for row, values in enumerate(matrix):
        found: list[float] = []
        for column in range(row):
            before = sum(one * other for one, other in zip(found, rows[column], strict=False))
            found.append((values[column] - before) / rows[column][column])
        left = values[row] - sum(one * one for one in found)
        if left <= 0.0:
            raise ProfileError(f"expected a correlation that assets can have, was none in row {row + 1}")
        rows.append([*found, math.sqrt(left)])
    return rows


class FairPath:
    """A price without a drift, which jumps now and then, wilder in some hours than in others where a state says so.

    `strain` is the square of its last step over the mean one.
    """

    def __init__(
        self,
        start_price: float,
        volatility_bps: float,
        jumps: Jumps | None = None,
        state: VolatilityState | None = None,
    ) -> None:
        self._variance = (volatility_bps / 1e4) ** 2
        self._jumps_per_s = jumps.per_hour / 3_600.0 if jumps is not None else 0.0
        self._jump_variance = (jumps.size_bps / 1e4) ** 2 if jumps is not None else 0.0
        self._calm_variance = max(0.0, self._variance - self._jumps_per_s * self._jump_variance)
        self._wildness = Wildness(state) if state is not None else None
        self.price = start_price
        self.strain = 0.0

    def step(self, dt_s: float, draw: Draw) -> None:
        """Go on by `dt_s`; on average the price stays where it is."""
        variance = self._calm_variance * dt_s
        if draw.luck < -math.expm1(-self._jumps_per_s * dt_s):
            variance += self._jump_variance
        if self._wildness is not None:
            variance *= self._wildness.advance(dt_s, draw.unrest)
        moved = math.sqrt(variance) * draw.shock
        self.strain = moved * moved / (self._variance * dt_s) if self._variance > 0.0 else 0.0
        self.price *= math.exp(moved - variance / 2.0)

    def gap(self, bps: float) -> None:
        """Jump, and stay there."""
        self.price *= 1.0 + bps / 1e4


class Wildness:
    """By how much the variance of now is that of ever: 1 over long."""

    def __init__(self, state: VolatilityState) -> None:
        self._state = state
        self._log: float | None = None

    def advance(self, dt_s: float, unrest: float) -> float:
        """The factor `dt_s` later; the first is anywhere where one can be."""
        size = self._state.size
        if self._log is None:
            self._log = size * unrest
        else:
            kept = 0.5 ** (dt_s / self._state.half_life_s)
            self._log = self._log * kept + size * math.sqrt(1.0 - kept * kept) * unrest
        return math.exp(2.0 * (self._log - size * size))


class Leaning:
    """A reading on its way: drawn about its mean at first, then reverting to it."""

    def __init__(self, rng: Random, how: Reverting) -> None:
        self._rng, self._how = rng, how
        self.value = rng.gauss(how.mean, how.deviation)

    def advance(self, dt_s: float) -> float:
        """The value `dt_s` later."""
        how = self._how
        kept = 0.5 ** (dt_s / how.half_life_s)
        spread = how.deviation * math.sqrt(1.0 - kept * kept)
        self.value = how.mean + (self.value - how.mean) * kept + self._rng.gauss(0.0, spread)
        return self.value
