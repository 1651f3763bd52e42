"""Volatility that stays high for hours: made with known figures, fitted, and simulated again."""

import math
from itertools import takewhile
from pathlib import Path
from random import Random

import numpy as np
import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import Trade
from cockpit.domain.units import NS_PER_DAY, NS_PER_S
from cockpit.feeds.simulated.market import SimulatedMarket
from cockpit.feeds.simulated.profile import AssetProfile, Draw, FairPath, Jumps, Profile, Together, VolatilityState
from cockpit.history.fitting import fit_profile, jumps_of, profile_lines
from cockpit.history.kinds import RECORDED_TRADES
from cockpit.history.lasting_volatility import LEAST_HOURS, evened, lasting_volatility
from cockpit.history.store import Store
from tests.history.test_fitting import DAY, START_NS, weight, write

MADE = VolatilityState(2.0 * 3_600.0, 0.45)
STEP_S = 10.0
FIRST = 17_000_000
CALM = AssetProfile(1.0, 1.0, 0.0, 1.0, 1.0, 900.0, 90_000.0)


def returns_of(state: VolatilityState, hours: float, seed: int, jump_share: float = 0.0) -> dict[int, float]:
    """Returns over ten seconds; some of them six times as far."""
    numbers, count = np.random.default_rng(seed), int(hours * 3_600.0 / STEP_S)
    kept = 0.5 ** (STEP_S / state.half_life_s)
    logs, shocks = [numbers.normal(0.0, state.size)], numbers.normal(0.0, state.size * math.sqrt(1 - kept**2), count)
    for shock in shocks:
        logs.append(logs[-1] * kept + shock)
    far = np.where(numbers.random(count) < jump_share, 6.0, 1.0)
    moves = 3e-4 * np.exp(np.array(logs[1:]) - state.size**2) * far * numbers.normal(0.0, 1.0, count)
    return dict(enumerate(moves.tolist(), start=FIRST))


