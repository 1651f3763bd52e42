"""Looking into a journal, also while an engine writes it, and when none runs."""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
from sqlalchemy import Connection, Table, func, select
from sqlalchemy.exc import SQLAlchemyError

from cockpit.config.journal_place import JournalPlace, link_to_nowhere, may_exist
from cockpit.domain.account import Account, EngineMemory
from cockpit.domain.kinds import Mode, TradePhase
from cockpit.domain.signal_sources import PaperTrack, SourceCutOff, SourceScore
from cockpit.domain.trades import TradeRecord
from cockpit.domain.verdict import Verdict
from cockpit.journal.database import Where, advice, journal_url, one_line, open_database, url_text
from cockpit.journal.errors import JournalError
from cockpit.journal.evidence import Evidence, Place, Span
from cockpit.journal.expectancy import expectancy
from cockpit.journal.migrations import HOURS_SINCE, LIMITS_SINCE, TRACKS_SINCE, found_version, refuse_newer
from cockpit.journal.rebuild import BookedFill
from cockpit.journal.row_bodies import RowBodies
from cockpit.journal.schema import (
    accounts,
    fills,
    memory,
    operator_actions,
    paper_tracks,
    requests,
    sessions,
    trades,
    uptime,
    verdicts,
)
from cockpit.journal.session_limits import SessionLimits, limits_from
from cockpit.journal.sessions import FeedKind

LOG = logging.getLogger("cockpit.engine")
SCORED = 20_000
"""The newest verdicts of signals that a score is made of."""
Body = TypeVar("Body", Verdict, TradeRecord, PaperTrack, EngineMemory)
T = TypeVar("T", bound=msgspec.Struct)


class _Reader(NamedTuple):
    """One look: the connection, each lineage's place, and the instant from which on things count."""

    connection: Connection
    places: dict[int, Place]
    since_ns: int
    version: int
    unreadable: list[str]

    def rows(self, table: Table, moment: str, columns: Sequence[str], *wanted: Any) -> Any:
        """These columns of the table's rows of this look, oldest first: an older journal has not got every column."""
        chosen = [table.c[name] for name in columns]
        query = select(*chosen).where(table.c[moment] >= self.since_ns, *wanted).order_by(table.c[moment])
        return self.connection.execute(query)

    def bodies(self, kind: type[T], table: Table, moment: str, name: str, *wanted: Any) -> Iterator[tuple[Any, T]]:
        """Each row with the value it holds; `name` is the column that names it. Unreadable ones are set aside."""
        bodies = RowBodies(kind, self.unreadable)
        for row in self.rows(table, moment, ("lineage", "session_id", name, "body"), *wanted):
            value = bodies.of(row.body, f"{table.name} row {getattr(row, name)}")
            if value is not None:
                yield row, value


