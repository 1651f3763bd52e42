"""Files of an operator's own under the type checker, as strict as the package itself."""

import fcntl
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import PROJECT_ROOT
from tests.patience import patient_s

CACHE = PROJECT_ROOT / ".mypy_cache"


def strictly_typed(folder: Path, *names: str) -> None:
    """Each is checked by itself: they lie beside a config and are no package. What the package's own check has learnt
    of it is not found out again. One at a time: a second that writes to the cache waits five seconds for each module.
    """
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "one_at_a_time").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _check(folder, *names)


def _check(folder: Path, *names: str) -> None:
    known = ("--config-file", str(PROJECT_ROOT / "pyproject.toml"), "--cache-dir", str(CACHE))
    found = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", *known, *names],
        check=False,
        cwd=folder,
        env={"MYPYPATH": str(PROJECT_ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=patient_s(300),
    )
    assert found.returncode == 0, found.stdout[-4_000:] + found.stderr[-2_000:]
