"""A day in columns: the engine is woken only where something can follow, everything between is taken from the columns.

It is the same engine and the same venue, handed real events; what is passed over are events that would have changed
nothing but the latest prices and the sums of the bar under way. Woken is whoever has to be:
- a print at or beyond a price that a setup or a resting order waits for; a top while an order takes;
- an instant that a setup, a trade or the venue waits for; the end of a bar that a setup waits for; every reading;
- every second's watch while orders are under way, after anything happened, where a feed grows stale or comes back, and
  while a trade is open wherever it would see more than it has seen.
The watch belongs to the first row of a second: where a later row of that second is woken, that first one is before it.
"""

from collections.abc import Sequence
from math import inf, nextafter

import numpy as np

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import MarketEvent, ReadingEvent, Top, Trade
from cockpit.domain.units import NS_PER_DAY, NS_PER_S
from cockpit.market.asset import AssetMarket, RunningBar
from cockpit.market.staleness import next_stale_ns, stale
from cockpit.paper.book import PaperBook
from cockpit.replay.tally import Tally
from cockpit.research.assumptions import Assumptions
from cockpit.research.columns import NO_ROW, Ints, Prints, Tops
from cockpit.research.day_bands import DrawnBands
from cockpit.research.day_columns import DayColumns
from cockpit.research.guard_minutes import GuardMinutes, MinuteProbe
from cockpit.research.quiet_trade import QuietTrade
from cockpit.research.run import Run
from cockpit.research.tape import Tape

NEVER_NS = 2**63 - 1
STALE = "stale:"
SETTLED_NS = 1
"""What happened is looked at by the watch of the next second."""


class _Watched:
    """One asset's prints and tops at one venue, and who follows them: the watched market, and the venue's book."""

    def __init__(self, prints: Prints, tops: Tops | None, market: AssetMarket | None, book: PaperBook | None) -> None:
        self.prints, self.tops, self.market, self.book = prints, tops, market, book
        self.print_row = self.top_row = NO_ROW
        self.trade: Trade | None = market.last_trade if market is not None else None
        self.top: Top | None = market.top if market is not None else None
        if book is not None:
            self.trade, self.top = book.trade, book.top
        self.first_ns = int(prints.ts_ns[0]) if len(prints) else None
        self.begun: RunningBar | None = market.running_bar if market is not None else None
        """The bar under way as the day begins: it may go on."""
        self.next_beyond = -1
        self._fences = (-inf, inf)

    def stand_at(
        self, print_row: int, top_row: int, running: RunningBar | None, trade: Trade | None, top: Top | None
    ) -> None:
        """The market and the book as these rows left them; their events where somebody has made them already."""
        if print_row != self.print_row:
            self.print_row, self.trade = print_row, trade or self.prints.event(print_row)
        if self.tops is not None and top_row != self.top_row:
            self.top_row, self.top = top_row, top or self.tops.event(top_row)
        if self.market is not None:
            self.market.stand_at(running, self.trade, self.top, self.first_ns if print_row >= 0 else None)
        if self.book is not None:
            self.book.trade, self.book.top = self.trade, self.top

    def next_event(self, place: int) -> Trade | Top | None:
        """The event of the row that comes next here, if it stands at this place: it becomes the latest."""
        row = self.print_row + 1
        if row < len(self.prints) and self.prints.place[row] == place:
            self.print_row, self.trade = row, self.prints.event(row)
            return self.trade
        row = self.top_row + 1
        if self.tops is not None and row < len(self.tops) and self.tops.place[row] == place:
            self.top_row, self.top = row, self.tops.event(row)
            return self.top
        return None

    def first_beyond(self, place: int) -> int:
        """The place of the next print from `place` on that somebody waits for, or beyond the last row."""
        low, high = -inf, inf
        if self.market is not None:
            low, high = nextafter(self.market.fence_low, -inf), nextafter(self.market.fence_high, inf)
        if self.book is not None:
            low, high = max(low, self.book.fence_low), min(high, self.book.fence_high)
        if (low, high) == self._fences and self.next_beyond >= place:
            return self.next_beyond
        self._fences = (low, high)
        places = self.prints.place
        row = self.prints.first_beyond(int(places.searchsorted(place)), low, high)
        self.next_beyond = int(places[row]) if row < len(places) else NEVER_NS
        return self.next_beyond


