"""The emergency key: two presses, then step by step until FLAT, through the engine or by the direct road."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from enum import StrEnum

from cockpit.domain.kinds import EngineState
from cockpit.domain.numbers import counted
from cockpit.domain.snapshot import Snapshot
from cockpit.tui.numbers import lasting, money

CONFIRM_WITHIN_S = 3.0
SHELL_ROAD = "in a shell: cockpit flatten"
KEY_ROAD = "{key} twice (goes to the venue), or cockpit flatten in a shell"
SHOWN_STEPS = 9
"""So many of the newest steps are shown: the banner of a lost engine has its rows below them."""
Row = tuple[str, str]


class Stage(StrEnum):
    """Where the flow stands."""

    IDLE = "idle"
    ASKED = "asked"
    SENT = "sent"
    ENGINE_ACTS = "engine_acts"
    DIRECT = "direct"
    FAILED = "failed"
    NOT_FLAT = "not_flat"
    FLAT = "flat"
    DIRECT_FLAT = "direct_flat"


class Outcome(StrEnum):
    """The direct road's last word."""

    FLAT = "flat"
    NOT_FLAT = "not flat"


DirectFlatten = Callable[[], AsyncIterator[str | Outcome]]
"""Flattens without this screen's link to the engine: a line for each step as it happens, at last the outcome."""
READ = (Stage.FLAT, Stage.DIRECT_FLAT, Stage.FAILED, Stage.NOT_FLAT)
"""What may be put out of sight; what is under way may not. A question goes by itself after three seconds: over a slow
line the key's own report may begin with what looks like Esc, and must not take its first press back."""


@dataclass(slots=True)
class FlattenFlow:
    """Pressed, confirmed, sent, flat. Times are the screen's own clock, in seconds. `presses` is 1 or 2."""

    presses: int = 2
    stage: Stage = Stage.IDLE
    at_s: float = 0.0
    failure: str = ""
    direct_steps: list[str] = field(default_factory=list)
    flat_at_s: float = 0.0

    def press(self, now_s: float) -> bool:
        """A press of the key; True when the command is to be sent now. One on the direct road is not sent again."""
        self.tick(now_s)
        if self.stage is Stage.DIRECT:
            return False
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

    def direct(self, why: str) -> None:
        """The engine cannot be asked: what is told from now on comes from the direct road."""
        self.stage, self.failure, self.direct_steps = Stage.DIRECT, why, []

    def direct_step(self, text: str, now_s: float) -> None:
        """The direct road told a step."""
        self.direct_steps.append(f"+{now_s - self.at_s:.1f} s  {text}")

    def direct_ended(self, outcome: Outcome, now_s: float) -> None:
        """The direct road's last word; where the engine is back and flattens, its own word counts."""
        if self.stage is Stage.DIRECT:
            self.stage = Stage.DIRECT_FLAT if outcome is Outcome.FLAT else Stage.NOT_FLAT
            self.flat_at_s = now_s

    def see(self, snapshot: Snapshot, steps: list[str], received_s: float) -> None:
        """Follow what a living engine says; somebody else may have flattened, resumed or traded too.

        FLAT is a statement about now, by the engine that said it: it goes the moment anything is open, ours or not,
        armed or resumed, and with that engine. What it said before the direct road ended is older.
        """
        if snapshot.state is EngineState.FLATTENING:
            self.stage = Stage.ENGINE_ACTS
        elif self.stage in (Stage.ENGINE_ACTS, Stage.SENT, Stage.FAILED) and _ended_flat(steps, snapshot):
            self.stage, self.flat_at_s = Stage.FLAT, received_s
        elif self._is_flat_no_more(snapshot, steps, received_s) or self._has_ended_unseen(snapshot, steps):
            self.stage = Stage.IDLE

    def _has_ended_unseen(self, snapshot: Snapshot, steps: list[str]) -> bool:
        """Whether it is over, and FLAT is not so any more: resumed, which no flatten under way allows, or with a trade
        in the book whose entry is still asked for.
        """
        is_halted, was_flat = snapshot.state is EngineState.HALTED, _was_flat(steps)
        if self.stage is Stage.SENT:
            return was_flat and not is_halted
        return self.stage is Stage.ENGINE_ACTS and (was_flat or not is_halted)

    def _is_flat_no_more(self, snapshot: Snapshot, steps: list[str], received_s: float) -> bool:
        """Whether FLAT is shown, the engine's word of that moment can contradict it, and it is so no more."""
        is_shown = self.stage is Stage.FLAT or (self.stage is Stage.DIRECT_FLAT and received_s > self.flat_at_s)
        return is_shown and not (is_flat_now(snapshot) and self._is_its_flat(steps))

    def _is_its_flat(self, steps: list[str]) -> bool:
        """Whether the engine that speaks now said FLAT: another one has asked no venue."""
        return self.stage is Stage.DIRECT_FLAT or _was_flat(steps)

    def dismiss(self) -> None:
        """The operator has read it. What is still under way stays in sight."""
        if self.stage in READ:
            self.stage = Stage.IDLE

    def rows(
        self, snapshot: Snapshot | None, steps: list[str], now_s: float, silent_s: float | None = None
    ) -> list[Row]:
        """What to show, as (text, role) rows; nothing while idle. `silent_s`: since when the engine says nothing."""
        after = lasting(now_s - self.at_s)
        match self.stage:
            case Stage.IDLE:
                return []
            case Stage.ASKED:
                return [(f" FLATTEN? press again within 3 s: {at_stake(snapshot)} ", "alarm")]
            case Stage.SENT:
                return [(f" FLATTEN sent {after} ago, no answer yet ", "alarm"), *_step_rows(steps)]
            case Stage.ENGINE_ACTS:
                return [(" FLATTENING: not flat yet ", "alarm"), *_step_rows(steps)]
            case Stage.FAILED:
                return [
                    (f" FLATTEN DID NOT GET THROUGH: {self.failure} ", "alarm"),
                    (f"{SHELL_ROAD}  (or press again)", "bad"),
                ]
            case Stage.FLAT if silent_s is not None:
                known = f" Was FLAT when the engine last spoke, {lasting(silent_s)} ago: what is open now is unknown "
                return [(known, "warn"), *_step_rows(steps)]
            case Stage.FLAT:
                flat = "FLAT: every venue said so, twice. Halted: r resumes, Esc hides this"
                return [(flat, "good"), *_step_rows(steps)]
            case _:
                return self._direct_rows(after)

    def _direct_rows(self, after: str) -> list[Row]:
        told = _step_rows(self.direct_steps)
        if self.stage is Stage.DIRECT_FLAT:
            return [("FLAT by the direct road. Esc hides this", "good"), *told]
        if self.stage is Stage.NOT_FLAT:
            return [(" NOT FLAT: read the last step, then press again, or look at the venue ", "alarm"), *told]
        return [
            (f" Engine silent: CLOSING AT THE VENUE DIRECTLY for {after}: not flat yet. {self.failure} ", "alarm"),
            *told,
        ]


