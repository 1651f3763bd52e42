"""What every room's tests share: the shipped config, the real market data, and how hypothesis runs."""

import gc
import logging
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from cockpit.config.load import load_config
from cockpit.config.model import CockpitConfig
from tests import reaper
from tests.patience import patient_s

PROJECT_ROOT = Path(__file__).resolve().parents[1]
SHIPPED_CONFIG = PROJECT_ROOT / "config" / "tactical_scalp_config.json"

settings.register_profile("local", deadline=None, print_blob=True, derandomize=False)
settings.register_profile(
    "ci",
    deadline=None,
    print_blob=True,
    derandomize=False,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci" if os.environ.get("CI") else "local")

QUICK_DIRECTORIES = frozenset({"domain", "config", "market", "gate", "setups", "engine", "paper", "docs"})
SLOW_FILES = frozenset({"test_adding_pages.py", "test_api_page.py", "test_live_data_page.py"})
"""What needs no process and no network of its own; all else is marked slow."""

MOST_RECURSION = 5_000
COLLECT_YOUNG_AFTER = 20_000
WORKERS_PER_CORE = 2
"""Many tests wait for a process, a socket or a clock of the terminal: two a core keep the cores busy."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    return WORKERS_PER_CORE * (os.cpu_count() or 1)


def pytest_configure(config: pytest.Config) -> None:
    """The order below is kept where files are dealt out to workers; nothing that is started here outlives this run,
    nor asks this machine's keyring.
    """
    config.option.loadscopereorder = False
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    reaper.begin()


def pytest_runtest_setup() -> None:
    """An engine that ran in this process kept its records to its own file."""
    logging.getLogger("cockpit").propagate = True


def pytest_collection_finish() -> None:
    """At a recursion limit that some library raised while it was imported, nested JSON crashes a run.

    What is imported by now stays: the collector need not walk through two million objects again and again.
    """
    limit = sys.getrecursionlimit()
    if limit > MOST_RECURSION:
        raise pytest.UsageError(f"expected a recursion limit of at most {MOST_RECURSION} after imports, was {limit}")
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_YOUNG_AFTER)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what is slow. Files with tests that ask for a timeout of their own start first, so none is left over.

    Every timeout is longer on a busy machine: it is there for what hangs, not for what is slow.
    """
    for item in items:
        if (
            item.path.relative_to(PROJECT_ROOT / "tests").parts[0] not in QUICK_DIRECTORIES
            or item.path.name in SLOW_FILES
        ):
            item.add_marker(pytest.mark.slow)
    long = {item.path for item in items if item.get_closest_marker("timeout") is not None}
    items.sort(key=lambda item: item.path not in long)
    usual_s = float(config.getini("timeout") or 0.0)
    for item in items:
        asked = item.get_closest_marker("timeout")
        seconds = float(asked.args[0]) if asked is not None and asked.args else usual_s
        item.add_marker(pytest.mark.timeout(patient_s(seconds)), append=False)


@pytest.fixture(scope="session")
def shipped_config() -> CockpitConfig:
    """The config as shipped; it is immutable, so one for all."""
    return load_config(SHIPPED_CONFIG)


@pytest.fixture(scope="session")
def real_data_dir() -> Path:
    """Where the recorded market data lives; its tests are skipped where it is not there."""
    directory = Path(os.environ.get("COCKPIT_REAL_DATA") or PROJECT_ROOT.parent / "shared" / "data")
    if not directory.is_dir():
        pytest.skip(f"real market data not found: expected {directory} (COCKPIT_REAL_DATA names another place)")
    return directory
