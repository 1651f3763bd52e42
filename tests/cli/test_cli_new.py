"""`cockpit new`: what it writes loads, is typed, passes its own test, and is offered as an entry of the config."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cockpit.config.load import load_config
from cockpit.engine.machine import Engine
from tests.docs.own_types import strictly_typed
from tests.docs.pages import SHIPPED_CONFIG
from tests.patience import patient_s

Cockpit = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "desk" / "mine.json"
    path.parent.mkdir()
    path.write_text(SHIPPED_CONFIG.read_text())
    return path


def entry_of(printed: str) -> dict[str, dict[str, dict[str, object]]]:
    """The lines for the config, as printed."""
    entry: dict[str, dict[str, dict[str, object]]] = json.loads(printed[printed.index("{") : printed.rindex("}") + 1])
    return entry


@pytest.mark.parametrize(("what", "folder"), [("setup", "setups"), ("feed", "feeds")])
def test_what_it_writes_is_typed_passes_its_test_and_loads(
    what: str, folder: str, mine: Path, cockpit: Cockpit
) -> None:
    made = cockpit("--config", mine, "new", what, "gap_up")
    assert made.returncode == 0, made.stderr
    assert f"wrote {mine.parent / folder / 'gap_up.py'}" in made.stdout.splitlines()
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_gap_up.py"],
        check=False,
        cwd=mine.parent,
        capture_output=True,
        text=True,
        timeout=patient_s(100),
    )
    assert tested.returncode == 0, tested.stdout
    strictly_typed(mine.parent, f"{folder}/gap_up.py", "tests/test_gap_up.py")
    raw = json.loads(mine.read_text())
    for section, entries in entry_of(made.stdout).items():
        raw.setdefault(section, {}).update(entries)
    mine.write_text(json.dumps(raw))
    config = load_config(mine)
    assert "gap_up" in (config.setups if what == "setup" else config.own_feeds)
    assert ("gap_up" in Engine(config, 0).setups) is (what == "setup")
    assert cockpit("--config", mine, "validate").stderr == ""


def test_nothing_that_is_there_is_replaced(mine: Path, cockpit: Cockpit) -> None:
    there = mine.parent / "tests" / "test_gap_up.py"
    there.parent.mkdir()
    there.write_text("mine")
    refused = cockpit("--config", mine, "new", "setup", "gap_up")
    assert refused.returncode == 2
    assert f"expected no {there} yet, was there already: nothing was written" in refused.stderr
    assert there.read_text() == "mine"
    assert not (mine.parent / "setups").exists()


@pytest.mark.parametrize("name", ["Gap", "../gap", "1st", "gap-up", ""])
def test_a_name_that_is_none_is_refused(name: str, mine: Path, cockpit: Cockpit) -> None:
    refused = cockpit("--config", mine, "new", "setup", name)
    assert refused.returncode == 2
    assert "expected a name of a-z, 0-9 and _" in refused.stderr
    assert sorted(path.name for path in mine.parent.iterdir()) == ["mine.json"]


def test_the_shipped_config_is_left_alone(cockpit: Cockpit) -> None:
    refused = cockpit("new", "setup", "gap_up")
    assert refused.returncode == 2
    assert "expected --config PATH of a config of your own" in refused.stderr
