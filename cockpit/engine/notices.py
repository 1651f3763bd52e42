"""What venues tell of our accounts there: said once, and no entry starts where a notice stands against it."""

from collections.abc import Iterable, Iterator

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import FeedHealth, LiquidationMap, OnChainPrice, ReadingEvent, VenueNotice
from cockpit.domain.kinds import VenueTopic
from cockpit.engine.outbox import Outbox
from cockpit.market.market import Market
from cockpit.market.onchain import distance

Key = tuple[str, str, VenueTopic]


class VenueNotices:
    """The notices that stand, by venue, asset and topic."""

    def __init__(self, config: CockpitConfig) -> None:
        self._traded = {where.trade_on for where in config.assets.values()}
        self._standing: dict[Key, VenueNotice] = {}

    @property
    def in_the_way(self) -> tuple[VenueNotice, ...]:
        """The notices that keep entries from where the config's assets trade, oldest first."""
        notices = self._standing.values()
        return tuple(notice for notice in notices if notice.topic.blocks_entries and notice.venue in self._traded)

    def take(self, notice: VenueNotice, out: Outbox) -> None:
        """Remember a notice, or that it is over, and tell it where it is new."""
        key = (notice.venue, notice.asset, notice.topic)
        known = self._standing.get(key)
        if notice.is_over:
            if self._standing.pop(key, None) is None:
                return
        elif notice.topic.stands:
            self._standing[key] = notice
            if known is not None and known.sentence == notice.sentence:
                return
        out.notice(_severity(notice), notice.topic.value, notice.sentence)

    def against(self, venue: str, asset: str) -> Iterator[VenueNotice]:
        """The notices that forbid an entry in this perpetual."""
        for notice in self._standing.values():
            if notice.venue == venue and notice.asset in ("", asset) and notice.topic.blocks_entries:
                yield notice

    def unknown(self, venue: str, asset: str) -> str:
        """Why a position there is unknown; empty where it is not."""
        notice = self._standing.get((venue, asset, VenueTopic.POSITION_UNKNOWN))
        return "" if notice is None else notice.sentence

    def begin(self, unread: Iterable[str], out: Outbox) -> None:
        """Begin anew with these venues behind the engine, none of which has told yet what its account holds."""
        self._standing.clear()
        for venue in unread:
            if venue in self._traded:
                sentence = f"{venue} has not told yet what its account holds: no entry there before that"
                self.take(VenueNotice(out.now_ns, venue, "", VenueTopic.UNREAD, sentence), out)
            else:
                # Only a signal that names it will ever hear of this.
                sentence = f"{venue} is where no asset of the config trades: no entry there"
                self._standing[venue, "", VenueTopic.UNREAD] = VenueNotice(
                    out.now_ns, venue, "", VenueTopic.UNREAD, sentence
                )


def _severity(notice: VenueNotice) -> str:
    if notice.is_over:
        return "info"
    if notice.is_grave or notice.topic.halts:
        return "critical"
    return "warning" if notice.topic.stands else "info"


# The on-chain price beside the perp's: a warning when they part, and a notice when they are together again.

TOPIC = "cross_check"


class CrossCheck:
    """Looks at each on-chain price as it comes and tells the operator; the setup that trades it warns at the gate."""

    def __init__(self, config: CockpitConfig, market: Market) -> None:
        self._limit_bps = config.birdeye.apart_bps
        self._market = market
        self._apart: set[str] = set()

    def review(self, price: OnChainPrice, out: Outbox) -> None:
        """Take one price. Nothing is said while either side is unknown, or while nothing changes."""
        seen = distance(self._market, price.asset, out.now_ns)
        if seen is None:
            return
        is_apart = abs(seen.apart_bps) > self._limit_bps
        if is_apart == (price.asset in self._apart):
            return
        if is_apart:
            self._apart.add(price.asset)
            out.notice("warning", TOPIC, f"{seen.sentence(price.asset, self._limit_bps)}: prices part")
        else:
            self._apart.discard(price.asset)
            out.notice("info", TOPIC, f"{seen.sentence(price.asset, self._limit_bps)}: prices agree again")


AnyReading = ReadingEvent | OnChainPrice | LiquidationMap | FeedHealth


class ReadingIntake:
    """Hands readings to the market. One that it cannot take is refused, said once while it stays the same."""

    def __init__(self, market: Market, crosscheck: CrossCheck) -> None:
        self._market = market
        self._crosscheck = crosscheck
        self._last_refusal = ""

    def apply(self, reading: AnyReading, out: Outbox) -> bool:
        """Whether the market took it."""
        refusal = self._market.apply(reading)
        if refusal is not None and refusal != self._last_refusal:
            out.notice("warning", "reading", refusal)
        self._last_refusal = refusal or self._last_refusal
        return refusal is None

    def on_chain_price(self, price: OnChainPrice, out: Outbox) -> None:
        self.apply(price, out)
        self._crosscheck.review(price, out)
