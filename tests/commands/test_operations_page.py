"""The page of operations and the service's unit say what is there."""

import configparser
import re
from pathlib import Path

import pytest
import typer

from cockpit.cli import app
from cockpit.config.alerts import AlertsSection

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "operations.md").read_text()
UNIT = (DOCS / "cockpit-engine.service").read_text()
COMMANDS_SHOWN = re.findall(r"(?:^|[`(] ?)cockpit (?:--home \S+ )?([a-z]+)((?: --[a-z-]+)*)", PAGE, re.MULTILINE)
COMMANDS_SHOWN += re.findall(r"ExecStart=\S+cockpit --home \S+ ([a-z]+)(.*)", UNIT)


def options_of(command: str) -> set[str]:
    found = typer.main.get_command(app).commands[command]  # type: ignore[attr-defined]
    return {name for parameter in found.params for name in parameter.opts}


@pytest.mark.parametrize(("command", "rest"), sorted(set(COMMANDS_SHOWN)))
def test_every_command_and_option_it_names_exists(command: str, rest: str) -> None:
    assert set(re.findall(r"--[a-z-]+", rest)) <= options_of(command)


def test_it_names_the_commands_of_a_running_engine() -> None:
    assert {"status", "stop", "flatten", "check", "engine", "validate", "report"} <= {
        command for command, _ in COMMANDS_SHOWN
    }


def test_it_names_every_event_of_an_alert() -> None:
    schema = AlertsSection.model_json_schema()
    events = schema["properties"]["events"]["items"]["enum"]
    alerts = PAGE.partition("## Alerts")[2].partition("\n## ")[0]
    assert [event for event in events if f"`{event}`" not in alerts] == []


def test_the_unit_restarts_what_failed_only_and_holds_no_secret() -> None:
    unit = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    unit.optionxform = str  # type: ignore[assignment]
    unit.read_string(UNIT)
    service = unit["Service"]
    assert (service["Restart"], service["RestartPreventExitStatus"]) == ("on-failure", "2")
    assert service["NoNewPrivileges"] == "yes"
    assert "Environment" not in service
    assert service["EnvironmentFile"].startswith("-%h/")
    assert not re.search(r"(KEY|SECRET|TOKEN|PASSWORD|URLS)\s*=", UNIT)
