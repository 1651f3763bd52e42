"""The way out works with next to nothing: no config model, no journal, no screen, no client library to import."""

import subprocess
import sys

from tests.patience import patient_s

SCRIPT = """
import sys
import cockpit.flatten.direct
allowed = {"cockpit", "msgspec", "typing_extensions"}  # msgspec takes the last where it is there
known = set(sys.stdlib_module_names) | set(sys.builtin_module_names)
roots = {name.split(".")[0] for name in sys.modules} - known
print(sorted(root for root in roots if root not in allowed and not root.startswith("_")))
print(sorted(name for name in sys.modules if name.startswith("cockpit.") and name.count(".") == 1))
"""


def test_the_direct_road_imports_the_vocabulary_and_the_venues_and_nothing_else() -> None:
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=patient_s(60)
    )
    foreign, rooms = told.stdout.splitlines()
    assert foreign == "[]"
    assert rooms == "['cockpit.domain', 'cockpit.exchanges', 'cockpit.flatten']"
