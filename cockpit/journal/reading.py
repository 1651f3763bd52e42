"""Looking into a journal, also while an engine writes it, and when none runs."""

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
from sqlalchemy import Connection, Table, func, select
from sqlalchemy.exc import SQLAlchemyError

from cockpit.domain.account import Account
from cockpit.domain.kinds import Mode
from cockpit.domain.trades import TradeRecord
from cockpit.domain.verdict import Verdict
from cockpit.journal.database import journal_url, one_line, open_database
from cockpit.journal.errors import JournalError
from cockpit.journal.evidence import Evidence, Place, Span
from cockpit.journal.migrations import CURRENT_VERSION, found_version, migrate
from cockpit.journal.rebuild import BookedFill
from cockpit.journal.schema import accounts, fills, operator_actions, requests, sessions, trades, uptime, verdicts
from cockpit.journal.sessions import FeedKind

Body = TypeVar("Body", Verdict, TradeRecord)


class _Reader(NamedTuple):
    """One look: the connection, each lineage's place, and the instant from which on things count."""

    connection: Connection
    places: dict[int, Place]
    since_ns: int

    def rows(self, table: Table, moment: str, *wanted: Any) -> Any:
        """The table's rows of this look, oldest first."""
        query = select(table).where(table.c[moment] >= self.since_ns, *wanted).order_by(table.c[moment])
        return self.connection.execute(query)


class JournalReader:
    """Reads a journal given as a file or URL. Raises `JournalError` when there is none or it cannot be read."""

    def __init__(self, place: str | Path) -> None:
        self._url = journal_url(place)
        self._spill: Path | None = None
        if self._url.get_backend_name() == "sqlite":
            path = Path(str(self._url.database))
            if not path.exists():
                raise JournalError(f"expected a journal at {path}, was none: it is made when an engine first runs")
            self._spill = path.with_suffix(".spill")
        self._database = open_database(self._url, writes=False)
        self._bring_up_to_date()

    def verdicts(self, limit: int = 50, offset: int = 0) -> list[Verdict]:
        """The gate's verdicts with every check, newest first."""
        query = select(verdicts.c.body).order_by(verdicts.c.session_id.desc(), verdicts.c.seq.desc())
        return self._bodies(query.limit(limit).offset(offset), Verdict)

    def trades(self, limit: int = 50, offset: int = 0) -> list[TradeRecord]:
        """The trades as they stand, the newest decision first."""
        query = select(trades.c.body).order_by(trades.c.decided_ns.desc(), trades.c.trade_id.desc())
        return self._bodies(query.limit(limit).offset(offset), TradeRecord)

    def line_trades(self, limit: int = 2_000) -> list[TradeRecord]:
        """The newest trades of the newest session's lineage, oldest decision first: what its restarts carried on."""
        newest = select(sessions.c.lineage).order_by(sessions.c.session_id.desc()).limit(1).scalar_subquery()
        query = select(trades.c.body).where(trades.c.lineage == newest).order_by(trades.c.decided_ns.desc())
        return self._bodies(query.limit(limit), TradeRecord)[::-1]

    def evidence(self, since_ns: int | None = None) -> Evidence:
        """What a report is made of: trades decided and everything else that happened since `since_ns`."""
        try:
            with self._database.connect() as connection:
                look = _Reader(connection, _places(connection), since_ns if since_ns is not None else 0)
                approved, denied_by = _verdict_counts(look)
                return Evidence(
                    since_ns=since_ns,
                    trades=_trades(look),
                    fills=_fills(look),
                    sent=_sent(look),
                    approved=approved,
                    denied_by=denied_by,
                    requests=_requests(look),
                    reviews=_reviews(look),
                    accounts=_accounts(look),
                    spans=_spans(look),
                    waiting_bytes=self._waiting_bytes(),
                )
        except SQLAlchemyError as error:
            raise self._unreadable(error) from error

    def _bodies(self, query: Any, kind: type[Body]) -> list[Body]:
        try:
            with self._database.connect() as connection:
                return [msgspec.json.decode(row.body, type=kind) for row in connection.execute(query)]
        except SQLAlchemyError as error:
            raise self._unreadable(error) from error

    def _waiting_bytes(self) -> int:
        return self._spill.stat().st_size if self._spill is not None and self._spill.exists() else 0

    def _bring_up_to_date(self) -> None:
        """An older journal is migrated as an engine would; a newer one raises."""
        try:
            with self._database.connect() as connection:
                found = found_version(connection)
            if found != CURRENT_VERSION:
                with open_database(self._url, writes=True).begin() as connection:
                    migrate(connection)
        except SQLAlchemyError as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: SQLAlchemyError) -> JournalError:
        place = self._url.render_as_string(hide_password=True)
        return JournalError(f"expected a readable journal at {place}, was: {one_line(error)}")