def at_stake(snapshot: Snapshot | None) -> str:
    """What a flatten would close."""
    if snapshot is None:
        return "positions unknown, everything is closed"
    count = len(snapshot.open_trades)
    trades = counted(count, "open trade")
    return f"closes {trades}, {money(snapshot.exposure_usd)} USD, at market{foreign_too(snapshot)}, then halts"


def foreign_too(snapshot: Snapshot) -> str:
    """What is not ours and is closed with it, by name; empty where there is nothing."""
    held = [f"{view.qty:+g} {view.asset} on {view.venue}" for view in snapshot.foreign_positions]
    return f", and what is not ours: {', '.join(held)}" if held else ""


def is_flat_now(snapshot: Snapshot) -> bool:
    """Whether nothing is open and nothing can be opened: halted, and neither armed nor resumed since."""
    is_open = bool(snapshot.open_trades or snapshot.foreign_positions)
    return snapshot.state is EngineState.HALTED and not snapshot.armed and not is_open


def _ended_flat(steps: list[str], snapshot: Snapshot) -> bool:
    return _was_flat(steps) and is_flat_now(snapshot)


def _was_flat(steps: list[str]) -> bool:
    return bool(steps) and steps[-1].endswith("FLAT")


def _step_rows(steps: list[str]) -> list[Row]:
    """The newest steps, and how many came before them."""
    kept = steps if len(steps) <= SHOWN_STEPS else steps[1 - SHOWN_STEPS :]
    earlier: list[Row] = [(f"  {len(steps) - len(kept)} earlier steps", "dim")] if len(kept) < len(steps) else []
    return [*earlier, *((f"  {step}", "text") for step in kept)]
