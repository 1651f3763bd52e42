"""The pages of a journal under a running engine: one that nobody reads may be damaged until the next start."""

import time
from collections.abc import Callable
from threading import Event, Thread
from urllib.parse import quote

from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from cockpit.journal.database import advice, damage_in, damaged, one_line, open_database

EVERY_S = 300.0
PAUSE_PER_CHECK = 50
"""So many times as long as a check took nothing is read: a large journal costs the disk one part in fifty at most."""
STOP_WITHIN_S = 1.0


class PageCheck:
    """A thread that lets SQLite look at every page now and then, until it finds damage, which it says once.

    Table by table: no look keeps the writer's log from being taken over for longer than one table takes.
    """

    def __init__(self, url: URL, found_damage: Callable[[str], None], every_s: float = EVERY_S) -> None:
        self._url = url
        only_reads = {"mode": "ro", "uri": "true"}  # or a file that was deleted would be made anew
        self._database = open_database(
            url.set(database=f"file:{quote(str(url.database))}", query=only_reads), writes=False
        )
        self._found_damage = found_damage
        self._every_s = every_s
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="journal pages", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End it; a look at a large table that is under way is not waited for."""
        self._stopping.set()
        self._thread.join(STOP_WITHIN_S)

    def _run(self) -> None:
        pause_s = self._every_s
        while not self._stopping.wait(pause_s):
            began_s = time.monotonic()
            if damage := self.find_damage():
                self._found_damage(damaged(self._url, damage))
                return
            pause_s = max(self._every_s, PAUSE_PER_CHECK * (time.monotonic() - began_s))

    def find_damage(self) -> str:
        """What is wrong with a page; empty also where it cannot be looked at now: locked, deleted, no descriptors."""
        try:
            for table in self._tables():
                if self._stopping.is_set():
                    return ""
                with self._database.connect() as connection:
                    if damage := damage_in(connection, table):
                        return damage
        except SQLAlchemyError as error:
            return one_line(error) if advice(error) else ""
        return ""

    def _tables(self) -> list[str]:
        with self._database.connect() as connection:
            return list(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())
