"""The page of live data names variables, config keys and ages that are there."""

import re

import pytest

from cockpit.config.endpoints import VARIABLES
from cockpit.config.load import load_config
from cockpit.config.secrets import Secrets
from cockpit.domain.kinds import Reading
from tests.docs.pages import SHIPPED_CONFIG, page

PAGE = page("live-data.md")
CONFIG = load_config(SHIPPED_CONFIG)
KEYS = [key for key in re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", PAGE) if not key.startswith("bundles.")]


@pytest.mark.parametrize("key", sorted(set(KEYS)))
def test_every_config_key_exists(key: str) -> None:
    section: object = CONFIG
    for part in key.split("."):
        assert hasattr(section, part), f"expected {part} of {key}, was none"
        section = getattr(section, part)


def test_every_address_that_can_be_moved_is_named() -> None:
    assert [variable for variable in VARIABLES.values() if f"`{variable}`" not in PAGE] == []


def test_the_keys_it_names_are_the_ones_that_are_read() -> None:
    named = {"COINGLASS_API_KEY": "a", "BIRDEYE_API_KEY": "b", "COCKPIT_RPC_URLS": "https://c.example"}
    assert all(f"`{name}`" in PAGE for name in named)
    keys = Secrets(named, keyring=lambda name: None)
    assert keys.coinglass_key() and keys.birdeye_key() and keys.rpc_urls()


@pytest.mark.parametrize("reading", Reading)
def test_the_ages_are_the_configs(reading: Reading) -> None:
    ages = getattr(CONFIG.feeds, reading.value)
    row = next(line for line in PAGE.splitlines() if f"(`{reading.value}`)" in line)
    assert f"| {ages.warn_after_s:g} s | {ages.stand_down_after_s:g} s |" in row
