"""Whatever depends on which exchange it is comes from its row of the registry, and only what a config uses is read."""

from pathlib import Path

import pytest

from cockpit.config.exchange_names import NAMES, TERMS, VARIABLES
from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import Reading
from cockpit.exchanges.base.account import Ambiguous
from cockpit.exchanges.base.outcomes import failure_of
from cockpit.exchanges.registry import EXCHANGES, codes_of
from cockpit.feeds.roster import Roster, exchanges_read, roster_of
from tests.docs.own_types import strictly_typed


def changed(config: CockpitConfig, **sections: object) -> CockpitConfig:
    """The config with other sections, checked anew."""
    raw = config.model_dump(by_alias=True)
    for name, section in sections.items():
        raw[name] = {**raw[name], **section} if isinstance(section, dict) else section
    return CockpitConfig.model_validate(raw)


def on_one_venue(config: CockpitConfig, venue: str) -> CockpitConfig:
    """Traded, watched and asked for positioning there alone; the spread still needs its second venue."""
    assets = {asset: {"trade_on": venue, "watch": venue} for asset in config.assets}
    return changed(config, assets=assets, live={"positioning_from": [venue]})


@pytest.mark.parametrize("name", EXCHANGES)
def test_every_row_names_parts_that_belong_together(name: str) -> None:
    spec = EXCHANGES[name]
    assert spec.public().name == name
    assert getattr(spec.account(), "venue") == name  # noqa: B009 - the class says it, its protocol asks an instance
    assert spec.codes() is codes_of(name)
    assert VARIABLES[f"{name}_rest_url"] == TERMS[name].rest_variable
    assert VARIABLES[f"{name}_ws_url"] == TERMS[name].ws_variable


def test_the_config_knows_every_row_and_no_other() -> None:
    assert tuple(EXCHANGES) == NAMES


def test_the_parts_that_a_row_names_are_of_the_types_that_are_asked_of_them(tmp_path: Path) -> None:
    """They are named by text, which the type checker does not follow: here it is told."""
    lines = [
        "from cockpit.exchanges.base.codes import VenueCodes",
        "from cockpit.exchanges.base.public import Exchange",
        "from cockpit.exchanges.base.public_readings import PublicReadings",
        "from cockpit.exchanges.base.spec import MakeAccount",
    ]
    for spec in EXCHANGES.values():
        kinds = {
            spec.public_at: "type[Exchange]",
            spec.readings_at: "type[PublicReadings]",
            spec.account_at: "MakeAccount",
            spec.codes_at: "VenueCodes",
        }
        for at, kind in kinds.items():
            module, _, name = at.partition(":")
            lines += [f"from {module} import {name}", f"_{name}: {kind} = {name}"]
    (tmp_path / "parts.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    strictly_typed(tmp_path, "parts.py")


def test_an_error_of_an_unknown_venue_is_judged_by_its_class() -> None:
    assert codes_of("mtgox") is None
    assert isinstance(failure_of(RuntimeError('{"code": -2019}'), "mtgox"), Ambiguous)


def rows(roster: Roster, reading: Reading) -> list[str]:
    return [member.source for member in roster.members if member.reading is reading]


def test_the_spread_is_of_the_configured_two_in_their_order(shipped_config: CockpitConfig) -> None:
    turned = changed(shipped_config, gate={"funding_spread_of": ["okx", "binance"]})
    assert rows(roster_of(shipped_config, {}), Reading.FUNDING) == ["binance", "okx"]
    assert rows(roster_of(turned, {}), Reading.FUNDING) == ["okx", "binance"]


def test_only_what_the_config_uses_is_read(shipped_config: CockpitConfig) -> None:
    assert exchanges_read(shipped_config) == ("binance", "okx")
    alone = on_one_venue(shipped_config, "okx")
    roster = roster_of(alone, {})
    streams = rows(roster, Reading.STREAM)
    assert "okx" in streams and "binance" not in streams
    positioning = [member.source for member in roster.members if member.reading is Reading.POSITIONING]
    assert not any("binance" in source for source in positioning)
