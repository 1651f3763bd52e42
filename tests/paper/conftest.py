import pytest
from paper_scene import MakeScene, Scene

from cockpit.config.model import CockpitConfig


@pytest.fixture
def make_scene(shipped_config: CockpitConfig) -> MakeScene:
    """A new scene; `latency_ms`, `venue` and `asset` as asked."""

    def make(latency_ms: float = 0.0, venue: str = "binance", asset: str = "BTC") -> Scene:
        return Scene(shipped_config, latency_ms, venue, asset)

    return make


@pytest.fixture
def scene(make_scene: MakeScene) -> Scene:
    """A venue without latency: what is sent happens at once."""
    return make_scene()
