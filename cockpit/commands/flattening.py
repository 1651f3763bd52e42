"""`cockpit flatten`: through the engine when it answers, straight to the venues when it does not."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.commands.front import FLAT, NO, NOTHING_OPEN, YES
from cockpit.config.places import Places
from cockpit.domain.numbers import counted
from cockpit.runtime.lock import LockUnknown, is_held, read_holder
from cockpit.runtime.output import PrintLine

if TYPE_CHECKING:
    from cockpit.commands.left_open import LeftOpen
    from cockpit.commands.reach import EngineAnswer
    from cockpit.domain.snapshot import Snapshot

ANSWER_WITHIN_S = 1.0
"""The venues are not kept waiting any longer by an engine that may be slow, stalled or dead."""
ANSWER_ALONE_WITHIN_S = 10.0
"""Where nobody but the engine can flatten, because no venue's keys are set."""
COMMAND_WITHIN_S = 10.0
STREAM_WITHIN_S = 0.5
REASON = "cockpit flatten"

Confirm = Callable[[str], bool]


def outlive_the_terminal() -> None:
    """From here on a terminal that goes away ends nothing. Only the main thread may say so; others keep what stands."""
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    except ValueError:
        return


def flatten_now(places: Places, notify: PrintLine, confirm: Confirm, *, venue: str, is_sure: bool = False) -> int:
    """0 only when every venue was seen flat (or nothing is open, no key is set and no engine runs), 1 otherwise.

    `is_sure`: nobody is asked first. Raises `EngineRefused` where the engine, or `--venue`, forbids it: then nothing
    was asked of the engine.
    """
    if _is_surely_alone(places):
        why = f"no engine runs on this profile ({places.home})"
        return _without_engine(places, False, why, notify, _then_alone(confirm), venue, is_sure)

    from cockpit.commands.reach import NoAnswer, ask_engine

    answer = asyncio.run(ask_engine(places, ANSWER_WITHIN_S))
    if isinstance(answer, NoAnswer):
        return _without_engine(places, answer.runs, answer.sentence, notify, _then_alone(confirm), venue, is_sure)
    return _with_engine(places, answer, notify, confirm, venue)


def flatten_without_home(
    config: Path, why: str, notify: PrintLine, confirm: Confirm, *, venue: str, is_sure: bool
) -> int | None:
    """The way out where nobody knows the profile's place: whether an engine runs cannot be known, the venues can.

    None where no venue's keys are set either.
    """
    from cockpit.commands.flattening_directly import DirectRoad, flatten_venues

    road = DirectRoad(config, venue)
    if road.exported.accounts:
        notify(f"{why}; without it no engine can be found")
    return flatten_venues(road, None, notify, _then_alone(confirm), is_sure)


def _then_alone(confirm: Confirm) -> Confirm:
    def confirmed(question: str) -> bool:
        is_yes = confirm(question)
        if is_yes:
            outlive_the_terminal()
        return is_yes

    return confirmed


def _is_surely_alone(places: Places) -> bool:
    """Whether nobody holds the profile's lock; told without the client that would ask an engine."""
    try:
        return not is_held(places.lock)
    except LockUnknown:
        return False


def _with_engine(places: Places, answer: "EngineAnswer", notify: PrintLine, confirm: Confirm, venue: str) -> int:
    from cockpit.domain.kinds import Mode

    _only_there(answer.snapshot, venue)
    if not _then_alone(confirm)(f"{_question(answer.snapshot)} Go on?"):
        notify("not flattened: nothing was asked of the engine")
        return NO
    code = asyncio.run(_through_engine(places, answer, notify))
    if code == YES or answer.snapshot.mode is Mode.PAPER or is_held(places.lock):
        return code
    return _without_engine(places, False, "the engine is gone", notify, lambda question: True, venue, is_sure=True)


def _only_there(snapshot: "Snapshot", venue: str) -> None:
    """The engine flattens every venue: with `--venue` only if that is no more than was asked for."""
    from cockpit.client.errors import EngineRefused

    elsewhere = [f"{view.trade.trade_id} on {view.trade.venue}" for view in snapshot.open_trades]
    elsewhere = [where for where in elsewhere if not where.endswith(f" on {venue}")]
    if venue and elsewhere:
        raise EngineRefused(
            f"expected nothing open outside {venue}, was {', '.join(elsewhere)}: the engine flattens every venue, "
            "leave --venue out to do so"
        )


def _question(snapshot: "Snapshot") -> str:
    names = [f"{view.trade.trade_id} {view.trade.asset} {view.trade.side.value}" for view in snapshot.open_trades]
    what = f"{counted(len(names), 'open trade')} ({', '.join(names)})" if names else "no open trade of ours"
    foreign = [f"{view.qty:+g} {view.asset} on {view.venue}" for view in snapshot.foreign_positions]
    too = f", and what is not ours ({', '.join(foreign)})" if foreign else ""
    return f"Flatten in {snapshot.mode.value} mode: {what}{too}, every venue swept, then halted."


