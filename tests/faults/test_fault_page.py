"""The matrix is whole, its page is the generated one, and every proof it names is a test that runs."""

import subprocess
import sys
from pathlib import Path

from tests.faults.matrix import COUNT, FAULTS
from tests.faults.page import page

PROJECT_ROOT = Path(__file__).resolve().parents[2]


def test_every_failure_has_its_line() -> None:
    assert list(FAULTS) == list(range(1, COUNT + 1))
    for fault in FAULTS.values():
        told = (fault.injected, fault.does, fault.seen, fault.journal, fault.ends, fault.proofs)
        assert all(told) != bool(fault.not_here), f"{fault.number} is told and proven, or says why it does not apply"


def test_the_page_in_the_docs_is_the_generated_one() -> None:
    written = (PROJECT_ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -m tests.faults.page > docs/faults.md"


def test_every_proof_is_a_test() -> None:
    files = sorted({proof.split("::")[0] for fault in FAULTS.values() for proof in fault.proofs})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files]
    collected = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    tests = {line.split("[")[0] for line in collected.stdout.splitlines() if "::" in line}
    assert collected.returncode == 0, collected.stdout[-2_000:] + collected.stderr[-2_000:]
    absent = [(fault.number, proof) for fault in FAULTS.values() for proof in fault.proofs if proof not in tests]
    assert not absent
