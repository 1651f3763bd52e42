"""The drills that were done: whether one can get out of each venue, with the times it took."""

import time
from collections.abc import Iterable

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from cockpit.config.journal_place import JournalPlace
from cockpit.domain.units import utc_day, utc_text
from cockpit.journal.database import journal_url, one_line, open_database
from cockpit.journal.errors import JournalError
from cockpit.journal.migrations import DRILLS_SINCE, found_version, migrate
from cockpit.journal.schema import drills

KEEP_WITHIN_S = 5.0
RETRY_S = 0.1


class DrillStep(msgspec.Struct, frozen=True):
    """One step: what was done, how long it took, and what the venue said."""

    name: str
    took_ms: float
    sentence: str


class Drill(msgspec.Struct, frozen=True):
    """One drill on one venue. `place` is demo or loopback: whose venue it was."""

    ts_ns: int
    venue: str
    place: str
    ok: bool
    steps: tuple[DrillStep, ...]


def keep_drill(journal: JournalPlace, drill: Drill) -> None:
    """Write a drill into the journal, beside the engine that may be writing there too. Raises `JournalError`."""
    database = open_database(journal_url(journal), writes=True)
    row = {"ts_ns": drill.ts_ns, "venue": drill.venue, "place": drill.place, "ok": drill.ok}
    row["body"] = msgspec.json.encode(drill).decode()
    give_up_s = time.monotonic() + KEEP_WITHIN_S
    try:
        while True:
            try:
                with database.begin() as connection:
                    migrate(connection)
                    connection.execute(drills.insert().values(**row))
                return
            except OperationalError as error:
                if time.monotonic() > give_up_s:
                    raise _unwritable(journal, error) from error
                time.sleep(RETRY_S)
    except (SQLAlchemyError, OSError) as error:
        raise _unwritable(journal, error) from error
    finally:
        database.dispose()


def latest_drill(journal: JournalPlace, venue: str) -> Drill | None:
    """The last drill on that venue that got out; None where there was none. Raises `JournalError`."""
    if not journal.exists():
        return None
    database = open_database(journal_url(journal), writes=False)
    query = select(drills.c.body).where(drills.c.venue == venue, drills.c.ok.is_(True))
    try:
        with database.connect() as connection:
            if found_version(connection) < DRILLS_SINCE:
                return None
            body = connection.execute(query.order_by(drills.c.ts_ns.desc()).limit(1)).scalar_one_or_none()
    except SQLAlchemyError as error:
        raise JournalError(f"expected a readable journal at {journal}, was: {one_line(error)}") from error
    finally:
        database.dispose()
    return None if body is None else msgspec.json.decode(body, type=Drill)


def drills_lacking(journal: JournalPlace, venues: Iterable[str], now_ns: int) -> str:
    """Which venues lack today's drill, in words; empty where none does. A day is a UTC day."""
    lacking = []
    for venue in venues:
        try:
            last = latest_drill(journal, venue)
        except JournalError as error:
            return str(error)
        if last is None or utc_day(last.ts_ns) != utc_day(now_ns):
            lacking.append(f"{venue} (last: {'never' if last is None else utc_text(last.ts_ns)})")
    if not lacking:
        return ""
    return f"expected today's drill on {', '.join(lacking)}, was none: cockpit drill"


def _unwritable(journal: JournalPlace, error: Exception) -> JournalError:
    return JournalError(f"expected to write the drill into {journal}, was: {one_line(error)}")
