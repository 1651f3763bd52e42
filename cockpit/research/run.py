"""One setting on its way through the days: engine, venue and operator. How a day's rows are handed over differs."""

from collections.abc import Sequence

from cockpit.config.model import CockpitConfig
from cockpit.domain.commands import Arm, Resume
from cockpit.domain.events import ReadingEvent
from cockpit.domain.units import utc_text
from cockpit.engine.machine import Engine
from cockpit.engine.session import Session
from cockpit.replay.replay import marks_of
from cockpit.replay.tally import Tally
from cockpit.research.assumptions import Assumptions
from cockpit.research.tape import Tape
from cockpit.research.venue import HistoryVenue

OPERATOR = "backtest"


class Run:
    """The reference: every row is an event of its own, in its order."""

    def __init__(
        self,
        config: CockpitConfig,
        assumptions: Assumptions,
        start_ns: int,
        held: Sequence[ReadingEvent] = (),
        tally: Tally | None = None,
    ) -> None:
        self.config = assumptions.applied_to(config)
        self.assumptions = assumptions
        self.engine = Engine(self.config, start_ns)
        self.venue = HistoryVenue(self.config, assumptions.frictions)
        self.tally = tally or Tally()
        self.session = Session(self.engine, self.venue, [self.tally])
        self.rows = self.wakes = 0
        self.halts: list[str] = []
        self._commands = 0
        for reading in held:
            self.session.feed(reading)

    def day(self, tape: Tape) -> None:
        """Hand over one day. Days come in their order; one without a row is passed over."""
        if not len(tape):
            return
        self.open_day(int(tape.clock[0]))
        self.hand_over(tape)
        self.rows += tape.rows

    def open_day(self, now_ns: int) -> None:
        """The operator begins the day: reviews a halt where he is to, and arms."""
        halt = self.engine.risk.accountant.account.halt
        if halt is not None and self.assumptions.resumes_daily:
            self.halts.append(f"{utc_text(halt.ts_ns)} {halt.sentence}")
            self.session.feed(Resume(now_ns, self._command_id(), OPERATOR, "a new day, reviewed"))
        if not self.engine.risk.armed:
            self.session.feed(Arm(now_ns, self._command_id(), OPERATOR))

    def hand_over(self, tape: Tape) -> None:
        """Every row of the day."""
        for events in tape.chunks():
            self.session.run(events)
        self.wakes += len(tape)

    def finish(self) -> Tally:
        """What it came to; what is still open is valued at the last prices."""
        self.tally.marks = marks_of(self.engine)
        return self.tally

    def _command_id(self) -> str:
        self._commands += 1
        return f"{OPERATOR}-{self._commands}"