class JournalReader:
    """Reads a journal given as a file or URL, of this version or an older one. It never changes anything in it.

    Raises `JournalError` when there is none, or it is empty, newer or cannot be read.
    """

    def __init__(self, place: Where) -> None:
        self._url = journal_url(place)
        self._spill = place.spill if isinstance(place, JournalPlace) else None
        if self._url.get_backend_name() == "sqlite":
            path = Path(str(self._url.database))
            if nowhere := link_to_nowhere(path):
                raise JournalError(f"expected a journal at {path}, was {nowhere}")
            if not may_exist(path):
                raise JournalError(f"expected a journal at {path}, was none: it is made when an engine first runs")
            self._spill = self._spill or path.with_suffix(".spill")
        self._database = open_database(self._url, writes=False)
        self._version = self._found_version()

    def verdicts(self, limit: int = 50, offset: int = 0) -> list[Verdict]:
        """The gate's verdicts with every check, newest first."""
        query = select(verdicts.c.body).order_by(verdicts.c.session_id.desc(), verdicts.c.seq.desc())
        return self._bodies(query.limit(limit).offset(offset), Verdict)

    def source_scores(self, strategies: Iterable[str], since_ns: int = 0) -> tuple[SourceScore, ...]:
        """The score of every source of signals under these registered strategies."""
        names = tuple(strategies)
        judged = select(verdicts.c.body).where(verdicts.c.setup.in_(names), verdicts.c.ts_ns >= since_ns)
        traded = select(trades.c.body).where(trades.c.setup.in_(names), trades.c.decided_ns >= since_ns)
        newest = judged.order_by(verdicts.c.ts_ns.desc()).limit(SCORED)
        tracks: list[PaperTrack] = []
        if self._version >= TRACKS_SINCE:
            tracks = self._bodies(select(paper_tracks.c.body).where(paper_tracks.c.ts_ns >= since_ns), PaperTrack)
        return scores_of(self._bodies(newest, Verdict), self._bodies(traded, TradeRecord), tracks)

    def cut_off_sources(self) -> tuple[SourceCutOff, ...]:
        """The sources that the newest engine takes nothing of."""
        newest = select(memory.c.body).order_by(memory.c.session_id.desc(), memory.c.seq.desc()).limit(1)
        known = [source for remembered in self._bodies(newest, EngineMemory) for source in remembered.sources]
        return tuple(SourceCutOff(one.name, one.cut_off, one.cut_off_ns) for one in known if one.cut_off)

    def trades(self, limit: int = 50, offset: int = 0) -> list[TradeRecord]:
        """The trades as they stand, the newest decision first."""
        query = select(trades.c.body).order_by(trades.c.decided_ns.desc(), trades.c.trade_id.desc())
        return self._bodies(query.limit(limit).offset(offset), TradeRecord)

    def line_trades(self, limit: int = 2_000) -> list[TradeRecord]:
        """The newest trades of the newest session's lineage, oldest decision first: what its restarts carried on."""
        newest = select(sessions.c.lineage).order_by(sessions.c.session_id.desc()).limit(1).scalar_subquery()
        query = select(trades.c.body).where(trades.c.lineage == newest).order_by(trades.c.decided_ns.desc())
        return self._bodies(query.limit(limit), TradeRecord)[::-1]

    def line_trade(self, trade_id: str) -> TradeRecord | None:
        """One trade of the newest session's lineage; None where there is none of that name."""
        newest = select(sessions.c.lineage).order_by(sessions.c.session_id.desc()).limit(1).scalar_subquery()
        query = select(trades.c.body).where(trades.c.lineage == newest, trades.c.trade_id == trade_id)
        return next(iter(self._bodies(query, TradeRecord)), None)

    def results_by_setup(self, feed: FeedKind) -> dict[str, tuple[int, float]]:
        """How many trades each setup closed on that kind of feed, in every mode, and their sum in R."""
        try:
            with self._database.connect() as connection:
                look = _Reader(connection, _places(connection), 0, self._version, [])
                closed = [trade for place, trade in _trades(look) if place.feed is feed and trade.closed_ns is not None]
        except SQLAlchemyError as error:
            raise self._unreadable(error) from error
        found: dict[str, tuple[int, float]] = {}
        for trade in closed:
            trades, total_r = found.get(trade.setup, (0, 0.0))
            found[trade.setup] = (trades + 1, total_r + trade.r)
        return found

    def evidence(self, since_ns: int | None = None) -> Evidence:
        """What a report is made of: trades decided and everything else that happened since `since_ns`."""
        try:
            with self._database.connect() as connection:
                places = _places(connection)
                reader = _Reader(connection, places, since_ns if since_ns is not None else 0, self._version, [])
                approved, denied_by = _verdict_counts(reader)
                sent, limits = _sent(reader)
                return Evidence(
                    since_ns=since_ns,
                    trades=_trades(reader),
                    fills=_fills(reader),
                    sent=sent,
                    limits=limits,
                    approved=approved,
                    denied_by=denied_by,
                    requests=_requests(reader),
                    reviews=_reviews(reader),
                    accounts=_accounts(reader),
                    spans=_spans(reader),
                    waiting_bytes=self._waiting_bytes(),
                    unreadable=tuple(reader.unreadable),
                )
        except SQLAlchemyError as error:
            raise self._unreadable(error) from error

    def _bodies(self, query: Any, kind: type[Body]) -> list[Body]:
        set_aside: list[str] = []
        bodies = RowBodies(kind, set_aside)
        try:
            with self._database.connect() as connection:
                found = [bodies.of(row.body, f"a row of {kind.__name__}") for row in connection.execute(query)]
        except SQLAlchemyError as error:
            raise self._unreadable(error) from error
        for sentence in set_aside:
            LOG.warning("%s", sentence)
        return [value for value in found if value is not None]

    def _waiting_bytes(self) -> int:
        return self._spill.stat().st_size if self._spill is not None and self._spill.exists() else 0

    def _found_version(self) -> int:
        """The version of its tables. Only an engine brings an older journal up to date, never whoever looks."""
        try:
            with self._database.connect() as connection:
                found = found_version(connection)
        except SQLAlchemyError as error:
            raise self._unreadable(error) from error
        refuse_newer(found)
        if found == 0:
            place = url_text(self._url)
            raise JournalError(f"expected a journal at {place}, was empty: put a backup there, or start an engine")
        return found

    def _unreadable(self, error: SQLAlchemyError) -> JournalError:
        return JournalError(
            f"expected a readable journal at {url_text(self._url)}, was: {one_line(error)}{advice(error)}"
        )


