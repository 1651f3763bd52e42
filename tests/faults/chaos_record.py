"""A session's verdict as a line of a file, and what many of them say."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.faults.chaos_verdict import DOUBLED, MISBOOKED, ORPHANED, OTHER, Problem, Verdict

NO_VERDICT = "no verdict"


class Record(NamedTuple):
    """How a session on a pair of venues went. `beside_others`: somebody else held positions on the account too."""

    pair: str
    seed: int
    bare_s: float
    beside_others: bool
    problems: tuple[Problem, ...]

    @classmethod
    def of(cls, pair: str, seed: int, beside_others: bool, verdict: Verdict) -> "Record":
        return cls(pair, seed, round(verdict.bare_s, 3), beside_others, verdict.problems)

    @classmethod
    def of_line(cls, line: str) -> "Record":
        read = json.loads(line)
        return cls(**read | {"problems": tuple(Problem(*problem) for problem in read["problems"])})

    @classmethod
    def without_verdict(cls, pair: str, seed: int, why: str) -> "Record":
        return cls(pair, seed, 0.0, False, (Problem(OTHER, f"{NO_VERDICT}: {why}"),))

    @property
    def has_verdict(self) -> bool:
        """False where its process hung or died: it is played again then."""
        return not any(problem.sentence.startswith(NO_VERDICT) for problem in self.problems)

    @property
    def line(self) -> str:
        return json.dumps(self._asdict())

    @property
    def report(self) -> str:
        """How it is played again, and what did not hold."""
        sentences = "; ".join(" ".join(filter(None, problem)) for problem in self.problems)
        return f"chaos_run {self.pair} {self.seed}: {sentences}"


def read_records(path: Path) -> dict[tuple[str, int], Record]:
    """By pair and seed, the newest of each. A last line that was cut off is played again."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    records = [Record.of_line(line) for line in lines if line.endswith("\n")]
    return {(record.pair, record.seed): record for record in records}


def report_of_all(records: Sequence[Record]) -> str:
    """Those that failed, and the one line on all of them."""
    failed = [record for record in records if record.problems]
    kinds = Counter(problem.kind for record in records for problem in record.problems)
    counts = ", ".join(f"{kinds[kind]} {kind}" for kind in (DOUBLED, ORPHANED, MISBOOKED))
    pairs = " and ".join(f"{number} on {pair}" for pair, number in Counter(one.pair for one in records).items())
    ours_s = _longest_s([record for record in records if not record.beside_others])
    others = [record for record in records if record.beside_others]
    bare = f"longest bare {ours_s:.2f} s ({_longest_s(others):.2f} s in {len(others)} beside positions of others)"
    return "\n".join((*(one.report for one in failed), f"{pairs}: {bare}, {counts}; {len(failed)} failed"))


def _longest_s(records: Sequence[Record]) -> float:
    return max((record.bare_s for record in records), default=0.0)
