"""The shipped rules without the market context: only what a test says is known."""

import pytest
from market_events import START_NS

from cockpit.config.context import MarketContext
from cockpit.config.model import CockpitConfig
from cockpit.market.market import Market


@pytest.fixture(scope="module")
def bare_config(shipped_config: CockpitConfig) -> CockpitConfig:
    """The shipped config without its market context."""
    return shipped_config.model_copy(update={"market_context": MarketContext()})


@pytest.fixture
def market(bare_config: CockpitConfig) -> Market:
    return Market(bare_config, START_NS)
