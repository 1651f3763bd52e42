"""A wrong plan is one line: the file, the key, what was expected there and what was found."""

import json
from pathlib import Path

import pytest

from cockpit.history.errors import HistoryError
from cockpit.research.sweep_plan import read_plan

STOP = "setups.btc_lower_band_long.stop_bps"
VARY = {"vary": {STOP: [1]}}
WALK = {"train_days": 1, "test_days": 1}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"vary": {}}, "vary: expected at least one key, was none"),
        ({"vary": {STOP: []}}, f"vary.{STOP}: expected at least one value, was none"),
        ({"vary": {STOP: {"low": 1, "high": 2}}}, f"vary.{STOP}: expected a step for a grid, was none"),
        ({"vary": {STOP: {"low": 2, "high": 1}}}, f"vary.{STOP}: expected low under high, was 2 and 1"),
        ({"vary": {STOP: 4}}, f'vary.{STOP}: expected a list of values, or {{"low", "high", "step"}}, was 4'),
        ({"vary": {STOP: {"from": 2}}}, f'vary.{STOP}: expected a list of values, or {{"low", "high", "step"}}, was'),
        ({"seed": 1}, "vary: expected a value, was absent"),
        ([1], "expected an object, was [1]"),
        (VARY | {"search": "random"}, "trials: expected a number for random, was none"),
        (VARY | {"search": "best"}, "search: expected 'grid', 'random' or 'tpe', was \"best\""),
        (VARY | {"seed": -1}, "seed: expected at least 0, was -1"),
        (VARY | {"trials": "ten"}, 'trials: expected a whole number, was "ten"'),
        (VARY | {"form": "soon"}, "form: expected one of history, vary, search, trials, walk_forward, seed,"),
        (VARY | {"history": {"from": "soon"}}, "history.from: expected a day like 2024-08-08, was soon"),
        (
            VARY | {"history": {"until": ""}},
            "history.until: expected one of from, to, assets, store, hold_context, was",
        ),
        (VARY | {"walk_forward": {}}, "walk_forward.train_days: expected a value, was absent"),
        (
            VARY | {"walk_forward": WALK | {"purge_s": 86_400}},
            "walk_forward.purge_s: expected less than train_days (86,400 s), was 86,400",
        ),
    ],
)
def test_a_wrong_plan(tmp_path: Path, raw: object, said: str) -> None:
    assert refusal(tmp_path, raw)[0].startswith(said)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"keys": {STOP: [1]}}, "keys: expected vary, was keys"),
        (VARY | {"from": "2024-08-08"}, "from: expected history.from, was from"),
        (VARY | {"to": "2024-08-08"}, "to: expected history.to, was to"),
        (VARY | {"hold_context": True}, "hold_context: expected history.hold_context, was hold_context"),
        (
            VARY | {"walk_forward": WALK | {"purge_days": 1}},
            "walk_forward.purge_days: expected walk_forward.purge_s, was purge_days",
        ),
        (
            VARY | {"walk_forward": WALK | {"embargo_days": 1}},
            "walk_forward.embargo_days: expected walk_forward.embargo_s, was embargo_days",
        ),
    ],
)
def test_an_old_word_is_told_its_new_one(tmp_path: Path, raw: object, said: str) -> None:
    assert refusal(tmp_path, raw) == [said]


def refusal(tmp_path: Path, raw: object) -> list[str]:
    """The lines of the refusal, less the file's name that they begin with."""
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(HistoryError) as error:
        read_plan(path)
    assert str(error.value).startswith(f"{path}: ")
    return str(error.value).removeprefix(f"{path}: ").splitlines()


def test_a_store_counts_from_the_plans_own_directory(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    for store, found in ((None, None), ("days", str(tmp_path / "days")), ("s3://a/b", "s3://a/b"), ("/days", "/days")):
        path.write_text(json.dumps(VARY | {"history": {"store": store}}), encoding="utf-8")
        assert read_plan(path).history.store_from(path) == found
