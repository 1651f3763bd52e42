"""`cockpit flatten`: through the engine when it answers, straight to the venues when it does not."""

import asyncio
from collections.abc import Callable

from cockpit.client.answers import one_line
from cockpit.client.errors import EngineRefused, EngineUnreachable
from cockpit.commands.flatten_watch import FlattenWatch
from cockpit.commands.flattening_directly import LoadConfig, find_direct, flatten_venues
from cockpit.commands.front import NO, YES
from cockpit.commands.reach import BY, EngineAnswer, NoAnswer, ask_engine, client_of
from cockpit.config.places import Places
from cockpit.domain.kinds import Mode
from cockpit.domain.snapshot import Snapshot
from cockpit.runtime.lock import is_held

ANSWER_WITHIN_S = 1.0
COMMAND_WITHIN_S = 10.0
STREAM_WITHIN_S = 0.5
REASON = "cockpit flatten"

Say = Callable[[str], None]
Confirm = Callable[[str], bool]


def flatten_now(places: Places, load: LoadConfig, say: Say, confirm: Confirm, *, venue: str) -> int:
    """0 only when every venue was seen flat (or nothing is open, no key is set and no engine runs), 1 otherwise.

    Raises `EngineRefused` where the engine, or `--venue`, forbids it: then nothing was asked of the engine.
    """
    answer = asyncio.run(ask_engine(places, ANSWER_WITHIN_S))
    if isinstance(answer, NoAnswer):
        return _without_engine(places, load, answer, say, confirm, venue)
    snapshot = answer.snapshot
    _only_there(snapshot, venue)
    if not confirm(f"{_question(snapshot)} Go on?"):
        say("not flattened: nothing was asked of the engine")
        return NO
    code = asyncio.run(_through_engine(places, answer, say))
    if code == YES or answer.snapshot.mode is Mode.PAPER or is_held(places.lock):
        return code
    return _without_engine(places, load, NoAnswer(False, "the engine is gone"), say, lambda question: True, venue)


def _only_there(snapshot: Snapshot, venue: str) -> None:
    """The engine flattens every venue: with `--venue` only if that is no more than was asked for."""
    elsewhere = [f"{view.trade.trade_id} on {view.trade.venue}" for view in snapshot.open_trades]
    elsewhere = [where for where in elsewhere if not where.endswith(f" on {venue}")]
    if venue and elsewhere:
        raise EngineRefused(
            f"expected nothing open outside {venue}, was {', '.join(elsewhere)}: the engine flattens every venue, "
            "leave --venue out to do so"
        )


def _question(snapshot: Snapshot) -> str:
    names = [f"{view.trade.trade_id} {view.trade.asset} {view.trade.side.value}" for view in snapshot.open_trades]
    what = f"{len(names)} open trades ({', '.join(names)})" if names else "no open trade of ours"
    return f"Flatten in {snapshot.mode.value} mode: {what}, every venue swept, then halted."


async def _through_engine(places: Places, answer: EngineAnswer, say: Say) -> int:
    """Watch first, then ask: no step goes by unseen. A watch that does not get going delays nothing."""
    async with FlattenWatch(places, say, answer.snapshot.ts_ns) as watch:
        await watch.until_connected(STREAM_WITHIN_S)
        try:
            async with client_of(places, COMMAND_WITHIN_S) as client:
                say(f"engine (process {answer.process.pid}): {await client.flatten(REASON)}")
        except EngineUnreachable as error:
            say(f"asked as {BY}, but not answered: {error}: watching what it does")
        is_flat = await watch.until_flat()
    say("FLAT: every venue said so" if is_flat else "NOT SEEN FLAT: look at the venue, or run this again")
    return YES if is_flat else NO


def _without_engine(places: Places, load: LoadConfig, answer: NoAnswer, say: Say, confirm: Confirm, venue: str) -> int:
    """Where keys are set: to the venues. Where none is, nothing can be at a venue but what the journal has open."""
    say(one_line(answer.sentence))
    direct = find_direct(load, venue)
    if direct.accounts:
        if answer.runs:
            say("its process may still send entries: end it")
        return flatten_venues(places, direct, say, confirm)
    say(f"no venue's keys are set: {'; '.join(direct.findings)}")

    from cockpit.commands.left_open import left_open

    left = [one for one in left_open(places.journal) if not venue or one.trade.venue == venue]
    for one in left:
        say(f"open in the journal: {one.line}")
    unwritten = places.journal.with_suffix(".spill")
    if unwritten.exists() and unwritten.stat().st_size > 0:
        say(f"the journal is not complete: {unwritten} waits to be taken in by the next engine")
        return NO
    if any(one.trade.mode is not Mode.PAPER for one in left):
        say("NOT FLAT: real positions are open at a venue that cannot be reached without its keys")
        return NO
    return _verdict(answer, len(left), say)


def _verdict(answer: NoAnswer, left: int, say: Say) -> int:
    if answer.runs:
        say("not flattened: what the engine has open right now is unknown; end its process and start it again")
        return NO
    if left:
        say(f"not flattened: {left} open; start the engine, then run this again")
        return NO
    say("nothing is open in the journal")
    return YES
