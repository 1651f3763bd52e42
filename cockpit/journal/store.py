"""The journal: what the engine decided, durably, without the engine ever waiting for it."""

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError

from cockpit.config.journal_place import JournalPlace
from cockpit.domain.actions import AnyAction
from cockpit.domain.kinds import Mode
from cockpit.journal.database import (
    PUT_BACK,
    Where,
    advice,
    damage_in,
    damaged,
    hold_alone,
    journal_url,
    one_line,
    open_database,
    url_text,
)
from cockpit.journal.errors import JournalError
from cockpit.journal.migrations import migrate
from cockpit.journal.page_check import EVERY_S, PageCheck
from cockpit.journal.restore import Restored, find_restore
from cockpit.journal.same_file import SameFile
from cockpit.journal.schema import sessions
from cockpit.journal.sessions import Alive, Entry, FeedKind, SessionInfo
from cockpit.journal.spill import Spill
from cockpit.journal.writer import BACKOFF_S, SPILL_ABOVE_RECORDS, JournalHealth, Writer

LOG = logging.getLogger("cockpit.engine")
FLUSH_S = 5.0


class Journal:
    """One engine's journal. `place`: a profile's, a SQLite file, or a `postgresql://` URL (give `spill_path` with it).

    Raises `JournalError` where trying again cannot help: a newer version, not a database, no directory. A database that
    is locked or away raises nothing: the writer keeps trying and `health` says so.

    Use: `latest_restore`, then `begin`, then `append` what each step of the engine returned, then `close`.
    """

    def __init__(
        self,
        place: Where,
        spill_path: Path | None = None,
        backoff_s: Sequence[float] = BACKOFF_S,
        spill_above_records: int = SPILL_ABOVE_RECORDS,
        pages_every_s: float = EVERY_S,
    ) -> None:
        self._url = journal_url(place)
        if spill_path is None and isinstance(place, JournalPlace):
            spill_path = place.spill
        elif spill_path is None and self._url.get_backend_name() == "sqlite":
            spill_path = Path(str(self._url.database)).with_suffix(".spill")
        self._database = open_database(self._url, writes=True)
        with ExitStack() as opened:
            opened.callback(self._database.dispose)
            damage = self._opened_damage()
            self._alone = hold_alone(self._url)
            if self._alone is not None:
                opened.callback(self._alone.close)
            spill = Spill(spill_path) if spill_path is not None else None
            opened.pop_all()  # all of it is there: it stays open
        self.damage = ""
        for sentence in filter(None, [damage, spill.damage if spill is not None else ""]):
            self.note_damage(sentence)
        is_file = self._url.get_backend_name() == "sqlite"
        file = SameFile(Path(str(self._url.database))) if is_file else None
        self._writer = Writer(self._database, spill, backoff_s, spill_above_records, file)
        self._pages = PageCheck(self._url, self.note_damage, pages_every_s) if is_file else None
        self._session: SessionInfo | None = None
        self._lineage = 0
        self._seq = 0
        self._writer.start()
        if self._pages is not None:
            self._pages.start()

    def note_damage(self, sentence: str) -> None:
        """What of it is lost or cannot be read; damaged pages are said once, whoever finds them and however many."""
        if PUT_BACK in sentence and PUT_BACK in self.damage:
            return
        LOG.error("journal: %s", sentence)
        self.damage = "; ".join(filter(None, [self.damage, sentence]))

    def latest_restore(self, now_ns: int, feed: FeedKind, timeout_s: float = FLUSH_S) -> Restored | None:
        """What the last session on this kind of feed left to go on with, or None for a fresh start.

        What a killed process left in the side file is written first. Raises `JournalError` when the journal cannot
        be read within `timeout_s`: do not trade on what cannot be seen.
        """
        if not self.flush(timeout_s):
            raise JournalError(f"expected the journal to be readable, was: {self.health().last_error or 'busy'}")
        try:
            with open_database(self._url, writes=False).connect() as connection:
                return find_restore(connection, now_ns, feed)
        except SQLAlchemyError as error:
            raise JournalError(f"expected the journal to be readable, was: {one_line(error)}{advice(error)}") from error

    def begin(self, session: SessionInfo, continues: Restored | None = None) -> None:
        """Begin a session; with `continues` its account, trades and orders go on being the restored session's."""
        self._session = session
        self._lineage = continues.lineage if continues is not None else session.session_id
        self._seq = 0
        self._writer.backlog.push([Entry(session.session_id, self._lineage, 0, session)])

    @property
    def session_id(self) -> int:
        """The session that was begun; 0 before one was."""
        return self._session.session_id if self._session is not None else 0

    def newest_session(self) -> int:
        """The newest session in it; 0 where there is none, or it cannot be read."""
        try:
            with open_database(self._url, writes=False).connect() as connection:
                return connection.execute(select(func.max(sessions.c.session_id))).scalar_one() or 0
        except SQLAlchemyError:
            return 0

    def append(self, actions: Sequence[AnyAction]) -> None:
        """Queue what one step of the engine decided; it is written whole or not at all. Never waits, never raises.

        (Before `begin` it raises `JournalError`: that is a mistake of the caller's, not of the disk's.)
        """
        if actions:
            self._writer.backlog.push(self._entries(actions))

    def alive(self, ts_ns: int, mode: Mode, is_anew: bool = False) -> None:
        """Note that the engine runs in this mode with its feeds up. Call it about once a minute: the hours of the
        report are made of these, and a gap of more than two minutes does not count, nor any gap before `is_anew`.
        """
        self._writer.backlog.push(self._entries([Alive(ts_ns, mode, is_anew)]))

    def health(self) -> JournalHealth:
        """How the journal does; never waits."""
        return self._writer.health()

    def flush(self, timeout_s: float = FLUSH_S) -> bool:
        """Wait until everything appended so far survives a kill, in the database. False when it does not by then."""
        return self._writer.flush(timeout_s)

    @property
    def appended(self) -> int:
        """How many records were appended so far, what an earlier process left included."""
        return self._writer.backlog.appended

    def has_written(self, count: int) -> bool:
        """Whether the first `count` appended records survive a kill, in the database. Never waits."""
        return self._writer.backlog.done >= count

    def when_written(self, count: int, done: Callable[[], object]) -> None:
        """Call `done` once the first `count` appended records survive a kill: at once, or from the journal's thread.

        `done` must not block and must not raise.
        """
        self._writer.backlog.when_done(count, done)

    def close(self, timeout_s: float = FLUSH_S) -> bool:
        """Write the rest and end; what the database refuses goes to the side file for the next start.

        False when something may be lost: the health says what.
        """
        if self._pages is not None:
            self._pages.stop()
        has_ended = self._writer.stop(timeout_s)
        if self._alone is not None:
            self._alone.close()
        return has_ended and self._writer.backlog.in_memory == 0

    def _entries(self, bodies: Sequence[AnyAction | Alive]) -> list[Entry]:
        session = self._session
        if session is None:
            raise JournalError("expected a session to be begun before anything is appended, was none")
        first = self._seq + 1
        self._seq += len(bodies)
        return [Entry(session.session_id, self._lineage, seq, body) for seq, body in enumerate(bodies, first)]

    def _opened_damage(self) -> str:
        """What is damaged in it though it opens; refuses what cannot work."""
        try:
            with self._database.begin() as connection:
                migrate(connection)
                damage = damage_in(connection)
                return damage and damaged(self._url, damage)
        except OperationalError:
            return ""
        except (DatabaseError, OSError) as error:
            raise JournalError(
                f"expected a journal at {url_text(self._url)}, was: {one_line(error)}{advice(error)}"
            ) from error
