"""`--set KEY=VALUE` changes one key, and answers a key that does not exist with the nearest that does."""

import pytest

from cockpit.config.load import load_config
from cockpit.config.model import CockpitConfig
from cockpit.config.places import shipped_config_path
from cockpit.config.problems import ConfigError


def load(*overrides: str) -> CockpitConfig:
    return load_config(shipped_config_path(), overrides)


def line_for(*overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(*overrides)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_nothing_set_changes_nothing(shipped_config: CockpitConfig) -> None:
    assert load() == shipped_config


def test_bands() -> None:
    config = load("bands.BTC.lower=[[61600,61620]]")
    assert config.bands["BTC"].lower == [[61600, 61620]]
    assert config.bands["BTC"].upper[0] == [109700, 110000]


@pytest.mark.parametrize(
    ("overrides", "long_pct", "short_pct"),
    [
        (["market_context.positioning.BTC.short_pct=48"], 52, 48),
        (["market_context.positioning.BTC.long_pct=43.1"], 43.1, 56.9),
        (["market_context.positioning.BTC.long_pct=40", "market_context.positioning.BTC.short_pct=60"], 40, 60),
        (["market_context.positioning.BTC.short_pct=60", "market_context.positioning.BTC.long_pct=40"], 40, 60),
        (["market_context.positioning.BTC.short_pct=60", "market_context.positioning.BTC.short_pct=50"], 50, 50),
    ],
)
def test_one_share_sets_the_other_unless_both_are_given(
    overrides: list[str], long_pct: float, short_pct: float
) -> None:
    seed = load(*overrides).market_context.positioning["BTC"]
    assert (seed.long_pct, seed.short_pct) == (long_pct, short_pct)


def test_an_asset_that_was_not_there_before() -> None:
    config = load("market_context.positioning.SOL.short_pct=48", "market_context.funding_bps.ETH.okx=0.6")
    assert config.market_context.positioning["SOL"].long_pct == 52
    assert config.market_context.funding_bps["ETH"] == {"okx": 0.6}


def test_scalars_booleans_text_and_list_entries() -> None:
    config = load(
        "market_context.funding_bps.BTC.binance=0.6",
        "market_context.aave_health_factor=2.15",
        "setups.btc_lower_band_long.enabled=false",
        "regime=quiet, = still",
        "bias.2.scenario=nothing happens",
    )
    assert config.market_context.funding_bps["BTC"]["binance"] == 0.6
    assert config.market_context.aave_health_factor == 2.15
    assert not config.setups["btc_lower_band_long"].enabled
    assert config.regime == "quiet, = still"
    assert config.bias[2].scenario == "nothing happens"


def test_the_later_of_two_wins() -> None:
    assert load("paper.latency_ms=1", "paper.latency_ms=2").paper.latency_ms == 2


def test_a_value_may_hold_comments() -> None:
    assert load('paper={"//": "slow", "latency_ms": 9}').paper.latency_ms == 9


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("paper.latency_ms", '--set: expected KEY=VALUE, was "paper.latency_ms" (text): '),
        ("=3", '--set: expected KEY=VALUE, was "=3" (text): '),
        ("paper..latency_ms=3", "--set: expected KEY=VALUE, was "),
        (
            "setups.btc_lower_band_long.stop_bsp=3",
            "--set: setups.btc_lower_band_long.stop_bsp: unknown key 'stop_bsp', nearest known is 'stop_bps': ",
        ),
        (
            "setups.btc_lower_band_lng.enabled=false",
            "--set: setups.btc_lower_band_lng: unknown key 'btc_lower_band_lng', "
            "nearest known is 'btc_lower_band_long': ",
        ),
        ("bandz.BTC.lower=[]", "--set: bandz: unknown key 'bandz', nearest known is 'bands': "),
        ("bands.btc.lower=[]", "--set: bands.btc: expected an asset in capitals, e.g. BTC as key, was 'btc': "),
        ("paper.latency_ms=fast", '--set: paper.latency_ms: expected a number, was "fast" (text): '),
        ("paper.latency_ms=NaN", "--set: paper.latency_ms: expected a finite number, was NaN: "),
        ("regime.x=1", "--set: regime.x: expected a section at regime, was "),
        ("bias.9.share_pct=1", "--set: bias.9: expected a number from 0 to 2, was '9': "),
        ("bias.first=1", "--set: bias.first: expected a number from 0 to 2, was 'first': "),
        (
            "market_context.positioning.BTC.short_pct=120",
            "--set: market_context.positioning.BTC.short_pct: expected at most 100, was 120: change it",
        ),
        (
            'paper={"latency_ms": 1, "latency_ms": 2}',
            "--set: latency_ms: expected the key once, was given twice (1, then 2): ",
        ),
        ("cold_storage.read_only=false", "--set: cold_storage.read_only: expected true, the only value allowed, "),
    ],
)
def test_an_override_that_does_not_fit_is_named(override: str, line: str) -> None:
    assert line_for(override).startswith(line)
