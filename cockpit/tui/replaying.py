"""What the replay keys ask for, and what the status line says of a recording that is played."""

from typing import NamedTuple

from cockpit.domain.stream import ProcessView

SPEEDS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 0.0)
"""From slow to fast; 0 is as fast as it goes."""
HELD = "held"
STATUS_TEXTS = {HELD: "PAUSED", "seeking": "TO VERDICT", "ended": "ENDED"}


class Asked(NamedTuple):
    """One call of the engine's replay route."""

    action: str
    speed: float | None = None


def asked(key: str, process: ProcessView) -> Asked:
    """What a key asks of the recording, as it is played now. Keys: pause, step, verdict, slower, faster."""
    match key:
        case "pause":
            return Asked("resume" if process.replay == HELD else "pause")
        case "step":
            return Asked("step")
        case "verdict":
            return Asked("next_verdict")
        case "slower":
            return Asked("speed", slower(process.speed))
        case _:
            return Asked("speed", faster(process.speed))


def faster(speed: float) -> float:
    """The next speed up, or the same at the top."""
    return next((known for known in SPEEDS if _rank(known) > _rank(speed)), speed)


def slower(speed: float) -> float:
    """The next speed down, or the same at the bottom."""
    return next((known for known in reversed(SPEEDS) if _rank(known) < _rank(speed)), speed)


def text(process: ProcessView | None) -> str:
    """`REPLAY PAUSED`, `REPLAY 10x`; empty where no recording is played."""
    if process is None or not process.replay:
        return ""
    how = STATUS_TEXTS.get(process.replay) or (f"{process.speed:g}x" if process.speed else "UNPACED")
    return f"REPLAY {how}"


def _rank(speed: float) -> float:
    return speed or float("inf")
