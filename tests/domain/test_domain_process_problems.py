"""A process that is well has nothing to say; whatever is wrong with it has one sentence."""

from typing import Any

import pytest
from msgspec.structs import replace

from cockpit.domain.process_problems import process_problems
from cockpit.domain.stream import AlertsView, ProcessView, TaskView

WELL = ProcessView(1, "0.1", "sim", 1.0, 1.0, (), (), 0, 0, 0, "", True, 0, "", "", "", None)


def test_a_process_that_is_well_has_none() -> None:
    assert process_problems(WELL) == []
    assert process_problems(replace(WELL, tasks=(TaskView("clock", "running", 0, None, ""),))) == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            {"tasks": (TaskView("market", "backing_off", 1, 0.2, "OSError: gone"),)},
            "task market is backing_off: OSError: gone",
        ),
        ({"faults": 2, "last_fault": "KeyError: x"}, "2 engine faults, the last: KeyError: x"),
        (
            {"journal_ok": False, "journal_error": "disk full", "journal_pending": 7},
            "journal: disk full, 7 records wait",
        ),
        ({"recording_error": "disk full"}, "recording: disk full"),
        ({"alerts": AlertsView(ok=False, failed=3, last_error="ntfy: 500")}, "alerts: ntfy: 500 (3 failed)"),
    ],
)
def test_what_is_wrong_is_one_sentence(wrong: dict[str, Any], sentence: str) -> None:
    assert process_problems(replace(WELL, **wrong)) == [sentence]
