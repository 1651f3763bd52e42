"""The stages of this room: the shipped rules, armed, calm, in paper mode."""

import pytest

from cockpit.config.model import CockpitConfig
from tests.engine.scenario import Bare, Scenario, config_with


@pytest.fixture(scope="session")
def config() -> CockpitConfig:
    return config_with()


@pytest.fixture
def scene(config: CockpitConfig) -> Scenario:
    """Calm, armed, in paper mode, with a paper venue."""
    return Scenario(config)


@pytest.fixture
def bare(config: CockpitConfig) -> Bare:
    """Calm, armed, in paper mode; the test plays the venue."""
    return Bare(config)
