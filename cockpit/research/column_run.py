"""A day in columns: the engine is woken only where something can follow, everything between is taken from the columns.

It is the same engine and the same venue, handed real events; what is passed over are events that would have changed
nothing but the latest prices and the sums of the bar under way. Woken is whoever has to be:
- a print at or beyond a price that a setup or a resting order waits for; a top while an order takes;
- an instant that a setup, a trade or the venue waits for; the end of a bar that a setup waits for; every reading that
  is not quiet;
- every second's watch while orders are under way, after anything happened, where a feed grows stale or comes back, and
  while a trade is open wherever it would see more than it has seen.
The watch belongs to the first row of a second: where a later row of that second is woken, that first one is before it.
"""

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import MarketEvent, ReadingEvent
from cockpit.domain.kinds import Reading
from cockpit.domain.units import NS_PER_DAY, NS_PER_S
from cockpit.market.asset import AssetMarket
from cockpit.market.market import Market
from cockpit.market.staleness import next_stale_ns, stale
from cockpit.replay.tally import Tally
from cockpit.research.assumptions import Assumptions
from cockpit.research.columns import BAR_NS, NO_ROW, Ints, Prints, Tops
from cockpit.research.day_bands import DrawnBands
from cockpit.research.day_columns import DayColumns
from cockpit.research.guard_minutes import GuardMinutes, MinuteProbe
from cockpit.research.passed_bars import first_alike
from cockpit.research.quiet_trade import QuietTrade
from cockpit.research.run import Run
from cockpit.research.tape import Tape
from cockpit.research.watched_stream import WatchedStream
from cockpit.setups.base import Setup

