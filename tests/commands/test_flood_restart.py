"""A flood of proposals into a real engine process that is killed in the middle of it: nothing of it is traded twice."""

import asyncio
import json
import secrets
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
from running_engine import PROJECT_ROOT, Shell

from cockpit.journal.reading import JournalReader
from tests.patience import patient_s

SHIPPED = PROJECT_ROOT / "config" / "tactical_scalp_config.json"
STRATEGY = "Cross-Exchange Arbitrage"
PAIRS = ("BTC/USD", "ETH/USD", "SOL/USD")
IDS = [f"n{number}" for number in range(250)]
AT_ONCE = 12
TRADED_BEFORE_THE_END = 5
LIMITS = {
    "proposals_per_minute": 600,
    "cut_off_at_refusals": 600,
    "notional_usd_per_day": 1e6,
    "open_trades": 500,
    "loss_usd_per_day": 1e5,
}


def flooded_config(place: Path) -> str:
    """The shipped rules, roomy enough that a flood does trade."""
    raw: dict[str, Any] = json.loads(SHIPPED.read_text())
    raw["sources"] = {"mind": {"limits": LIMITS}}
    raw["limits"] |= {"max_trades_per_day": 1000, "max_open_trades": 1000, "losses_until_review": 1000}
    raw["limits"] |= {"losses_until_kill": 2000, "net_profit_stop_r": 1000, "session_drawdown_pct": 50}
    raw["gate"] |= {"health_factor_entries_min": 0.3, "health_factor_warn_under": 0.4}
    raw["gate"] |= {"health_factor_flatten_under": 0.2, "short_pct_block_at": dict.fromkeys(raw["assets"], 100)}
    for setup in raw["setups"].values():
        setup["enabled"] = False
    path = place / "flooded.json"
    path.write_text(json.dumps(raw))
    return str(path)


class Flood:
    """Every id once, some at a time, until the engine is gone or all are answered."""

    def __init__(self, url: str, key: str) -> None:
        self.traded: dict[str, str] = {}
        self.answered: Counter[int] = Counter()
        self._url = url
        self._key = key

    async def run(self, enough: asyncio.Event) -> None:
        waiting = list(reversed(IDS))
        headers = {"Authorization": f"Bearer {self._key}"}
        async with httpx.AsyncClient(base_url=self._url, headers=headers, timeout=patient_s(20)) as client:
            while True:
                body = {
                    "strategy": STRATEGY,
                    "pair": PAIRS[0],
                    "amount": 12,
                    "side": "long",
                    "id": f"probe{secrets.token_hex(6)}",
                }
                if (await client.post("/api/trade/execute", json=body)).status_code == 200:
                    break  # it has prices, and lets a proposal through
                await asyncio.sleep(0.5)

            async def send() -> None:
                while waiting:
                    number = len(waiting)
                    body = {"strategy": STRATEGY, "pair": PAIRS[number % len(PAIRS)], "amount": 12, "side": "long"}
                    asked_id = waiting.pop()
                    try:
                        answer = await client.post("/api/trade/execute", json={**body, "id": asked_id})
                    except httpx.HTTPError:
                        return
                    self.answered[answer.status_code] += 1
                    if answer.status_code == 200:
                        self.traded[asked_id] = answer.json()["trade_id"]
                    if len(self.traded) >= TRADED_BEFORE_THE_END:
                        enough.set()

            await asyncio.gather(*(send() for _ in range(AT_ONCE)))


def url_of(ready: str) -> str:
    return next(word for word in ready.split() if word.startswith("http")).rstrip(",.:;")


def test_a_kill_in_the_middle_of_a_flood_trades_no_id_twice(shell: Shell, tmp_path: Path) -> None:
    config = {"COCKPIT_CONFIG": flooded_config(tmp_path)}
    key = shell.run("source", "key", "mind", **config).stdout.strip()

    async def flood(url: str, *, kill: bool) -> Flood:
        found, enough = Flood(url, key), asyncio.Event()
        running = asyncio.create_task(found.run(enough))
        if kill:
            waiting = asyncio.create_task(enough.wait())
            await asyncio.wait([running, waiting], return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            shell.signal(signal.SIGKILL)
        await running
        return found

    first = asyncio.run(flood(url_of(shell.start_engine("--arm", **config)), kill=True))
    assert len(first.traded) >= TRADED_BEFORE_THE_END and sum(first.answered.values()) < len(IDS), "in the middle"
    again = asyncio.run(flood(url_of(shell.start_engine("--arm", **config)), kill=False))
    assert again.answered[200] > 0 and not [status for status in again.answered if status >= 500]
    shell.signal(signal.SIGTERM)
    shell.ended_with()
    trades = JournalReader(shell.home / "journal.sqlite").trades(2_000)
    counts = Counter(trade.signal_id for trade in trades if "probe" not in str(trade.signal_id))
    assert max(counts.values()) == 1, counts.most_common(3)
    kept = {trade.signal_id: trade.trade_id for trade in trades}
    known = [asked_id for asked_id in first.traded if f"mind:{asked_id}" in kept]
    assert len(known) >= len(first.traded) - 1, "what was answered is in the journal, but for what the kill cut off"
    for asked_id in known:
        assert again.traded.get(asked_id, kept[f"mind:{asked_id}"]) == kept[f"mind:{asked_id}"]
