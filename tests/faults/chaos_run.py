"""Playing sessions of chaos by their seeds, in here: `python -m tests.faults.chaos_run [PAIR] SEED[-LAST] ...`.

With `--verdicts` before them each verdict is a line for `chaos_long`.
"""

import asyncio
import gc
import logging
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests import venue_pairs
from tests.faults.chaos import OVERRIDES, Chaos
from tests.faults.chaos_plan import Plan, plan_of
from tests.faults.chaos_record import Record
from tests.faults.chaos_verdict import OTHER, Problem, Verdict, summary, verdict
from tests.faults.generation import mark_what_belongs
from tests.faults.jumping_loop import JumpingLoop
from tests.faults.stage import Stage
from tests.faults.world import real_config, world

COLLECT_EVERY = 20
"""What killed engines left half done is mentioned when it is collected."""
COLLECT_YOUNG_AFTER = 20_000
IN_MEMORY = Path("/dev/shm")
"""A journal's commits wait for a disk; a session ends, and its journal with it."""


def run(plan: Plan, play: type[Chaos] = Chaos) -> Verdict:
    """How that session goes; `play` is who plays it."""
    logging.disable(logging.CRITICAL)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="chaos", dir=_quick_place()) as home,
            asyncio.Runner(loop_factory=JumpingLoop) as runner,
        ):
            return runner.run(_session(plan, Path(home), play))
    finally:
        logging.disable(logging.NOTSET)


def _quick_place() -> Path | None:
    return IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None


async def _session(plan: Plan, home: Path, play: type[Chaos]) -> Verdict:
    async with world() as made:
        mark_what_belongs(made.loop)
        stage = Stage(made, home, real_config(*OVERRIDES, *plan.overrides))
        stage.screen.draws = False
        await stage.begin()
        await stage.ready()
        chaos = play(stage, plan)
        try:
            await chaos.play()
            return verdict(chaos)
        except Exception as error:
            return Verdict((Problem(OTHER, f"{type(error).__name__}: {error}"),))
        finally:
            await stage.generation.stop()


def report(plan: Plan, problems: Sequence[Problem]) -> str:
    """What to read when a session fails."""
    sentences = (" ".join(filter(None, problem)) for problem in problems)
    return "\n".join((f"COCKPIT_CHAOS_SEED={plan.seed} on {venue_pairs.chosen()}", *sentences, str(plan)))


def _seeds(words: Sequence[str]) -> Iterator[int]:
    for word in words:
        first, _, last = word.partition("-")
        yield from range(int(first), int(last or first) + 1)


def _play(seeds: Iterator[int]) -> Iterator[tuple[Plan, Verdict]]:
    """A process that does nothing else need not look again and again at all that was imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_YOUNG_AFTER)
    for number, seed in enumerate(seeds, 1):
        plan = plan_of(seed)
        yield plan, run(plan)
        if number % COLLECT_EVERY == 0:
            gc.collect()


def _main(words: list[str]) -> None:
    for_the_record = words[0] == "--verdicts"
    if for_the_record:
        words.pop(0)
    if words[0] in venue_pairs.PAIRS:
        venue_pairs.choose(words.pop(0))
    verdicts = []
    for plan, found in _play(_seeds(words)):
        verdicts.append(found)
        if for_the_record:
            print(Record.of(venue_pairs.chosen(), plan.seed, plan.has_foreign, found).line, flush=True)
        else:
            bare = f"seed {plan.seed}: bare {found.bare_s:.2f} s"
            print(report(plan, found.problems) if found.problems else bare, flush=True)
    if not for_the_record:
        print(f"{venue_pairs.chosen()}: {summary(verdicts)}")


if __name__ == "__main__":
    _main(sys.argv[1:])
