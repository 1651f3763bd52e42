"""A sweep comes to the same numbers on one core, on several, on a cluster, killed or not."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from cockpit.config.load import load_config
from cockpit.history.checking import days_between
from cockpit.history.errors import HistoryError
from cockpit.research import sweep
from cockpit.research.assumptions import Assumptions
from cockpit.research.backtest import run_backtest
from cockpit.research.sweep import ClusterWorkers, Kept, LocalWorkers, data_digest
from cockpit.research.sweep_page import write_sweep_page
from cockpit.research.sweep_plan import Plan
from cockpit.research.sweep_report import sweep_summary, sweep_text
from cockpit.research.trial import Batch, Trial, refuse_unknown_keys
from tests.conftest import SHIPPED_CONFIG
from tests.history.shelf import Shelf
from tests.research.dying import MARKS, dying_batch
from tests.research.stored import shelf_of
from tests.research.swept import EDGE, FIXED, STOP, swept, template_of

GRID = {
    "vary": {STOP: [6, 14, 28], EDGE: {"low": 59_960.0, "high": 60_020.0, "step": 20.0}},
    "set": FIXED,
    "history": {"hold_context": True},
    "fewest_trades": 1,
    "at_once": 2,
}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return shelf_of(tmp_path_factory.mktemp("days"))


@pytest.fixture(scope="module")
def serial(shelf: Shelf, tmp_path_factory: pytest.TempPathFactory) -> list[Trial]:
    return swept(shelf, Plan.model_validate(GRID), tmp_path_factory.mktemp("serial"), LocalWorkers(1))


@pytest.fixture
def marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two workers will be killed."""
    directory = tmp_path / "marks"
    directory.mkdir()
    for number in range(2):
        (directory / f"{number}.mark").touch()
    monkeypatch.setenv(MARKS, str(directory))
    monkeypatch.setattr(sweep, "run_batch", dying_batch)
    return directory


def test_a_trial_is_the_backtest_of_its_setting(shelf: Shelf, serial: list[Trial]) -> None:
    assert len(serial) == 12 and sum(trial.trades for trial in serial) >= 12
    assert len({trial.digest for trial in serial}) >= 6
    for trial in (serial[0], serial[7]):
        changes = [f"{key}={value}" for key, value in trial.values.items()]
        config = load_config(SHIPPED_CONFIG, [*FIXED, *changes])
        days = days_between(shelf, None, None)
        alone = run_backtest(shelf, config, days, Assumptions(), hold_context=True, event_by_event=True)
        assert (alone.digest, alone.r) == (trial.digest, trial.trade_r)


@pytest.mark.timeout(400)
def test_two_processes_of_which_two_are_killed(shelf: Shelf, serial: list[Trial], tmp_path: Path, marks: Path) -> None:
    assert swept(shelf, Plan.model_validate(GRID), tmp_path / "out", LocalWorkers(2)) == serial
    assert not list(marks.iterdir())


@pytest.mark.timeout(400)
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_of_three_processes_of_which_two_are_killed(
    shelf: Shelf, serial: list[Trial], tmp_path: Path, marks: Path
) -> None:
    distributed = pytest.importorskip("distributed", reason="the cluster extra is not installed")
    with distributed.LocalCluster(
        n_workers=3, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        workers = ClusterWorkers(cluster.scheduler_address)
        try:
            assert swept(shelf, Plan.model_validate(GRID), tmp_path / "out", workers) == serial
        finally:
            workers.close()
    assert not list(marks.iterdir())


class Interrupted(LocalWorkers):
    """One process, and the sweep is killed after so many batches."""

    def __init__(self, batches: int) -> None:
        super().__init__(1)
        self.left = batches
        self.tried = 0

    def run(self, batches: Sequence[Batch]) -> Iterator[list[Trial]]:
        for trials in super().run(batches):
            self.tried += len(trials)
            yield trials
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt


@pytest.mark.parametrize("search", ["grid", "random", "tpe"])
def test_a_killed_sweep_goes_on_where_it_was(shelf: Shelf, tmp_path: Path, search: str) -> None:
    if search == "tpe":
        pytest.importorskip("optuna", reason="the search extra is not installed")
    plan = Plan.model_validate(
        GRID
        | {
            "search": search,
            "trials": 6,
            "at_once": 2,
            "vary": {STOP: [6, 28], EDGE: {"low": 59_960.0, "high": 60_020.0}},
        }
        if search != "grid"
        else GRID | {"trials": 6}
    )
    whole = swept(shelf, plan, tmp_path / "whole", LocalWorkers(1))
    with pytest.raises(KeyboardInterrupt):
        swept(shelf, plan, tmp_path / "killed", Interrupted(2))
    after = Interrupted(99)
    assert swept(shelf, plan, tmp_path / "killed", after) == whole
    assert 0 < after.tried < 6
    again = Interrupted(99)
    assert swept(shelf, plan, tmp_path / "killed", again) == whole
    assert again.tried == 0


def test_another_plan_or_config_needs_another_place(shelf: Shelf, tmp_path: Path) -> None:
    plan = Plan.model_validate(GRID)
    Kept(tmp_path / "out", plan, template_of(shelf, plan), "data")
    other = Plan.model_validate(GRID | {"seed": 1})
    with pytest.raises(HistoryError, match="expected the plan of this sweep, was another plan"):
        Kept(tmp_path / "out", other, template_of(shelf, other), "data")
    with pytest.raises(HistoryError, match="expected the data of this sweep, was another data"):
        Kept(tmp_path / "out", plan, template_of(shelf, plan), "other data")
    assert len(data_digest(shelf, days_between(shelf, None, None))) == 64


def test_a_setting_that_cannot_be_is_refused_and_said(shelf: Shelf, tmp_path: Path) -> None:
    plan = Plan.model_validate(GRID | {"vary": {STOP: [6, 900]}})
    good, bad = swept(shelf, plan, tmp_path / "out", LocalWorkers(1))
    assert not good.refused and "stop_bps" in bad.refused and bad.trades == 0
    days = days_between(shelf, None, None)
    found = sweep_summary(plan, days, [good, bad])
    assert (len(found["trials"]), found["refused"]) == (2, 1)
    assert f"  refused: {bad.refused} (1 setting)" in sweep_text(found, 200)
    nothing = sweep_summary(plan, days, [bad])
    assert nothing["sentence"] == "all 1 setting refused: nothing was tried"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("setups.btc_lower_band_long.stop_bsp", "expected a key of the config, was none of it"),
        ("bands.BTC.lower.7.1", "expected"),
        ("assumptions.pesimism", "pesimism"),
    ],
)
def test_a_key_that_nothing_has_is_said_before_anything_is_tried(shelf: Shelf, key: str, said: str) -> None:
    plan = Plan.model_validate(GRID | {"vary": {key: [1, 2]}})
    with pytest.raises(HistoryError, match=rf"^vary\.{key}: .*{said}"):
        refuse_unknown_keys(template_of(shelf, plan), plan.samples)
    good = Plan.model_validate(GRID | {"vary": {STOP: [900, 6], "assumptions.pessimism": [0.5, 2]}})
    refuse_unknown_keys(template_of(shelf, good), good.samples)


