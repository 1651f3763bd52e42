"""A long run of chaos: what is left to play, what is kept of it, and what it says at the end."""

import sys
from pathlib import Path

import pytest

from tests.faults import chaos_long
from tests.faults.chaos_long import Results, Share, play, shares
from tests.faults.chaos_record import Record, read_records, report_of_all
from tests.faults.chaos_verdict import DOUBLED, OTHER, Problem

FAILED = Record("second", 7, 1.25, True, (Problem(OTHER, "okx BTC naked"), Problem(DOUBLED, "an id twice")))
WHOLE = Record("loopback", 7, 0.5, False, ())
PRINTED = """
import sys, time
pair, *seeds = sys.argv[1:]
for seed in seeds:
    if seed == "3":
        {trouble}
    of_it = '"bare_s": 0.1, "beside_others": false, "problems": []'
    print('{{"pair": "%s", "seed": %s, %s}}' % (pair, seed, of_it), flush=True)
"""


def test_the_pairs_take_turns_and_what_was_played_is_not_played_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chaos_long, "A_PLAYERS_SESSIONS", 2)
    done = [("loopback", 2), ("second", 1), ("second", 2)]
    assert shares(["loopback", "second"], [1, 2, 3], done) == [
        Share("loopback", (1,)),
        Share("loopback", (3,)),
        Share("second", (3,)),
    ]


def test_a_record_is_read_as_it_was_written_and_half_a_line_is_none(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.jsonl"
    assert read_records(path) == {}
    path.write_text(f"{FAILED.line}\n{WHOLE.line}\n{FAILED.line[:20]}")
    assert read_records(path) == {("second", 7): FAILED, ("loopback", 7): WHOLE}
    again = WHOLE._replace(seed=8)
    Results(path).add(again)
    assert Results(path).records == {("second", 7): FAILED, ("loopback", 7): WHOLE, ("loopback", 8): again}


def test_the_last_line_is_on_all_of_them() -> None:
    assert report_of_all([WHOLE, FAILED]) == (
        "chaos_run second 7: okx BTC naked; doubled an id twice\n"
        "1 on loopback and 1 on second: longest bare 0.50 s (1.25 s in 1 beside positions of others), "
        "1 doubled, 0 orphaned, 0 misbooked; 1 failed"
    )


@pytest.mark.parametrize(
    ("trouble", "why"), [("sys.exit(3)", "its process ended with 3"), ("time.sleep(600)", "expected it within 1")]
)
def test_a_session_that_ends_its_process_or_hangs_has_failed_and_the_next_are_played(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trouble: str, why: str
) -> None:
    monkeypatch.setattr(chaos_long, "PLAYER", (sys.executable, "-c", PRINTED.format(trouble=trouble)))
    if "sleep" in trouble:
        monkeypatch.setattr(chaos_long, "VERDICT_WITHIN_S", 1.0)
        monkeypatch.setenv("COCKPIT_TEST_PATIENCE", "1")
    found = list(play(Share("loopback", (1, 3, 4)), tmp_path))
    assert [(record.seed, bool(record.problems)) for record in found] == [(1, False), (3, True), (4, False)]
    assert why in found[1].report
    assert [record.has_verdict for record in found] == [True, False, True]
