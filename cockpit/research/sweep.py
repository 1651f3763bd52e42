"""A sweep on its way: batches of settings handed to workers, every finished one kept, a killed one gone on with.

`DIR/plan.json` says what is tried and by which code, `DIR/trials/*.parquet` hold what came of it. Which settings a
batch has is decided by the plan alone, so one core and a cluster come to the same numbers; a search that learns (TPE)
is told the results of a batch in their order, whoever was first.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from cockpit import __version__
from cockpit.history.errors import HistoryError
from cockpit.history.store import Store
from cockpit.journal.build import code_digest
from cockpit.research.sweep_plan import Plan, Setting, Span
from cockpit.research.trial import Batch, Trial, run_batch, setting_text

WORKERS_LOST = 5
"""So many times the local workers may die before the sweep gives up: something kills every one of them."""

Progress = Callable[[int], None]
"""Told how many trials are finished by now."""


class Workers(Protocol):
    """Whoever runs batches."""

    def run(self, batches: Sequence[Batch]) -> Iterator[list[Trial]]:
        """Each batch's trials, in whatever order they are finished; a worker that dies costs its batch no result."""

    def close(self) -> None:
        """Nothing more is asked of them."""


class LocalWorkers:
    """Processes of this machine."""

    def __init__(self, count: int) -> None:
        self._count = count

    def run(self, batches: Sequence[Batch]) -> Iterator[list[Trial]]:
        """A pool whose processes were killed is made anew, and what they had not finished is tried again."""
        if self._count == 1:
            yield from map(run_batch, batches)
            return
        left, lost = dict(enumerate(batches)), 0
        while left:
            try:
                for number, trials in self._pooled(dict(left)):
                    del left[number]
                    yield trials
            except BrokenProcessPool as error:
                lost += 1
                if lost >= WORKERS_LOST:
                    raise HistoryError(
                        f"expected workers that live, {lost} were killed: {len(left)} batches left"
                    ) from error

    def close(self) -> None:
        """Nothing of it is left."""

    def _pooled(self, batches: dict[int, Batch]) -> Iterator[tuple[int, list[Trial]]]:
        with ProcessPoolExecutor(self._count, mp_context=get_context("spawn")) as pool:
            running: dict[Future[list[Trial]], int] = {}
            waiting = iter(batches.items())
            while True:
                for number, batch in waiting:
                    running[pool.submit(run_batch, batch)] = number
                    if len(running) >= 2 * self._count:
                        break
                if not running:
                    return
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield running.pop(future), future.result()


class ClusterWorkers:
    """An existing Dask cluster; the history must be at the same path for every worker."""

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            raise HistoryError(
                "expected the cluster extra, was not installed: pip install 'cockpit-perps[cluster]'"
            ) from error
        try:
            self._client: Any = Client(address, timeout="20s")
        except (OSError, ValueError) as error:
            raise HistoryError(
                f"expected a Dask scheduler at {address}, was {error or type(error).__name__}"
            ) from error

    def run(self, batches: Sequence[Batch]) -> Iterator[list[Trial]]:
        """The scheduler gives a dead worker's batches to another one; a batch it gives up is handed to it anew."""
        from distributed import KilledWorker, as_completed

        lost = 0
        running = {self._submit(batch): batch for batch in batches}
        finished = as_completed(list(running))
        for future in finished:
            batch = running.pop(future)
            try:
                trials: list[Trial] = future.result()
            except KilledWorker as error:
                lost += 1
                if lost >= WORKERS_LOST:
                    left = len(running) + 1
                    raise HistoryError(f"expected workers that live, was killed again: {left} batches left") from error
                again = self._submit(batch)
                running[again] = batch
                finished.add(again)
            else:
                yield trials
            future.release()

    def _submit(self, batch: Batch) -> Any:
        return self._client.submit(run_batch, batch, pure=False, retries=WORKERS_LOST)

    def close(self) -> None:
        """Leave the cluster as it was."""
        self._client.close()


def data_digest(store: Store, days: range) -> str:
    """What tells the history under a sweep apart: which files every day of it was made of."""
    digest = hashlib.sha256()
    for series in store.series():
        for day in store.days(series):
            if days.start - 2 <= day < days.stop and (about := store.about(series, day)) is not None:
                digest.update(f"{series.text} {day} {about.rows} {[one.sha256 for one in about.sources]}".encode())
    return digest.hexdigest()


