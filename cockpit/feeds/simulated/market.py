"""The simulated market: the four assets of the config, alive around its bands, the same for the same seed.

It is volatile on purpose: what takes hours outside happens here within minutes, so that whoever looks for the first
time sees setups fire, verdicts deny and stops fill. It says so itself: every reading's origin is `simulated`.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from cockpit.config.model import CockpitConfig
from cockpit.config.setups import LowerBandLong, PriorityFeeFade, SqueezeGuard, UpperBandShort
from cockpit.config.venues import Instrument
from cockpit.domain.events import Liquidation, MarketEvent, MarkPrice, Top, Trade
from cockpit.domain.kinds import Reading, Side
from cockpit.domain.market_detail import PastCandles
from cockpit.domain.units import NS_PER_MS, ns_to_seconds, offset_price
from cockpit.feeds.simulated.episodes import BandStory, DipStory, FeeStory, Wandering
from cockpit.feeds.simulated.paths import ForcedBursts, Leg, Pace, PricePath, Story, past_of
from cockpit.feeds.simulated.profile import NO_DRAW, AssetProfile, Draw, FairPath, Profile, Together
from cockpit.feeds.simulated.readings import FeeWeather, Readings
from cockpit.feeds.simulated.shocks import FeedSilent, PriceGap, Shock, ShockError

# One simulated asset's prints, tops, marks and forced orders: what a price path looks like through an exchange.

TapeEvent = Trade | Top | MarkPrice | Liquidation

HEAT_MEMORY_S = 2.5
SECONDS_BETWEEN_BURSTS = 9.0
CALM_SHARE, HEAT_SHARE = 0.7, 0.6
"""The rate of arrivals in shares of the crowd's: without a burst, and what each unit of heat adds."""
WIDEST_SPREAD_BPS = 1.5
TRADE_SHARE = 0.5
MEAN_OF_MEDIAN = math.exp(0.5)
"""The mean of a log-normal size is so many times its median."""
SWEEP_SHARE = 0.03
LIQUIDATIONS_PER_S = 0.2


@dataclass(frozen=True, slots=True)
class Crowd:
    """How busy an asset is: quotes and prints a second, the median print and the median top in USD."""

    arrivals_per_s: float
    print_usd: float
    top_usd: float
    noise_bps: float
    burst_heat: float = 2.5
    burst_memory_s: float = HEAT_MEMORY_S
    spread_bps: float = 0.0


BUSY = {
    "BTC": Crowd(12.0, 900.0, 250_000.0, 1.1),
    "ETH": Crowd(8.0, 600.0, 150_000.0, 1.3),
    "SOL": Crowd(6.0, 400.0, 80_000.0, 1.6),
    "XRP": Crowd(6.0, 300.0, 60_000.0, 1.5),
}
QUIET = Crowd(4.0, 250.0, 40_000.0, 1.6)


class Grid:
    """Prices and quantities as a venue writes them: whole ticks and lots, without binary dust."""

    def __init__(self, instrument: Instrument) -> None:
        self.tick_usd = instrument.tick_usd
        self.lot = instrument.lot
        self._price_digits = _digits(instrument.tick_usd)
        self._qty_digits = _digits(instrument.lot)

    def price(self, ticks: int) -> float:
        """The price of that many ticks, one tick at the least."""
        return round(max(1, ticks) * self.tick_usd, self._price_digits)

    def qty(self, coins: float) -> float:
        """The nearest whole number of lots, one at the least."""
        return round(max(1, round(coins / self.lot)) * self.lot, self._qty_digits)