async def _through_engine(places: Places, answer: "EngineAnswer", notify: PrintLine) -> int:
    """Watch first, then ask: no step goes by unseen. A watch that does not get going delays nothing."""
    from cockpit.client.errors import EngineUnreachable
    from cockpit.commands.flatten_watch import FlattenWatch
    from cockpit.commands.reach import BY, client_of

    async with FlattenWatch(places, notify, answer.snapshot.ts_ns) as watch:
        await watch.until_connected(STREAM_WITHIN_S)
        try:
            async with client_of(places, COMMAND_WITHIN_S) as client:
                notify(f"engine (process {answer.process.pid}): {await client.flatten(REASON)}")
        except EngineUnreachable as error:
            notify(f"asked as {BY}, but not answered: {error}: watching what it does")
        is_flat = await watch.until_flat()
    notify(FLAT if is_flat else "NOT SEEN FLAT: look at the venue, or run this again")
    return YES if is_flat else NO


def _without_engine(
    places: Places, runs: bool, why: str, notify: PrintLine, confirm: Confirm, venue: str, is_sure: bool
) -> int:
    """Where keys are set: to the venues. Where none is, nothing can be at a venue but what the journal has open."""
    from cockpit.client.answers import one_line
    from cockpit.commands.flattening_directly import DirectRoad, flatten_venues
    from cockpit.config.proxies import without_proxies
    from cockpit.runtime.profile_prefix import known_prefix

    notify(one_line(why))
    if proxies := without_proxies(os.environ):
        notify(proxies)
    marked = _marked(places, runs, notify, confirm)
    code = flatten_venues(DirectRoad(places.config, venue), known_prefix(places), notify, marked, is_sure)
    if code is not None:
        return code
    return _by_engine_alone(places, notify, confirm, venue) if runs else _by_the_journal(places, notify, venue)


def _marked(places: Places, runs: bool, notify: PrintLine, confirm: Confirm) -> Confirm:
    """The moment it is confirmed this profile's engine is halted, should it be frozen, or come back."""
    from cockpit.runtime.halt_mark import leave_halt_mark

    def confirmed(question: str) -> bool:
        if runs:
            notify(f"process {_holder(places)} may still send entries: end it")
        is_yes = confirm(question)
        if is_yes and (trouble := leave_halt_mark(places)):
            notify(trouble)
        return is_yes

    return confirmed


def _by_engine_alone(places: Places, notify: PrintLine, confirm: Confirm, venue: str) -> int:
    """Nobody else can do anything at a venue: it is given the time that a slow one needs."""
    from cockpit.commands.reach import NoAnswer, ask_engine

    notify(
        f"without keys only the engine can flatten: asking process {_holder(places)} for {ANSWER_ALONE_WITHIN_S:g} s"
    )
    answer = asyncio.run(ask_engine(places, ANSWER_ALONE_WITHIN_S))
    if not isinstance(answer, NoAnswer):
        return _with_engine(places, answer, notify, confirm, venue)
    if not answer.runs:
        return _by_the_journal(places, notify, venue)
    _show_left(places, notify, venue)
    notify(
        f"not flattened: process {_holder(places)} runs and did not answer, so what it has open right now is unknown; "
        "run this again, or end it and start it again"
    )
    return NO


def _holder(places: Places) -> str:
    return str(read_holder(places.lock).get("pid", "unknown"))


def _show_left(places: Places, notify: PrintLine, venue: str) -> "list[LeftOpen]":
    if not places.journal.exists():
        return []
    from cockpit.commands.left_open import left_open

    left = [one for one in left_open(places.journal) if not venue or one.trade.venue == venue]
    for one in left:
        notify(f"open in the journal: {one.line}")
    return left


def _by_the_journal(places: Places, notify: PrintLine, venue: str) -> int:
    """Without an engine and without keys."""
    from cockpit.domain.kinds import Mode

    left = _show_left(places, notify, venue)
    unwritten = places.journal.spill
    if unwritten.exists() and unwritten.stat().st_size > 0:
        notify(f"the journal is not complete: {unwritten} waits to be taken in by the next engine")
        return NO
    if any(one.trade.mode is not Mode.PAPER for one in left):
        notify("NOT FLAT: real positions are open at a venue that cannot be reached without its keys")
        return NO
    if left:
        notify(f"not flattened: {len(left)} open; start the engine, then run this again")
        return NO
    notify(NOTHING_OPEN)
    return YES