class ColumnRun(Run):
    """A run that passes over what cannot matter, and comes to the same decisions bit for bit."""

    def __init__(
        self,
        config: CockpitConfig,
        assumptions: Assumptions,
        start_ns: int,
        held: Sequence[ReadingEvent] = (),
        tally: Tally | None = None,
        bands: DrawnBands | None = None,
    ) -> None:
        super().__init__(config, assumptions, start_ns, held, tally, bands)
        self._columns: DayColumns | None = None
        self._probe: MinuteProbe | None = None

    @property
    def minutes(self) -> list[GuardMinutes]:
        """How many minutes each setup could pass its guards; empty where nobody asked for it."""
        return self._probe.found() if self._probe is not None else []

    def sample_guards(self) -> None:
        """Ask every setup once a minute from now on. It changes nothing."""
        self._probe = MinuteProbe()

    def share(self, columns: DayColumns) -> None:
        """Use what others made of the next day's tape."""
        self._columns = columns

    def hand_over(self, tape: Tape) -> None:
        """The rows of the day that can matter."""
        columns = self._columns if self._columns is not None and self._columns.tape is tape else DayColumns(tape)
        self._columns = None
        day = _Day(self, tape, columns)
        samples = MinuteProbe.places(tape.clock)[::-1] if self._probe is not None else []
        place = 0
        while place < len(tape):
            while self._probe is not None and samples and samples[-1] <= place:
                day.stand_at(samples.pop())
                self._probe.ask(self.engine)
            place = day.next_place(day.wake(place))
        day.stand_at(len(tape))
        self.wakes += day.wakes


