"""What the engine does with a command. Every command is answered with what was done, not with what was asked."""

from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import CommandAnswered, ModeChanged
from cockpit.domain.commands import Arm, Command, Disarm, Flatten, HaltTrading, Resume, SetMode
from cockpit.domain.kinds import Mode
from cockpit.domain.numbers import counted
from cockpit.engine.answered_ids import late_text
from cockpit.engine.book import TradeBook
from cockpit.engine.outbox import Outbox
from cockpit.engine.outside import ForeignPositions
from cockpit.engine.risk import Risk

CLIMB = (Mode.PAPER, Mode.TEST, Mode.LIVE)


class Operator:
    """The one place where arming, modes, halts and flattening are commanded from; keys, API and CLI all end here."""

    def __init__(self, config: CockpitConfig, risk: Risk, book: TradeBook, foreign: ForeignPositions) -> None:
        self._config = config
        self._risk = risk
        self._book = book
        self._foreign = foreign

    def arm(self, command: Arm, out: Outbox) -> None:
        """Let setups trade; refused while halted, flattening or disabled, and when it comes too late."""
        halt = self._risk.accountant.account.halt
        late = late_text(command.expires_ns, out.now_ns)
        if late:
            self._answer(command, False, f"not armed: {late}", out)
        elif self._risk.flattening is not None:
            self._answer(command, False, f"not armed: flattening ({self._risk.flattening.reason})", out)
        elif halt is not None:
            self._answer(command, False, f"not armed: halted ({halt.sentence}); resume with a reason first", out)
        elif command.refusal:
            self._answer(command, False, f"not armed: {command.refusal}", out)
        elif not self._config.enabled:
            self._answer(command, False, "not armed: the config says enabled = false", out)
        else:
            self._risk.armed = True
            self._answer(command, True, f"armed in {self._risk.accountant.mode.value} mode", out)

    def disarm(self, command: Disarm, out: Outbox) -> None:
        """Open nothing more; exits keep working."""
        self._risk.armed = False
        if command.takes_back_entries:
            self._book.cancel_entries(out)
        count = len(self._book)
        whose = "keeps its stop" if count == 1 else "keep their stops"
        kept = f"{counted(count, 'open trade')} {whose} and targets" if count else "no trade is open"
        self._answer(command, True, f"disarmed; {kept}", out)

    def halt(self, command: HaltTrading, out: Outbox) -> None:
        """No entries until resumed."""
        before = self._risk.accountant.account.halt
        self._risk.kill("operator", f"halted by {command.by}: {command.reason}", out, flatten=False)
        self._risk.armed = False
        halt = self._risk.accountant.account.halt
        sentence = before.sentence if before is not None else (halt.sentence if halt else "")
        self._answer(command, True, sentence, out, command.reason)

    def resume(self, command: Resume, out: Outbox) -> None:
        """Clear a halt after review. Needs a reason; leaves the engine disarmed."""
        halt = self._risk.accountant.account.halt
        late = late_text(command.expires_ns, out.now_ns)
        if late:
            self._answer(command, False, f"not resumed: {late}", out)
        elif self._risk.flattening is not None:
            self._answer(command, False, f"not resumed: flattening ({self._risk.flattening.reason})", out)
        elif halt is None:
            self._answer(command, False, f"nothing to resume: the engine is {self._risk.state.value}", out)
        elif not command.reason.strip():
            self._answer(command, False, f"expected a reason to resume from: {halt.sentence}; was none", out)
        else:
            self._risk.accountant.reviewed(self._book.open_usd())
            self._answer(command, True, f"resumed, still disarmed: arm to trade ({halt.sentence})", out, command.reason)

    def flatten(self, command: Flatten, out: Outbox) -> None:
        """Close everything, then stay halted. Never refused."""
        if self._risk.flattening is not None:
            self._answer(command, True, f"already flattening ({self._risk.flattening.reason})", out, command.reason)
            return
        reason = f"flatten by {command.by}: {command.reason}"
        count = len(self._book)
        self._risk.kill("flatten", reason, out, flatten=False)
        self._risk.flatten(reason, out)
        self._answer(command, True, f"flattening {counted(count, 'open trade')}", out, command.reason)

    def set_mode(self, command: SetMode, out: Outbox) -> None:
        """Change the mode: never with trades open, never up without the journal's evidence or an explicit override."""
        before = self._risk.accountant.mode
        refusal = self._mode_refusal(command, before, out.now_ns)
        if refusal:
            self._answer(command, False, refusal, out, command.override_reason)
            return
        if command.mode is not before:
            self._risk.armed = False
            self._risk.accountant.change_mode(command.mode, out.now_ns)
            self._foreign.clear()
            if Mode.PAPER in (before, command.mode):
                self._risk.venue_notices.begin(command.unread, out)
            how = f"override: {command.override_reason}" if command.override_reason else "asked"
            out.add(ModeChanged(out.now_ns, before, command.mode, f"{how} by {command.by}"))
        sentence = f"{command.mode.value} mode, {self._risk.state.value}"
        self._answer(command, True, sentence, out, command.override_reason)

    def _mode_refusal(self, command: SetMode, before: Mode, now_ns: int) -> str | None:
        climbs = CLIMB.index(command.mode) > CLIMB.index(before)
        late = late_text(command.expires_ns, now_ns) if climbs else ""
        if late:
            return f"mode stays {before.value}: {late}"
        if self._risk.flattening is not None:
            return f"mode stays {before.value}: flattening"
        if len(self._book):
            return f"mode stays {before.value}: {counted(len(self._book), 'trade')} open, expected 0"
        if command.refusal:
            return f"mode stays {before.value}: {command.refusal}"
        if climbs and not command.way_up_open and not command.override_reason.strip():
            return (
                f"mode stays {before.value}: the way up to {command.mode.value} is locked until the journal shows "
                "the evidence (see the report), or an override reason is given"
            )
        return None

    def _answer(self, command: Command, ok: bool, sentence: str, out: Outbox, reason_given: str = "") -> None:
        name = type(command).__struct_config__.tag
        out.add(CommandAnswered(out.now_ns, command.command_id, command.by, str(name), ok, sentence, reason_given))
        self._risk.announce(out)
