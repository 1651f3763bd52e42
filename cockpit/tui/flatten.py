"""The emergency key: two presses, then whatever the engine does, step by step, until it says FLAT."""

from dataclasses import dataclass
from enum import StrEnum

from cockpit.domain.kinds import EngineState
from cockpit.domain.snapshot import Snapshot
from cockpit.tui.numbers import lasting, money

CONFIRM_WITHIN_S = 3.0
SHELL_ROAD = "in a shell: cockpit flatten"


class Stage(StrEnum):
    """Where the flow stands."""

    IDLE = "idle"
    ASKED = "asked"
    SENT = "sent"
    ENGINE_ACTS = "engine_acts"
    FAILED = "failed"
    FLAT = "flat"


@dataclass(slots=True)
class FlattenFlow:
    """Pressed, confirmed, sent, flat. Times are the screen's own clock, in seconds. `presses` is 1 or 2."""

    presses: int = 2
    stage: Stage = Stage.IDLE
    at_s: float = 0.0
    failure: str = ""

    def press(self, now_s: float) -> bool:
        """A press of the key; True when the command is to be sent now."""
        self.tick(now_s)
        if self.presses == 1 or self.stage is Stage.ASKED:
            self.stage, self.at_s, self.failure = Stage.SENT, now_s, ""
            return True
        self.stage, self.at_s = Stage.ASKED, now_s
        return False

    def tick(self, now_s: float) -> None:
        """An unconfirmed press is forgotten after three seconds."""
        if self.stage is Stage.ASKED and now_s - self.at_s > CONFIRM_WITHIN_S:
            self.stage = Stage.IDLE

    def failed(self, sentence: str) -> None:
        """The command did not get through, or nobody knows whether it did."""
        self.stage, self.failure = Stage.FAILED, sentence

    def see(self, snapshot: Snapshot, steps: list[str]) -> None:
        """Follow what the engine says; somebody else may have flattened too."""
        if snapshot.state is EngineState.FLATTENING:
            self.stage = Stage.ENGINE_ACTS
        elif self.stage in (Stage.ENGINE_ACTS, Stage.SENT, Stage.FAILED) and _ended_flat(steps, snapshot):
            self.stage = Stage.FLAT

    def dismiss(self) -> None:
        """The operator has read it. What is still under way stays in sight."""
        if self.stage in (Stage.ASKED, Stage.FLAT, Stage.FAILED):
            self.stage = Stage.IDLE

    def rows(self, snapshot: Snapshot | None, steps: list[str], now_s: float) -> list[tuple[str, str]]:
        """What to show, as (text, role) rows; nothing while idle."""
        after = lasting(now_s - self.at_s)
        match self.stage:
            case Stage.IDLE:
                return []
            case Stage.ASKED:
                return [(f" FLATTEN? press again within 3 s: {at_stake(snapshot)} ", "alarm")]
            case Stage.SENT:
                return [(f" FLATTEN sent {after} ago, no answer yet ", "alarm"), *_told(steps)]
            case Stage.ENGINE_ACTS:
                return [(" FLATTENING: not flat yet ", "alarm"), *_told(steps)]
            case Stage.FAILED:
                return [
                    (f" FLATTEN DID NOT GET THROUGH: {self.failure} ", "alarm"),
                    (f"{SHELL_ROAD}  (or press again)", "bad"),
                ]
            case Stage.FLAT:
                return [("FLAT: every venue said so, twice. Halted: r resumes, Esc hides this", "good"), *_told(steps)]


def at_stake(snapshot: Snapshot | None) -> str:
    """What a flatten would close."""
    if snapshot is None:
        return "positions unknown, everything is closed"
    count = len(snapshot.open_trades)
    trades = "1 open trade" if count == 1 else f"{count} open trades"
    return f"closes {trades}, {money(snapshot.exposure_usd)} USD, at market, then halts"


def _ended_flat(steps: list[str], snapshot: Snapshot) -> bool:
    return bool(steps) and steps[-1].endswith("FLAT") and snapshot.state is not EngineState.FLATTENING


def _told(steps: list[str]) -> list[tuple[str, str]]:
    return [(f"  {step}", "text") for step in steps]
