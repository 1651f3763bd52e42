"""Opening the journal's database: a SQLite file in WAL mode, or PostgreSQL by URL."""

import os
import sqlite3
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, OperationalError, StatementError

from cockpit.config.journal_place import JournalPlace, link_to_nowhere, without_password
from cockpit.journal.errors import JournalError

SQLITE_WAIT_S = 0.25
"""How long one attempt waits inside SQLite for somebody else's lock; the writer tries again after it."""
POSTGRES_WAIT_S = 5
PUT_BACK = ": move it away together with its -wal and -shm, then put a backup in its place (docs/operations.md)"
SIGNS_OF_DAMAGE = ("malformed", "not a database", "corrupt", "is a directory", "no such table")
Where = JournalPlace | str | Path
"""A journal: a profile's, or any file or URL."""
LOCK_KEY = 7_361_290_884
"""PostgreSQL's advisory lock that says which database is an engine's journal."""


def journal_url(journal: Where) -> URL:
    """The URL of a journal given as a file, or as a `sqlite:` or `postgresql:` URL. Raises `JournalError`."""
    place = journal.where if isinstance(journal, JournalPlace) else journal
    if isinstance(place, Path) or "://" not in place:
        return URL.create("sqlite", database=str(place))
    try:
        url = make_url(place)
    except ArgumentError as error:
        raise JournalError("expected a journal as a file or a database URL, was neither") from error
    if url.get_backend_name() in ("postgresql", "postgres"):
        if find_spec("psycopg") is None:
            raise JournalError("expected psycopg for a PostgreSQL journal, was not installed: pip install psycopg")
        if "@" in (url.host or ""):
            raise JournalError(f"expected an @ of the journal's password as %40, was another @ in {url_text(url)}")
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite" or not url.database:
        raise JournalError(f"expected a SQLite file or a PostgreSQL URL, was {url_text(url)}")
    return url


def url_text(url: URL) -> str:
    """As others may see it."""
    return without_password(url.render_as_string(hide_password=False))


def open_database(url: URL, *, writes: bool) -> Engine:
    """An engine for the one who writes (one connection, kept), or for one who only looks. Connects to nothing yet."""
    if url.get_backend_name() == "sqlite":
        return _open_sqlite(url, writes=writes)
    options = {"connect_timeout": POSTGRES_WAIT_S, "tcp_user_timeout": POSTGRES_WAIT_S * 1000}
    return _create(url, options, writes=writes)


def _create(url: URL, connect_args: dict[str, Any], *, writes: bool) -> Engine:
    if writes:
        return create_engine(url, connect_args=connect_args, pool_size=1, max_overflow=0)
    return create_engine(url, connect_args=connect_args, poolclass=NullPool)


def _open_sqlite(url: URL, *, writes: bool) -> Engine:
    database = _create(url, {"timeout": SQLITE_WAIT_S}, writes=writes)
    path = Path(str(url.database))
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"

    @event.listens_for(database, "do_connect")
    def make_private(*_: object) -> None:
        """Before SQLite makes the file, make it ours alone: never a new one where a link's own is away."""
        if nowhere := link_to_nowhere(path):
            raise sqlite3.DatabaseError(nowhere)
        if writes:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))

    @event.listens_for(database, "connect")
    def prepare(connection: Any, _: object) -> None:
        """Transactions begin where we say so, and a commit survives the process."""
        connection.isolation_level = None
        if writes:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(database, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return database


def hold_alone(url: URL) -> Connection | None:
    """One engine a journal: the connection that holds a PostgreSQL journal for us as long as it is open.

    None for a SQLite file, which belongs to a home and its lock, and while the server cannot be reached. Raises
    `JournalError` where another engine holds it.
    """
    if url.get_backend_name() == "sqlite":
        return None
    with ExitStack() as opened:
        try:
            connection = opened.enter_context(open_database(url, writes=False).connect())
            is_ours = connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({LOCK_KEY})").scalar_one()
            connection.commit()  # the lock is the session's: it outlives the transaction
        except OperationalError:
            return None
        if is_ours:
            opened.pop_all()
            return connection
        raise JournalError(
            f"expected the journal at {url_text(url)} for this engine alone, was another engine's: stop that one"
        )


def damage_in(connection: Connection, table: str | None = None) -> str:
    """What SQLite itself finds wrong with its pages, or with one table's; empty where nothing is, or for another
    database.
    """
    if connection.dialect.name != "sqlite":
        return ""
    of = "1" if table is None else "'" + table.replace("'", "''") + "'"
    found = connection.exec_driver_sql(f"PRAGMA quick_check({of})").scalars().all()
    return "" if found == ["ok"] else one_line(ValueError(str(found[0])))


def damaged(url: URL, damage: str) -> str:
    """The sentence for a journal with damaged pages."""
    return f"{url_text(url)} is damaged ({damage}){PUT_BACK}"


def advice(error: BaseException) -> str:
    """What an operator can do about a database that is damaged; nothing where it is something else."""
    said = one_line(error).casefold()
    if not any(sign in said for sign in SIGNS_OF_DAMAGE):
        return ""
    return PUT_BACK


def one_line(error: BaseException) -> str:
    """An error's own words on one line, without the statement and the values it failed on."""
    cause = error.orig if isinstance(error, StatementError) and error.orig is not None else error
    return " ".join(str(cause).split()) or type(cause).__name__
