"""The watched wallet's Aave health factor: several RPCs, one pinned block, and nothing believed that they dispute."""

import asyncio
import importlib
from collections.abc import Awaitable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from pydantic import SecretStr

from cockpit.config.limits import AaveSection
from cockpit.config.model import CockpitConfig
from cockpit.domain.events import AaveExposure, FeedHealth, HealthFactor
from cockpit.domain.kinds import FeedState, Reading
from cockpit.domain.units import NS_PER_S, ns_to_seconds, seconds_to_ns
from cockpit.exchanges.base.feed import Put
from cockpit.exchanges.base.masking import host_labels, quiet_libraries
from cockpit.exchanges.base.timing import BackOff, Timing
from cockpit.exchanges.base.trouble import FeedTrouble
from cockpit.feeds.aave.account import contradiction
from cockpit.feeds.aave.markets import AaveMarket
from cockpit.feeds.aave.quorum import Answer, Judgement, judge, needed_of, pinned_height
from cockpit.market.health import recomputed

if TYPE_CHECKING:
    from cockpit.domain.events import AaveExposure
    from cockpit.feeds.aave.rpc import AaveRpc, Block


# One RPC node under suspicion: checked before it is believed, left alone for a while when it fails.

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
        self._not_before_ns = self._clock() + seconds_to_ns(self._back_off.failed(trouble.retry_after_s))

    def succeeded(self) -> None:
        """It answered."""
        self._back_off.succeeded()

    async def close(self) -> None:
        await self._rpc.close()


SOURCE = "aave"
SPLIT_TOLERANCE = 0.005
"""The split by asset counts only where it makes the pool's own health factor to half a percent."""

T = TypeVar("T")


