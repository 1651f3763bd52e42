"""One RPC node under suspicion: checked before it is believed, left alone for a while when it fails."""

from typing import TYPE_CHECKING

from cockpit.config.limits import AaveSection
from cockpit.domain.units import NS_PER_S, ns_to_seconds, seconds_to_ns
from cockpit.exchanges.base.feed import Timing
from cockpit.exchanges.base.trouble import BackOff, FeedTrouble
from cockpit.feeds.aave.account import contradiction
from cockpit.feeds.aave.markets import AaveMarket
from cockpit.feeds.aave.quorum import Answer

if TYPE_CHECKING:
    from cockpit.domain.events import AaveExposure
    from cockpit.feeds.aave.rpc import AaveRpc, Block

REORGANISED_BLOCKS = 2
"""A head may go back this far when a chain reorganises; further back it is another node's, or a reset one's."""


class AaveNode:
    """A node's head and its answers. Every method that asks raises `FeedTrouble` with the reason in words."""

    def __init__(
        self, rpc: "AaveRpc", section: AaveSection, market: AaveMarket, back_off: BackOff, timing: Timing
    ) -> None:
        self.label = rpc.label
        self._rpc = rpc
        self._max_age_s = section.head_max_age_s or market.head_max_age_s
        self._ahead_s = section.head_ahead_tolerance_s
        self._back_off = back_off
        self._clock = timing.clock
        self._stamps = timing.stamps
        self._verified = False
        self._highest = 0
        self._not_before_ns = 0
        self._last_trouble = ""

    @property
    def resting(self) -> str:
        """Why and for how long the node is still left alone; empty when it may be asked."""
        left_s = ns_to_seconds(self._not_before_ns - self._clock())
        return f"{self._last_trouble}; asked again in {left_s:.0f} s" if left_s > 0.0 else ""

    async def head(self) -> int:
        """The number of its newest block: of the right chain, fresh, and not gone back."""
        if not self._verified:
            await self._rpc.verify()
            self._verified = True
        block = await self._rpc.block()
        self._check_fresh(block)
        self._highest = max(self._highest, block.number)
        return block.number

    def _check_fresh(self, block: "Block") -> None:
        age_s = self._stamps() / NS_PER_S - block.timestamp_s
        if age_s > self._max_age_s:
            raise FeedTrouble(f"stale head: block {block.number} is {age_s:.0f} s old, limit {self._max_age_s:.0f} s")
        if age_s < -self._ahead_s:
            raise FeedTrouble(f"head from the future: block {block.number} is {-age_s:.0f} s ahead of our clock")
        if block.number < self._highest - REORGANISED_BLOCKS:
            raise FeedTrouble(f"head went back: block {block.number} after {self._highest}")

    async def answer(self, address: str, number: int) -> Answer:
        """What the account is worth at that block, as far as its own totals bear it out."""
        block = await self._rpc.block(number)
        data = await self._rpc.account(address, number)
        doubt = contradiction(data)
        if doubt:
            raise FeedTrouble(doubt)
        return Answer(self.label, block.number, block.hash, block.timestamp_s, data)

    async def exposures(self, address: str, number: int) -> "tuple[AaveExposure, ...]":
        """The account split by asset at that block."""
        return await self._rpc.exposures(address, number)

    def failed(self, trouble: FeedTrouble) -> None:
        """It could not be used: leave it alone for a while, and check it again from the start."""
        self._verified = False
        self._last_trouble = trouble.sentence
        self._not_before_ns = self._clock() + seconds_to_ns(self._back_off.failed(trouble))

    def succeeded(self) -> None:
        """It answered."""
        self._back_off.succeeded()

    async def close(self) -> None:
        """Let go of its connections."""
        await self._rpc.close()
