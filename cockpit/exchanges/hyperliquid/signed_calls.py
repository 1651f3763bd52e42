"""Questions and actions: what each weighs, whose key signs, and for whom. An action that was not sent says so.

An address of the internet has a weight a minute, and an account a number of requests that grows with what it trades.
"""

from abc import abstractmethod
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.account import Ambiguous, NotSent, VenueOrder
from cockpit.exchanges.base.call_kind import CallKind
from cockpit.exchanges.base.ccxt_account import CcxtAccount
from cockpit.exchanges.base.trading_client import RECV_WINDOW_MS
from cockpit.exchanges.hyperliquid.agent import vault_of
from cockpit.exchanges.hyperliquid.client import weight_of

WEIGHT_A_MINUTE = 1_200


@contextmanager
def before_sending() -> Iterator[None]:
    """What fails in here fails before anything of an order has left."""
    try:
        yield
    except Ambiguous as failure:
        raise NotSent(f"{failure}: nothing was sent") from None


class SignedCalls(CcxtAccount):
    """`info` asks, `_act` signs and sends."""

    def begin_calls(self) -> None:
        """Before the first of them."""
        self._user = self._keys.api_key.get_secret_value()
        self._agent = ""
        self._vault: str | None = None
        self._is_known = False
        self._own_role: Any = None
        self._weighed: deque[tuple[int, int]] = deque()
        self._requests_share: float | None = None

    @abstractmethod
    async def order_of(self, venue_order_id: str) -> VenueOrder | None:
        """An order of anybody, with its terms, by the venue's number."""

    async def info(self, kind: str, **fields: Any) -> Any:
        """The venue's answer to a question."""
        self._weighed.append((self.timing.clock(), weight_of(kind)))
        return await self.ask("publicPostInfo", {"type": kind, **fields})

    def _weight_share(self) -> float:
        since_ns = self.timing.clock() - 60 * NS_PER_S
        while self._weighed and self._weighed[0][0] < since_ns:
            self._weighed.popleft()
        return sum(weight for _, weight in self._weighed) / WEIGHT_A_MINUTE

    def used_weight_share(self) -> float | None:
        """Of this address's minute, or of the account's own allowance of requests, whichever is the more used up.

        Its answers do not say: it is counted here. Entries stop before it is used up, exits never.
        """
        return min(1.0, max(self._weight_share(), self._requests_share or 0.0))

    async def _act(self, action: dict[str, Any], kind: CallKind = CallKind.EXIT) -> Any:
        """Sign and send. What opens risk is void after some seconds; an exit is not, whatever our clock says."""
        if self.client is None:
            raise NotSent(f"{self.venue}: expected an open account, was closed")
        with before_sending():
            await self._know_whose()
        nonce = self.client.incrementing_nonce()
        expires = self.venue_ms() + RECV_WINDOW_MS if kind is CallKind.ENTRY else None
        vault = None if self._vault is None else self._vault.lower().removeprefix("0x")
        request = {
            "action": action,
            "nonce": nonce,
            "signature": self.client.sign_l1_action(action, nonce, vault, expires),
        }
        if self._vault is not None:
            request["vaultAddress"] = self._vault.lower()
        if expires is not None:
            request["expiresAfter"] = expires
        self._weighed.append((self.timing.clock(), 1))
        return await self.send("privatePostExchange", request, kind)

    async def _know_whose(self) -> None:
        if not self._is_known and self.client is not None:
            await self.learn_whose()

    async def learn_whose(self) -> None:
        """Ask whose agent the key is, and for whom its orders are. Raises `KeysLost` for any other key."""

        async def role_of(address: str) -> Any:
            if address != self._user:
                return await self.info("userRole", user=address)
            if self._own_role is None:  # what an address is it stays; the question is the dearest there is
                self._own_role = await self.info("userRole", user=address)
            return self._own_role

        with self.judged():
            self._vault = await vault_of(self._user, self._agent, role_of)
        self._is_known = True

    async def check_key(self) -> None:
        """Whether it is an agent's still: its owner may revoke it any time, and its questions need none."""
        await self.learn_whose()

    def learn_limit(self, limit: Any) -> None:
        """What the venue says of the account's own allowance: it grows with what was traded."""
        self._requests_share = float(limit["nRequestsUsed"]) / max(1.0, float(limit["nRequestsCap"]))