class Kept:
    """A sweep's directory. Raises `HistoryError` where it holds another plan's trials, or another code's."""

    def __init__(self, directory: Path, plan: Plan, template: Batch, data: str) -> None:
        self.directory = directory
        self._trials = directory / "trials"
        mine = {"plan": json.loads(plan.model_dump_json(by_alias=True)), "version": __version__, "build": code_digest()}
        mine["config"] = hashlib.sha256(template.config_json.encode()).hexdigest()
        mine["data"] = data + (Path(template.bands).read_text(encoding="utf-8") if template.bands else "")
        note = directory / "plan.json"
        if note.exists():
            there = _read_note(note)
            for name in ("plan", "build", "config", "data"):
                if there.get(name) != mine[name]:
                    was = f"was another {name}"
                    raise HistoryError(f"{directory}: expected the {name} of this sweep, {was}: name another --out")
        else:
            with _written(directory):
                self._trials.mkdir(parents=True, exist_ok=True)
                part = note.with_suffix(".part")
                part.write_text(json.dumps(mine, indent=2), encoding="utf-8")
                part.replace(note)

    def trials(self) -> dict[int, Trial]:
        """Every finished trial by its number."""
        found: dict[int, Trial] = {}
        for path in sorted(self._trials.glob("*.parquet")):
            try:
                trials = [msgspec.convert(row, Trial) for row in pq.read_table(path).to_pylist()]
            except (OSError, pa.ArrowException, msgspec.ValidationError) as error:
                was = " ".join(str(error).split())
                raise HistoryError(f"{path}: expected kept trials, was {was}: delete it to try them again") from error
            found.update({trial.number: trial for trial in trials})
        return found

    def add(self, trials: Sequence[Trial]) -> None:
        """Keep a batch's trials: from now on they are not tried again."""
        numbers = [trial.number for trial in trials]
        path = self._trials / f"{min(numbers):07d}-{max(numbers):07d}.parquet"
        part = path.with_suffix(".part")
        rows = [msgspec.to_builtins(trial) for trial in trials]
        with _written(self.directory):
            pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), part, compression="zstd")
            part.replace(path)


def _read_note(note: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(note.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError) as error:
        raise HistoryError(f"{note}: expected the note of a sweep, was {error}: name another --out") from error


@contextmanager
def _written(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        was = error.strerror or error
        raise HistoryError(f"{directory}: expected to keep trials there, was {was}: what is kept stays") from error


_INTS, _FLOATS, _TEXTS = pa.list_(pa.int64()), pa.list_(pa.float64()), pa.list_(pa.string())
SCHEMA = pa.schema(
    [
        ("number", pa.int64()),
        ("setting", pa.string()),
        ("refused", pa.string()),
        ("digest", pa.string()),
        ("trades", pa.int64()),
        ("mean_r", pa.float64()),
        ("sum_r", pa.float64()),
        ("sharpe_r", pa.float64()),
        ("net_usd", pa.float64()),
        ("max_drawdown_r", pa.float64()),
        ("rows", pa.int64()),
        ("trade_ns", _INTS),
        ("closed_ns", _INTS),
        ("trade_r", _FLOATS),
        ("trade_setup", _TEXTS),
    ]
)


def run_sweep(
    plan: Plan, template: Batch, kept: Kept, workers: Workers, progress: Progress | None = None
) -> list[Trial]:
    """Try everything that was not tried yet; returns every trial in its order."""
    done = kept.trials()
    if plan.search == "tpe":
        return _learnt(plan, template, kept, workers, done, progress)
    settings = list(enumerate(plan.settings()))
    groups = [settings[first : first + plan.at_once] for first in range(0, len(settings), plan.at_once)]
    _try(template, groups, kept, workers, done, progress)
    return [done[number] for number, _ in settings]


def _try(
    template: Batch,
    groups: Sequence[Sequence[tuple[int, Setting]]],
    kept: Kept,
    workers: Workers,
    done: dict[int, Trial],
    progress: Progress | None,
) -> None:
    """The groups that are not finished, each as a batch of what it lacks."""
    left = [[one for one in group if one[0] not in done] for group in groups]
    batches = [msgspec.structs.replace(template, settings=group) for group in left if group]
    for trials in workers.run(batches):
        kept.add(trials)
        done.update({trial.number: trial for trial in trials})
        if progress is not None:
            progress(len(done))


def _learnt(
    plan: Plan, template: Batch, kept: Kept, workers: Workers, done: dict[int, Trial], progress: Progress | None
) -> list[Trial]:
    """A TPE search: it asks for a group, hears what came of it, and asks again. Gone on with, it asks the same."""
    try:
        import optuna
    except ImportError as error:
        raise HistoryError(
            "expected the search extra, was not installed: pip install 'cockpit-perps[search]'"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=plan.seed))
    total = plan.trials or 0
    for first in range(0, total, plan.at_once):
        asked = [study.ask() for _ in range(min(plan.at_once, total - first))]
        group = [(first + at, _suggested(trial, plan)) for at, trial in enumerate(asked)]
        for number, setting in group:
            if number in done and done[number].setting != setting_text(setting):
                raise HistoryError(f"{kept.directory}: expected trial {number} as {setting_text(setting)}, was another")
        _try(template, [[one] for one in group], kept, workers, done, progress)
        for (number, _), trial in zip(group, asked, strict=True):
            value = done[number].objective(plan.objective, plan.fewest_trades)
            if value == float("-inf"):
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
            else:
                study.tell(trial, value)
    return [done[number] for number in range(total)]


def _suggested(trial: Any, plan: Plan) -> Setting:
    setting: Setting = {}
    for name, values in plan.vary.items():
        if isinstance(values, Span):
            drawn = trial.suggest_float(name, values.low, values.high, step=values.step, log=values.log)
            setting[name] = Span.snapped(drawn)
        else:
            setting[name] = trial.suggest_categorical(name, values)
    return setting
