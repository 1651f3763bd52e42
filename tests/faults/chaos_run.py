"""Playing sessions of chaos by their seeds; alone: `python -m tests.faults.chaos_run SEED [SEED ...]`."""

import asyncio
import logging
import sys
import tempfile
from pathlib import Path

from tests.faults.chaos import OVERRIDES, Chaos
from tests.faults.chaos_plan import plan_of
from tests.faults.chaos_verdict import verdict
from tests.faults.generation import mark_what_belongs
from tests.faults.jumping_loop import JumpingLoop
from tests.faults.stage import Stage
from tests.faults.world import real_config, world


def run(seed: int) -> list[str]:
    """What does not hold at the end of that session; empty where all is well."""
    logging.disable(logging.CRITICAL)
    try:
        with tempfile.TemporaryDirectory(prefix="chaos") as home, asyncio.Runner(loop_factory=JumpingLoop) as runner:
            return runner.run(_session(seed, Path(home)))
    finally:
        logging.disable(logging.NOTSET)


async def _session(seed: int, home: Path) -> list[str]:
    async with world() as made:
        mark_what_belongs(made.loop)
        stage = Stage(made, home, real_config(*OVERRIDES))
        stage.screen.draws = False
        await stage.begin()
        await stage.ready()
        chaos = Chaos(stage, plan_of(seed))
        try:
            await chaos.play()
            return verdict(chaos)
        except Exception as error:
            return [f"{type(error).__name__}: {error}"]
        finally:
            await stage.generation.stop()


def told(seed: int, problems: list[str]) -> str:
    """What to read when a session fails."""
    return "\n".join((f"COCKPIT_CHAOS_SEED={seed}", *problems, str(plan_of(seed))))


if __name__ == "__main__":
    for word in sys.argv[1:]:
        found = run(int(word))
        print(told(int(word), found) if found else f"seed {word}: well")
