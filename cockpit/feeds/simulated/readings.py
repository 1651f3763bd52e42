"""The simulated slow readings: positioning, funding, open interest, health factor, Solana fees and tips.

Each is polled at the config's cadence, all at the start and then every so often, and drifts around the gate's
thresholds so that a session sees both sides of them.
"""

from collections.abc import Callable, Sequence
from random import Random

from cockpit.config.limits import ReadingAges
from cockpit.config.model import CockpitConfig
from cockpit.domain.events import (
    FundingRate,
    HealthFactor,
    JitoTip,
    OpenInterest,
    Positioning,
    PriorityFee,
    ReadingEvent,
)
from cockpit.domain.kinds import Origin, Reading
from cockpit.domain.units import NS_PER_S, ns_to_seconds, seconds_to_ns
from cockpit.feeds.simulated.paths import Drift, FeeShock
from cockpit.feeds.simulated.profile import Leaning, Profile
from cockpit.feeds.simulated.shocks import FeedSilent, HealthFactorPath, Shock

SOURCE = "simulated"
FUNDING_INTERVAL_NS = 8 * 3600 * NS_PER_S
CROWD_TURNS_S = (150.0, 420.0)
CALM_FEE_MICROLAMPORTS = 20_000.0
CALM_TIP_SOL = 0.00001
FEE_RISE_S = 6.0
LIQUIDATION_THRESHOLD = 0.8
LOWEST_HEALTH_FACTOR = 0.0001

Scoped = tuple[tuple[str, ...], ReadingEvent]


class FeeWeather:
    """Solana's fees and tips as multiples of their calm level: a quick rise at a shock, then a decay by half-lives."""

    def __init__(self) -> None:
        self._shocks: list[tuple[float, FeeShock]] = []

    def add(self, episode_at_s: float, shock: FeeShock) -> None:
        """A shock of an episode that began at `episode_at_s`."""
        self._shocks = [*self._shocks[-3:], (episode_at_s + shock.after_s, shock)]

    def multiples(self, at_s: float) -> tuple[float, float]:
        """The fee's and the tip's multiple now."""
        fee, tip = 1.0, 1.0
        for since_s, shock in self._shocks:
            age_s = at_s - since_s
            if age_s >= 0.0:
                fee += (shock.fee_multiple - 1.0) * _pulse(age_s, shock.fee_half_life_s)
                tip += (shock.tip_multiple - 1.0) * _pulse(age_s, shock.tip_half_life_s)
        return fee, tip


def _pulse(age_s: float, half_life_s: float) -> float:
    rising = age_s / FEE_RISE_S
    return rising if rising < 1.0 else float(0.5 ** ((age_s - FEE_RISE_S) / half_life_s))


