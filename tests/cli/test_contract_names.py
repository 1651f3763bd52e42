"""The names that scripts rely on, written out: commands, options, environment variables, `--set` keys, files."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer

from cockpit.cli import app
from cockpit.config.endpoints import VARIABLES
from cockpit.config.load import load_config
from cockpit.config.places import find_places, shipped_config_path
from cockpit.config.secrets import Secrets

GLOBAL = {"--home", "--config"}
COMMANDS: dict[str, set[str]] = {
    "": GLOBAL | {"--mode", "--feed", "--speed", "--max-trades", "--arm"},
    "engine": {"--mode", "--feed", "--speed", "--max-trades", "--arm", "--host", "--port"},
    "attach": {"URL", "--token"},
    "status": {"--json"},
    "stop": {"--flatten", "--leave-stops"},
    "flatten": {"--venue", "--yes"},
    "validate": {"--mode", "--json"},
    "check": {"--url", "--test", "--mode"},
    "import": {"FILE", "-o", "--format"},
    "replay": {"FILE.rec", "--hold-context", "--set", "--verify", "--json"},
    "report": {"--since", "--json"},
    "arm": {"--json"},
    "disarm": {"--json"},
    "halt": {"REASON", "--json"},
    "resume": {"REASON", "--json"},
    "log": {"--follow", "--json"},
    "trades": {"--json"},
    "verdicts": {"--json"},
    "trade": {"ASSET", "long|short", "SIZE", "--risk", "--limit", "--for", "--stop", "--targets", "--preview"},
    "close": {"TRADE", "SHARE"},
    "stop-at": {"TRADE", "PRICE|be|-BPS"},
    "trail": {"TRADE", "BPS"},
    "adopt": {"VENUE", "ASSET"},
    "mcp": set(),
    "new setup": {"NAME"},
    "new feed": {"NAME"},
}
CHOICES = {
    ("check", "--test"): ["all", "health", "performance", "execute", "update", "websocket"],
    ("check", "--mode"): ["paper", "test", "live"],
    ("validate", "--mode"): ["paper", "test", "live"],
    ("engine", "--mode"): ["paper", "test", "live"],
    ("import", "--format"): ["binance-raw"],
}
DEFAULTS = {
    ("engine", "--host"): "127.0.0.1",
    ("engine", "--port"): 8000,
    ("engine", "--mode"): "paper",
    ("engine", "--feed"): "sim",
    ("engine", "--arm"): False,
    ("check", "--test"): "all",
}
ENDPOINTS = (
    "COCKPIT_BINANCEUSDM_REST_URL",
    "COCKPIT_BINANCEUSDM_WS_URL",
    "COCKPIT_OKX_REST_URL",
    "COCKPIT_OKX_WS_URL",
    "COCKPIT_COINGLASS_URL",
    "COCKPIT_SOLANA_URL",
    "COCKPIT_JITO_URL",
)
SET = (
    "market_context.positioning.BTC.long_pct=50",
    "market_context.positioning.BTC.short_pct=50",
    "market_context.funding_bps.BTC.binance=0.5",
    "market_context.funding_bps.BTC.okx=0.5",
    "market_context.open_interest_change_24h_pct.BTC=1.5",
    "market_context.aave_health_factor=2.6",
    "bands.BTC.lower=[[61600,61620]]",
    "bands.BTC.upper=[[120000,120100]]",
    "setups.btc_lower_band_long.enabled=false",
)
FILES = {
    "journal": "journal.sqlite",
    "socket": "engine.sock",
    "token": "token",
    "lock": "engine.lock",
    "engine_log": "logs/engine.log",
    "recordings": "recordings",
}


def command_of(path: str) -> Any:
    found: Any = typer.main.get_command(app)
    for name in path.split():
        found = found.commands[name]
    return found


def names_of(command: Any) -> set[str]:
    """Options by every spelling, arguments by what the help calls them."""
    names: set[str] = set()
    for one in command.params:
        if one.param_type_name == "option":
            names |= {*one.opts}
        else:
            names |= {(one.metavar or one.name).strip("[]{}.")}
    return names


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_and_its_options_have_the_fixed_names(path: str) -> None:
    missing = {name.strip("[]") for name in COMMANDS[path]} - names_of(command_of(path))
    assert not missing, f"cockpit {path} lacks {missing}"


@pytest.mark.parametrize("path", COMMANDS)
def test_every_help_has_an_example_of_its_own(path: str) -> None:
    examples = re.findall(r"Example: (cockpit .+)", command_of(path).help)
    assert examples and all(example.startswith(f"cockpit {path}".rstrip()) for example in examples), path


@pytest.mark.parametrize("of", CHOICES, ids=" ".join)
def test_an_option_takes_the_fixed_values(of: tuple[str, str]) -> None:
    (option,) = (one for one in command_of(of[0]).params if of[1] in one.opts)
    assert [one.value for one in option.type_descriptor.annotation] == CHOICES[of]


@pytest.mark.parametrize("of", DEFAULTS, ids=" ".join)
def test_an_option_has_the_fixed_default(of: tuple[str, str]) -> None:
    (option,) = (one for one in command_of(of[0]).params if of[1] in one.opts)
    assert option.default == DEFAULTS[of]


@pytest.mark.parametrize("variable", ENDPOINTS)
def test_an_address_is_moved_by_its_variable(variable: str) -> None:
    assert variable in VARIABLES.values()


def test_keys_and_endpoints_of_chains_have_the_fixed_names() -> None:
    of_okx = {f"COCKPIT_OKX_{part}": part for part in ("API_KEY", "SECRET", "PASSWORD")}
    others = {"COINGLASS_API_KEY": "coin", "COCKPIT_RPC_URLS": "https://a,https://b"}
    found = Secrets({**of_okx, **others}, keyring=lambda name: None)
    keys, coinglass = found.venue_keys("okx"), found.coinglass_key()
    assert keys.password is not None and coinglass is not None
    told = [one.get_secret_value() for one in (keys.api_key, keys.secret, keys.password, coinglass)]
    assert told == ["API_KEY", "SECRET", "PASSWORD", "coin"]
    assert [url.get_secret_value() for url in found.rpc_urls()] == ["https://a", "https://b"]


@pytest.mark.parametrize("override", SET)
def test_a_key_can_be_set(override: str) -> None:
    value: Any = load_config(shipped_config_path(), [override]).model_dump(mode="json")
    path, _, text = override.partition("=")
    for key in path.split("."):
        value = value[key]
    assert value == json.loads(text)


def test_the_shipped_config_names_its_schema() -> None:
    shipped = shipped_config_path()
    assert shipped.name == "tactical_scalp_config.json"
    assert json.loads(shipped.read_text(encoding="utf-8"))["$schema"] == "schema.json"


@pytest.mark.parametrize("place", FILES)
def test_a_profiles_files_have_the_fixed_names(place: str, tmp_path: Path) -> None:
    found = str(getattr(find_places(tmp_path, None), place))
    assert found == str(tmp_path / FILES[place])