class Tape:
    """Draws the events of one asset, a short step of time at once. Arrivals come in bursts that die down."""

    def __init__(self, rng: Random, venue: str, asset: str, instrument: Instrument, crowd: Crowd) -> None:
        self._rng = rng
        self._venue = venue
        self._asset = asset
        self._grid = Grid(instrument)
        self._crowd = crowd
        self._heat = 0.0
        self._trade_id = 0
        self._basis_bps = 1.5
        self._bid_ticks = 0
        self._ask_ticks = 0

    def step(self, start_ns: int, step_ms: int, before: float, after: float, leg: Leg) -> list[TapeEvent]:
        """The prints, tops and forced orders while the fair price goes from `before` to `after`, in time order."""
        rng, step_s = self._rng, step_ms / 1000.0
        self._heat *= math.exp(-step_s / self._crowd.burst_memory_s)
        if rng.random() < step_s / SECONDS_BETWEEN_BURSTS:
            self._heat += rng.uniform(0.4, 1.6) * self._crowd.burst_heat
        rate_per_ms = self._crowd.arrivals_per_s * leg.activity * (CALM_SHARE + HEAT_SHARE * self._heat) / 1000.0
        events: list[TapeEvent] = []
        at_ms = rng.expovariate(rate_per_ms)
        while at_ms < step_ms:
            ts_ns = start_ns + int(at_ms) * NS_PER_MS
            fair = before + (after - before) * at_ms / step_ms
            events.append(self._top(ts_ns, fair, leg))
            if rng.random() < TRADE_SHARE:
                events += self._prints(ts_ns, fair, leg)
            at_ms += rng.expovariate(rate_per_ms)
        if leg.forced and rng.random() < LIQUIDATIONS_PER_S * step_s:
            usual_usd = self._crowd.print_usd * 40.0 * rng.lognormvariate(0.0, 1.0)
            events.append(self.forced_order(start_ns + (step_ms - 1) * NS_PER_MS, after, usual_usd, leg.forced))
        return events

    def mark(self, ts_ns: int, fair: float) -> MarkPrice:
        """The mark price, and an index that it circles with a small, restless basis."""
        self._basis_bps += self._rng.gauss(0.0, 0.5) - (self._basis_bps - 1.5) * 0.08
        mark = self._grid.price(round(fair / self._grid.tick_usd))
        return MarkPrice(ts_ns, ts_ns, self._venue, self._asset, mark, mark / (1.0 + self._basis_bps / 1e4))

    def _top(self, ts_ns: int, fair: float, leg: Leg) -> Top:
        tick_usd = self._grid.tick_usd
        usual = max(1, round(fair * self._crowd.spread_bps / 1e4 / tick_usd))
        widest = max(usual, int(fair * WIDEST_SPREAD_BPS / 1e4 / tick_usd))
        spread_ticks = min(widest, usual + int(self._rng.expovariate(1.0) * self._heat))
        self._bid_ticks = max(1, math.floor(fair / tick_usd - spread_ticks / 2.0 + 0.5))
        self._ask_ticks = self._bid_ticks + spread_ticks
        bid, ask = self._grid.price(self._bid_ticks), self._grid.price(self._ask_ticks)
        bid_qty, ask_qty = self._top_qty(fair, leg, -1.0), self._top_qty(fair, leg, 1.0)
        return Top(ts_ns, ts_ns, self._venue, self._asset, bid, bid_qty, ask, ask_qty)

    def _top_qty(self, fair: float, leg: Leg, side: float) -> float:
        lean = 1.0 - 0.4 * side * leg.buy_bias
        return self._grid.qty(self._crowd.top_usd / fair * leg.book * lean * self._rng.lognormvariate(0.0, 0.5))

    def _prints(self, ts_ns: int, fair: float, leg: Leg) -> list[TapeEvent]:
        rng = self._rng
        buys = rng.random() < 0.5 + leg.buy_bias / 2.0
        count = rng.randint(2, 8) if rng.random() < SWEEP_SHARE * (1.0 + self._heat) else 1
        prints: list[TapeEvent] = []
        for level in range(count):
            ticks = self._ask_ticks + level // 2 if buys else self._bid_ticks - level // 2
            qty = self._grid.qty(self._crowd.print_usd / fair * rng.lognormvariate(0.0, 1.0))
            self._trade_id += 1
            price = self._grid.price(ticks)
            prints.append(Trade(ts_ns, ts_ns, self._venue, self._asset, price, qty, buys, self._trade_id))
        return prints

    def forced_order(self, ts_ns: int, fair: float, notional_usd: float, side: Side) -> Liquidation:
        """A position of this side that is closed by its venue."""
        price = self._grid.price(round(fair / self._grid.tick_usd))
        qty = self._grid.qty(notional_usd / fair)
        return Liquidation(ts_ns, ts_ns, self._venue, self._asset, price, qty, side is Side.LONG)


