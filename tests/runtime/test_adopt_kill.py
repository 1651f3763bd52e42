"""kill -9 in the middle of an adoption: afterwards the position is a trade of ours with one stop of its own at the
venue, or it is not ours still and can be adopted anew. What was acknowledged is so.

COCKPIT_ADOPT_KILLS says how often (2), COCKPIT_KILL_SEED which moments.
"""

import asyncio
import os
import random
from pathlib import Path
from typing import Any

import pytest

from cockpit.client.errors import EngineUnreachable
from cockpit.domain.snapshot import Snapshot
from tests.runtime.real_engine import RealStage, real_stage
from tests.runtime.test_real_engine import is_read
from tests.runtime.test_runtime_kill import SEED

KILLS = int(os.environ.get("COCKPIT_ADOPT_KILLS", "2"))
WITHIN_S = 0.08
"""So long an adoption takes about, from its asking to its acknowledgement."""
QTY = 0.02
BODY = {"venue": "okx", "asset": "ETH", "template": "single"}
pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("number", range(KILLS))
async def test_a_kill_leaves_no_half_adopted_position(tmp_path: Path, number: int) -> None:
    moment_s = random.Random(f"{SEED} {number}").uniform(0.0, WITHIN_S)
    print(f"COCKPIT_KILL_SEED={SEED} kill {number} after {moment_s * 1e3:.1f} ms")
    async with real_stage(tmp_path / "home") as stage:
        await stage.engine()
        await stage.until(is_read)
        await stage.arm()
        stage.okx.trade_by_hand("ETH", "buy", QTY)
        await stage.until(lambda seen: bool(seen.foreign_positions))
        asked = asyncio.create_task(adopt(stage, "first"))
        await asyncio.sleep(moment_s)
        await stage.kill()
        (told,) = await asyncio.gather(asked, return_exceptions=True)
        assert isinstance(told, dict | EngineUnreachable), told

        await stage.engine()
        seen = await stage.until(lambda seen: is_covered(seen) or bool(seen.foreign_positions))
        if isinstance(told, dict):
            seen = await stage.until(is_covered)
            assert [view.trade.trade_id for view in seen.open_trades] == [told["trade_id"]]
            print("acknowledged")
        elif seen.open_trades:
            print("done, not acknowledged")
        else:
            print("not done")
            await stage.until(is_read)
            await stage.arm()
            await adopt(stage, "second")
        await stage.until(is_covered)
        await stage.until(lambda seen: seen.foreign_positions == ())
        await stage.okx.until(lambda: len(stage.okx.algo_orders) == 1 and bool(stage.okx.open_orders))
        assert stage.okx.held("ETH") == pytest.approx(QTY), "an adoption trades nothing"
        assert stage.okx.algo_orders[0].asked.reduce_only

        code, said = await stage.run("close", "1")
        assert code == 0, said
        await stage.okx.until(lambda: stage.okx.held("ETH") == 0.0)
        await stage.okx.until(lambda: stage.okx.algo_orders == [] and stage.okx.open_orders == [])
        assert await stage.terminate() == 0


async def adopt(stage: RealStage, call_id: str) -> dict[str, Any]:
    async with stage.client as client:
        return await client.call("/api/positions/adopt", {**BODY, "id": call_id})


def is_covered(seen: Snapshot) -> bool:
    return any(view.trade.stop_rests_on_venue and view.trade.rungs for view in seen.open_trades)
