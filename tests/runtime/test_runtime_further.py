"""What the way on still asks for: each thing by name with what to do, and nobody is asked over the network."""

from pathlib import Path

import pytest

from cockpit.config.load import load_config
from cockpit.config.model import CockpitConfig
from cockpit.config.places import Places, find_places
from cockpit.config.secrets import Secrets
from cockpit.domain.kinds import Mode
from cockpit.preflight.checklist_text import checklist_lines
from cockpit.preflight.checks import preflight
from cockpit.preflight.further import Stage, stages

SHIPPED = Path(__file__).resolve().parents[2] / "config" / "tactical_scalp_config.json"
OKX = {"COCKPIT_OKX_API_KEY": "canary-1", "COCKPIT_OKX_SECRET": "canary-2", "COCKPIT_OKX_PASSWORD": "canary-3"}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return find_places(tmp_path, SHIPPED)


def found(places: Places, config: CockpitConfig, **environ: str) -> dict[str, Stage]:
    return {stage.name: stage for stage in stages(places, config, Secrets(environ, lambda name: None))}


def names(stage: Stage) -> list[str]:
    return [one.name for one in stage.missing]


def test_live_data_needs_nothing_and_says_what_it_may_have(places: Places, shipped_config: CockpitConfig) -> None:
    live_data = found(places, shipped_config)["live data"]
    assert live_data.ready
    assert live_data.command == "cockpit --feed live"
    assert names(live_data) == ["health factor", "Coinglass", "Solana fees", "Birdeye"]
    with_keys = found(places, shipped_config, COINGLASS_API_KEY="x", BIRDEYE_API_KEY="x")["live data"]
    assert names(with_keys) == ["health factor", "Solana fees"]


def test_an_address_without_an_rpc_is_not_ready(places: Places) -> None:
    watched = load_config(SHIPPED, ["aave.address=0x" + "a1" * 20])
    lacking = found(places, watched)["live data"]
    assert not lacking.ready
    assert [one.sentence for one in lacking.missing if one.needed] == [
        "set COCKPIT_RPC_URLS: aave.address is set, no RPC is"
    ]
    given = found(places, watched, COCKPIT_RPC_URLS="https://rpc.example/key")["live data"]
    assert "health factor" not in names(given)


@pytest.mark.parametrize("stage", ["test", "live"])
def test_real_money_needs_keys_a_health_factor_and_the_way_up(
    places: Places, shipped_config: CockpitConfig, stage: str
) -> None:
    lacking = found(places, shipped_config)[stage]
    assert not lacking.ready
    assert {"keys.okx", "aave", "way up"} <= set(names(lacking))
    sentences = " ".join(one.sentence for one in lacking.missing)
    assert "COCKPIT_OKX_API_KEY, COCKPIT_OKX_SECRET, COCKPIT_OKX_PASSWORD" in sentences
    assert "hours on the live feed: expected" in sentences


def test_keys_that_are_set_are_neither_missing_nor_shown(places: Places, shipped_config: CockpitConfig) -> None:
    given = found(places, shipped_config, **OKX)
    assert "keys.okx" not in names(given["test"])
    assert "canary" not in repr(given)


def test_it_stands_before_the_verdict_in_80_columns(places: Places, shipped_config: CockpitConfig) -> None:
    checklist = preflight(places, shipped_config, Mode.PAPER, Secrets({}, lambda name: None))
    lines = list(checklist_lines(checklist, stages(places, shipped_config, Secrets({}, lambda name: None))))
    assert lines[-1].startswith("READY for paper")
    assert "live data: ready; cockpit --feed live" in lines
    assert [line for line in lines[3:] if len(line) > 80] == []
