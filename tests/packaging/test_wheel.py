"""The wheel alone is enough: installed into an environment of its own it has its config, its schema and its command."""

import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from cockpit import __version__
from tests.patience import patient_s

PROJECT_ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("hatchling") is None, reason="hatchling is not installed here: pip install -e '.[test]'"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from this checkout, without a network."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=PROJECT_ROOT, check=True, capture_output=True, timeout=patient_s(100))
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def cockpit(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command in a fresh environment that has the wheel; what it depends on is lent by ours."""
    place = tmp_path_factory.mktemp("env")
    venv.create(place, with_pip=False)
    site = next((place / "lib").glob("python3*")) / "site-packages"
    # Into that environment by name: with a prefix alone pip takes the package out of the environment it runs in.
    pip = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), "install"]
    pip += ["--quiet", "--no-deps", "--no-index", "--no-compile", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True, timeout=patient_s(100))
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return place / "bin" / "cockpit"


def run(cockpit: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {name: text for name, text in os.environ.items() if not name.startswith(("COCKPIT_", "PYTHON"))}
    environ |= {"COCKPIT_HOME": str(home / "home"), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    return subprocess.run(
        [str(cockpit), *arguments],
        cwd=home,
        env=environ,
        capture_output=True,
        text=True,
        timeout=patient_s(100),
        check=False,
    )


def test_it_holds_every_module_the_config_and_its_schema_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        shipped = json.loads(archive.read("cockpit/shipped/tactical_scalp_config.json"))
    ours = {str(path.relative_to(PROJECT_ROOT)) for path in (PROJECT_ROOT / "cockpit").rglob("*.py")}
    extra = {"cockpit/py.typed", "cockpit/shipped/tactical_scalp_config.json", "cockpit/shipped/schema.json"}
    extra |= {"cockpit/research/report_page.html"}
    assert held == ours | extra
    assert shipped["$schema"] == "schema.json", "it stands beside it there too"


def test_what_is_installed_here_is_left_alone(wheel: Path, request: pytest.FixtureRequest) -> None:
    before = list(importlib.metadata.distributions(name="cockpit-perps"))
    request.getfixturevalue("cockpit")
    assert [one.version for one in importlib.metadata.distributions(name="cockpit-perps")] == [
        one.version for one in before
    ]


def test_the_command_answers_from_there(cockpit: Path, tmp_path: Path) -> None:
    assert run(cockpit, tmp_path, "--version").stdout == f"cockpit {__version__}\n"
    helped = run(cockpit, tmp_path, "--help")
    assert (helped.returncode, helped.stderr) == (0, "")
    assert "validate" in helped.stdout


def test_it_validates_the_config_it_carries(cockpit: Path, tmp_path: Path) -> None:
    found = run(cockpit, tmp_path, "validate")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.splitlines()[-1].startswith("READY for paper")
    assert str(cockpit.parents[1]) in found.stdout, "its own config, not the checkout's"


def test_the_screen_and_the_engine_are_all_there(cockpit: Path, tmp_path: Path) -> None:
    """Every module imports from the wheel; those of the room that needs an extra do where the extra is there."""
    code = (
        "import importlib, importlib.util, pkgutil, cockpit\n"
        "lean = importlib.util.find_spec('pyarrow') is None\n"
        "names = [one.name for one in pkgutil.walk_packages(cockpit.__path__, 'cockpit.')]\n"
        "for name in names:\n"
        "    if not name.endswith('__main__') and not (lean and name.startswith('cockpit.history.')):\n"
        "        importlib.import_module(name)\n"
        "print(len(names), cockpit.__file__)\n"
    )
    python = cockpit.parent / "python"
    environ = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    found = subprocess.run(
        [str(python), "-W", "ignore", "-c", code], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    count, where = found.stdout.split()
    assert int(count) > 100
    assert str(cockpit.parents[1]) in where


def test_the_changelog_begins_with_this_version() -> None:
    headings = [line for line in (PROJECT_ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## ")]
    assert headings[0].split()[1] == __version__