def test_a_place_that_takes_no_trials_is_one_line(shelf: Shelf, tmp_path: Path) -> None:
    plan = Plan.model_validate(GRID)
    template = template_of(shelf, plan)
    (tmp_path / "file").write_text("")
    with pytest.raises(HistoryError, match=r"file/out: expected to keep trials there, was Not a directory"):
        Kept(tmp_path / "file" / "out", plan, template, "data")
    kept = Kept(tmp_path / "out", plan, template, "data")
    (tmp_path / "out" / "trials").rmdir()
    with pytest.raises(HistoryError, match=r"out: expected to keep trials there, was .*No such file"):
        kept.add([Trial(number=0, setting="{}")])


def test_what_is_kept_and_damaged_is_one_line(shelf: Shelf, tmp_path: Path) -> None:
    plan = Plan.model_validate(GRID)
    kept = Kept(tmp_path, plan, template_of(shelf, plan), "data")
    kept.add([Trial(number=0, setting="{}")])
    (path,) = (tmp_path / "trials").glob("*.parquet")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(HistoryError, match=r"parquet: expected kept trials, was .*: delete it to try them again"):
        kept.trials()
    (tmp_path / "plan.json").write_text("{")
    with pytest.raises(HistoryError, match=r"plan\.json: expected the note of a sweep, was .*: name another --out"):
        Kept(tmp_path, plan, template_of(shelf, plan), "data")


def test_a_value_that_only_its_setup_refuses_ends_no_sweep(shelf: Shelf, tmp_path: Path) -> None:
    plan = Plan.model_validate(GRID | {"vary": {"setups.btc_lower_band_long.bar_s": [5, 4]}})
    good, bad = swept(shelf, plan, tmp_path / "out", LocalWorkers(1))
    assert not good.refused and "expected a multiple of 5 s, was 4" in bad.refused and bad.trades == 0


def test_the_page_has_a_heat_map_of_each_pair_of_keys(shelf: Shelf, serial: list[Trial], tmp_path: Path) -> None:
    plan = Plan.model_validate(GRID)
    found = sweep_summary(plan, days_between(shelf, None, None), serial)
    path = tmp_path / "sweep.html"
    write_sweep_page(path, found, plan, serial)
    page = path.read_text(encoding="utf-8")
    assert found["sentence"] in page and "<script" not in page and "http" not in page.replace("http-equiv", "")
    assert f"Mean R: {STOP} down, {EDGE} across" in page
    cells = re.findall(r'<td class="heat"[^>]*>([^<]*)</td>', page)
    alike = [[one for one in serial if one.values[STOP] == stop] for stop in (6, 14, 28)]
    wanted = [one for row in alike for one in sorted(row, key=lambda trial: float(trial.values[EDGE]))]
    assert cells == [f"{one.mean_r:+.2f}" if one.trades else "no trade" for one in wanted]
    assert any("-" in cell for cell in cells) or any("+" in cell for cell in cells)
    with pytest.raises(HistoryError, match="expected to write it"):
        write_sweep_page(tmp_path, found, plan, serial)


def test_the_summary_says_what_the_best_is_worth(shelf: Shelf, serial: list[Trial]) -> None:
    plan = Plan.model_validate(GRID | {"walk_forward": {"train_days": 1, "test_days": 1}})
    found = sweep_summary(plan, days_between(shelf, None, None), serial)
    best = max(serial, key=lambda trial: (trial.mean_r if trial.trades else float("-inf"), -trial.number))
    assert found["best"]["number"] == best.number
    assert found["sentence"].startswith("best of 12: ") and "after so many tries" in found["sentence"]
    assert 0.0 <= found["deflated_sharpe"] <= 1.0 and 0.0 <= found["pbo"] <= 1.0
    assert len(found["folds"]) == 2
    assert found["out_of_sample"]["trades"] == sum(fold["test_trades"] for fold in found["folds"])
    assert [one["value"] for one in found["neighbours"][STOP]] == [6, 14, 28]
    assert len(found["heat"]["mean_r"]) * len(found["heat"]["mean_r"][0]) == 12
    json.dumps(found)
    assert sweep_text(found, 80).splitlines()[0].startswith("best of 12: ")
