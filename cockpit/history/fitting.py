"""A simulated market fitted to stored history: its volatility and how it lasts, spread, bursts, correlation, jumps,
forced orders, funding and positioning.

Prices are looked at on a grid of ten seconds, which leaves the bounce between bid and ask out; bursts by how counts of
arrivals vary with those of a second, two and three before; readings as values that revert to their mean.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cockpit.config.model import CockpitConfig
from cockpit.domain.numbers import counted
from cockpit.domain.units import BPS, NS_PER_DAY, NS_PER_S
from cockpit.feeds.simulated.market import CALM_SHARE, HEAT_SHARE, SECONDS_BETWEEN_BURSTS, TRADE_SHARE
from cockpit.feeds.simulated.profile import AssetProfile, ForcedOrders, Jumps, Profile, Reverting
from cockpit.history.checking import BOOKS, PRINTS, assets_of
from cockpit.history.errors import HistoryError
from cockpit.history.kinds import FUNDING, LIQUIDATIONS, POSITIONING, STAMP, Kind
from cockpit.history.lasting_volatility import evened, lasting_volatility
from cockpit.history.store import Series, Store, day_text

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

GRID_S = 10
LEAST_RETURNS = 30
LEAST_READINGS = 20
FUNDING_UNIT_H = 8.0
SQUARE_OF_HEATS = 1.12
"""The mean square of what a burst adds, over the square of its mean: it is drawn between 0.4 and 1.6 of that."""
MOST_HEAT, LEAST_MEMORY_S, MOST_MEMORY_S = 40.0, 0.5, 60.0
SHORTEST_HALF_LIFE_S = 60.0
TAILS_SEEN = 4.0
"""An excess kurtosis of fewer than so many of its own standard errors is no tail."""
SHARES = np.linspace(0.001, 0.999, 999)
BURST_GAP_S = 10.0
"""Forced orders that are further apart are of two bursts."""
LEAST_ORDERS = 20


class _Day(NamedTuple):
    """What one day of an asset shows. `returns` are by the numbers of their ten seconds since the epoch; `forced` are
    the stamps and the USD of its forced orders, None where none of that day are stored.
    """

    returns: dict[int, float]
    counts: Floats
    prints_usd: Floats
    spreads_bps: Floats
    tops_usd: Floats
    forced: tuple[Ints, Floats] | None


def fit_profile(store: Store, config: CockpitConfig, days: range, assets: Sequence[str] = ()) -> Profile:
    """Fit every asset that has prints on these days. Raises `HistoryError` where none has enough."""
    chosen = assets_of(config, assets)
    seen = {asset: list(_days(store, config.assets[asset].watch, asset, days)) for asset in chosen}
    returns = {asset: {at: one for day in found for at, one in day.returns.items()} for asset, found in seen.items()}
    fitted = {asset: _asset(seen[asset], returns[asset]) for asset in chosen if len(returns[asset]) >= LEAST_RETURNS}
    if not fitted:
        span = f"{day_text(days[0])} to {day_text(days[-1])}"
        steps = f"{LEAST_RETURNS} steps of {GRID_S} s with a print on both sides"
        most = max(map(len, returns.values()), default=0)
        raise HistoryError(f"{store.name}: expected at least {steps} from {span}, was {most} at most")
    return Profile(
        first=day_text(days[0]),
        last=day_text(days[-1]),
        assets=fitted,
        correlation=_correlation([returns[asset] for asset in fitted]),
        funding_bps=_fundings(store, config, days, list(fitted)),
        short_pct=_shorts(store, config, days, list(fitted)),
    )


def profile_lines(profile: Profile) -> Iterator[str]:
    """What was fitted, for people."""
    yield f"fitted to {profile.first} to {profile.last}"
    for name, one in profile.assets.items():
        day_pct = one.volatility_bps * math.sqrt(NS_PER_DAY / NS_PER_S) / 100.0
        spread = "no quotes stored" if one.spread_bps is None else f"spread {one.spread_bps:.2f} bps"
        moves = f"{one.volatility_bps:.2f} bps over a second ({day_pct:.1f} % over a day)"
        yield f"  {name}: {counted(one.days, 'day')}, {moves}, {spread}, prints of {one.print_usd:,.0f} USD"
        burst = 1.0 + HEAT_SHARE / CALM_SHARE * one.burst_heat
        fading = f"bursts x {burst:.1f} that fade in {one.burst_memory_s:.1f} s"
        yield f"  {name}: {one.arrivals_per_s:.1f} arrivals/s, {fading}"
        if one.jumps is not None:
            yield f"  {name}: {one.jumps.per_hour:.1f} jumps an hour of about {one.jumps.size_bps:.1f} bps"
        yield f"  {name}: {_state_text(one)}"
        if one.forced is not None:
            forced = one.forced
            orders = f"{forced.orders:.1f} forced orders of about {forced.order_usd:,.0f} USD"
            yield f"  {name}: {forced.bursts_per_hour:.1f} times an hour {orders}, {forced.gap_s:.1f} s apart"
    names = list(profile.assets)
    for row, first in enumerate(names):
        for column in range(row):
            yield f"  {first} with {names[column]}: correlation {profile.correlation[row][column]:+.2f}"
    for asset, venues in profile.funding_bps.items():
        for venue, how in venues.items():
            yield f"  {asset} funding on {venue}: {_reverting_text(how, 'bps over 8 h')}"
    for asset, how in profile.short_pct.items():
        yield f"  {asset} short: {_reverting_text(how, '%')}"


def _state_text(one: AssetProfile) -> str:
    if one.state is not None:
        wild = math.exp(one.state.size)
        lasting = f"half of that is gone after {one.state.half_life_s / 3_600.0:.1f} h"
        return f"volatility x {wild:.2f} or / {wild:.2f} for hours; {lasting}"
    if one.state_hours < one.state_hours_needed:
        seen = f"{one.state_hours:.1f} h of prints, expected {one.state_hours_needed:.0f}"
        return f"too short to tell whether volatility lasts: {seen}"
    return f"volatility lasts no longer than by chance in {one.state_hours:.0f} h of prints"


def _reverting_text(how: Reverting, unit: str) -> str:
    return f"{how.mean:+.2f} {unit}, deviation {how.deviation:.2f}, half-life {how.half_life_s / 3600.0:.1f} h"


def _days(store: Store, venue: str, asset: str, days: range) -> Iterator[_Day]:
    for day in days:
        prints = _rows(store, venue, asset, PRINTS, day, (STAMP, "price_usd", "qty_coins"))
        if prints:
            tops = _rows(store, venue, asset, BOOKS, day, ("bid_usd", "bid_coins", "ask_usd", "ask_coins"))
            forced = _rows(store, venue, asset, [LIQUIDATIONS], day, (STAMP, "price_usd", "qty_coins"))
            yield _day(prints, tops, forced)


def _rows(
    store: Store, venue: str, asset: str, kinds: Sequence[Kind], day: int, names: Sequence[str]
) -> dict[str, Any]:
    found = next((one for kind in kinds if store.has(one := Series(venue, asset, kind), day)), None)
    if found is None:
        return {}
    table = store.read(found, day, list(names))
    return {name: table[name].to_numpy() for name in names}


def _day(prints: dict[str, Any], tops: dict[str, Any], forced: dict[str, Any]) -> _Day:
    order = np.argsort(prints[STAMP], kind="stable")
    stamps, price = prints[STAMP][order], prints["price_usd"][order]
    slots = stamps // (GRID_S * NS_PER_S)
    ends = np.append(np.flatnonzero(np.diff(slots)), len(slots) - 1)
    steps = np.diff(np.log(price[ends]))
    returns = {
        int(at): float(step)
        for at, step, is_next in zip(slots[ends][1:], steps, np.diff(slots[ends]) == 1, strict=True)
        if is_next
    }
    instants = np.unique(stamps)
    seconds = (instants - instants[0]) // NS_PER_S
    counts = np.bincount(seconds.astype(np.int64)).astype(float)
    spreads, sizes = np.empty(0), np.empty(0)
    if tops:
        bid, ask = tops["bid_usd"], tops["ask_usd"]
        spreads = (ask - bid) / (ask + bid) * 2.0 * BPS
        sizes = bid * tops["bid_coins"]
    orders = (forced[STAMP], forced["price_usd"] * forced["qty_coins"]) if forced else None
    return _Day(returns, counts, price * prints["qty_coins"][order], spreads, sizes, orders)


def _asset(days: Sequence[_Day], returns: dict[int, float]) -> AssetProfile:
    heat, memory_s = _bursts([day.counts for day in days])
    spreads = np.concatenate([day.spreads_bps for day in days])
    tops = np.concatenate([day.tops_usd for day in days])
    seconds = sum(len(day.counts) for day in days)
    moves, lasting = np.array(list(returns.values())), lasting_volatility(returns, GRID_S)
    even = evened(returns, GRID_S, lasting.state)
    with_forced = [day for day in days if day.forced is not None]
    return AssetProfile(
        volatility_bps=float(np.std(moves)) * BPS / math.sqrt(GRID_S),
        arrivals_per_s=sum(float(day.counts.sum()) for day in days) / seconds / TRADE_SHARE,
        burst_heat=heat,
        burst_memory_s=memory_s,
        spread_bps=float(np.median(spreads)) if len(spreads) else None,
        print_usd=float(np.median(np.concatenate([day.prints_usd for day in days]))),
        top_usd=float(np.median(tops)) if len(tops) else None,
        days=len(days),
        jumps=jumps_of(even.returns, GRID_S, even.left),
        forced=forced_of(
            [day.forced for day in with_forced if day.forced is not None], sum(len(day.counts) for day in with_forced)
        ),
        state=lasting.state,
        state_hours=lasting.hours,
        state_hours_needed=lasting.hours_needed,
    )


def _bursts(days: Sequence[Floats]) -> tuple[float, float]:
    """How much a burst adds and how fast it dies away: arrivals are Poisson at a rate that bursts push up.

    Then counts of different seconds vary together only through the rate, and that fades with the bursts' memory.
    """
    mean = float(np.concatenate(days).mean())
    near, far = (_together(days, mean, lag) for lag in (1, 3))
    if mean <= 0.0 or near <= 0.0:
        return 0.0, LEAST_MEMORY_S
    memory_s = LEAST_MEMORY_S if far <= 0.0 else 2.0 / math.log(near / far) if far < near else MOST_MEMORY_S
    memory_s = min(MOST_MEMORY_S, max(LEAST_MEMORY_S, memory_s))
    # A second's count holds the rate's mean over that second, so its covariance is a little larger than the rate's own.
    within = (2.0 * memory_s * memory_s * (math.cosh(1.0 / memory_s) - 1.0)) * math.exp(-1.0 / memory_s)
    share = math.sqrt(near / within) / mean
    bursts = memory_s / SECONDS_BETWEEN_BURSTS
    growth = HEAT_SHARE * (math.sqrt(SQUARE_OF_HEATS * bursts / 2.0) - share * bursts)
    heat = CALM_SHARE * share / growth if growth > 0.0 else MOST_HEAT
    return min(MOST_HEAT, heat), memory_s


def _together(days: Sequence[Floats], mean: float, lag: int) -> float:
    """The covariance of counts so many seconds apart."""
    products = [(day[lag:] - mean) * (day[:-lag] - mean) for day in days if len(day) > lag]
    return float(np.concatenate(products).mean()) if products else 0.0


def _correlation(returns: Sequence[dict[int, float]]) -> list[list[float]]:
    """Pair by pair over the ten seconds that both have; made one that assets can have where gaps made it none."""
    size = len(returns)
    found = np.eye(size)
    for row in range(size):
        for column in range(row):
            shared = sorted(returns[row].keys() & returns[column].keys())
            if len(shared) >= LEAST_RETURNS:
                pair = np.corrcoef([returns[row][at] for at in shared], [returns[column][at] for at in shared])
                found[row, column] = found[column, row] = np.nan_to_num(pair[0, 1])
    values, vectors = np.linalg.eigh(found)
    whole = vectors @ np.diag(np.maximum(values, 1e-4)) @ vectors.T
    scale = np.sqrt(np.diag(whole))
    rows: list[list[float]] = (whole / np.outer(scale, scale)).tolist()
    return rows


def _fundings(
    store: Store, config: CockpitConfig, days: range, assets: Sequence[str]
) -> dict[str, dict[str, Reverting]]:
    found: dict[str, dict[str, Reverting]] = defaultdict(dict)
    for asset in assets:
        for venue in config.gate.funding_spread_of:
            rows = _over_days(store, Series(venue, asset, FUNDING), days, ("interval_h", "rate_ratio"))
            if rows:
                rates = rows["rate_ratio"] * BPS * FUNDING_UNIT_H / rows["interval_h"]
                how = _reverting(rows[STAMP], rates)
                if how is not None:
                    found[asset][venue] = how
    return dict(found)


def _shorts(store: Store, config: CockpitConfig, days: range, assets: Sequence[str]) -> dict[str, Reverting]:
    found = {}
    for asset in assets:
        series = Series(config.assets[asset].watch, asset, POSITIONING)
        rows = _over_days(store, series, days, ("account_long_short_ratio",))
        if rows:
            how = _reverting(rows[STAMP], 100.0 / (1.0 + rows["account_long_short_ratio"]))
            if how is not None:
                found[asset] = how
    return found


def _over_days(store: Store, series: Series, days: range, names: Sequence[str]) -> dict[str, Any]:
    tables = [store.read(series, day, [STAMP, *names]) for day in days if store.has(series, day)]
    if not tables:
        return {}
    return {
        name: np.concatenate([table[name].to_numpy(zero_copy_only=False) for table in tables])
        for name in (STAMP, *names)
    }


def _reverting(stamps: npt.NDArray[np.int64], values: Floats) -> Reverting | None:
    """Mean, deviation, and how fast a distance from the mean halves by how one value follows from the one before."""
    good = np.isfinite(values)
    stamps, values = stamps[good], values[good]
    if len(values) < LEAST_READINGS:
        return None
    step_s = float(np.median(np.diff(stamps))) / NS_PER_S
    is_next = np.abs(np.diff(stamps) / NS_PER_S - step_s) < step_s / 2.0
    off = values - values.mean()
    square = float((off[:-1][is_next] ** 2).sum())
    kept = float((off[:-1][is_next] * off[1:][is_next]).sum()) / square if square > 0.0 else 0.0
    half_life_s = step_s * math.log(0.5) / math.log(kept) if 0.0 < kept < 1.0 else SHORTEST_HALF_LIFE_S
    return Reverting(float(values.mean()), float(values.std()), max(SHORTEST_HALF_LIFE_S, half_life_s))


# What a market does rarely: prices that jump, and bursts of forced orders.


def jumps_of(returns: Floats, step_s: float, state_size: float = 0.0) -> Jumps | None:
    """The jumps that make these returns over `step_s` as heavy-tailed as they are; None where they are not.

    A step has one with a small chance. Its chance and its size follow from three moments: the variance, the excess
    kurtosis and the mean of the absolute returns, which says how much of the variance the calm steps have. What a state
    of volatility of this size does to the two latter is taken out.
    """
    off = returns - returns.mean()
    variance = float((off**2).mean())
    if variance <= 0.0:
        return None
    excess = float((off**4).mean()) / variance**2 / math.exp(4.0 * state_size**2) - 3.0
    if excess <= TAILS_SEEN * math.sqrt(24.0 / len(off)):
        return None
    # With a share of the variance in jumps the kurtosis gives their chance.
    chance = SHARES**2 / (excess / 3.0 + SHARES**2)
    calm, jump = 1.0 - SHARES, SHARES / chance
    mean_size = math.sqrt(2.0 / math.pi) * ((1.0 - chance) * np.sqrt(calm) + chance * np.sqrt(calm + jump))
    seen_size = float(np.abs(off).mean()) / math.sqrt(variance) * math.exp(state_size**2 / 2.0)
    best = int(np.abs(mean_size - seen_size).argmin())
    per_hour = -math.log1p(-float(chance[best])) / step_s * 3_600.0
    return Jumps(per_hour, math.sqrt(variance * float(jump[best])) * BPS)


def forced_of(days: list[tuple[Ints, Floats]], seconds: float) -> ForcedOrders | None:
    """The bursts of forced orders of some days, each with the orders' stamps and their USD; None for too few."""
    stamps = [np.sort(one) for one, _ in days]
    sizes = np.concatenate([usd for _, usd in days]) if days else np.empty(0)
    sizes = sizes[sizes > 0.0]
    if len(sizes) < LEAST_ORDERS or seconds <= 0.0:
        return None
    gaps_s = np.concatenate([np.diff(one) / NS_PER_S for one in stamps])
    within = gaps_s[gaps_s <= BURST_GAP_S]
    bursts = len(sizes) - len(within)
    return ForcedOrders(
        bursts_per_hour=bursts / seconds * 3_600.0,
        orders=len(sizes) / bursts,
        gap_s=max(0.1, float(within.mean())) if len(within) else 1.0,
        order_usd=float(np.median(sizes)),
        spread=float(np.std(np.log(sizes))),
    )
