"""The engine that runs already and the one that was asked for: the same market and mode, or the screen is refused."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import pairwise

from cockpit.commands.reach import EngineAnswer, NoAnswer, ask_engine
from cockpit.config.places import Places
from cockpit.domain.kinds import Mode
from cockpit.domain.stream import ProcessView

ANSWERS_WITHIN_S = 5.0
FEED_OPTIONS = {"simulated": "sim", "live": "live"}
JUDGED = ("--mode", "--feed", "--speed")


def against_attaching(places: Places, options: Sequence[str]) -> str:
    """What stands against attaching to this profile's engine with these options of `cockpit engine`; empty: nothing."""
    wanted = _judged(options)
    if not wanted:
        return ""
    answer = asyncio.run(ask_engine(places, ANSWERS_WITHIN_S))
    if isinstance(answer, NoAnswer):
        return f"expected an engine with {_written(wanted)}, cannot tell what runs: {answer.sentence}"
    running = _running(answer)
    if all(_is_same(name, value, running[name]) for name, value in wanted.items()):
        return ""
    shown = _written({name: running[name] for name in wanted})
    return (
        f"expected an engine with {_written(wanted)}, was one with {shown} (process {answer.process.pid}): "
        "leave these out to attach to it, or end it first (cockpit stop)"
    )


def options_again(process: ProcessView, mode: Mode, options: Sequence[str]) -> list[str]:
    """What starts an engine on the market and in the mode of one that is gone: never armed, on nobody's override.

    Raises `ValueError` where what it ran on cannot be told.
    """
    kind, _, name = process.feed.partition(": ")
    feed = FEED_OPTIONS.get(kind) or _judged(options).get("--feed", "")
    if not feed:
        raise ValueError(f"expected the recording that was played, known is only its name {name}: start it by hand")
    again = ["--feed", feed, "--mode", mode.value]
    return [*again, "--speed", f"{process.speed:g}"] if feed != "live" else again


def _judged(options: Sequence[str]) -> dict[str, str]:
    return {name: value for name, value in pairwise(options) if name in JUDGED}


def _running(answer: EngineAnswer) -> dict[str, str]:
    kind, _, name = answer.process.feed.partition(": ")
    return {
        "--mode": answer.snapshot.mode.value,
        "--feed": FEED_OPTIONS.get(kind, name),
        "--speed": f"{answer.process.speed:g}",
    }


def _is_same(name: str, wanted: str, running: str) -> bool:
    if name == "--speed":
        return float(wanted) == float(running)
    return wanted == running or (name == "--feed" and wanted.endswith(f"/{running}"))


def _written(options: Mapping[str, str]) -> str:
    return " ".join(f"{name} {value}" for name, value in options.items())
