"""The schema checked in is the one the models make, and it accepts and refuses what they do."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from cockpit.config.schema import config_schema, schema_text
from cockpit.config.wording import PATTERNS

CONFIG_DIR = Path(__file__).resolve().parents[2] / "config"


@pytest.fixture(scope="module")
def validator() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(config_schema())


@pytest.fixture
def raw() -> dict[str, Any]:
    shipped: dict[str, Any] = json.loads((CONFIG_DIR / "tactical_scalp_config.json").read_text())
    return shipped


def test_the_schema_checked_in_is_up_to_date() -> None:
    assert (CONFIG_DIR / "schema.json").read_text() == schema_text(), (
        "run: python -m cockpit.config.schema > config/schema.json"
    )


def test_the_shipped_config_names_the_schema_beside_it_and_fits_it(
    raw: dict[str, Any], validator: jsonschema_rs.Validator
) -> None:
    assert raw["$schema"] == "schema.json"
    validator.validate(raw)


def test_comments_fit_anywhere(raw: dict[str, Any], validator: jsonschema_rs.Validator) -> None:
    raw["//"] = ["any", "thing"]
    raw["bands"]["//"] = "keys are assets here"
    raw["market_context"]["funding_bps"]["BTC"]["//"] = 3
    raw["setups"]["btc_lower_band_long"]["targets"][0]["//"] = "the first rung"
    validator.validate(raw)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("limits", "max_notionl_usd", 1),
        ("limits", "max_stop_bps", 501),
        ("cold_storage", "read_only", False),
        ("bands", "btc", {}),
        ("capital", "hot_wallet_usd", "1660"),
    ],
)
def test_what_the_models_refuse_the_schema_refuses(
    section: str, key: str, value: Any, raw: dict[str, Any], validator: jsonschema_rs.Validator
) -> None:
    raw[section][key] = value
    assert not validator.is_valid(raw)


def test_every_pattern_has_words_for_its_error() -> None:
    patterns: set[str] = set()

    def collect(node: Any) -> None:
        if isinstance(node, dict):
            patterns.update([node["pattern"]] if isinstance(node.get("pattern"), str) else [])
            patterns.update(node.get("patternProperties", {}))
        for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            collect(child)

    collect(config_schema())
    assert patterns
    assert patterns <= set(PATTERNS)
