"""The thread that writes the journal: in order, whole units, again and again until the database takes them."""

import logging
from collections.abc import Callable, Sequence
from contextlib import closing
from threading import Condition, Event, Thread

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError

from cockpit.journal.database import advice, damage_in, one_line, open_database
from cockpit.journal.errors import JournalError
from cockpit.journal.migrations import migrate
from cockpit.journal.rows import Rows
from cockpit.journal.same_file import SameFile
from cockpit.journal.sessions import Entry, Unit
from cockpit.journal.spill import Backlog, Spill

LOG = logging.getLogger("cockpit.engine")
BATCH_RECORDS = 500
SPILL_ABOVE_RECORDS = 10_000
SPILL_AFTER_FAILURES = 5
POLL_EVERY_S = 1.0
TAKE_OVER_TRIES = 20
BACKOFF_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class JournalHealth(msgspec.Struct, frozen=True):
    """How the journal does. `pending` records wait, `at_risk` of them in memory alone; `refused` can never be stored.

    `ok` is False while the database refuses writing or the writer is gone; `last_error` stays after it recovered.
    """

    ok: bool
    pending: int
    at_risk: int
    written: int
    refused: int
    last_error: str


class Writer:
    """Takes from the backlog and writes. A failing database is tried again with growing pauses; nothing is skipped.

    A record that the database can never take (no encoding, out of range) is set aside and counted, so that it does not
    hold up what follows it.
    """

    def __init__(
        self,
        database: Engine,
        spill: Spill | None,
        backoff_s: Sequence[float] = BACKOFF_S,
        spill_above_records: int = SPILL_ABOVE_RECORDS,
        file: SameFile | None = None,
    ) -> None:
        self._file = file
        self._changed = Condition()
        self.backlog = Backlog(self._changed, spill)
        self._database = database
        self._backoff_s = tuple(backoff_s)
        self._spill_above = spill_above_records
        self._stopping = Event()
        self._is_migrated = False
        self._failures = 0
        self._refused = 0
        self._last_error = ""
        self._thread = Thread(target=self._run, name="journal", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def health(self) -> JournalHealth:
        """How it does; never waits."""
        backlog = self.backlog
        lost = f"{backlog.lost} records in the side file were damaged under the engine: they are lost"
        refused = self._refused + backlog.lost
        return JournalHealth(
            ok=self._failures == 0 and (self._thread.is_alive() or self._stopping.is_set()),
            pending=backlog.pending,
            at_risk=backlog.in_memory,
            written=backlog.done - refused,
            refused=refused,
            last_error="; ".join(filter(None, [self._last_error, lost if backlog.lost else ""])),
        )

    def flush(self, timeout_s: float) -> bool:
        """Wait until everything queued so far is in the database; False when it is not by then."""
        with self._changed:
            wanted = self.backlog.appended
            return self._changed.wait_for(lambda: self.backlog.done >= wanted, timeout_s)

    def stop(self, timeout_s: float) -> bool:
        """End the thread after one last try; what cannot be written goes to the side file. False if it hangs."""
        with self._changed:
            self._stopping.set()
            self._changed.notify_all()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._has_work, POLL_EVERY_S)
            is_last = self._stopping.is_set()
            has_failed = not self._attempt(self._write_oldest)
            if has_failed and (self._should_spill() or is_last):
                self._attempt(self.backlog.move_to_spill)
            if is_last and (has_failed or not self.backlog.pending):
                break
            if has_failed:
                self._stopping.wait(self._backoff_s[min(self._failures, len(self._backoff_s)) - 1])
        self.backlog.close()
        self._database.dispose()

    def _has_work(self) -> bool:
        return bool(self.backlog.pending) or not self._is_migrated or self._stopping.is_set()

    def _should_spill(self) -> bool:
        return self.backlog.in_memory > self._spill_above or self._failures >= SPILL_AFTER_FAILURES

    def _attempt(self, step: Callable[[], None]) -> bool:
        """Do one step; a failure is noted, never raised: this thread must outlive it."""
        try:
            step()
        except Exception as error:
            self._failures += 1
            self._last_error = f"{one_line(error)}{advice(error)}"
            self._close_database()
            return False
        return True

    def _close_database(self) -> None:
        self._database.dispose()
        if self._file is not None:
            self._file.forget_log()

    def _write_oldest(self) -> None:
        if self._file is not None:
            self._check_files(self._file)
        if not self._is_migrated:
            with self._database.begin() as connection:
                migrate(connection)
            self._is_migrated = True
        units = self.backlog.oldest(BATCH_RECORDS)
        if units:
            self._write(units)
            if self._file is not None:
                self._file.note_log()
            self.backlog.settle(units)
        self._failures = 0

    def _check_files(self, file: SameFile) -> None:
        """Raises `JournalError` once what was written is gone. A log that was deleted is still open here."""
        file.check()
        if file.is_log_gone():
            self._take_over()
            LOG.warning("journal: its -wal was deleted or replaced under the engine; all that it held was taken over")
            self._close_database()
        elif file.is_log_cut():
            if not self._reads_whole():
                file.lose_log()
            self._close_database()
            file.check()

    def _take_over(self) -> None:
        """All that this connection alone still has goes into the file, before it is closed."""
        for _ in range(TAKE_OVER_TRIES):
            with closing(self._database.raw_connection()) as connection:
                busy, frames, taken = connection.cursor().execute("PRAGMA wal_checkpoint(FULL)").fetchone()
            if not busy and frames == taken:
                return
        raise JournalError("expected what its -wal held to be taken over, was busy")

    def _reads_whole(self) -> bool:
        try:
            with open_database(self._database.url, writes=False).connect() as connection:
                return not damage_in(connection)
        except SQLAlchemyError:
            return False

    def _write(self, units: list[Unit]) -> None:
        try:
            self._write_together([entry for unit in units for entry in unit])
        except Exception as error:
            if not _is_records_fault(error):
                raise
            self._refused += sum(not self._can_write(entry) for unit in units for entry in unit)

    def _can_write(self, entry: Entry) -> bool:
        """Write one entry by itself; False when it is the one that can never be stored."""
        try:
            self._write_together([entry])
        except Exception as error:
            if not _is_records_fault(error):
                raise
            self._last_error = f"a {type(entry.body).__name__} cannot be stored: {one_line(error)}"
            return False
        return True

    def _write_together(self, entries: list[Entry]) -> None:
        rows = Rows()
        for entry in entries:
            rows.add(entry)
        with self._database.begin() as connection:
            rows.write(connection)


def _is_records_fault(error: Exception) -> bool:
    """Whether trying again can never help, because the record itself is what the database refuses."""
    if isinstance(error, DBAPIError):
        return isinstance(error, DataError | IntegrityError)
    return isinstance(error, StatementError | TypeError | ValueError | OverflowError)