def alike(returns: dict[int, float], hours: float) -> float:
    """How realised volatility of ten minutes goes with that of so many hours later."""
    moves = np.array(list(returns.values()))
    logs = np.log((moves[: len(moves) // 60 * 60].reshape(-1, 60) ** 2).mean(1))
    lag = round(hours * 6)
    return float(np.corrcoef(logs[:-lag], logs[lag:])[0, 1])


@pytest.mark.parametrize("jump_share", [0.0, 0.01], ids=["calm", "jumping"])
@pytest.mark.parametrize("seed", range(4))
def test_half_life_and_size_come_back(jump_share: float, seed: int) -> None:
    """Of thirty days, 360 half-lives: within a half and a fifth, some three times what chance does to them."""
    found = lasting_volatility(returns_of(MADE, 720.0, seed, jump_share), STEP_S)
    assert found.hours == pytest.approx(720.0) and found.state is not None
    assert found.state.half_life_s == pytest.approx(MADE.half_life_s, rel=0.5)
    assert found.state.size == pytest.approx(MADE.size, rel=0.2)


def test_volatility_that_is_always_the_same_has_no_state() -> None:
    for seed in range(20):
        assert lasting_volatility(returns_of(VolatilityState(7_200.0, 0.0), 168.0, seed, 0.01), STEP_S).state is None


def test_too_short_a_history_says_how_long_it_would_have_to_be() -> None:
    short = lasting_volatility(returns_of(MADE, 40.0, 1), STEP_S)
    assert short.state is None and (short.hours, short.hours_needed) == (pytest.approx(40.0), LEAST_HOURS)
    slow = lasting_volatility(returns_of(VolatilityState(24.0 * 3_600.0, 0.8), 120.0, 3), STEP_S)
    assert slow.state is None and slow.hours_needed > slow.hours == pytest.approx(120.0)
    assert lasting_volatility({}, STEP_S).state is None


def test_hours_that_are_missing_are_passed_over() -> None:
    whole = returns_of(MADE, 720.0, 5)
    holed = {at: one for at, one in whole.items() if (at - FIRST) // 3_600 % 3}
    found = lasting_volatility(holed, STEP_S)
    assert found.hours == pytest.approx(480.0, abs=2.0) and found.state is not None
    assert found.state.half_life_s == pytest.approx(MADE.half_life_s, rel=0.5)


def test_the_state_is_not_taken_for_jumps() -> None:
    calm, jumping = returns_of(MADE, 720.0, 1), returns_of(MADE, 720.0, 1, 0.01)
    assert jumps_of(np.array(list(calm.values())), STEP_S) is not None
    even = evened(calm, STEP_S, MADE)
    left = jumps_of(even.returns, STEP_S, even.left)
    assert left is None or left.per_hour < 0.1
    even = evened(jumping, STEP_S, MADE)
    found = jumps_of(even.returns, STEP_S, even.left)
    assert found is not None
    assert found.per_hour == pytest.approx(3.6, rel=0.3)
    assert found.size_bps == pytest.approx(3.0 * math.sqrt(35.0), rel=0.2)


def path_of(profile: Profile, hours: float, seed: int) -> dict[str, dict[int, float]]:
    """What the simulated prices do over ten seconds."""
    together = Together(Random(seed), Random(seed + 1), Random(seed + 2), profile)
    paths = {name: FairPath(60_000.0, one.volatility_bps, one.jumps, one.state) for name, one in profile.assets.items()}
    found: dict[str, dict[int, float]] = {name: {} for name in paths}
    for at in range(FIRST, FIRST + int(hours * 3_600.0 / STEP_S)):
        drawn = together.drawn()
        for name, path in paths.items():
            before = path.price
            path.step(STEP_S, drawn[name])
            found[name][at] = math.log(path.price / before)
    return found


def test_a_fitted_price_is_as_volatile_for_as_long_as_its_history() -> None:
    history = returns_of(MADE, 720.0, 7, 0.01)
    moves = np.array(list(history.values()))
    state = lasting_volatility(history, STEP_S).state
    even = evened(history, STEP_S, state)
    fitted = AssetProfile(
        float(moves.std()) * 1e4 / math.sqrt(STEP_S), 1.0, 0.0, 1.0, 1.0, 900.0, 90_000.0,
        jumps=jumps_of(even.returns, STEP_S, even.left), state=state,
    )  # fmt: skip
    again = path_of(Profile("", "", {"BTC": fitted, "ETH": fitted}, [[1.0, 0.7], [0.7, 1.0]]), 1_440.0, 11)
    simulated = np.array(list(again["BTC"].values()))
    for hours in (1.0, 2.0, 4.0):
        assert alike(again["BTC"], hours) == pytest.approx(alike(history, hours), abs=0.15)
    assert alike(history, 1.0) > 0.4 and abs(alike(history, 24.0)) < 0.2
    assert simulated.std() == pytest.approx(moves.std(), rel=0.15)
    assert weight(simulated) == pytest.approx(weight(moves), rel=0.5) and weight(moves) > 6.0
    assert np.corrcoef(simulated, list(again["ETH"].values()))[0, 1] == pytest.approx(0.7, abs=0.06)


def test_without_a_state_nothing_is_drawn_for_it() -> None:
    states = Random(3)
    before = states.getstate()
    together = Together(Random(1), Random(2), states, Profile("", "", {"BTC": CALM}, [[1.0]]))
    assert together.drawn()["BTC"].unrest == 0.0 and states.getstate() == before


def test_a_wild_price_has_no_drift() -> None:
    ends = []
    for seed in range(400):
        rng, path = Random(seed), FairPath(100.0, 5.0, Jumps(20.0, 40.0), VolatilityState(600.0, 0.8))
        for _ in range(120):
            path.step(10.0, Draw(rng.gauss(0.0, 1.0), rng.random(), rng.gauss(0.0, 1.0)))
        ends.append(path.price / 100.0)
    assert abs(np.mean(ends) - 1.0) < 2.6 * np.std(ends) / math.sqrt(len(ends))


@pytest.mark.parametrize(("size", "lowest", "highest"), [(0.8, 0.3, 1.0), (0.0, -0.3, 0.3)])
def test_the_simulated_market_has_it(shipped_config: CockpitConfig, size: float, lowest: float, highest: float) -> None:
    state = VolatilityState(1_800.0, size) if size else None
    asset = AssetProfile(4.0, 1.2, 0.0, 1.0, 1.0, 900.0, 90_000.0, state=state)
    raw = shipped_config.model_copy(update={"assets": {"BTC": shipped_config.assets["BTC"]}})
    market = SimulatedMarket(raw, 9, START_NS, profile=Profile("", "", {"BTC": asset}, [[1.0]]))
    prices: dict[int, float] = {}
    for event in takewhile(lambda event: event.ts_ns < START_NS + 10 * 3_600 * NS_PER_S, market.events()):
        if isinstance(event, Trade):
            prices[event.ts_ns // (10 * NS_PER_S)] = event.price
    steps = np.diff(np.log(list(prices.values())))
    assert lowest < alike(dict(enumerate(steps.tolist())), 1.0 / 6.0) < highest


def test_a_store_of_weeks_is_fitted_with_its_state(tmp_path: Path, shipped_config: CockpitConfig) -> None:
    store, returns, price = Store(tmp_path), returns_of(MADE, 240.0, 2), 60_000.0
    moves = list(returns.values())
    for day in range(10):
        prices: list[object] = []
        for move in moves[day * 8_640 : (day + 1) * 8_640]:
            price *= math.exp(move)
            prices.append(price)
        stamps: list[object] = [(DAY + day) * NS_PER_DAY + (at * 10 + 5) * NS_PER_S for at in range(len(prices))]
        ids: list[object] = list(range(len(prices)))
        write(
            store, shipped_config.assets["BTC"].watch, "BTC", RECORDED_TRADES, DAY + day,
            {"recv_ns": stamps, "arrival": ids, "trade_id": ids, "ts_ns": stamps, "price_usd": prices,
             "taker_is_buyer": [True] * len(prices)},
        )  # fmt: skip
    found = fit_profile(store, shipped_config, range(DAY, DAY + 10))
    state = found.assets["BTC"].state
    assert state is not None and state.size == pytest.approx(MADE.size, rel=0.3)
    lines = "\n".join(profile_lines(found))
    assert f"BTC: volatility x {math.exp(state.size):.2f} or / {math.exp(state.size):.2f} for hours; half of" in lines