def _places(connection: Connection) -> dict[int, Place]:
    """Each lineage's place. A lineage has one feed: a restore never crosses from one kind of feed to another."""
    rows = connection.execute(select(sessions.c.lineage, sessions.c.feed).order_by(sessions.c.session_id))
    return {row.lineage: Place(FeedKind(row.feed), row.lineage) for row in rows}


def _trades(reader: _Reader) -> tuple[tuple[Place, TradeRecord], ...]:
    found = reader.bodies(TradeRecord, trades, "decided_ns", "trade_id")
    return tuple((reader.places[row.lineage], trade) for row, trade in found)


def _fills(reader: _Reader) -> tuple[tuple[Place, BookedFill], ...]:
    columns = ("lineage", "ts_ns", "trade_id", "order_id", "qty", "price", "fee_usd")
    return tuple((reader.places[row[0]], BookedFill(*row[1:])) for row in reader.rows(fills, "ts_ns", columns))


def _sent(reader: _Reader) -> tuple[tuple[tuple[Place, Verdict], ...], dict[tuple[Place, str], SessionLimits]]:
    """The verdicts that were sent, and the limits of the sessions they were decided in."""
    known = _session_limits(reader)
    sent: list[tuple[Place, Verdict]] = []
    limits: dict[tuple[Place, str], SessionLimits] = {}
    for row, verdict in reader.bodies(Verdict, verdicts, "ts_ns", "verdict_id", verdicts.c.sent.is_(True)):
        place = reader.places[row.lineage]
        sent.append((place, verdict))
        if row.session_id in known:
            limits[place, verdict.verdict_id] = known[row.session_id]
    return tuple(sent), limits


def _session_limits(reader: _Reader) -> dict[int, SessionLimits]:
    if reader.version < LIMITS_SINCE:
        return {}
    rows = reader.connection.execute(select(sessions.c.session_id, sessions.c.limits))
    found = ((row.session_id, limits_from(row.limits)) for row in rows)
    return {session_id: limits for session_id, limits in found if limits is not None}


def _verdict_counts(reader: _Reader) -> tuple[int, dict[str, int]]:
    query = (
        select(verdicts.c.approved, verdicts.c.reason_check, func.count().label("count"))
        .where(verdicts.c.ts_ns >= reader.since_ns)
        .group_by(verdicts.c.approved, verdicts.c.reason_check)
    )
    approved, denied_by = 0, dict[str, int]()
    for is_approved, check, count in reader.connection.execute(query):
        if is_approved:
            approved += count
        else:
            denied_by[check] = count
    return approved, denied_by