class AaveFeed:
    """Asks every RPC each round. What counts becomes one `HealthFactor` per RPC, named by its host.

    Where nothing counts, one reading without a value says why: the last known one then ages on.
    """

    name = SOURCE

    def __init__(
        self, config: CockpitConfig, market: AaveMarket, urls: Sequence[SecretStr], timing: Timing | None = None
    ) -> None:
        if config.aave.address is None or not urls:
            raise ValueError("expected an address and at least one RPC, was neither or only one of them")
        self._address = config.aave.address
        self._section = config.aave
        self._ages = config.feeds.health_factor
        self._alarm_under = config.gate.health_factor_entries_min
        self._market = market
        self._urls = urls
        self._timing = timing or Timing()
        self._needed = needed_of(len(urls), config.aave.quorum)
        self._nodes: list[AaveNode] = []
        self._doubts: dict[str, str] = {}
        self._exposures: tuple[AaveExposure, ...] = ()
        self._split_detail = ""
        self._split_due_ns = 0

    async def run(self, put: Put) -> None:
        """A round every so often, for ever."""
        every_s = self._ages.every_s or self._ages.warn_after_s / 2.0
        try:
            await self.open()
            while True:
                await self.round(put)
                await self._timing.sleep(every_s)
        finally:
            await self.close()

    async def open(self) -> None:
        """Load web3 in a thread, since that takes a second, and set up the RPCs. Nothing is asked yet."""
        quiet_libraries()
        rpc = await asyncio.to_thread(importlib.import_module, "cockpit.feeds.aave.rpc")
        urls = [url.get_secret_value() for url in self._urls]
        every_s = self._ages.every_s or self._ages.warn_after_s / 2.0
        for label, url in zip(host_labels(urls), urls, strict=True):
            node = rpc.AaveRpc(label, url, self._section.rpc_timeout_s, self._market, self._timing.stamps)
            back_off = BackOff(every_s, self._ages.warn_after_s)
            self._nodes.append(AaveNode(node, self._section, self._market, back_off, self._timing))

    async def close(self) -> None:
        """Let go of every connection."""
        nodes, self._nodes = self._nodes, []
        for node in nodes:
            await node.close()

    async def round(self, put: Put) -> None:
        """Ask every RPC that is not resting, and hand over what counts."""
        resting = {node.label: node.resting for node in self._nodes}
        troubles = {label: FeedTrouble(why) for label, why in resting.items() if why}
        asked = [node for node in self._nodes if node.label not in troubles]
        heads = await self._each(asked, (node.head() for node in asked), troubles)
        judged: list[Judgement] = []
        if heads:
            height = pinned_height([head for _, head in heads], self._needed, self._section.blocks_behind_head)
            for node, head in heads:
                if head < height:
                    troubles[node.label] = FeedTrouble(f"behind: its head is {head}, the pinned block is {height}")
            able = [node for node, head in heads if head >= height]
            answers = await self._each(able, (node.answer(self._address, height) for node in able), troubles)
            for node, _ in answers:
                node.succeeded()
            judged = judge([answer for _, answer in answers], self._needed, len(self._nodes), self._alarm_under)
        await self._report(judged, troubles, put)
        await self._split(judged)

    async def _each(
        self, nodes: Sequence[AaveNode], asked: Iterable[Awaitable[T]], troubles: dict[str, FeedTrouble]
    ) -> list[tuple[AaveNode, T]]:
        """What each node answered; one in trouble is put into `troubles` and left alone for a while."""
        found: list[tuple[AaveNode, T]] = []
        for node, answer in zip(nodes, await asyncio.gather(*asked, return_exceptions=True), strict=True):
            if isinstance(answer, FeedTrouble):
                node.failed(answer)
                troubles[node.label] = answer
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found.append((node, answer))
        return found

    async def _report(self, judged: Sequence[Judgement], troubles: dict[str, FeedTrouble], put: Put) -> None:
        now_ns = self._timing.stamps()
        counted = [judgement.answer for judgement in judged if judgement.counts]
        doubts = {found.answer.source: found.detail for found in judged if not found.counts}
        doubts.update((label, trouble.sentence) for label, trouble in troubles.items())
        faulty = {found.answer.source for found in judged if found.disputed} | set(troubles)
        for node in self._nodes:
            doubt = doubts[node.label] if node.label in faulty else ""
            await self._note(node.label, doubt, now_ns, put)
        for answer in counted:
            await put(self.name, self._reading(answer, now_ns))
        if not counted:
            reasons = dict.fromkeys(
                detail if detail.startswith("RPCs disagree") else f"{label}: {detail}"
                for label, detail in doubts.items()
            )
            await put(self.name, HealthFactor(now_ns, SOURCE, None, detail="; ".join(reasons)))

    async def _note(self, label: str, doubt: str, now_ns: int, put: Put) -> None:
        """An RPC's word when it changed: down with the reason, or up again."""
        if self._doubts.get(label, "") == doubt:
            return
        self._doubts[label] = doubt
        state = FeedState.DOWN if doubt else FeedState.FRESH
        await put(self.name, FeedHealth(now_ns, Reading.HEALTH_FACTOR, label, state, doubt))

    def _reading(self, answer: Answer, now_ns: int) -> HealthFactor:
        data = answer.data
        return HealthFactor(
            ts_ns=min(answer.block_s * NS_PER_S, now_ns),
            source=answer.source,
            value=data.health_factor,
            no_debt=data.owes_nothing,
            collateral_usd=data.collateral_usd,
            debt_usd=data.debt_usd,
            detail=self._split_detail,
            exposures=self._exposures,
        )

    async def _split(self, judged: Sequence[Judgement]) -> None:
        """Now and then, read the split by asset from an RPC that counts; it goes out with the next readings."""
        counted = [judgement.answer for judgement in judged if judgement.counts]
        now_ns = self._timing.clock()
        if not counted or now_ns < self._split_due_ns:
            return
        self._split_due_ns = now_ns + seconds_to_ns(self._section.breakdown_every_s)
        answer = counted[0]
        node = next(node for node in self._nodes if node.label == answer.source)
        try:
            found = await node.exposures(self._address, answer.block_number)
        except FeedTrouble as trouble:
            self._exposures, self._split_detail = (), f"no split by asset: {trouble.sentence}"
            return
        self._exposures, self._split_detail = checked_split(found, answer.data.health_factor)


def checked_split(
    exposures: tuple[AaveExposure, ...], health_factor: float | None
) -> tuple[tuple[AaveExposure, ...], str]:
    """The split where it makes the pool's own health factor, else none and why (an e-mode weighs its own way)."""
    if health_factor is None:
        return exposures, ""
    made = recomputed(exposures)
    if made is not None and abs(made / health_factor - 1.0) <= SPLIT_TOLERANCE:
        return exposures, ""
    said = "none" if made is None else f"{made:.4f}"
    return (), f"no split by asset: it makes a health factor of {said}, the pool says {health_factor:.4f} (e-mode?)"
