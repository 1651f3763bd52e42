"""What is the same of a day for every setting: made once, shared by all that try their settings on it."""

from collections.abc import Mapping, Sequence
from math import inf, nan
from typing import Any

import numpy as np

from cockpit.domain.kinds import Reading, Side
from cockpit.domain.units import NS_PER_S
from cockpit.research.columns import NO_ROW, BarColumns, Floats, Ints, Prints, Tops, first_rows
from cockpit.research.passed_bars import PassedBars
from cockpit.research.quiet_readings import QuietReadings
from cockpit.research.tape import Tape


class DayColumns:
    """What is the same for every setting of a day: made once, shared by all."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.bars: dict[int, BarColumns] = {}
        self.bar_ends: dict[int, list[int]] = {}
        self._ends: dict[int, Ints] = {}
        self.tops_before: dict[int, list[int]] = {}
        self._top_rows: dict[int, Ints] = {}
        closers = tape.bar_rows
        for prints in tape.prints:
            bounds = np.searchsorted(prints.place, np.append(closers, len(tape)))
            starts, ends = bounds[:-1], bounds[1:]
            self.bars[id(prints)] = prints.bars(starts, ends)
            self.bar_ends[id(prints)] = ends.tolist()
            self._ends[id(prints)] = ends
        for tops in tape.tops:
            rows = np.searchsorted(tops.place, closers) - 1
            self._top_rows[id(tops)] = rows
            self.tops_before[id(tops)] = rows.tolist()
        self.seconds: Ints = first_rows(tape.clock, NS_PER_S)
        """The first rows of the seconds: at them the watch falls."""
        self.closers: list[int] = closers.tolist()
        self.bar_starts: list[int] = tape.bar_starts.tolist()
        self._passed: dict[int, PassedBars] = {}
        self._quiet: dict[tuple[Any, ...], QuietReadings] = {}
        self._silences: dict[tuple[int, int], tuple[Ints, Ints]] = {}
        self._closes: dict[tuple[int, int], tuple[Ints, Floats]] = {}
        self._reaches: dict[int, tuple[Floats, Floats]] = {}
        self._exits: dict[tuple[int, Side], Floats] = {}

    def passed(self, prints: Prints, tops: Tops | None) -> PassedBars:
        """The bars of these, to be passed over."""
        if id(prints) not in self._passed:
            top_rows = self._top_rows[id(tops)] if tops is not None else None
            bars, ends = self.bars[id(prints)], self._ends[id(prints)]
            self._passed[id(prints)] = PassedBars(self.tape.bar_starts, bars, ends, prints, tops, top_rows)
        return self._passed[id(prints)]

    def quiet_readings(self, limits_ns: Mapping[Reading, int], awaited: frozenset[type] | None) -> QuietReadings:
        """Which readings wake nobody, where these are waited for and grow stale at these ages."""
        key = (tuple(limits_ns.items()), awaited)
        if key not in self._quiet:
            self._quiet[key] = QuietReadings(self.tape, limits_ns, awaited)
        return self._quiet[key]

    def silences(self, prints: Prints, tops: Tops | None, longer_than_ns: int) -> tuple[Ints, Ints]:
        """Where nothing came of these for so long: the engine's time before and after each silence, the day's first
        and last row counted as its ends.
        """
        key = (id(prints), longer_than_ns)
        if key not in self._silences:
            streams = [prints.place, *([tops.place] if tops is not None else [])]
            rarer, *others = sorted((one for one in streams if len(one)), key=len) or [np.empty(0, np.int64)]
            rows = np.concatenate(([0], rarer, [len(self.tape) - 1]))
            at = np.flatnonzero(np.diff(self.tape.clock[rows]) > longer_than_ns)
            # Only where the rarer of the two is silent can both be.
            spans = [self._silent_between(rows[one], rows[one + 1], others, longer_than_ns) for one in at]
            befores, afters = ([span[side] for span in spans] for side in (0, 1))
            nothing = np.empty(0, np.int64)
            self._silences[key] = (np.concatenate([nothing, *befores]), np.concatenate([nothing, *afters]))
        return self._silences[key]

    def _silent_between(
        self, before: int, after: int, others: Sequence[Ints], longer_than_ns: int
    ) -> tuple[Ints, Ints]:
        """The silences between two rows, with what the others said there."""
        heard = [one[slice(*one.searchsorted((before, after)))] for one in others]
        times = self.tape.clock[np.concatenate(([before], *heard, [after]))]
        at = np.flatnonzero(np.diff(times) > longer_than_ns)
        return times[at], times[at + 1]

    def closes(self, prints: Prints, bar_ns: int) -> tuple[Ints, Floats]:
        """The rows that end these bars, and the last print before each; no number for the one that began before."""
        key = (id(prints), bar_ns)
        if key not in self._closes:
            tape, ends = self.tape, self._ends[id(prints)]
            at = np.flatnonzero(np.diff(tape.bar_starts // bar_ns, prepend=-1))
            before = ends[at - 1] - 1
            before[at == 0] = NO_ROW
            closes = np.where(before >= 0, prints.price[before] if len(prints) else np.nan, np.nan)
            self._closes[key] = (tape.bar_rows[at], closes)
        return self._closes[key]

    def reaches(self, prints: Prints) -> tuple[Floats, Floats]:
        """The low and the high of the bar that each closer ends; no number where a day began within it."""
        if id(prints) not in self._reaches:
            bars = self.bars[id(prints)]
            low = np.where(bars.counts > 0, bars.low, inf)[:-1]
            high = np.where(bars.counts > 0, bars.high, -inf)[:-1]
            low[:1] = high[:1] = nan
            self._reaches[id(prints)] = (np.insert(low, 0, nan), np.insert(high, 0, nan))
        return self._reaches[id(prints)]

    def exits(self, tops: Tops, side: Side) -> Floats:
        """What each second's watch sees of the price that a trade of this side would leave at; no number without."""
        key = (id(tops), side)
        if key not in self._exits:
            before = tops.place.searchsorted(self.seconds) - 1
            prices = tops.bid if side is Side.LONG else tops.ask
            self._exits[key] = np.where(before >= 0, prices[np.maximum(before, 0)] if len(tops) else nan, nan)
        return self._exits[key]
