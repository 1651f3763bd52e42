"""The file that a detached engine prints into stays small, and nothing but ours is ever moved."""

import subprocess
import sys
from pathlib import Path

from cockpit.runtime.output import rotate_if_ours
from tests.patience import patient_s

PRINTS = """
import sys
from pathlib import Path
from cockpit.runtime.output import rotate_if_ours
path = Path(sys.argv[1])
sys.stdout.write("x" * 2_000 + "\\n"); sys.stdout.flush()
assert rotate_if_ours(path, 1_000) and not rotate_if_ours(path, 1_000)
print("after"); print("and errors", file=sys.stderr, flush=True)
"""


def test_it_is_begun_anew_and_the_one_before_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "engine.out"
    with out.open("ab") as file:
        subprocess.run(
            [sys.executable, "-c", PRINTS, str(out)], stdout=file, stderr=file, check=True, timeout=patient_s(60)
        )
    assert sorted(out.read_text(encoding="utf-8").split("\n")) == ["", "after", "and errors"]
    assert len((tmp_path / "engine.out.1").read_text(encoding="utf-8")) == 2_001


def test_a_file_that_is_not_our_output_stays(tmp_path: Path) -> None:
    other = tmp_path / "engine.out"
    other.write_text("x" * 2_000, encoding="utf-8")
    assert not rotate_if_ours(other, 1_000)
    assert other.stat().st_size == 2_000
