"""Running a recording through the engine as fast as it goes, and proving that a recorded session comes out the same."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from math import inf
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from cockpit import __version__
from cockpit.config.model import CockpitConfig
from cockpit.config.own_code import own_code
from cockpit.domain import wire
from cockpit.domain.actions import Action, AnyAction
from cockpit.domain.commands import Arm
from cockpit.domain.events import MarketEvent, Trade
from cockpit.domain.numbers import price_text, without_noise
from cockpit.domain.plain_text import wrapped
from cockpit.domain.units import NS_PER_S, bps_between, utc_text
from cockpit.domain.wire import Input
from cockpit.engine.machine import Engine
from cockpit.engine.session import Session
from cockpit.feeds.recorded import MARKET_KINDS
from cockpit.journal.build import code_digest
from cockpit.journal.errors import RecordingError
from cockpit.journal.recordings import Marker, RecordingHeader, RecordingReader, read_recording
from cockpit.paper.venue import PaperVenue
from cockpit.replay.tally import Mark, Nearest, Tally, first_difference, shown, trade_summary

# How near a recorded market came to the bands its setups wait at: why nothing happened, where nothing did.


class NearBands:
    """Watches the prints of the assets that have bands."""

    def __init__(self, config: CockpitConfig) -> None:
        self._bands = config.bands
        self._lowest = dict.fromkeys(config.bands, inf)
        self._highest = dict.fromkeys(config.bands, 0.0)

    def on_events(self, events: Iterable[MarketEvent]) -> None:
        """Take a run of events in."""
        lowest, highest = self._lowest, self._highest
        for event in events:
            if type(event) is Trade and event.asset in lowest:
                if event.price < lowest[event.asset]:
                    lowest[event.asset] = event.price
                if event.price > highest[event.asset]:
                    highest[event.asset] = event.price

    def found(self) -> Iterator[Nearest]:
        """A line for the nearest band on each side; none for an asset without a print."""
        for asset, bands in self._bands.items():
            low, high = self._lowest[asset], self._highest[asset]
            if high <= 0.0:
                continue
            for band in bands.lower[:1]:
                yield Nearest(asset, "lower", band[1], low, max(0.0, bps_between(low, band[1])))
            for band in bands.upper[:1]:
                yield Nearest(asset, "upper", band[0], high, max(0.0, -bps_between(high, band[0])))


PROGRESS_EVERY = 20_000

T = TypeVar("T")
Progress = Callable[[int], None]
"""Called now and then with the number of events that went through the engine so far."""


@dataclass(frozen=True)
class Replayed:
    """A replay's result. `verified` is None when nothing was to be verified; `difference` is the first one found.

    `damage` says what of the recording could not be read, `built` that another build made it, where one did. The time
    is that of the engine, without the reading of the file.
    """

    events: int
    wall_s: float
    tally: Tally
    torn: bool
    verified: bool | None = None
    difference: str = ""
    damage: tuple[str, ...] = ()
    built: str = ""
    is_of_another: bool = False
    """Whether it is known that another version or build made the recording."""

    @property
    def is_whole(self) -> bool:
        """Whether all of it was read, and what was to be verified came out the same."""
        return self.verified is not False and not self.damage

    def as_dict(self) -> dict[str, Any]:
        """The object that `cockpit replay --json` prints."""
        rate = self.events / self.wall_s if self.wall_s > 0 else 0.0
        found: dict[str, Any] = {"events": self.events, "wall_s": self.wall_s, "events_per_s": rate}
        found.update(self.tally.summary())
        if self.verified is not None:
            found.update(verified=self.verified, difference=self.difference)
        if self.torn:
            found["torn"] = True
        if self.damage:
            found["damaged"] = list(self.damage)
        if self.built:
            found["built"] = self.built
            found["made_by_another_version"] = self.is_of_another
        return found

    def as_json(self) -> str:
        """One JSON object on one line."""
        return json.dumps(without_noise(self.as_dict()))

    def as_text(self, cells: int | None = None) -> str:
        """For people: what was decided, traded and earned; entries longer than so many cells are broken."""
        return "\n".join(_lines(self, cells))


def run_replay(
    recording: Path,
    config: CockpitConfig | None,
    *,
    hold_context: bool = False,
    verify: bool = False,
    progress: Progress | None = None,
    beside: Path | None = None,
) -> Replayed:
    """Run `recording` under `config` (None: the recorded one), armed in paper, with a fresh paper venue.

    With `verify` the recorded inputs, venue answers and commands included, go through an engine started as the recorded
    one was, and every verdict and action must come out as recorded. Raises `RecordingError` for a file that is no
    recording, or that holds no engine's session where one is to be verified. Setups of one's own that the recorded
    config names are looked for in `beside`.
    """
    header, reader = read_recording(recording)
    if verify:
        return _verify(reader, config or _recorded_config(header, recording, beside), progress)
    used = config or _recorded_config(header, recording, beside)
    chunks = _market(reader, progress)
    first = next(chunks, [])
    start_ns = first[0].ts_ns if header.origin == "import" and first else header.start_ns
    tally = Tally()
    session = Session(Engine(used, start_ns, hold_context=hold_context), PaperVenue(used), [tally])
    session.feed(Arm(header.start_ns, "replay", "replay"))
    events, wall_s, near = 0, 0.0, NearBands(used)
    for chunk in chain((first,), chunks):
        began = time.perf_counter()
        session.run(chunk)
        wall_s += time.perf_counter() - began
        events += len(chunk)
        near.on_events(chunk)
    tally.nearest = list(near.found())
    tally.marks = marks_of(session.engine)
    return Replayed(events, wall_s, tally, reader.torn, damage=_damage(reader))


def marks_of(engine: Engine) -> dict[str, Mark]:
    """What the trades still open are worth at the last prices."""
    book = engine.book
    records = [trade.record for trade in book.trades if trade.record.open_qty > 0]
    return {record.trade_id: Mark(book.exit_price(record), book.worth_usd(record)) for record in records}


def _market(reader: RecordingReader, progress: Progress | None) -> Iterator[list[MarketEvent]]:
    """The recording's market, a frame's run of events at a time: a day of it never stands in memory as a whole."""
    count = told = 0
    for marker, batch in reader.batches():
        if marker is Marker.EVENT:
            chunk = [event for event in batch if isinstance(event, MARKET_KINDS)]
            yield chunk
            count += len(chunk)
            if progress is not None and count >= told + PROGRESS_EVERY:
                told = count
                progress(count)


def _damage(reader: RecordingReader) -> tuple[str, ...]:
    return tuple(one.sentence for one in reader.damage)


def _with_progress(items: Iterable[T], progress: Progress | None) -> Iterable[T]:
    """The same items, whoever watches being told now and then; the very same iterable where nobody does."""
    return items if progress is None else _counted(items, progress)


def _counted(items: Iterable[T], progress: Progress) -> Iterator[T]:
    for count, item in enumerate(items, start=1):
        yield item
        if count % PROGRESS_EVERY == 0:
            progress(count)


def _recorded_config(header: RecordingHeader, recording: Path, beside: Path | None) -> CockpitConfig:
    try:
        return CockpitConfig.model_validate_json(header.config_json, context=own_code(beside))
    except ValueError as error:
        first = str(error).splitlines()[0]
        raise RecordingError(
            f"{recording}: expected the config it was recorded with, was unreadable: {first}"
        ) from error


def _verify(reader: RecordingReader, config: CockpitConfig, progress: Progress | None) -> Replayed:
    header = reader.header
    if header.origin != "engine":
        raise RecordingError(
            f"expected a recording that an engine made (with its verdicts), was an import of {header.source}: "
            "replay it without --verify"
        )
    engine = Engine(config, header.start_ns, header.mode, header.hold_context)
    tally = Tally()
    began = time.perf_counter()
    difference = ""
    number = 0
    for number, step in enumerate(_with_progress(_steps(reader), progress), start=1):
        actions = _decided(engine, step.item)
        tally.on_actions(actions)
        difference = _first_difference(number, step, actions)
        if difference:
            break
    wall_s = time.perf_counter() - began
    if not difference:
        for _ in reader:  # behind damage nothing can be verified, but all of it is to be known
            pass
    damage = _damage(reader)
    verified = not difference and not damage
    return Replayed(
        number, wall_s, tally, reader.torn, verified, difference, damage, _built(header), _is_of_another(header)
    )


def _is_of_another(header: RecordingHeader) -> bool:
    """What is not known of who made it is not held to be another."""
    return header.engine_version not in ("", __version__) or header.build not in ("", code_digest())


def _built(header: RecordingHeader) -> str:
    """Which other build made the recording; empty for this one, or where nobody knows."""
    if header.engine_version == __version__ and header.build in ("", code_digest()):
        return "" if header.build else f"recorded by {__version__}, its build is not known"
    recorded = f"{header.engine_version or 'an unknown version'} (code {header.build or 'unknown'})"
    return f"recorded by {recorded}, this is {__version__} (code {code_digest()})"


class _Step(NamedTuple):
    """An input with the actions that were recorded after it; of the last one some may have missed the last flush."""

    item: Input
    actions: list[AnyAction]
    is_last: bool


def _steps(reader: RecordingReader) -> Iterator[_Step]:
    """The inputs up to the end, or up to damage: what an engine decided behind it cannot be found out again."""
    item: Any = None
    actions: list[Any] = []
    for record in reader:
        if reader.damage:
            break
        if isinstance(record, Action):
            if item is None:
                raise RecordingError(f"{reader.path}: expected an input first, was {type(record).__name__}")
            actions.append(record)
            continue
        if item is not None:
            yield _Step(item, actions, is_last=False)
        item, actions = record, []
    if item is not None:
        yield _Step(item, actions, is_last=True)


def _decided(engine: Engine, item: Input) -> Sequence[AnyAction]:
    """A defect that broke a step off while it was recorded does so again: it decided nothing, then and now."""
    try:
        return engine.on(item)
    except Exception:
        return ()


def _first_difference(number: int, step: _Step, found: Sequence[AnyAction]) -> str:
    where = f"input {number} at {utc_text(step.item.ts_ns)}"
    for index, (recorded, now) in enumerate(zip(step.actions, found, strict=False), start=1):
        if wire.encode(recorded) != wire.encode(now):
            return f"{where}, action {index}: {first_difference(recorded, now)}"
    count, expected = len(found), len(step.actions)
    if count == expected or (step.is_last and count > expected):
        return ""
    extra = (found if count > expected else step.actions)[min(count, expected)]
    return f"{where}: expected {expected} actions, was {count}; the first that has no match is {shown(extra)}"


def _lines(replayed: Replayed, cells: int | None) -> Iterator[str]:
    tally = replayed.tally
    rate = replayed.events / replayed.wall_s if replayed.wall_s else 0.0
    yield f"{replayed.events:,} events in {replayed.wall_s:.3f} s ({rate:,.0f} events/s)"
    if replayed.torn:
        yield "the recording's end is torn: everything up to its last flush was read"
    for sentence in replayed.damage:
        yield f"DAMAGED: {sentence}"
    if replayed.verified is not None:
        yield _verified(replayed)
    if replayed.built and replayed.verified is not None:
        yield replayed.built + ("" if replayed.verified else ": that may be all the difference there is")
    denied = sum(tally.denied_by.values())
    yield f"verdicts: {tally.approved} approved, {denied} denied"
    if not tally.verdicts:
        yield from (f"  {near.sentence}" for near in tally.nearest)
    for verdict in tally.verdicts:
        word = "yes" if verdict.approved else "no "
        what = f"{verdict.proposal.asset} {verdict.proposal.side.value}"
        said = verdict.reason or f"{verdict.size_text}, stop {verdict.stop_bps:g} bps"
        yield from _entry(f"{utc_text(verdict.ts_ns)} {word} {verdict.proposal.setup} {what}: {said}", cells)
    yield f"trades: {len(tally.trades)}"
    for trade in tally.trades:
        seen = trade_summary(trade)
        end = _open_text(tally.marks.get(trade.trade_id))
        if trade.closed_ns is not None:
            held_s = (trade.closed_ns - (trade.opened_ns or trade.closed_ns)) / NS_PER_S
            end = f"{seen['exit_reason']} at {price_text(trade.exit_price)} after {held_s:.0f} s"
        yield from _entry(
            f"{trade.trade_id} {trade.setup} {trade.side.value} {trade.entry_qty:g} {trade.asset} "
            f"at {price_text(trade.entry_price)}: {end}, net {trade.pnl_usd:+.4f} USD, {trade.r:+.2f} R",
            cells,
        )
    yield f"digest {tally.digest}"


def _open_text(mark: Mark | None) -> str:
    if mark is None or mark.price is None or mark.open_pnl_usd is None:
        return "OPEN at the end, no price to value it at"
    return f"OPEN at the end, valued at {price_text(mark.price)}: {mark.open_pnl_usd:+.4f} USD still open"


def _verified(replayed: Replayed) -> str:
    if replayed.difference:
        other = ", made by another version" if replayed.is_of_another else ""
        return f"DIFFERS{other}: {replayed.difference}"
    same = "every verdict and action came out as recorded"
    return same if replayed.verified else f"NOT VERIFIED: up to the damage {same}, nobody can tell what came after it"


def _entry(text: str, cells: int | None) -> list[str]:
    """One entry of a list, indented, and broken between words where it is too long for a terminal."""
    return wrapped(text, cells, "  ", "      ")
