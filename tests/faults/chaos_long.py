"""Thousands of sessions of chaos in one piece, resumable: `python -m tests.faults.chaos_long --sessions 5000`.

What is played is the commit that is checked out, from a copy of its own: the work tree may change meanwhile. Each
verdict is a line in `verdicts.jsonl`, in a directory named by the commit's tree; begun again, it goes on where it
stopped. At the end the longest bare second, and what was doubled, orphaned and misbooked, over all of them. Exit 1 if
any failed.

`--nice 15 --players 1` is for beside other work; `--cores 0` leaves the other cores alone. Seconds in a session are the
world's own: a busy machine makes it last longer, and no second in it longer.
"""

import argparse
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

from tests.checked_out import ROOT, exported, tree_of_head
from tests.faults.chaos_plan import FIRST_SEED
from tests.faults.chaos_record import Record, read_records, report_of_all
from tests.patience import patient_s, usable_cores
from tests.venue_pairs import FIRST, PAIRS, SECOND

A_PLAYERS_SESSIONS = 100
"""A process plays so many, then another one goes on: what a library keeps for ever is given back."""
PLAYER = (sys.executable, "-W", "ignore::RuntimeWarning", "-m", "tests.faults.chaos_run", "--verdicts")
VERDICT_WITHIN_S = 120.0


class Share(NamedTuple):
    """What one process plays."""

    pair: str
    seeds: tuple[int, ...]


class Results:
    """The verdicts of one tree, on the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self.records = read_records(path)
        whole = path.with_suffix(".whole")
        whole.write_text("".join(f"{record.line}\n" for record in self.records.values()), encoding="utf-8")
        whole.replace(path)  # without the line that was cut off

    def add(self, record: Record) -> None:
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            self.records[record.pair, record.seed] = record
            file.write(record.line + "\n")


def shares(pairs: Sequence[str], seeds: Sequence[int], done: Iterable[tuple[str, int]]) -> list[Share]:
    """What is still to be played, the pairs in turn, so that a run that is stopped has seen both."""
    over = set(done)
    dealt = []
    for at in range(0, len(seeds), A_PLAYERS_SESSIONS):
        for pair in pairs:
            left = tuple(seed for seed in seeds[at : at + A_PLAYERS_SESSIONS] if (pair, seed) not in over)
            dealt += [Share(pair, left)] if left else []
    return dealt


def play(share: Share, code: Path) -> Iterator[Record]:
    """The verdicts of a share. A process that hangs or dies has failed the session that it was at; another goes on."""
    left = list(share.seeds)
    while left:
        for line in (ended := _Player(share.pair, left, code)).lines():
            record = Record.of_line(line)
            left.remove(record.seed)
            yield record
        if left:
            yield Record.without_verdict(share.pair, left.pop(0), ended.why)


class _Player:
    """A process that plays, and why it ended."""

    def __init__(self, pair: str, seeds: Sequence[int], code: Path) -> None:
        self._command = [*PLAYER, pair, *map(str, seeds)]
        self._code = code
        self.why = ""

    def lines(self) -> Iterator[str]:
        environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        with subprocess.Popen(
            self._command,
            cwd=self._code,
            env=environ,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl+C is not its failure: it ends when nobody takes its next verdict
        ) as child:
            try:
                while line := self._next(child):
                    yield line
                self.why = self.why or f"its process ended with {child.wait()}"
            finally:
                child.kill()

    def _next(self, child: subprocess.Popen[str]) -> str:
        assert child.stdout is not None
        within_s = patient_s(VERDICT_WITHIN_S)

        def give_up() -> None:
            self.why = f"expected it within {within_s:g} s, was none"
            child.kill()

        timer = threading.Timer(within_s, give_up)
        timer.start()
        try:
            return child.stdout.readline()
        finally:
            timer.cancel()


def _run(results: Results, code: Path, dealt: Sequence[Share], players: int) -> None:
    queue: SimpleQueue[Share] = SimpleQueue()
    for share in dealt:
        queue.put(share)

    def keep_playing() -> None:
        with suppress(Empty):
            while True:
                share = queue.get_nowait()
                for record in play(share, code):
                    results.add(record)
                    if record.problems:
                        print(record.report, flush=True)
                print(f"{len(results.records)} played, last {share.pair} {share.seeds[-1]}", flush=True)

    threads = [threading.Thread(target=keep_playing, daemon=True) for _ in range(players)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _asked(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.chaos_long")
    parser.add_argument("--sessions", type=int, default=5_000, help="so many on each pair (default %(default)s)")
    parser.add_argument("--first", type=int, default=FIRST_SEED, help="the first seed (default %(default)s)")
    parser.add_argument("--pairs", nargs="+", choices=tuple(PAIRS), default=[FIRST, SECOND])
    parser.add_argument("--cores", help="on these alone, `0` or `0,2` (default: every one that there is)")
    parser.add_argument("--players", type=int, help="so many processes (default: as many as cores)")
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("--results", type=Path, default=ROOT / "build" / "chaos")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    asked = _asked(words)
    os.nice(asked.nice)
    if asked.cores:
        os.sched_setaffinity(0, {int(core) for core in asked.cores.split(",")})
    tree = tree_of_head()
    place = asked.results.resolve() / tree[:12]
    code = exported(place)
    results = Results(place / "verdicts.jsonl")
    seeds = range(asked.first, asked.first + asked.sessions)
    done = [where for where, record in results.records.items() if record.has_verdict]
    dealt = shares(asked.pairs, seeds, done)
    print(
        f"tree {tree[:12]}: {len(results.records)} played, {sum(len(one.seeds) for one in dealt)} to play", flush=True
    )
    try:
        _run(results, code, dealt, asked.players or usable_cores())
    except KeyboardInterrupt:
        print("stopped; begun again it goes on")
    wanted = [(pair, seed) for pair in asked.pairs for seed in seeds]
    played = [results.records[where] for where in wanted if where in results.records]
    print(report_of_all(played))
    return 1 if len(played) < len(wanted) or any(record.problems for record in played) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
