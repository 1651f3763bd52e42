"""A venue that ends sessions and goes into maintenance: no entry shortly before, and none while it is closed.

What rests there is not carried out while it is closed, stops neither: where the config wants it, trades are closed at
market before. All of it lifts by itself once the venue says that it is open again.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from cockpit.config.venues import Venue
from cockpit.domain.kinds import VenueTopic
from cockpit.domain.units import NS_PER_S, ns_to_seconds
from cockpit.exchanges.base.account import VenueFailure
from cockpit.exchanges.base.account_facts import TradingHours
from cockpit.exchanges.base.timing import Clock, within
from cockpit.execution.venue_context import VenueContext

POLL_EVERY_S = 5.0
READ_EVERY_S = 15.0
"""While it is closed, or its session has ended by our clock."""
UNREAD_AFTER_S = 1_800.0
"""Hours that were not read for so long say nothing any more."""
MINUTE_S = 60.0


class Shut(NamedTuple):
    """Why no entry may start on a perpetual; `is_ahead`: it is open still. `exits`: so that trades are closed now."""

    sentence: str
    is_ahead: bool
    exits: str = ""


class Notify(Protocol):
    """Takes a notice of a venue."""

    def __call__(self, topic: VenueTopic, sentence: str, asset: str = "", is_over: bool = False) -> None:
        """As `VenueContext.notify`."""


class SessionNotices:
    """Compares a venue's hours with the time, and notifies of what is in the way of entries, and of open trades."""

    def __init__(
        self,
        venue: str,
        assets: Collection[str],
        terms: Venue,
        hours_of: Callable[[str], TradingHours | None],
        clock: Clock,
        notify: Notify,
    ) -> None:
        self._venue = venue
        self._assets = assets
        self._terms = terms
        self._hours_of = hours_of
        self._clock = clock
        self._notify = notify
        self._notified: dict[VenueTopic, dict[str, str]] = {VenueTopic.SESSION: {}, VenueTopic.CLOSING: {}}
        self._read: dict[str, tuple[int, int]] = {}
        """Which reading of its hours was last found, and when."""

    def compare(self) -> list[Shut]:
        """Say what is in the way now, and what is no more."""
        found = {asset: self._against(self._hours_of(asset), asset) for asset in self._assets}
        shut = {asset: one for asset, one in found.items() if one is not None}
        self._notify_changed(VenueTopic.SESSION, {asset: one.sentence for asset, one in shut.items()})
        self._notify_changed(VenueTopic.CLOSING, {asset: one.exits for asset, one in shut.items() if one.exits})
        return list(shut.values())

    def _notify_changed(self, topic: VenueTopic, sentences: Mapping[str, str]) -> None:
        """What is the same everywhere is said once, of the venue."""
        sentences_now = dict(sentences)
        if len(sentences_now) == len(self._assets) and len(set(sentences_now.values())) == 1:
            sentences_now = {"": next(iter(sentences_now.values()))}
        for asset, sentence in sentences_now.items():
            self._notify(topic, f"{_where(self._venue, asset)} {sentence}", asset)
        for asset in set(self._notified[topic]) - set(sentences_now):
            is_regrouped = bool(sentences_now) and (not asset or "" in sentences_now)
            now = "is told apart from the others" if is_regrouped else "is open: entries may start"
            self._notify(topic, f"{_where(self._venue, asset)} {now}", asset, is_over=True)
        self._notified[topic] = sentences_now

    def _against(self, hours: TradingHours | None, asset: str) -> Shut | None:
        now_ns = self._clock()
        if hours is None:
            return Shut("has not told when it trades: no entry there before that", False)
        read_ns, found_ns = self._read.get(asset, (0, 0))
        if hours.read_ns != read_ns:
            self._read[asset] = hours.read_ns, now_ns
        elif ns_to_seconds(now_ns - found_ns) > UNREAD_AFTER_S:
            since = f"has not told since {at_text(found_ns, now_ns)} when it trades"
            return Shut(f"{since}, longer than {UNREAD_AFTER_S / MINUTE_S:g} min: no entry there before that", False)
        return _shut_now(hours, now_ns) or self._shut_soon(hours, now_ns)

    def _shut_soon(self, hours: TradingHours, now_ns: int) -> Shut | None:
        """The nearer of the session's end and the maintenance, where entries stop before it."""
        ahead: list[tuple[int, str]] = []
        if hours.closes_ns is not None:
            ahead.append((hours.closes_ns, f"ends its session at {at_text(hours.closes_ns, now_ns)}"))
        away = hours.maintenance
        if away is not None and away.begins_ns > now_ns:
            span = f"from {at_text(away.begins_ns, now_ns)} to {at_text(away.ends_ns, now_ns)}"
            ahead.append((away.begins_ns, f"is in maintenance {span}"))
        entry_min, exit_min = self._terms.no_entry_before_close_min, self._terms.exit_before_close_min
        at_ns, what = min(ahead, default=(0, ""))
        left_s = ns_to_seconds(at_ns - now_ns)
        if not what or left_s > entry_min * MINUTE_S:
            return None
        no_entry = f"{what}: no new entry in the {entry_min:g} min before"
        if exit_min is None:
            return Shut(f"{no_entry}; open trades keep their stops, which do not work while it is closed", True)
        exits = f"{what}: trades there are closed at market {exit_min:g} min before"
        is_due = left_s <= exit_min * MINUTE_S
        return Shut(f"{no_entry}; open trades are closed {exit_min:g} min before", True, exits if is_due else "")


