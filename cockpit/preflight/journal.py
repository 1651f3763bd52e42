"""What the journal tells before a start: that it opens, and whether its last sessions ended halted. It only reads."""

from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from cockpit.config.journal_place import JournalPlace, link_to_nowhere
from cockpit.config.model import CockpitConfig
from cockpit.domain.account import Halt
from cockpit.domain.kinds import Mode
from cockpit.domain.units import utc_text
from cockpit.journal.database import PUT_BACK, damage_in, journal_url, one_line, open_database
from cockpit.journal.errors import JournalError
from cockpit.journal.evidence import Evidence
from cockpit.journal.migrations import CURRENT_VERSION, HOURS_SINCE, found_version
from cockpit.journal.reading import JournalReader
from cockpit.journal.restore import find_restore
from cockpit.journal.sessions import FeedKind
from cockpit.journal.way_up import way_up
from cockpit.preflight.checklist import Item, failed, passed, warned


def journal_items(place: JournalPlace, config: CockpitConfig, mode: Mode) -> Iterator[Item]:
    """Whether the journal opens, what it remembers of a halt or of open trades, and the way up to `mode`."""
    if not place.exists():
        yield passed("journal", f"none yet: {place.name} is made at the first start")
        yield from _way_up(Evidence(), config, mode)
        return
    if not place.url and (nowhere := link_to_nowhere(place.file)):
        yield failed("journal", f"expected a journal at {place}, was {nowhere}")
        return
    database = open_database(journal_url(place), writes=False)
    try:
        with database.begin() as connection:
            version = found_version(connection)
            if version == 0:
                yield _empty(place)
                yield from _way_up(Evidence(), config, mode)
                return
            damage = damage_in(connection)
            if damage:
                yield failed("journal", f"expected {place} to be whole, was damaged ({damage}){PUT_BACK}")
                return
            yield _opens(version, place)
            if HOURS_SINCE <= version <= CURRENT_VERSION:
                for feed in FeedKind:
                    yield from _left_behind(connection, feed)
        evidence = JournalReader(place).evidence()
        yield from (warned("journal row", sentence) for sentence in evidence.unreadable)
        yield from _way_up(evidence, config, mode)
    except (SQLAlchemyError, msgspec.MsgspecError, JournalError, ValueError) as error:
        yield failed("journal", f"expected a journal at {place}, was unreadable ({one_line(error)}){PUT_BACK}")
    finally:
        database.dispose()


def _empty(place: JournalPlace) -> Item:
    if place.url:
        return passed("journal", f"{place.name} holds none yet: it is made at the first start")
    detail = f"{place.name} is empty ({place.file.stat().st_size} bytes): what it held is gone, a start begins anew"
    return warned("journal", f"{detail}; put a backup in its place if there is one")


def _opens(version: int, place: JournalPlace) -> Item:
    if version > CURRENT_VERSION:
        finding = f"expected a journal of version {CURRENT_VERSION} or older, was {version}"
        return failed("journal", f"{finding}: run the Cockpit that wrote it")
    if version < CURRENT_VERSION:
        return passed("journal", f"{place.name} opens; the next start brings it from version {version}")
    return passed("journal", f"{place.name} opens, version {version}")


def _way_up(evidence: Evidence, config: CockpitConfig, mode: Mode) -> Iterator[Item]:
    """What the journal still lacks for this mode; paper needs nothing."""
    for step in way_up(evidence, config):
        if step.mode is not mode:
            continue
        lacking = "; ".join(f"{one.name}: expected {one.need}, was {one.have}" for one in step.lacking)
        shown = f"the journal shows what {mode} asks for"
        yield passed("way up", shown) if step.is_open else failed("way up", f"locked: {lacking}")


def _left_behind(connection: Connection, feed: FeedKind) -> Iterator[Item]:
    """What the last session on this kind of feed left that a start will meet."""
    restored = find_restore(connection, 0, feed)
    if restored is None:
        return
    halt, trades = restored.command.memory.account.halt, restored.command.trades
    if halt is not None:
        yield _halted(feed, halt)
    if trades:
        names = ", ".join(trade.trade_id for trade in trades)
        yield warned(
            f"open trades.{feed.value}", f"{len(trades)} were open when it ended: {names}; a start takes them up"
        )


def _halted(feed: FeedKind, halt: Halt) -> Item:
    detail = f"halted since {utc_text(halt.ts_ns)}: {halt.sentence}: no entries until an operator resumes with a reason"
    name = f"halt.{feed.value}"
    return failed(name, detail) if feed is FeedKind.LIVE else warned(name, detail)
