"""The Aave feed on a real market through RPC endpoints that a test can make lie or fail."""

from contextlib import AsyncExitStack

from pydantic import SecretStr

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import AnyEvent, FeedHealth, HealthFactor
from cockpit.feeds.aave.markets import AaveMarket
from cockpit.feeds.aave.worker import AaveFeed
from tests.loopback.aave_market import AaveMarketOnAnvil
from tests.loopback.anvil import Anvil
from tests.loopback.rpc_proxy import RpcProxy
from tests.loopback.timekeeper import Inbox, Timekeeper
from tests.patience import patient_s

HEAD_MAX_AGE_S = 60.0
RPC_TIMEOUT_S = patient_s(30.0)


class AaveRig:
    """`rpcs` endpoints before one node; the clock stands at the newest block's stamp unless moved."""

    def __init__(
        self,
        config: CockpitConfig,
        node: Anvil,
        market: AaveMarketOnAnvil,
        rpcs: int = 1,
        address: str | None = None,
        **aave: object,
    ) -> None:
        self.node = node
        self.market = market
        self.time = Timekeeper(market.head_s)
        self.inbox = Inbox()
        self.proxies = [RpcProxy(node.url) for _ in range(rpcs)]
        section = config.aave.model_copy(
            update={"address": address or market.borrower, "rpc_timeout_s": RPC_TIMEOUT_S, **aave}
        )
        self.config = config.model_copy(update={"aave": section})
        self.expected = AaveMarket("local", market.chain_id, market.addresses_provider, market.pool, HEAD_MAX_AGE_S)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> "AaveRig":
        for proxy in self.proxies:
            await self._open.enter_async_context(proxy)
        urls = [SecretStr(proxy.keyed_url) for proxy in self.proxies]
        self.feed = AaveFeed(self.config, self.expected, urls, self.time.timing)
        await self.feed.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.feed.close()
        await self._open.aclose()

    def labels(self) -> list[str]:
        return [proxy.url.removeprefix("http://") for proxy in self.proxies]

    def price(self, usd: float, later_s: int = 30) -> None:
        """WETH costs this in the newest two blocks, the newest of which is stamped now."""
        self.time.at(self.time.now_s + later_s)
        now_s = int(self.time.now_s)
        self.market.price_weth(usd, now_s - 12, now_s)

    async def round(self) -> list[AnyEvent]:
        """One round's events."""
        await self.feed.round(self.inbox.put)
        return self.inbox.take()

    async def readings(self) -> list[HealthFactor]:
        return [event for event in await self.round() if isinstance(event, HealthFactor)]

    async def health(self) -> list[FeedHealth]:
        return [event for event in await self.round() if isinstance(event, FeedHealth)]
