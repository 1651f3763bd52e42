"""One setting on its way through the days: engine, venue and operator. How a day's rows are handed over differs."""

from collections.abc import Sequence

from cockpit.config.model import CockpitConfig
from cockpit.domain.commands import AnyCommand, Arm, Resume
from cockpit.domain.events import AnyEvent, FundingRate, ReadingEvent, VenueEvent
from cockpit.domain.units import utc_text
from cockpit.engine.machine import Engine
from cockpit.engine.session import Session
from cockpit.history.store import day_text
from cockpit.paper.venue import PaperVenue
from cockpit.replay.replay import marks_of
from cockpit.replay.tally import Tally
from cockpit.research.assumptions import Assumptions
from cockpit.research.day_bands import DrawnBands, bands_about
from cockpit.research.readings import is_payment
from cockpit.research.tape import Tape

OPERATOR = "backtest"


class HistoryVenue(PaperVenue):
    """The paper venue, where a payment of funding in the history is paid at its own rate and instant."""

    __slots__ = ()

    def on_market(self, event: AnyEvent | AnyCommand) -> Sequence[VenueEvent]:
        """As the paper venue's; between two payments nothing is scheduled."""
        if type(event) is FundingRate and is_payment(event):
            return self.pay_funding(event)
        return super().on_market(event)


class Run:
    """The reference: every row is an event of its own, in its order."""

    def __init__(
        self,
        config: CockpitConfig,
        assumptions: Assumptions,
        start_ns: int,
        held: Sequence[ReadingEvent] = (),
        tally: Tally | None = None,
        bands: DrawnBands | None = None,
    ) -> None:
        self.config = assumptions.applied_to(config)
        self.assumptions = assumptions
        self.engine = Engine(self.config, start_ns)
        self.venue = HistoryVenue(self.config, assumptions.frictions)
        self.tally = tally or Tally()
        self.session = Session(self.engine, self.venue, [self.tally])
        self.rows = self.wakes = 0
        self.halts: list[str] = []
        self.bands_kept: list[str] = []
        """The days on which the bands of the day before stayed: a trade rested on them."""
        self._bands = bands or {}
        self._commands = 0
        for reading in held:
            self.session.feed(reading)

    def day(self, tape: Tape) -> None:
        """Hand over one day. Days come in their order; one without a row is passed over."""
        if not len(tape):
            return
        self.begin_day(tape)
        self.hand_over(tape)
        self.rows += tape.rows

    def begin_day(self, tape: Tape) -> None:
        """All that comes before the day's first row."""
        self.open_day(int(tape.clock[0]))
        self._redraw(tape)

    def open_day(self, now_ns: int) -> None:
        """The operator begins the day: reviews a halt where he is to, and arms."""
        halt = self.engine.risk.accountant.account.halt
        if halt is not None and self.assumptions.resumes_daily:
            self.halts.append(f"{utc_text(halt.ts_ns)} {halt.sentence}")
            self.session.feed(Resume(now_ns, self._command_id(), OPERATOR, "a new day, reviewed"))
        if not self.engine.risk.armed:
            self.session.feed(Arm(now_ns, self._command_id(), OPERATOR))

    def _redraw(self, tape: Tape) -> None:
        """The bands that were drawn for this day."""
        drawn = self._bands.get(tape.day, {})
        for asset, market in self.engine.market.assets.items():
            bands = drawn.get(asset)
            away_bps = self.assumptions.bands_away_bps
            if bands is None and away_bps is not None:
                # On the very first day nothing was printed before: its first print is what is known as it begins.
                price = market.price or tape.first_price(market.watch, asset)
                bands = bands_about(price, away_bps, self.assumptions.bands_height_bps) if price else None
            if bands is not None and not self.engine.redraw_bands(asset, bands):
                self.bands_kept.append(f"{day_text(tape.day)} {asset}")

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