class _Day:
    """The engine and the venue on their way through one day's columns."""

    def __init__(self, run: Run, tape: Tape, columns: DayColumns) -> None:
        self._engine, self._venue, self._session = run.engine, run.venue, run.session
        self._tally = run.tally
        self._tape, self._columns = tape, columns
        self._clock = tape.clock
        self._assets = run.engine.market.assets
        heard = {prints.asset for prints in tape.prints if len(prints)}
        self._setups = list(run.engine.setups.values())
        self._bar_setups = [one for one in self._setups if heard & set(one.watched) or _cross_midnight(run.config)]
        """Without a print an asset's bars do not end, but for one that goes on over midnight."""
        self._watched = [self._watch(prints) for prints in tape.prints]
        goes_on = columns.bar_starts[0] < run.engine.market.next_bar_ns
        own = {watched.market.asset: watched.prints for watched in self._watched if watched.market is not None}
        self._by_close = {
            setup.name: own[setup.asset]
            for setup in self._bar_setups
            if setup.watched == (setup.asset,) and setup.asset in own
        }
        """The setups of one asset: of the bars that they wait for only those count that close where it matters."""
        self._heard = [watched.market for watched in self._watched if watched.market is not None]
        self._unheard = [market for market in self._assets.values() if market not in self._heard]
        self._closer = 1 if goes_on else 0
        """The next of the bar ends to be taken in; a day may begin within a bar."""
        self._bar_place = 0
        self._settled_ns = int(self._clock[0]) + SETTLED_NS
        """Before then the next second's watch is woken: something has just happened."""
        self._stale_ns = next_stale_ns(run.engine.market, int(self._clock[0]))
        limit_s = run.config.feeds.stream.stand_down_after_s
        self._silent = _seconds_of_silence(columns, self._watched, self._unheard, limit_s)
        self._quiet = QuietTrade(run.engine, run.venue, columns, self._streams())
        self.wakes = 0

    def _streams(self) -> dict[str, tuple[Prints, Tops]]:
        """Prints and tops by the assets that are watched there."""
        return {
            one.market.asset: (one.prints, one.tops)
            for one in self._watched
            if one.market is not None and one.tops is not None
        }

    def _watch(self, prints: Prints) -> _Watched:
        tops = next(
            (tops for tops in self._tape.tops if (tops.venue, tops.asset) == (prints.venue, prints.asset)), None
        )
        market = self._assets.get(prints.asset)
        if market is not None and market.watch != prints.venue:
            market = None
        book = self._venue.books.get(prints.venue, {}).get(prints.asset)
        return _Watched(prints, tops, market, book)

    # -- going to a place

    def wake(self, place: int) -> int:
        """Hand over one row, as if all before it had been, and the readings right after it that come at its instant.
        Returns the last of them.
        """
        self.stand_at(place)
        decided, now_ns, readings, clock = self._tally.count, int(self._clock[place]), self._tape.readings, self._clock
        events, has_reading = [self._event(place)], place in readings
        while place + 1 in readings and clock[place + 1] == now_ns:
            place, has_reading = place + 1, True
            events.append(readings[place])
        self._session.run(events)
        self.wakes += len(events)
        is_due = now_ns >= self._stale_ns
        if has_reading or is_due or self._tally.count != decided:
            self._stale_ns = next_stale_ns(self._engine.market, now_ns)
            if is_due or self._tally.count != decided or not self._is_reviewed(now_ns):
                self._settled_ns = now_ns + SETTLED_NS
        return place

    def _is_reviewed(self, now_ns: int) -> bool:
        """Whether the last watch knew of the feeds that are stale now."""
        causes = self._engine.risk.stand_downs.causes
        known = {(cause.cause, cause.scope) for cause in causes if cause.cause.startswith(STALE)}
        return known == {(STALE + feed.name, feed.scope) for feed in stale(self._engine.market, now_ns)}

    def _event(self, place: int) -> MarketEvent:
        """The row's event. What the venue and the market keep of it is the same object from now on."""
        for watched in self._watched:
            event = watched.next_event(place)
            if event is not None:
                return event
        return self._tape.readings[place]

    def stand_at(self, place: int) -> None:
        """Stand where every row before this place would have brought us."""
        market, columns, passed_ns = self._engine.market, self._columns, 0
        while self._closer < len(columns.closers) and columns.closers[self._closer] < place:
            number = self._closer
            closer = columns.closers[number]
            if columns.bar_starts[number] >= market.next_bar_ns:
                self._stand_at_bar_end(number)
                market.pass_bars(columns.bar_starts[number], self._heard)
                passed_ns = columns.bar_starts[number]
            for watched in self._watched:
                watched.begun = None
            self._bar_place = closer
            self._closer += 1
        if passed_ns:
            market.pass_bars(passed_ns, self._unheard)
        for watched in self._watched:
            first, end = (int(row) for row in watched.prints.place.searchsorted((self._bar_place, place)))
            top_row = int(watched.tops.place.searchsorted(place)) - 1 if watched.tops is not None else NO_ROW
            running = watched.prints.running(first, end, watched.begun)
            watched.stand_at(end - 1, top_row, running, None, None)

    def _stand_at_bar_end(self, number: int) -> None:
        """The bar before this closer, whole."""
        columns = self._columns
        for watched in self._watched:
            prints, tops = watched.prints, watched.tops
            if number:
                running = columns.bars[id(prints)][number - 1]
                end = columns.bar_ends[id(prints)][number - 1]
            else:
                running, end = None, 0
            if watched.begun is not None:
                first = columns.bar_ends[id(prints)][number - 2] if number > 1 else 0
                running = prints.running(first, end, watched.begun)
            top_row, top, trade = NO_ROW, None, None
            if tops is not None:
                top_row = columns.tops_before[id(tops)][number]
                top = columns.last_tops[id(tops)][number] if top_row >= 0 else None
            if end:
                trade = columns.last_trades[id(prints)][number - 1]
            watched.stand_at(end - 1, top_row, running, trade, top)

    # -- where to go next

    def next_place(self, place: int) -> int:
        """The next row to be woken after this one."""
        after, clock = place + 1, self._clock
        if after >= len(clock):
            return len(clock)
        found = min(self._next_by_price(after), self._next_by_close(after))
        found = min(found, self._first_at(self._due_ns(place), after), self._next_watch(place, after))
        readings = self._tape.reading_places
        at = int(readings.searchsorted(after))
        if at < len(readings):
            found = min(found, int(readings[at]))
        at = int(self._silent.searchsorted(after))
        if at < len(self._silent):
            found = min(found, int(self._silent[at]))
        if found >= len(clock):
            return len(clock)
        return self._watch_before(found, after)

    def _next_by_price(self, after: int) -> int:
        found = len(self._clock)
        for watched in self._watched:
            found = min(found, watched.first_beyond(after))
            if watched.book is not None and watched.book.wakes and watched.tops is not None:
                row = int(watched.tops.place.searchsorted(after))
                if row < len(watched.tops.place):
                    found = min(found, int(watched.tops.place[row]))
        return found

    def _next_by_close(self, after: int) -> int:
        """The next end of a bar whose close means something to a setup that waits for it."""
        found = len(self._clock)
        for name, prints in self._by_close.items():
            setup = self._engine.setups[name]
            bar_s = setup.bar_awaited_s
            if bar_s is None:
                continue
            rows, closes = self._columns.closes(prints, int(bar_s * NS_PER_S))
            first = int(rows.searchsorted(after))
            low, high = setup.closes_between
            counts = ~((closes[first:] >= low) & (closes[first:] <= high))
            if counts.any():
                found = min(found, int(rows[first + int(counts.argmax())]))
        return found

    def _due_ns(self, place: int) -> int:
        now_ns = int(self._clock[place])
        midnight_ns = (now_ns // NS_PER_DAY + 1) * NS_PER_DAY
        due_ns = self._engine.book.next_due_ns(min(self._venue.next_due_ns, self._stale_ns, midnight_ns))
        planned_ns = self._engine.next_due_ns
        if planned_ns % NS_PER_S and len(self._engine.book):
            # Too early for anybody by now: but whoever passes time looks at what open trades could leave at.
            due_ns = min(due_ns, planned_ns)
        for setup in self._setups:
            setup_due_ns = setup.due_ns
            if setup_due_ns is not None and setup_due_ns < due_ns:
                due_ns = setup_due_ns
        for setup in self._bar_setups:
            bar_s = setup.bar_awaited_s
            if bar_s is not None and setup.name not in self._by_close:
                bar_ns = int(bar_s * NS_PER_S)
                due_ns = min(due_ns, (now_ns // bar_ns + 1) * bar_ns)
        return due_ns

    def _next_watch(self, place: int, after: int) -> int:
        """The next second whose watch may change something."""
        now_ns = int(self._clock[place])
        is_busy = bool(len(self._engine.book)) or self._venue.has_work or self._engine.risk.flattening is not None
        if now_ns >= self._settled_ns and not is_busy:
            return len(self._clock)
        if now_ns >= self._settled_ns and self._quiet.is_quiet:
            return self._quiet.next_place(after)
        return self._first_at((now_ns // NS_PER_S + 1) * NS_PER_S, after)

    def _first_at(self, due_ns: int, after: int) -> int:
        """The first row whose time has come to that instant."""
        return max(after, int(self._clock.searchsorted(due_ns)))

    def _watch_before(self, found: int, after: int) -> int:
        """The row at which the watch of its second falls, where that is before it and still to come."""
        second_ns = int(self._clock[found]) // NS_PER_S * NS_PER_S
        watch = int(self._clock.searchsorted(second_ns))
        return watch if after <= watch < found else found


def _cross_midnight(config: CockpitConfig) -> bool:
    return any(NS_PER_DAY % int(bar_s * NS_PER_S) for setup in config.setups.values() for bar_s in setup.bars_s)


def _seconds_of_silence(
    columns: DayColumns, watched: Sequence[_Watched], unheard: Sequence[AssetMarket], limit_s: float
) -> Ints:
    """The first rows of the seconds in which an asset's stream may be past its age, or has just come back.

    Whatever happens is noticed by the next watch, however late that comes: so two more of them are among those rows.
    """
    clock, seconds, found = columns.tape.clock, columns.seconds, [np.empty(0, np.int64)]
    margin_ns = columns.tape.disorder_ns + 2 * NS_PER_S
    limit_ns = int(limit_s * NS_PER_S)
    spans = [(market.received_ns, int(clock[-1])) for market in unheard if market.received_ns]
    for one in watched:
        if one.market is None:
            continue
        befores, afters = columns.silences(one.prints, one.tops, limit_ns - margin_ns)
        spans += zip(befores.tolist(), afters.tolist(), strict=True)
        streams = [stream for stream in (one.prints, one.tops) if stream is not None and len(stream)]
        if one.market.received_ns and streams:
            spans.append((one.market.received_ns, min(int(clock[stream.place[0]]) for stream in streams)))
    for before_ns, after_ns in spans:
        if after_ns - before_ns > limit_ns - margin_ns:
            span_ns = (before_ns + limit_ns - margin_ns, after_ns + margin_ns)
            first, last = seconds.searchsorted(clock.searchsorted(span_ns))
            found.append(seconds[max(0, int(first) - 1) : int(last) + 2])
    return np.unique(np.concatenate(found))
