"""Hundreds of random configs, event by event and in columns, resumable: `python -m tests.research.exactness_long`.

`--configs 500` are on days of three kinds in turn: the recorded minutes of 2024-08-08 (`COCKPIT_REAL_DATA`), generated
days, and generated days whose readings fall silent; `--large 20 --rows 10000000` more are on generated days of so many
rows. What is run is the commit that is checked out, from a copy of its own: the work tree may change meanwhile. Each
config is a line in `results.jsonl`, in a directory named by the commit's tree; begun again, it goes on where it was.
Another `--first` is other configs. Exit 1 if any two differ; then `--only KIND:SEED` runs that one again.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec

from cockpit.config.load import load_config
from cockpit.config.model import CockpitConfig
from cockpit.domain.events import ReadingEvent
from cockpit.history.checking import days_between
from cockpit.research.assumptions import Assumptions
from cockpit.research.backtest import tapes
from cockpit.research.column_run import ColumnRun
from cockpit.research.day_columns import DayColumns
from cockpit.research.readings import held_readings
from cockpit.research.run import Run
from cockpit.research.tape import Tape
from tests.checked_out import ROOT, exported, tree_of_head
from tests.conftest import SHIPPED_CONFIG
from tests.history.shelf import Shelf
from tests.research.generated import DAY, PRICES, tape_of, whole_day_of, without_readings
from tests.research.random_rules import random_rules

CAPTURE = "usdm_btcusdt_20240808.gz"
CAPTURED_AT = 61_715.0
"""The middle of the recorded prices."""
RECORDED, GENERATED, SILENT, LARGE = "recorded", "generated", "silent", "large"
ON_ONE_DAY = 4
"""So many configs of one seed share the columns of its days, as the settings of a sweep do."""
NAMED = ("COCKPIT_REAL_DATA",)


class Job(NamedTuple):
    """The configs of one seed on days of one kind."""

    kind: str
    seed: int
    configs: int


class Case(NamedTuple):
    """One config, the assumptions it is run with, and what stands in for readings that no history has."""

    config: CockpitConfig
    assumptions: Assumptions
    held: Sequence[ReadingEvent] = ()


class Days(NamedTuple):
    """What the configs of a job run on."""

    cases: Sequence[Case]
    tapes: Sequence[Tape]


def jobs(configs: int, large: int, first: int, kinds: Sequence[str]) -> Iterator[Job]:
    """Kinds in turn, a large day after every tenth part of the others."""
    seed, left, every = first, large, max(ON_ONE_DAY, configs // max(1, large // ON_ONE_DAY) or 1)
    for at in range(0, configs, ON_ONE_DAY):
        yield Job(kinds[seed % len(kinds)], seed, min(ON_ONE_DAY, configs - at))
        seed += 1
        if left and (at + ON_ONE_DAY) % every < ON_ONE_DAY:
            yield Job(LARGE, seed, min(ON_ONE_DAY, left))
            seed, left = seed + 1, left - min(ON_ONE_DAY, left)
    while left:
        yield Job(LARGE, seed, min(ON_ONE_DAY, left))
        seed, left = seed + 1, left - min(ON_ONE_DAY, left)


def days_of(job: Job, rows: int, store: Shelf | None) -> Days:
    """The same for the same job."""
    numbers, shipped = random.Random(f"{job.kind} {job.seed}"), load_config(SHIPPED_CONFIG)
    price = CAPTURED_AT if job.kind == RECORDED else PRICES["BTC"]
    pessimism = numbers.choice([0.0, 0.5, 1.0, 1.0, 2.5])
    away_bps = numbers.choice([None, None, 3.0, 10.0])
    cases = [
        Case(
            random_rules(numbers, shipped, price),
            Assumptions(
                pessimism=pessimism,  # the modelled tops, which all cases share, are made by it
                seed=numbers.randrange(2**31),
                bands_away_bps=away_bps,
                resumes_daily=numbers.random() < 0.7,
            ),
        )
        for _ in range(job.configs)
    ]
    config, assumptions, _ = cases[0]
    if job.kind == RECORDED:
        assert store is not None
        days = days_between(store, None, None)
        made = [tape for tape in tapes(store, config, days, assumptions) if len(tape)]
        start_ns = int(made[0].clock[0])
        cases = [case._replace(held=held_readings(case.config, store, days, start_ns)) for case in cases]
        return Days(cases, made)
    with_tops = numbers.random() < 0.6
    if job.kind == LARGE:
        return Days(cases, [whole_day_of(config, assumptions, job.seed, rows, with_tops=with_tops)])
    assets = numbers.choice([("BTC",), ("BTC", "ETH"), ("ETH", "XRP", "BTC", "SOL")])
    made = [
        tape_of(
            config, assumptions, job.seed, day=day, assets=assets, with_tops=with_tops,
            count=numbers.choice([1_500, 3_000, 8_000]), span_s=numbers.choice([600.0, 1_800.0]),
        )
        for day in (DAY, DAY + 1)
    ]  # fmt: skip
    if job.kind == SILENT:
        made = [_with_silences(tape, numbers) for tape in made]
    return Days(cases, made)


def _with_silences(tape: Tape, numbers: random.Random) -> Tape:
    kept = numbers.uniform(0.1, 0.8)
    return without_readings(tape, [(place, one) for place, one in tape.readings.items() if numbers.random() < kept])


def compared(days: Days) -> Iterator[dict[str, Any]]:
    """Each config both ways: what came of it, and in what the two differ."""
    start_ns = int(days.tapes[0].clock[0])
    by_event = [Run(case.config, case.assumptions, start_ns, case.held) for case in days.cases]
    began_s = time.process_time()
    for tape in days.tapes:
        _hand_over(by_event, tape)
    event_s = (time.process_time() - began_s) / len(days.cases)
    columns = [DayColumns(tape) for tape in days.tapes]
    for number, case in enumerate(days.cases):
        began_s = time.process_time()
        by_column = ColumnRun(case.config, case.assumptions, start_ns, case.held)
        if number % 2:
            by_column.sample_guards()
        for tape, shared in zip(days.tapes, columns, strict=True):
            by_column.share(shared)
            by_column.day(tape)
        reference = by_event[number].finish()
        yield {
            "rows": sum(tape.rows for tape in days.tapes),
            "trades": len(reference.trades),
            "verdicts": len(reference.verdicts),
            "denied": sum(reference.denied_by.values()),
            "wakes": by_column.wakes,
            "event_cpu_s": round(event_s, 3),
            "column_cpu_s": round(time.process_time() - began_s, 3),
            "digest": reference.digest,
            "differs": differences(by_event[number], by_column),
        }


def _hand_over(runs: Sequence[Run], tape: Tape) -> None:
    """The events of a day are made once for all."""
    for run in runs:
        run.begin_day(tape)
    for events in tape.chunks():
        for run in runs:
            run.session.run(events)


def differences(by_event: Run, by_column: Run) -> list[str]:
    """What is not equal between the two, by name, the first of each with both values."""
    reference, other = by_event.finish(), by_column.finish()
    found = []
    for name in ("verdicts", "trades"):
        wanted, had = (msgspec.to_builtins(getattr(tally, name)) for tally in (reference, other))
        if wanted != had:
            first = next((at for at, two in enumerate(zip(wanted, had, strict=False)) if two[0] != two[1]), -1)
            found.append(f"{name} {len(wanted)} and {len(had)}, {first}: {wanted[first:][:1]} was {had[first:][:1]}")
    pairs = {
        "digest": (reference.digest, other.digest),
        "marks": (reference.marks, other.marks),
        "session": (reference.session_summary(), other.session_summary()),
        "denied": (reference.denied_by, other.denied_by),
        "halts": (by_event.halts, by_column.halts),
        "bands kept": (by_event.bands_kept, by_column.bands_kept),
    }
    return found + [f"{name}: {wanted} was {had}" for name, (wanted, had) in pairs.items() if wanted != had]


class Results:
    """The lines of one tree, on the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
        self.records = [json.loads(line) for line in lines if line.endswith("\n")]
        whole = path.with_suffix(".whole")
        whole.write_text("".join(f"{json.dumps(record)}\n" for record in self.records), encoding="utf-8")
        whole.replace(path)  # without the line that was cut off

    def has(self, job: Job, rows: int) -> bool:
        """Whether every config of the job is there."""
        wanted = self._about(job, rows).items()
        return sum(wanted <= record.items() for record in self.records) >= job.configs

    def add(self, job: Job, rows: int, found: Sequence[dict[str, Any]]) -> None:
        """A job is kept as a whole: what was kept of half of it before counts no longer."""
        records = [self._about(job, rows) | {"number": number} | record for number, record in enumerate(found)]
        with self._path.open("a", encoding="utf-8") as file:
            file.write("".join(f"{json.dumps(record)}\n" for record in records))
        self.records += records

    @staticmethod
    def _about(job: Job, rows: int) -> dict[str, Any]:
        return {"kind": job.kind, "seed": job.seed} | ({"asked_rows": rows} if job.kind == LARGE else {})