class SessionWatch:
    """Asks a venue when it trades, for as long as its account is open."""

    def __init__(self, context: VenueContext, terms: Venue) -> None:
        self._context = context
        self._notices = SessionNotices(
            context.venue,
            context.assets,
            terms,
            context.account.trading_hours,
            lambda: context.now_ns,
            context.notify,
        )
        self.compare = self._notices.compare

    async def run(self) -> None:
        """Look at the time, for ever; the venue is asked again while it is not open, besides the usual reading."""
        context, asked_ns = self._context, 0
        while True:
            shut = self.compare()
            if any(not one.is_ahead for one in shut) and context.timing.since_s(asked_ns) >= READ_EVERY_S:
                asked_ns = context.now_ns
                try:
                    await within(context.pace.call_within_s, context.account.read_grids(), "sessions")
                except VenueFailure as failure:
                    context.met(failure)
                self.compare()
            await context.timing.sleep(POLL_EVERY_S)


def _shut_now(hours: TradingHours, now_ns: int) -> Shut | None:
    away = hours.maintenance
    if away is not None and away.begins_ns <= now_ns < away.ends_ns:
        return Shut(f"is in maintenance until {at_text(away.ends_ns, now_ns)}: {NOTHING_WORKS}", False)
    if not hours.is_open:
        opens = "" if (hours.opens_ns or 0) <= now_ns else f", opens at {at_text(hours.opens_ns or 0, now_ns)}"
        return Shut(f"is closed ({hours.closed_for}){opens}: {NOTHING_WORKS}", False)
    if hours.closes_ns is not None and hours.closes_ns <= now_ns:
        ended = f"ended its session at {at_text(hours.closes_ns, now_ns)} and has not told of the next one"
        return Shut(f"{ended}: no entry there before that", False)
    return None


NOTHING_WORKS = "no entry, and no stop works there until it is open again"


def at_text(at_ns: int, now_ns: int) -> str:
    """`21:00 UTC`, with its day where that is not today."""
    at, now = (datetime.fromtimestamp(ns // NS_PER_S, UTC) for ns in (at_ns, now_ns))
    return f"{at:%H:%M} UTC" if at.date() == now.date() else f"{at:%a %d %b %H:%M} UTC"


def hours_text(hours: TradingHours, now_ns: int) -> str:
    """Until when it is open, and when it is away next."""
    closes, away = hours.closes_ns, hours.maintenance
    until = "open" if closes is None else f"open until {at_text(closes, now_ns)}"
    if away is None:
        return f"{until}, no maintenance told"
    return f"{until}, maintenance from {at_text(away.begins_ns, now_ns)} to {at_text(away.ends_ns, now_ns)}"


def _where(venue: str, asset: str) -> str:
    return f"{asset} on {venue}" if asset else venue
