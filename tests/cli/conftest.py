"""Running the real command line in a process of its own, in a home of its own."""

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cockpit import cli
from tests.patience import patient_s

PROJECT_ROOT = Path(__file__).resolve().parents[2]
Cockpit = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The profile's home; nothing makes it beforehand."""
    return tmp_path / "home"


@pytest.fixture
def cockpit(home: Path) -> Cockpit:
    """`cockpit(*arguments, **environment)` runs the command and returns what came out."""

    def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("COCKPIT_", "COINGLASS_"))}
        kept |= {"COCKPIT_HOME": str(home), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", "COLUMNS": "80"}
        return subprocess.run(
            [sys.executable, "-m", "cockpit", *map(str, arguments)],
            cwd=PROJECT_ROOT,
            env=kept | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=patient_s(60),
            check=False,
        )

    return run


@pytest.fixture
def typed(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Cockpit]:
    """As `cockpit`, in this process: for a line that ends before anything is started."""
    for name in [name for name in os.environ if name.startswith(("COCKPIT_", "COINGLASS_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COCKPIT_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(PROJECT_ROOT)

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        words = [str(word) for word in arguments]
        code = cli.run(words)
        return subprocess.CompletedProcess(words, code, *capsys.readouterr())

    yield run
    gc.enable()  # an engine that starts turns it off until it stands
