"""The on-chain price beside the perp's: a warning when they part, and a word when they are together again."""

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import OnChainPrice
from cockpit.engine.outbox import Outbox
from cockpit.market.market import Market
from cockpit.market.onchain import distance

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