def _places(connection: Connection) -> dict[int, Place]:
    """Each lineage's place. A lineage has one feed: a restore never crosses from one kind of feed to another."""
    rows = connection.execute(select(sessions.c.lineage, sessions.c.feed).order_by(sessions.c.session_id))
    return {row.lineage: Place(FeedKind(row.feed), row.lineage) for row in rows}


def _trades(look: _Reader) -> tuple[tuple[Place, TradeRecord], ...]:
    rows = look.rows(trades, "decided_ns")
    return tuple((look.places[row.lineage], msgspec.json.decode(row.body, type=TradeRecord)) for row in rows)


def _fills(look: _Reader) -> tuple[tuple[Place, BookedFill], ...]:
    return tuple(
        (
            look.places[row.lineage],
            BookedFill(row.ts_ns, row.trade_id, row.order_id, row.qty, row.price, row.fee_usd),
        )
        for row in look.rows(fills, "ts_ns")
    )


def _sent(look: _Reader) -> tuple[tuple[Place, Verdict], ...]:
    rows = look.rows(verdicts, "ts_ns", verdicts.c.sent.is_(True))
    return tuple((look.places[row.lineage], msgspec.json.decode(row.body, type=Verdict)) for row in rows)


def _verdict_counts(look: _Reader) -> tuple[int, dict[str, int]]:
    query = (
        select(verdicts.c.approved, verdicts.c.reason_check, func.count().label("count"))
        .where(verdicts.c.ts_ns >= look.since_ns)
        .group_by(verdicts.c.approved, verdicts.c.reason_check)
    )
    approved, denied_by = 0, dict[str, int]()
    for is_approved, check, count in look.connection.execute(query):
        if is_approved:
            approved += count
        else:
            denied_by[check] = count
    return approved, denied_by


def _requests(look: _Reader) -> dict[str, int]:
    asked: Counter[str] = Counter()
    query = select(requests.c.venue, func.count()).where(requests.c.ts_ns >= look.since_ns).group_by(requests.c.venue)
    for venues, count in look.connection.execute(query):
        for venue in venues.split():
            asked[venue] += count
    return dict(asked)


def _reviews(look: _Reader) -> tuple[tuple[Place, int], ...]:
    done = (operator_actions.c.command == "resume", operator_actions.c.ok.is_(True))
    return tuple((look.places[row.lineage], row.ts_ns) for row in look.rows(operator_actions, "ts_ns", *done))


def _accounts(look: _Reader) -> tuple[tuple[Place, Mode, Account], ...]:
    return tuple(
        (look.places[row.lineage], Mode(row.mode), msgspec.json.decode(row.body, type=Account))
        for row in look.rows(accounts, "ts_ns")
    )


def _spans(look: _Reader) -> tuple[Span, ...]:
    query = (
        select(sessions.c.feed, uptime.c.mode, uptime.c.from_ns, uptime.c.to_ns)
        .join_from(uptime, sessions, uptime.c.session_id == sessions.c.session_id)
        .where(uptime.c.to_ns >= look.since_ns)
        .order_by(uptime.c.from_ns)
    )
    return tuple(
        Span(FeedKind(feed), Mode(mode), max(from_ns, look.since_ns), to_ns)
        for feed, mode, from_ns, to_ns in look.connection.execute(query)
    )
