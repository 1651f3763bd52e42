"""The pictures of the README, from stored scenes: `python tests/tui/screenshots.py` writes them to `screenshots/`."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from scenes import Scene, scene  # noqa: E402
from screen_stage import Stage, StandingLink, staged  # noqa: E402

from cockpit.client.link import LinkChange  # noqa: E402
from cockpit.domain.kinds import EngineState, Mode  # noqa: E402
from cockpit.tui.flatten import Outcome  # noqa: E402

DIRECT_STEPS = (
    "no engine runs on this profile: going straight to okx",
    "okx: BTC short 0.0001 closed at market, reduce-only",
    "okx: SOL short 0.06 closed at market, reduce-only",
    "okx: flat (1 of 2)",
)
WOULD_BE_SENT = {
    "verdict": {
        "proposal": {"asset": "BTC", "side": "long"},
        "checks": [
            {"outcome": "warn", "sentence": "health factor 2.498 under 2.50"},
        ],
    },
    "traded": {
        "qty": 0.0002, "notional_usd": 21.94, "stop_bps": 28.0, "loss_at_stop_usd": 0.0834, "fees_usd": 0.0219,
        "break_even_all": 58.0, "break_even_first": 83.5,
    },
    "would_send": True, "not_sent_because": "", "passes": [str(number) for number in range(19)],
}  # fmt: skip
"""What the engine says to 30 USD: 0.00027 BTC are two lots."""
TARGET = HERE.parents[1] / "screenshots"


async def lose_engine(stage: Stage) -> None:
    stage.app.store.take(LinkChange(False, 0.0, "connection refused"), stage.clock())
    stage.clock.now_s += 12
    await stage.settle()


async def direct_road() -> AsyncIterator[str | Outcome]:
    for step in DIRECT_STEPS:
        yield step
    await asyncio.Event().wait()


async def take(name: str, shown: Scene, size: tuple[int, int], *keys: str, lost: bool = False, **settings: Any) -> None:
    link = StandingLink(shown)
    link.verdict = WOULD_BE_SENT
    async with staged(link, size, direct_flatten=direct_road, **settings) as stage:
        if lost:
            await lose_engine(stage)
        await stage.press(*keys)
        stage.app.save_screenshot(f"{name}.svg", path=str(TARGET))
    print(TARGET / f"{name}.svg")


async def main() -> None:
    TARGET.mkdir(exist_ok=True)
    trading, later, flat = scene("trading"), scene("later"), scene("flat")
    await take("trading-120x40", trading, (120, 40), "6")
    await take("wide-200x60", trading, (200, 60))
    await take("chart", trading, (120, 40), "w")
    await take("trading-80x24", trading, (80, 24))
    await take("trading-60x20", trading, (60, 20))
    await take("live", trading.with_snapshot(mode=Mode.LIVE), (120, 40), "6")
    await take("flatten-asked", trading, (120, 40), "f12")
    await take("flat", flat, (120, 40))
    await take("engine-lost", trading, (120, 40), lost=True)
    await take("flatten-direct", trading.with_snapshot(mode=Mode.LIVE), (120, 40), "f12", "f12", lost=True)
    await take("welcome", scene("quiet"), (120, 40), welcome=True)
    await take(
        "ceremony", trading.with_snapshot(mode=Mode.LIVE, armed=False, state=EngineState.DISARMED), (120, 40), "a"
    )
    armed = trading.with_snapshot(armed=True, state=EngineState.ARMED)
    with_room = armed.with_snapshot(open_trades=armed.snapshot.open_trades[1:2])
    await take("ticket", with_room, (120, 40), "E", "3", "0")
    await take("open-trades", armed, (120, 40), "4", "z", "down")
    await take("command-line", armed, (120, 40), "colon", *"close", "space")
    await take("verdict", later, (120, 40), "6", "down", "down", "enter")
    await take("trades", later, (120, 40), "e")
    await take("checklist", later, (120, 46), "c", "space", "down", "space", "down")
    await take("light", later, (120, 40), theme="light")
    await take("colour-blind", later, (120, 40), theme="colour-blind")


if __name__ == "__main__":
    asyncio.run(main())
