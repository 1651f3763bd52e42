"""Solana's median priority fee over the local fee markets of configured hot accounts."""

from statistics import median
from typing import Any

from cockpit.config.sources import SolanaSection
from cockpit.domain.events import PriorityFee
from cockpit.domain.units import seconds_to_ns
from cockpit.exchanges.base.answers import number, shown
from cockpit.exchanges.base.timing import Clock
from cockpit.exchanges.base.trouble import FeedTrouble
from cockpit.exchanges.base.web import JsonSite

SOURCE = "solana"
SLOT_S = 0.4
"""How long a slot is meant to last: what turns a lag in slots into an age."""


class SolanaFees:
    """Asks for each account set by itself and pools the newest slots of all. Zero is a fee like any other."""

    def __init__(self, section: SolanaSection, site: JsonSite, clock: Clock) -> None:
        self._section = section
        self._site = site
        self._clock = clock
        self._newest_slot = 0

    async def ask(self) -> list[PriorityFee]:
        """The median fee. Raises `FeedTrouble`, also where the node lags behind its head or its slots do not move."""
        head = await self._call("getSlot", [{"commitment": "processed"}])
        if not isinstance(head, int):
            raise FeedTrouble(f"getSlot: expected a slot, was {shown(head)}")
        pooled: list[float] = []
        newest_of_each: list[int] = []
        for accounts in self._section.hot_accounts:
            rows = _slots(await self._call("getRecentPrioritizationFees", [accounts]))[-self._section.slots :]
            pooled += [fee for _, fee in rows]
            newest_of_each.append(rows[-1][0])
        newest = min(newest_of_each)
        lag = max(0, head - newest)
        if lag > self._section.max_slot_lag:
            limit = self._section.max_slot_lag
            raise FeedTrouble(f"stale: newest fee slot {newest} is {lag} behind the head {head}, limit {limit}")
        if newest <= self._newest_slot:
            raise FeedTrouble(f"stale: newest fee slot still {newest}")
        self._newest_slot = newest
        return [PriorityFee(self._clock() - seconds_to_ns(lag * SLOT_S), float(median(pooled)))]

    async def _call(self, method: str, params: list[Any]) -> Any:
        answer = await self._site.post({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        if not isinstance(answer, dict):
            raise FeedTrouble(f"{method}: expected a JSON-RPC answer, was {shown(answer)}")
        refusal = answer.get("error")
        if refusal is not None:
            said = refusal.get("message", "") if isinstance(refusal, dict) else refusal
            raise FeedTrouble(f"{method} refused: {self._site.masked(said)}")
        return answer.get("result")


def _slots(rows: Any) -> list[tuple[int, float]]:
    """(slot, fee in micro-lamports per compute unit), oldest first."""
    what = "getRecentPrioritizationFees"
    if not isinstance(rows, list) or not rows:
        raise FeedTrouble(f"{what}: expected at least one slot, was {shown(rows)}")
    found = sorted((int(number(row, "slot", what)), number(row, "prioritizationFee", what)) for row in rows)
    if found[0][1] < 0:
        raise FeedTrouble(f"{what}: expected fees of 0 or more, was {found[0][1]:g}")
    return found
