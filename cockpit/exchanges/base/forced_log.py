"""What was forced lately, bar by bar, overheard from the venue's stream for the liquidation map."""

from collections.abc import Awaitable, Mapping

from cockpit.domain.events import AnyEvent, Liquidation
from cockpit.exchanges.base.feed import Feed, Put
from cockpit.exchanges.base.timing import Clock
from cockpit.market.leverage_map import Forced

NOTHING = Forced(0.0, 0.0)


class ForcedLog:
    """Forced orders of one venue by asset and bar. It knows from when on it listened: before that nothing is known."""

    def __init__(self, bar_ns: int, bars: int, clock: Clock) -> None:
        self._bar_ns = bar_ns
        self._keep_ns = bar_ns * bars
        self._clock = clock
        self._bars: dict[str, dict[int, Forced]] = {}
        self.since_ns: int | None = None

    def begin(self) -> None:
        """The stream is listened to from the next whole bar on; it counts from the first time this is said."""
        if self.since_ns is None:
            self.since_ns = (self._clock() // self._bar_ns + 1) * self._bar_ns

    def note(self, order: Liquidation) -> None:
        """Count one forced order into its bar."""
        bars = self._bars.setdefault(order.asset, {})
        start_ns = order.ts_ns - order.ts_ns % self._bar_ns
        known, usd = bars.get(start_ns, NOTHING), order.price * order.qty
        if order.long_liquidated:
            bars[start_ns] = Forced(known.longs_usd + usd, known.shorts_usd)
        else:
            bars[start_ns] = Forced(known.longs_usd, known.shorts_usd + usd)
        for old_ns in [at for at in bars if at < order.ts_ns - self._keep_ns]:
            del bars[old_ns]

    def of(self, asset: str) -> Mapping[int, Forced]:
        """The asset's bars with forced orders, by their start."""
        return self._bars.get(asset, {})


class ForcedOrderTap:
    """A feed whose forced orders are noted on their way to the engine."""

    def __init__(self, feed: Feed, log: ForcedLog) -> None:
        self._feed = feed
        self._log = log

    @property
    def name(self) -> str:
        return self._feed.name

    async def run(self, put: Put) -> None:
        def noted(source: str, event: AnyEvent) -> Awaitable[None]:
            if isinstance(event, Liquidation):
                self._log.note(event)
            return put(source, event)

        self._log.begin()
        await self._feed.run(noted)