class Readings:
    """Polls the simulated sources. `relaxed` assets start with shorts uncrowded instead of as the config saw them."""

    def __init__(
        self,
        config: CockpitConfig,
        seed: int,
        start_ns: int,
        shocks: Sequence[Shock],
        fees: FeeWeather,
        relaxed: frozenset[str],
        profile: Profile | None = None,
    ) -> None:
        self._config = config
        self._spread_of = config.gate.funding_spread_of
        self._start_ns = start_ns
        self._seed = seed
        self._fees = fees
        self._silences = [shock for shock in shocks if isinstance(shock, FeedSilent)]
        paths = [shock for shock in shocks if isinstance(shock, HealthFactorPath)]
        self._health_paths = sorted(paths, key=lambda path: path.at_s)
        self._rngs = {reading: Random(f"{seed}:{reading.value}") for reading in Reading}
        self._short_pct = {asset: self._short_drift(asset, asset in relaxed) for asset in config.assets}
        self._spread_bps = {asset: self._spread_drift(asset, asset in relaxed) for asset in config.assets}
        self._okx_bps = {asset: self._okx_drift(asset) for asset in config.assets}
        self._open_interest_pct = {asset: self._open_interest_drift(asset) for asset in config.assets}
        self._health = self._health_drift()
        self._fitted_short, self._fitted_funding = _fitted(profile, seed)
        self._polls = self._schedule()

    def due(self, from_ns: int, to_ns: int) -> list[ReadingEvent]:
        """Every reading whose time falls into [from_ns, to_ns), in time order."""
        events: list[ReadingEvent] = []
        for poll in self._polls:
            while poll.next_ns < to_ns:
                at_s = ns_to_seconds(poll.next_ns - self._start_ns)
                for scopes, event in poll.ask(poll.next_ns, at_s, poll.every_s):
                    if not any(silence.covers(poll.reading, at_s, *scopes) for silence in self._silences):
                        events.append(event)
                poll.next_ns += seconds_to_ns(poll.every_s)
        events.sort(key=lambda event: event.ts_ns)
        return events

    def _schedule(self) -> list["_Poll"]:
        feeds = self._config.feeds
        return [
            _Poll(Reading.POSITIONING, feeds.positioning, self._start_ns, self._positioning),
            _Poll(Reading.FUNDING, feeds.funding, self._start_ns, self._funding),
            _Poll(Reading.OPEN_INTEREST, feeds.open_interest, self._start_ns, self._open_interest),
            _Poll(Reading.HEALTH_FACTOR, feeds.health_factor, self._start_ns, self._health_factor),
            _Poll(Reading.PRIORITY_FEE, feeds.priority_fee, self._start_ns, self._priority_fee),
            _Poll(Reading.JITO_TIP, feeds.jito_tip, self._start_ns, self._jito_tip),
        ]

    def _rng_of(self, reading: Reading, asset: str) -> Random:
        return Random(f"{self._seed}:{reading.value}:{asset}")

    def _short_drift(self, asset: str, relaxed: bool) -> Drift:
        rng = self._rng_of(Reading.POSITIONING, asset)
        block_at = self._config.gate.short_pct_block_at[asset]
        seed = self._config.market_context.positioning.get(asset)
        start = rng.uniform(block_at - 2.5, block_at - 0.8) if relaxed or seed is None else seed.short_pct
        crowded, uncrowded = (block_at + 0.5, block_at + 3.5), (block_at - 3.5, block_at - 0.8)
        return Drift(rng, start, (uncrowded, crowded) if start >= block_at else (crowded, uncrowded), CROWD_TURNS_S)

    def _spread_drift(self, asset: str, relaxed: bool) -> Drift:
        rng = self._rng_of(Reading.FUNDING, asset)
        limit = self._config.gate.funding_spread_longs_only_above_bps
        seeds = self._config.market_context.funding_bps.get(asset, {})
        narrow, wide = (limit - 0.8, limit - 0.12), (limit + 0.3, limit + 3.5)
        if relaxed or any(venue not in seeds for venue in self._spread_of):
            start = rng.uniform(limit - 0.3, limit - 0.12)
        else:
            start = seeds[self._spread_of[0]] - seeds[self._spread_of[1]]
        return Drift(rng, start, (narrow, wide) if start > limit else (wide, narrow), CROWD_TURNS_S)

    def _okx_drift(self, asset: str) -> Drift:
        rng = self._rng_of(Reading.FUNDING, f"{asset}:{self._spread_of[1]}")
        start = self._config.market_context.funding_bps.get(asset, {}).get(self._spread_of[1], rng.uniform(-0.5, 0.8))
        return Drift(rng, start, ((-0.8, 1.0),), CROWD_TURNS_S)

    def _open_interest_drift(self, asset: str) -> Drift:
        rng = self._rng_of(Reading.OPEN_INTEREST, asset)
        limit = self._config.gate.open_interest_reduce_above_pct
        start = self._config.market_context.open_interest_change_24h_pct.get(asset, limit - rng.uniform(0.5, 2.5))
        return Drift(rng, start, ((limit + 0.2, limit + 2.0), (limit - 4.0, limit - 0.5)), CROWD_TURNS_S)

    def _health_drift(self) -> Drift:
        warn_under = self._config.gate.health_factor_warn_under
        start = self._config.market_context.aave_health_factor or warn_under
        low, high = warn_under - 0.1, warn_under + 0.1
        return Drift(self._rngs[Reading.HEALTH_FACTOR], start, ((low, high),), (60.0, 240.0))

    def _positioning(self, ts_ns: int, at_s: float, dt_s: float) -> list[Scoped]:
        found: list[Scoped] = []
        for asset, drift in self._short_pct.items():
            fitted = self._fitted_short.get(asset)
            drawn = _polled(drift, at_s, dt_s, 45.0, 0.2) if fitted is None else fitted.advance(dt_s)
            short_pct = round(min(95.0, max(5.0, drawn)), 2)
            event = Positioning(ts_ns, asset, SOURCE, round(100.0 - short_pct, 2), short_pct, Origin.SIMULATED)
            found.append(((asset,), event))
        return found

    def _funding(self, ts_ns: int, at_s: float, dt_s: float) -> list[Scoped]:
        found: list[Scoped] = []
        next_ns = (ts_ns // FUNDING_INTERVAL_NS + 1) * FUNDING_INTERVAL_NS
        for asset in self._config.assets:
            okx_bps = round(_polled(self._okx_bps[asset], at_s, dt_s, 240.0, 0.03), 3)
            spread_bps = round(_polled(self._spread_bps[asset], at_s, dt_s, 60.0, 0.02), 3)
            for venue, drawn_bps in zip(self._spread_of, (round(okx_bps + spread_bps, 3), okx_bps), strict=True):
                fitted = self._fitted_funding.get((asset, venue))
                bps = drawn_bps if fitted is None else round(fitted.advance(dt_s), 3)
                event = FundingRate(ts_ns, asset, venue, bps, next_ns=next_ns, origin=Origin.SIMULATED)
                found.append(((asset, venue), event))
        return found

    def _open_interest(self, ts_ns: int, at_s: float, dt_s: float) -> list[Scoped]:
        found: list[Scoped] = []
        for asset, drift in self._open_interest_pct.items():
            change_pct = round(_polled(drift, at_s, dt_s, 200.0, 0.03), 2)
            found.append(((asset,), OpenInterest(ts_ns, asset, SOURCE, change_pct, origin=Origin.SIMULATED)))
        return found

    def _health_factor(self, ts_ns: int, at_s: float, dt_s: float) -> list[Scoped]:
        value = _polled(self._health, at_s, dt_s, 90.0, 0.004)
        for path in self._health_paths:
            if at_s >= path.at_s:
                share = 1.0 if path.over_s == 0.0 else min(1.0, (at_s - path.at_s) / path.over_s)
                value += (path.to - value) * share
        value = round(max(value, LOWEST_HEALTH_FACTOR), 4)
        collateral_usd = self._config.cold_storage.balance_usd
        debt_usd = round(collateral_usd * LIQUIDATION_THRESHOLD / value, 2)
        event = HealthFactor(
            ts_ns, SOURCE, value, collateral_usd=collateral_usd, debt_usd=debt_usd, origin=Origin.SIMULATED
        )
        return [((), event)]

    def _priority_fee(self, ts_ns: int, at_s: float, dt_s: float) -> list[Scoped]:
        noise = self._rngs[Reading.PRIORITY_FEE].lognormvariate(0.0, 0.12)
        fee = round(CALM_FEE_MICROLAMPORTS * noise * self._fees.multiples(at_s)[0])
        return [((), PriorityFee(ts_ns, float(fee), Origin.SIMULATED))]

    def _jito_tip(self, ts_ns: int, at_s: float, dt_s: float) -> list[Scoped]:
        noise = self._rngs[Reading.JITO_TIP].lognormvariate(0.0, 0.12)
        tip_sol = round(CALM_TIP_SOL * noise * self._fees.multiples(at_s)[1], 9)
        return [((), JitoTip(ts_ns, tip_sol, Origin.SIMULATED))]


def _fitted(profile: Profile | None, seed: int) -> tuple[dict[str, Leaning], dict[tuple[str, str], Leaning]]:
    """Shares of shorts by asset and rates of funding by asset and venue, as far as they were fitted."""
    if profile is None:
        return {}, {}
    shorts = {asset: Leaning(Random(f"{seed}:short:{asset}"), how) for asset, how in profile.short_pct.items()}
    rates = {
        (asset, venue): Leaning(Random(f"{seed}:funding:{asset}:{venue}"), how)
        for asset, venues in profile.funding_bps.items()
        for venue, how in venues.items()
    }
    return shorts, rates


class _Poll:
    """One source's timetable. A reading the config calls pushed comes in time for its warning age all the same."""

    def __init__(
        self,
        reading: Reading,
        ages: ReadingAges,
        start_ns: int,
        ask: Callable[[int, float, float], list[Scoped]],
    ) -> None:
        self.reading = reading
        self.every_s = ages.every_s or ages.warn_after_s / 2.0
        self.next_ns = start_ns
        self.ask = ask


def _polled(drift: Drift, at_s: float, dt_s: float, memory_s: float, noise: float) -> float:
    """The first poll says what the config saw; later ones drift on."""
    return drift.value if at_s == 0.0 else drift.advance(dt_s, memory_s, noise)