def _digits(step: float) -> int:
    exponent = Decimal(str(step)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


DEFAULT_SEED = 27
STEP_MS = 200
LEADER = "BTC"
SHARE_OF_LEADER = 0.1
USUAL_PRICES_USD = {"BTC": 108_402.0, "SOL": 190.0, "XRP": 2.4, "ETH": 3_950.0}
UNKNOWN_PRICE_USD = 100.0


class SimulatedMarket:
    """A seeded market. It has no clock: whoever runs it decides how fast its time passes.

    `start_ns` is the event time of its first moment. `shocks` are scripted events on top. With a `profile` its assets
    are like that history, those that are not in it as ever. Raises `ShockError` where a shock names an asset or a venue
    the config does not have.
    """

    def __init__(
        self,
        config: CockpitConfig,
        seed: int = DEFAULT_SEED,
        start_ns: int = 0,
        shocks: Sequence[Shock] = (),
        profile: Profile | None = None,
    ) -> None:
        _check_names(config, shocks)
        self._config = config
        self._seed = seed
        self._start_ns = start_ns
        self._shocks = tuple(shocks)
        self._profile = profile

    def past(self) -> tuple[PastCandles, ...]:
        """What was before its first moment, so that a chart has something on it; the same for the same seed."""
        return tuple(
            _Asset(self._config, self._seed, name, (), self._profile).past(
                Random(f"{self._seed}:{name}:past"), self._start_ns
            )
            for name in self._config.assets
        )

    def events(self) -> Iterator[MarketEvent]:
        """The market's events in time order, for ever, from its start at each call."""
        fees = FeeWeather()
        profile = self._profile
        assets = [_Asset(self._config, self._seed, name, self._shocks, profile) for name in self._config.assets]
        relaxed = frozenset(asset.name for asset in assets if asset.relaxed)
        readings = Readings(self._config, self._seed, self._start_ns, self._shocks, fees, relaxed, profile)
        leader = next((asset for asset in assets if asset.name == LEADER), None)
        together = None
        if profile is not None:
            shocks, jumps, states = (Random(f"{self._seed}:{name}") for name in ("together", "jumps", "states"))
            together = Together(shocks, jumps, states, profile)
        now_ns = self._start_ns
        while True:
            after_ns = now_ns + STEP_MS * NS_PER_MS
            at_s = ns_to_seconds(now_ns - self._start_ns)
            batch: list[MarketEvent] = []
            drawn = together.drawn() if together is not None else {}
            for asset in assets:
                asset.move(at_s, fees, drawn.get(asset.name, NO_DRAW))
            lead = leader.lead if leader else 1.0
            for asset in assets:
                batch += asset.trade(now_ns, at_s, 1.0 if asset is leader or asset.name in drawn else lead)
            batch += readings.due(now_ns, after_ns)
            batch.sort(key=lambda event: event.ts_ns)
            yield from batch
            now_ns = after_ns


def _check_names(config: CockpitConfig, shocks: Sequence[Shock]) -> None:
    scopes = {*config.assets, *(where.watch for where in config.assets.values()), *config.gate.funding_spread_of}
    for shock in shocks:
        if isinstance(shock, PriceGap) and shock.asset not in config.assets:
            raise ShockError(f"expected a gap in one of {', '.join(config.assets)}, was {shock.asset}")
        if isinstance(shock, FeedSilent) and shock.scope and not set(shock.scope.split(".")) <= scopes:
            raise ShockError(f"expected silence of {', '.join(sorted(scopes))} or of all, was {shock.scope}")


class _Asset:
    """One asset's path and tape, kept in step."""

    def __init__(
        self, config: CockpitConfig, seed: int, name: str, shocks: Sequence[Shock], profile: Profile | None
    ) -> None:
        rng = Random(f"{seed}:{name}")
        opening = _opening(config, rng, name)
        self._venue = config.assets[name].watch
        listed = name in config.venues[self._venue].instruments
        instrument = config.instrument(name, self._venue if listed else None)
        self.name = name
        self._tick_usd = instrument.tick_usd
        self.relaxed = opening.relaxed
        self._start_price = opening.price
        fitted = profile.assets.get(name) if profile is not None else None
        crowd = BUSY.get(name, QUIET)
        self._path: PricePath | FairPath
        if fitted is None:
            self._path = PricePath(rng, opening.price, crowd.noise_bps, _story(config, rng, name, opening))
        else:
            crowd = _fitted_crowd(crowd, fitted)
            self._path = FairPath(opening.price, fitted.volatility_bps, fitted.jumps, fitted.state)
        self._crowd = crowd
        forced = fitted.forced if fitted is not None else None
        self._forced = ForcedBursts(Random(f"{seed}:{name}:forced"), forced) if forced is not None else None
        self._tape = Tape(Random(f"{seed}:{name}:tape"), self._venue, name, instrument, crowd)
        self._gaps = [shock for shock in shocks if isinstance(shock, PriceGap) and shock.asset == name]
        self._silences = [shock for shock in shocks if isinstance(shock, FeedSilent)]
        self._fair = opening.price
        self._jumped = False
        self._next_mark_s = 0.0

    @property
    def lead(self) -> float:
        """How far the price has gone since the start, damped to what other assets follow."""
        return float((self._path.price / self._start_price) ** SHARE_OF_LEADER)

    def past(self, rng: Random, start_ns: int) -> PastCandles:
        """The way to where it starts."""
        crowd = self._crowd
        usd_per_s = crowd.arrivals_per_s * TRADE_SHARE * crowd.print_usd * MEAN_OF_MEDIAN
        return past_of(self.name, rng, self._start_price, start_ns, Pace(crowd.noise_bps, usd_per_s, self._tick_usd))

    def move(self, at_s: float, fees: FeeWeather, draw: Draw) -> None:
        """Go one step on; a gap that is due by now happens first. `draw` is what a fitted price goes by."""
        due = [gap for gap in self._gaps if gap.at_s <= at_s]
        self._gaps = [gap for gap in self._gaps if gap.at_s > at_s]
        for gap in due:
            self._path.gap(gap.bps)
        self._jumped = bool(due)
        if isinstance(self._path, FairPath):
            self._path.step(STEP_MS / 1000.0, draw)
            return
        self._path.step(STEP_MS / 1000.0)
        if self._path.new_fee_shock:
            fees.add(at_s, self._path.new_fee_shock)

    def trade(self, now_ns: int, at_s: float, lead: float) -> list[TapeEvent]:
        """The step's events; none where the stream is scripted silent."""
        after = self._path.price * lead
        before = after if self._jumped else self._fair
        self._fair = after
        leg = self._path.leg if isinstance(self._path, PricePath) else USUAL
        events = self._tape.step(now_ns, STEP_MS, before, after, leg)
        if self._forced is not None and isinstance(self._path, FairPath):
            for one in self._forced.due(STEP_MS / 1000.0, self._path.strain, after < before):
                at_ns = now_ns + int(one.after_s * 1_000.0) * NS_PER_MS
                events.append(self._tape.forced_order(at_ns, after, one.notional_usd, one.side))
        if at_s >= self._next_mark_s:
            self._next_mark_s += 1.0
            events.insert(0, self._tape.mark(now_ns, before))
        silent = any(silence.covers(Reading.STREAM, at_s, self.name, self._venue) for silence in self._silences)
        return [] if silent else events


USUAL = Leg(0.0, math.inf)
"""Nobody pushes and nothing is forced."""


def _fitted_crowd(usual: Crowd, fitted: AssetProfile) -> Crowd:
    """How busy the fitted asset is. A usual rate whose mean, bursts included, is the fitted one."""
    heat = fitted.burst_heat * fitted.burst_memory_s / SECONDS_BETWEEN_BURSTS
    return Crowd(
        arrivals_per_s=fitted.arrivals_per_s / (CALM_SHARE + HEAT_SHARE * heat),
        print_usd=fitted.print_usd,
        top_usd=fitted.top_usd if fitted.top_usd is not None else usual.top_usd,
        noise_bps=usual.noise_bps,
        burst_heat=fitted.burst_heat,
        burst_memory_s=fitted.burst_memory_s,
        spread_bps=fitted.spread_bps or 0.0,
    )


@dataclass(frozen=True, slots=True)
class _Opening:
    """Where an asset starts, what it does first, and whether its shorts start uncrowded."""

    price: float
    first: str = ""
    relaxed: bool = False


def _opening(config: CockpitConfig, rng: Random, name: str) -> _Opening:
    """At the config's price, or nearer to a band; just under the upper one shorts start uncrowded."""
    price = config.market_context.prices_usd.get(name, USUAL_PRICES_USD.get(name, UNKNOWN_PRICE_USD))
    bands = config.bands.get(name)
    if bands is None or not (bands.lower or bands.upper):
        return _Opening(price)
    draw = rng.random()
    near_bps = rng.uniform(25.0, 42.0)
    if draw < 0.35 and bands.lower:
        return _Opening(offset_price(bands.lower[0][1], near_bps), "lower")
    if draw < 0.65 and bands.upper:
        return _Opening(offset_price(bands.upper[0][0], -near_bps), "upper", relaxed=True)
    return _Opening(_between(price, bands.lower, bands.upper))


def _between(price: float, lower: Sequence[Sequence[float]], upper: Sequence[Sequence[float]]) -> float:
    """The price itself where it lies between the nearest bands, else their middle or a step inside the only one."""
    floor = lower[0][1] if lower else offset_price(upper[0][0], -200.0)
    ceiling = upper[0][0] if upper else offset_price(lower[0][1], 200.0)
    return price if floor < price < ceiling else (floor + ceiling) / 2.0


def _story(config: CockpitConfig, rng: Random, name: str, opening: _Opening) -> Story:
    setups = list(config.setups.values())
    lower = next((setup for setup in setups if isinstance(setup, LowerBandLong) and setup.asset == name), None)
    upper = next((setup for setup in setups if isinstance(setup, UpperBandShort) and setup.asset == name), None)
    bands = config.bands.get(name)
    if bands and ((lower and bands.lower) or (upper and bands.upper)):
        return BandStory(rng, bands, lower, upper, opening.first)
    for setup in setups:
        if isinstance(setup, PriorityFeeFade) and setup.asset == name:
            return FeeStory(rng, opening.price, setup)
        if isinstance(setup, SqueezeGuard) and name in setup.assets:
            return DipStory(rng, opening.price, setup)
    return Wandering(rng, opening.price)
