"""Binance's user stream: a socket whose address holds a key that lives for an hour."""

from collections.abc import Awaitable, Iterable
from typing import Any

from cockpit.venues.account import NotSent, OrderWord, StreamWord, VenueFailure
from cockpit.venues.became import Became
from cockpit.venues.binance_words import BinanceWords, became
from cockpit.venues.private_stream import Asked, PrivateStream

RENEW_EVERY_S = 1_200.0
"""The venue lets a listen key die after 60 minutes."""
RENEW_AGAIN_S = 30.0
WAITERS = "account"


class BinanceStream(PrivateStream):
    """`words` is set once the markets are known; `became` follows triggered stops to their orders."""

    def __init__(self, account: Asked) -> None:
        super().__init__(account)
        self.words: BinanceWords
        self.became = Became()
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
        client = self.account.client
        socket = client.clients.pop(self._url, None) if client is not None else None
        if socket is not None:
            await socket.close()

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

    def _read(self, message: Any) -> list[StreamWord] | None:
        if not isinstance(message, dict) or "e" not in message:
            return None
        match message["e"]:
            case "ORDER_TRADE_UPDATE":
                word = self.words.order_update(message)
                return [] if word is None else [self.became.renamed(word)]
            case "ALGO_UPDATE":
                return list(self._algo(message))
            case "ACCOUNT_UPDATE":
                if message["a"].get("m") == "FUNDING_FEE":
                    self.funding_is_due()
                return list(self.words.account_update(message))
            case "listenKeyExpired":
                self.break_off("the listen key expired")
        return []

    def _algo(self, message: Any) -> Iterable[OrderWord]:
        """A triggered stop that already speaks as the order it became is not spoken for by its trigger any more."""
        word = self.words.algo_update(message)
        if word is None:
            return []
        order_id = became(message["o"])
        earlier = self.became.told(order_id, word.order.client_id) if order_id else []
        if order_id and self.became.has_spoken(order_id):
            return earlier
        return [word]