def sums(records: Sequence[dict[str, Any]]) -> str:
    """What was run, a line a kind."""
    lines = []
    for kind in sorted({record["kind"] for record in records}):
        mine = [record for record in records if record["kind"] == kind]
        total = {name: sum(record[name] for record in mine) for name in ("rows", "trades", "verdicts", "wakes")}
        differ = sum(bool(record["differs"]) for record in mine)
        lines.append(
            f"{kind}: {len(mine)} configs, {total['rows']:,} rows, {total['verdicts']:,} verdicts, "
            f"{total['trades']:,} trades, {total['wakes']:,} wakes; {differ} differ"
        )
    return "\n".join(lines)


def real_capture() -> Path | None:
    """The recorded minutes, where they are."""
    path = Path(os.environ.get("COCKPIT_REAL_DATA") or ROOT.parent / "shared" / "data") / CAPTURE
    return path if path.exists() else None


def _asked(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.research.exactness_long")
    parser.add_argument("--configs", type=int, default=500, help="on small days (default %(default)s)")
    parser.add_argument("--large", type=int, default=20, help="on large days (default %(default)s)")
    parser.add_argument("--rows", type=int, default=10_000_000, help="of a large day (default %(default)s)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (default %(default)s)")
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("--results", type=Path, default=ROOT / "build" / "exactness")
    parser.add_argument("--only", metavar="KIND:SEED", help="these configs alone, from the work tree as it is")
    parser.add_argument("--in-copy", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    asked = _asked(words)
    if asked.only:
        kind, seed = asked.only.split(":")
        return _run([Job(kind, int(seed), ON_ONE_DAY)], asked.rows, None)
    if asked.in_copy is None:
        return _in_copy(asked, words)
    os.nice(asked.nice)
    kinds = [RECORDED, GENERATED, SILENT] if real_capture() else [GENERATED, SILENT]
    if RECORDED not in kinds:
        print(f"without the recorded minutes: {CAPTURE} is not there", flush=True)
    results = Results(asked.in_copy / "results.jsonl")
    wanted = list(jobs(asked.configs, asked.large, asked.first, kinds))
    print(f"{len(results.records)} kept, {sum(job.configs for job in wanted)} wanted", flush=True)
    return _run(wanted, asked.rows, results)


def _in_copy(asked: argparse.Namespace, words: Sequence[str]) -> int:
    place = asked.results.resolve() / tree_of_head()[:12]
    capture = real_capture()
    environ = os.environ | ({"COCKPIT_REAL_DATA": str(capture.parent.resolve())} if capture else {})
    command = [sys.executable, "-m", "tests.research.exactness_long", *words, "--in-copy", str(place)]
    print(f"tree {place.name}", flush=True)
    return subprocess.run(command, cwd=exported(place), env=environ, check=False).returncode


def _run(wanted: Sequence[Job], rows: int, results: Results | None) -> int:
    found: list[dict[str, Any]] = []
    with TemporaryDirectory() as directory:
        store = None
        if any(job.kind == RECORDED for job in wanted):
            capture = real_capture()
            assert capture is not None
            store = Shelf(Path(directory) / "store")
            assert not store.add(capture).bad
        try:
            for job in wanted:
                if results is not None and results.has(job, rows):
                    continue
                records = list(compared(days_of(job, rows, store)))
                found += [{"kind": job.kind} | record for record in records]
                if results is not None:
                    results.add(job, rows, records)
                _print(job, records)
        except KeyboardInterrupt:
            print("stopped; begun again it goes on")
    kept = results.records if results is not None else found
    print(sums(kept))
    is_whole = results is None or all(results.has(job, rows) for job in wanted)
    return 0 if is_whole and not any(record["differs"] for record in kept) else 1


def _print(job: Job, records: Sequence[dict[str, Any]]) -> None:
    trades, rows = sum(record["trades"] for record in records), records[0]["rows"]
    print(f"{job.kind} {job.seed}: {len(records)} configs x {rows:,} rows, {trades} trades", flush=True)
    for number, record in enumerate(records):
        for sentence in record["differs"]:
            print(f"  DIFFERS {job.kind}:{job.seed} config {number}: {sentence}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
