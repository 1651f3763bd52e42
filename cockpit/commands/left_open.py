"""What the journal has open while no engine answers. It only reads."""

from typing import NamedTuple

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from cockpit.config.journal_place import JournalPlace
from cockpit.domain.numbers import price_text
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import utc_text
from cockpit.journal.database import journal_url, one_line, open_database
from cockpit.journal.errors import JournalError
from cockpit.journal.migrations import CURRENT_VERSION, HOURS_SINCE, found_version
from cockpit.journal.restore import find_restore
from cockpit.journal.schema import sessions
from cockpit.journal.sessions import FeedKind


class LeftOpen(NamedTuple):
    """A trade that a session left open, and the kind of market it was on."""

    feed: FeedKind
    trade: TradeRecord

    @property
    def line(self) -> str:
        """The trade in one line."""
        trade = self.trade
        since = f"since {utc_text(trade.opened_ns)}" if trade.opened_ns is not None else "not filled yet"
        stop = f"stop {price_text(trade.stop_price)}" if trade.stop_price is not None else "no stop known"
        size = f"{trade.open_qty:g} {trade.asset} {trade.side.value} on {trade.venue}"
        size += f" at {price_text(trade.entry_price)}"
        return f"{trade.trade_id} ({trade.mode.value}, {self.feed.value} market): {size}, {stop}, {since}"


def left_open(journal: JournalPlace, newest_only: bool = False) -> list[LeftOpen]:
    """Trades the journal has open, of the newest session only or of the newest on each kind of market.

    Raises `JournalError` for a journal that cannot be read: then nobody knows what is open.
    """
    if not journal.exists():
        return []
    database = open_database(journal_url(journal), writes=False)
    try:
        with database.connect() as connection:
            version = found_version(connection)
            if version == 0 and journal.url:
                return []  # a database that no engine has written to yet
            if not HOURS_SINCE <= version <= CURRENT_VERSION:
                finding = f"expected a journal of version {CURRENT_VERSION} at {journal}, was {version}"
                raise JournalError(f"{finding}: what is open in it cannot be told, start an engine to bring it up")
            newest = connection.execute(
                select(sessions.c.feed).order_by(sessions.c.session_id.desc()).limit(1)
            ).scalar_one_or_none()
            feeds = [feed for feed in FeedKind if feed.value == newest or not newest_only]
            found = [(feed, find_restore(connection, 0, feed)) for feed in feeds]
    except (SQLAlchemyError, msgspec.MsgspecError, ValueError) as error:
        raise JournalError(f"expected a readable journal at {journal}, was: {one_line(error)}") from error
    finally:
        database.dispose()
    return [LeftOpen(feed, trade) for feed, restored in found if restored for trade in restored.command.trades]