STALE = "stale:"


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
        self._with_prints = [watched.market for watched in self._watched if watched.market is not None]
        self._without_prints = [market for market in self._assets.values() if market not in self._with_prints]
        self._closer = 1 if goes_on else 0
        """The next of the bar ends to be taken in; a day may begin within a bar."""
        self._bar_place = 0
        self._lengths_s = next(iter(self._assets.values())).long_lengths_s
        self._first_alike = first_alike(tape.bar_starts, run.engine.market.next_bar_ns, self._lengths_s)
        self._passed = {
            one.market.asset: columns.passed(one.prints, one.tops) for one in self._watched if one.market is not None
        }
        self._settled_ns = _next_second(int(self._clock[0]))
        """Before then the next second's watch is woken, whatever else is before it: something has just happened."""
        self._readings = columns.quiet_readings(_ages_ns(run.engine.market), _awaited(self._setups))
        self._reading = 0
        """The next of the quiet readings to be taken in."""
        self._stale_ns = next_stale_ns(run.engine.market, int(self._clock[0]), self._readings.renewed_ns)
        limit_s = run.config.feeds.stream.stand_down_after_s
        self._firsts = frozenset(one.first_place for one in self._watched if one.is_new)
        """The first rows of assets that were never heard: from then on their readings can grow stale."""
        silent = _seconds_of_silence(columns, self._watched, self._without_prints, limit_s)
        self._silent = np.union1d(silent, np.array(sorted(self._firsts), np.int64))
        self._quiet = QuietTrade(run.engine, run.venue, columns, self._streams())
        self.wakes = 0

    def _streams(self) -> dict[str, tuple[Prints, Tops]]:
        """Prints and tops by the assets that are watched there."""
        return {
            one.market.asset: (one.prints, one.tops)
            for one in self._watched
            if one.market is not None and one.tops is not None
        }

    def _watch(self, prints: Prints) -> WatchedStream:
        tops = next(
            (tops for tops in self._tape.tops if (tops.venue, tops.asset) == (prints.venue, prints.asset)), None
        )
        market = self._assets.get(prints.asset)
        if market is not None and market.watch != prints.venue:
            market = None
        book = self._venue.books.get(prints.venue, {}).get(prints.asset)
        return WatchedStream(prints, tops, market, book)

    # -- going to a place

    def wake(self, place: int) -> int:
        """Hand over one row, as if all before it had been, and the readings right after it that come at its instant.
        Returns the last of them.
        """
        self.stand_at(place)
        decided, now_ns, readings, clock = self._tally.count, int(self._clock[place]), self._tape.readings, self._clock
        events, is_news = [self._event(place)], place in readings or place in self._firsts
        while place + 1 in readings and clock[place + 1] == now_ns:
            place, is_news = place + 1, True
            events.append(readings[place])
        self._reading = bisect_left(self._readings.places, place + 1)
        self._session.run(events)
        self.wakes += len(events)
        is_due = now_ns >= self._stale_ns
        if is_news or is_due or self._tally.count != decided:
            self._stale_ns = next_stale_ns(self._engine.market, now_ns, self._readings.renewed_ns)
            if is_due or self._tally.count != decided or not self._is_reviewed(now_ns):
                self._settled_ns = _next_second(now_ns)
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
        self._pass_bars(bisect_left(self._columns.closers, place))
        self._take_readings(place)
        for watched in self._watched:
            first, end = (int(row) for row in watched.prints.place.searchsorted((self._bar_place, place)))
            top_row = int(watched.tops.place.searchsorted(place)) - 1 if watched.tops is not None else NO_ROW
            running = watched.prints.running(first, end, watched.begun)
            watched.stand_at(end - 1, top_row, running)

    def _pass_bars(self, end: int) -> None:
        """Close the bars that the rows of the numbers before this one ended: one by one, or as a stretch."""
        market, columns, begun = self._engine.market, self._columns, self._closer
        if begun >= end:
            return
        passed_ns = 0
        while self._closer < end and not (self._closer >= self._first_alike and self._is_alike(self._closer)):
            number = self._closer
            if columns.bar_starts[number] >= market.next_bar_ns:
                self._stand_at_bar_end(number)
                passed_ns = columns.bar_starts[number]
                market.pass_bars(passed_ns, self._with_prints)
            for watched in self._watched:
                watched.begun = None
            self._closer += 1
        if self._closer < end:
            closed = {asset: bars.between(self._closer, end, self._lengths_s) for asset, bars in self._passed.items()}
            passed_ns = columns.bar_starts[end - 1]
            market.take_closed(closed, passed_ns)
            self._closer = end
        self._bar_place = columns.closers[end - 1]
        if passed_ns:
            market.pass_bars(passed_ns, self._without_prints)

    def _is_alike(self, number: int) -> bool:
        """Whether the bar that this number ends stands open, and it and all later ones close as for anybody else."""
        is_open = self._engine.market.next_bar_ns == self._columns.bar_starts[number - 1] + BAR_NS
        return is_open and not any(market.samples_more for market in self._with_prints)

    def _take_readings(self, place: int) -> None:
        """The quiet readings before this place become the latest."""
        quiet, take = self._readings, self._engine.market.apply
        while self._reading < len(quiet.places) and quiet.places[self._reading] < place:
            take(quiet.events[self._reading])
            self._reading += 1

    def _stand_at_bar_end(self, number: int) -> None:
        """The bar before this closer, whole."""
        columns = self._columns
        for watched in self._watched:
            prints, tops = watched.prints, watched.tops
            running = columns.bars[id(prints)].bar(number - 1) if number else None
            end = columns.bar_ends[id(prints)][number - 1] if number else 0
            if watched.begun is not None:
                first = columns.bar_ends[id(prints)][number - 2] if number > 1 else 0
                running = prints.running(first, end, watched.begun)
            top_row = columns.tops_before[id(tops)][number] if tops is not None else NO_ROW
            watched.stand_at(end - 1, top_row, running)

    # -- where to go next

    def next_place(self, place: int) -> int:
        """The next row to be woken after this one."""
        after, clock = place + 1, self._clock
        if after >= len(clock):
            return len(clock)
        found = min(self._next_by_price(after), self._next_by_close(after))
        found = min(found, self._first_at(self._due_ns(place), after), self._next_watch(place, after))
        waking = self._readings.waking
        at = bisect_left(waking, after)
        if at < len(waking):
            found = min(found, waking[at])
        at = int(self._silent.searchsorted(after))
        if at < len(self._silent):
            found = min(found, int(self._silent[at]))
        if found >= len(clock):
            return len(clock)
        return self._before(found, after)

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
        return self._first_at(_next_second(now_ns), after)

    def _first_at(self, due_ns: int, after: int) -> int:
        """The first row whose time has come to that instant."""
        return max(after, int(self._clock.searchsorted(due_ns)))

    def _before(self, found: int, after: int) -> int:
        """The row at which the watch of its second falls, or a reading of that second that is quiet otherwise: where
        that is before it and still to come. The engine's time is theirs until this row.
        """
        second_ns = int(self._clock[found]) // NS_PER_S * NS_PER_S
        watch = int(self._clock.searchsorted(second_ns))
        if after <= watch < found:
            return watch
        places = self._readings.places
        at = bisect_left(places, max(after, watch))
        return min(found, places[at]) if at < len(places) else found


def _next_second(now_ns: int) -> int:
    return (now_ns // NS_PER_S + 1) * NS_PER_S


def _ages_ns(market: Market) -> dict[Reading, int]:
    return {reading: round(ages.stand_down_after_s * NS_PER_S) for reading, ages in market.ages.items()}


def _awaited(setups: Sequence[Setup]) -> frozenset[type] | None:
    """The kinds of readings that some setup waits for; None where it may be any."""
    wanted = [setup.readings_awaited for setup in setups]
    if any(kinds is None for kinds in wanted):
        return None
    return frozenset(kind for kinds in wanted for kind in kinds or ())


def _cross_midnight(config: CockpitConfig) -> bool:
    return any(NS_PER_DAY % int(bar_s * NS_PER_S) for setup in config.setups.values() for bar_s in setup.bars_s)


def _seconds_of_silence(
    columns: DayColumns, watched: Sequence[WatchedStream], without_prints: Sequence[AssetMarket], limit_s: float
) -> Ints:
    """The first rows of the seconds in which an asset's stream may be past its age, or has just come back.

    Whatever happens is noticed by the next watch, however late that comes: so two more of them are among those rows.
    """
    clock, seconds, found = columns.tape.clock, columns.seconds, [np.empty(0, np.int64)]
    margin_ns = columns.tape.disorder_ns + 2 * NS_PER_S
    limit_ns = int(limit_s * NS_PER_S)
    spans = [(market.received_ns, int(clock[-1])) for market in without_prints if market.received_ns]
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
