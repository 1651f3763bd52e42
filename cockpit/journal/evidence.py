"""What a report is made of, whether it comes from the journal or from a replay's list of actions."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from cockpit.domain.account import Account
from cockpit.domain.actions import (
    Action,
    AdoptPosition,
    AnyAction,
    CancelOrder,
    CommandAnswered,
    Decided,
    FillBooked,
    FlattenVenues,
    MemoryChanged,
    PlaceOrder,
    QueryOrder,
    QueryPosition,
    TradeChanged,
)
from cockpit.domain.kinds import Mode
from cockpit.domain.trades import TradeRecord
from cockpit.domain.verdict import Verdict
from cockpit.journal.rebuild import BookedFill
from cockpit.journal.session_limits import SessionLimits
from cockpit.journal.sessions import FeedKind


class Place(msgspec.Struct, frozen=True, order=True):
    """Which account something counted in: the feed, and the lineage of sessions that carried the account on."""

    feed: FeedKind
    lineage: int

    @property
    def is_live(self) -> bool:
        """Whether it happened on the live feed."""
        return self.feed is FeedKind.LIVE


class Span(msgspec.Struct, frozen=True):
    """A stretch of time in which an engine ran in one mode on one feed."""

    feed: FeedKind
    mode: Mode
    from_ns: int
    to_ns: int


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Everything since `since_ns` (None: ever) that the report judges.

    `sent` holds the verdicts that were sent, `requests` how many requests each venue got, `reviews` the instants an
    operator resumed after a halt, `accounts` each session's account as it stood last. `waiting_bytes` lie in the side
    file, not in the journal yet. `limits` are those of the session that each sent verdict was decided in, where it kept
    them. `unreadable` says which rows were set aside.
    """

    since_ns: int | None = None
    trades: tuple[tuple[Place, TradeRecord], ...] = ()
    fills: tuple[tuple[Place, BookedFill], ...] = ()
    sent: tuple[tuple[Place, Verdict], ...] = ()
    approved: int = 0
    denied_by: dict[str, int] = {}
    requests: dict[str, int] = {}
    reviews: tuple[tuple[Place, int], ...] = ()
    accounts: tuple[tuple[Place, Mode, Account], ...] = ()
    spans: tuple[Span, ...] = ()
    waiting_bytes: int = 0
    limits: dict[tuple[Place, str], SessionLimits] = {}
    unreadable: tuple[str, ...] = ()

    @property
    def market(self) -> str:
        """Whose market it is of: nothing where all of it was traded on the live one, `SIMULATED` and the like else."""
        feeds = {place.feed for place, _ in self.trades} or {span.feed for span in self.spans}
        return "" if feeds <= {FeedKind.LIVE} else " and ".join(feed.name for feed in sorted(feeds, reverse=True))

    @property
    def denied(self) -> int:
        """How many verdicts denied a trade."""
        return sum(self.denied_by.values())


def evidence_of(actions: Iterable[AnyAction], feed: FeedKind, mode: Mode, from_ns: int, to_ns: int) -> Evidence:
    """The evidence of one session given as its actions, such as a replay's."""
    place = Place(feed, 0)
    trades: dict[str, TradeRecord] = {}
    accounts: dict[tuple[Mode, int], Account] = {}
    fills: list[BookedFill] = []
    sent: list[Verdict] = []
    reviews: list[int] = []
    approved = 0
    denied_by: Counter[str] = Counter()
    requests: Counter[str] = Counter()
    for action in actions:
        requests.update(_venues(action))
        match action:
            case TradeChanged(trade=trade):
                trades[trade.trade_id] = trade
            case FillBooked():
                fills.append(_booked(action))
            case MemoryChanged(memory=memory):
                for of_mode, account in ((memory.mode, memory.account), *memory.other_accounts):
                    accounts[of_mode, account.session_started_ns] = account
            case CommandAnswered(command="resume", ok=True):
                reviews.append(action.ts_ns)
            case Decided(verdict=verdict):
                approved += verdict.approved
                denied_by.update([] if verdict.approved else [verdict.reason_check])
                sent += [verdict] if verdict.sent else []
    return Evidence(
        trades=tuple((place, trade) for trade in trades.values()),
        fills=tuple((place, fill) for fill in fills),
        sent=tuple((place, verdict) for verdict in sent),
        approved=approved,
        denied_by=dict(denied_by),
        requests=dict(requests),
        reviews=tuple((place, ts_ns) for ts_ns in reviews),
        accounts=tuple((place, of_mode, account) for (of_mode, _), account in accounts.items()),
        spans=(Span(feed, mode, from_ns, to_ns),),
    )


def _booked(fill: FillBooked) -> BookedFill:
    return BookedFill(fill.ts_ns, fill.trade_id, fill.order_id, fill.qty, fill.price, fill.fee_usd)


def _venues(action: Action) -> tuple[str, ...]:
    """The venues that an action asks something of."""
    match action:
        case PlaceOrder(order=order):
            return (order.venue,)
        case (
            CancelOrder(venue=venue) | QueryOrder(venue=venue) | QueryPosition(venue=venue) | AdoptPosition(venue=venue)
        ):
            return (venue,)
        case FlattenVenues(venues=venues):
            return venues
        case _:
            return ()
