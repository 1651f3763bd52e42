"""Binance's user stream: a socket whose address holds a key that lives for an hour."""

from collections.abc import Awaitable, Iterable
from typing import Any

from cockpit.exchanges.base.account import NotSent, OrderUpdate, StreamUpdate, VenueFailure
from cockpit.exchanges.base.private_stream import Asked, PrivateStream, TriggeredOrders
from cockpit.exchanges.binance.parsing import BinanceParser

RENEW_EVERY_S = 1_200.0
"""The venue lets a listen key die after 60 minutes."""
RENEW_AGAIN_S = 30.0
WAITERS = "account"


class BinanceStream(PrivateStream):
    """`triggered_as` follows triggered stops to their orders."""

    def __init__(self, account: Asked, parser: BinanceParser) -> None:
        super().__init__(account)
        self.parser = parser
        self.triggered_as = TriggeredOrders()
        self._url = ""

    async def _dial(self) -> Iterable[Awaitable[Any]]:
        answer = await self.account.ask("fapiPrivatePostListenKey")
        client, key = self.account.client, str(answer["listenKey"])
        self.secrets = [key]
        self._url = client.get_private_ws_url("linear", key)
        waiting = client.watch(self._url, WAITERS)
        await self.connected(self._url, waiting)
        return [waiting]

    async def _hang_up(self) -> None:
        await self.drop(self._url)

    async def _keep_alive(self) -> None:
        pause_s = RENEW_EVERY_S
        while True:
            await self.account.timing.sleep(pause_s)
            try:
                await self.account.ask("fapiPrivatePutListenKey")
                pause_s = RENEW_EVERY_S
            except NotSent as refused:
                pause_s = max(RENEW_AGAIN_S, refused.retry_after_s or 0.0)
            except VenueFailure as failure:
                if getattr(failure, "code", "") == "-1125":
                    raise
                pause_s = RENEW_AGAIN_S

    def _read(self, message: Any) -> list[StreamUpdate] | None:
        if not isinstance(message, dict) or "e" not in message:
            return None
        match message["e"]:
            case "ORDER_TRADE_UPDATE":
                update = self.parser.order_update(message)
                return [self.triggered_as.renamed(update)]
            case "ALGO_UPDATE":
                return list(self._algo(message))
            case "ACCOUNT_UPDATE":
                if message["a"].get("m") == "FUNDING_FEE":
                    self.funding_is_due()
                return list(self.parser.account_update(message))
            case "listenKeyExpired":
                self.break_off("the listen key expired")
        return []

    def _algo(self, message: Any) -> Iterable[OrderUpdate]:
        """A triggered stop that already speaks as the order it became is not spoken for by its trigger any more."""
        update = self.parser.algo_update(message)
        order_id = self.parser.triggered_as(message["o"])
        earlier = self.triggered_as.resolve(order_id, update.order.client_id) if order_id else []
        if order_id and self.triggered_as.has_spoken(order_id):
            return earlier
        return [update]