def _requests(reader: _Reader) -> dict[str, int]:
    asked: Counter[str] = Counter()
    query = select(requests.c.venue, func.count()).where(requests.c.ts_ns >= reader.since_ns).group_by(requests.c.venue)
    for venues, count in reader.connection.execute(query):
        for venue in venues.split():
            asked[venue] += count
    return dict(asked)


def _reviews(reader: _Reader) -> tuple[tuple[Place, int], ...]:
    done = (operator_actions.c.command == "resume", operator_actions.c.ok.is_(True))
    rows = reader.rows(operator_actions, "ts_ns", ("lineage", "ts_ns"), *done)
    return tuple((reader.places[row.lineage], row.ts_ns) for row in rows)


def _accounts(reader: _Reader) -> tuple[tuple[Place, Mode, Account], ...]:
    found = reader.bodies(Account, accounts, "ts_ns", "mode")
    return tuple((reader.places[row.lineage], Mode(row.mode), account) for row, account in found)


def _spans(reader: _Reader) -> tuple[Span, ...]:
    if reader.version < HOURS_SINCE:
        return ()
    query = (
        select(sessions.c.feed, uptime.c.mode, uptime.c.from_ns, uptime.c.to_ns)
        .join_from(uptime, sessions, uptime.c.session_id == sessions.c.session_id)
        .where(uptime.c.to_ns >= reader.since_ns)
        .order_by(uptime.c.from_ns)
    )
    return tuple(
        Span(FeedKind(feed), Mode(mode), max(from_ns, reader.since_ns), to_ns)
        for feed, mode, from_ns, to_ns in reader.connection.execute(query)
    )


# The score of each source of signals, by strategy: what was let through, what it earned, what the denied missed.

OWN = ("", "setups", "manual", "adopted")
"""Proposals of the engine's own setups, of a person, and what 0.1.0 wrote, are of no source."""


def scores_of(
    verdicts: Iterable[Verdict], trades: Iterable[TradeRecord], tracks: Iterable[PaperTrack]
) -> tuple[SourceScore, ...]:
    """Every source and strategy that proposed anything, in order of their names."""
    judged: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    traded: dict[tuple[str, str], list[TradeRecord]] = defaultdict(list)
    followed: dict[tuple[str, str], list[PaperTrack]] = defaultdict(list)
    for verdict in verdicts:
        judged[verdict.proposal.source, verdict.proposal.setup].append(verdict)
    for trade in trades:
        traded[trade.source, trade.setup].append(trade)
    for track in tracks:
        followed[track.source, track.strategy].append(track)
    keys = sorted({*judged, *traded, *followed})
    return tuple(_score(*key, judged[key], traded[key], followed[key]) for key in keys if key[0] not in OWN)


def _score(
    source: str, strategy: str, verdicts: list[Verdict], trades: list[TradeRecord], tracks: list[PaperTrack]
) -> SourceScore:
    closed = [trade for trade in trades if trade.phase is TradePhase.CLOSED]
    slippages = [trade.slippage_bps for trade in trades if trade.opened_ns is not None]
    denied = [track.r for track in tracks if track.denied_by and track.r is not None]
    held_back = [track.r for track in tracks if not track.denied_by and track.r is not None]
    return SourceScore(
        source=source,
        strategy=strategy,
        proposals=len(verdicts),
        approved=sum(verdict.approved for verdict in verdicts),
        sent=sum(verdict.sent for verdict in verdicts),
        denied_by=dict(Counter(verdict.reason_check for verdict in verdicts if not verdict.approved).most_common()),
        closed=len(closed),
        win_rate=sum(trade.pnl_usd > 0 for trade in closed) / len(closed) if closed else None,
        pnl_usd=sum(trade.pnl_usd for trade in trades),
        expectancy_r=expectancy([trade.r for trade in closed]),
        slippage_bps=sum(slippages) / len(slippages) if slippages else None,
        denied_r=expectancy(denied),
        denied_followed=len(denied),
        held_back_r=expectancy(held_back),
        held_back_followed=len(held_back),
    )
