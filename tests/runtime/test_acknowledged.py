"""An answer waits a moment for the disk, and says so only once that has not taken it; no order waits for it."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from cockpit.api.guard import EXECUTE_PATH
from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import AnyAction, PlaceOrder, TradeChanged
from cockpit.domain.commands import CloseTrade, Disarm
from cockpit.domain.kinds import OrderRole, TradePhase
from tests.api.api_stage import SIGNAL, running
from tests.runtime.host_stage import Stage, staged, without_context

UNSAID = "NOT IN THE JOURNAL YET"


class HeldDisk:
    """A journal that takes nothing while somebody else holds it."""

    def __init__(self, path: Path) -> None:
        self._holder = sqlite3.connect(path, isolation_level=None, timeout=30.0)
        self.is_held = False

    def hold(self) -> None:
        self._holder.execute("begin immediate")
        self.is_held = True

    def has_a_fill(self) -> bool:
        """Whether an execution had reached it."""
        return bool(self._holder.execute("select count(*) from fills").fetchone()[0])

    def let_go(self) -> None:
        if self.is_held:
            self._holder.execute("rollback")
        self.is_held = False

    def close(self) -> None:
        self.let_go()
        self._holder.close()


async def written(stage: Stage) -> None:
    await stage.until(lambda: stage.host.journal.has_written(stage.host.journal.appended))


async def test_an_answer_waits_for_a_slow_disk_and_says_nothing(tmp_path: Path, shipped_config: CockpitConfig) -> None:
    async with staged(tmp_path, without_context(shipped_config)) as stage:
        await written(stage)
        with closing(HeldDisk(tmp_path / "journal.sqlite")) as disk:
            disk.hold()
            asked = asyncio.create_task(stage.command(lambda now_ns, number: Disarm(now_ns, number, "test")))
            await stage.until(lambda: stage.host.journal.health().pending)
            disk.let_go()
            answer = await asked
        assert answer.ok and UNSAID not in answer.sentence


async def test_a_close_leaves_before_the_answer_that_waits_for_the_disk(
    tmp_path: Path, shipped_config: CockpitConfig
) -> None:
    async with staged(tmp_path, without_context(shipped_config)) as stage:
        trade = await stage.open_trade()
        await written(stage)
        left: list[bool] = []

        def on_actions(actions: Sequence[AnyAction]) -> None:
            closes = [one for one in actions if isinstance(one, PlaceOrder) and one.order.role is OrderRole.CLOSE]
            left.extend(asked.done() for _ in closes)

        stage.host.listen(on_actions)
        with closing(HeldDisk(tmp_path / "journal.sqlite")) as disk:
            disk.hold()
            asked = asyncio.create_task(
                stage.command(lambda now_ns, number: CloseTrade(now_ns, number, "test", trade_id=trade.trade_id))
            )
            answer = await asked
            assert left == [False], "the order is on its way, and the answer is not there yet"
            assert answer.ok and UNSAID in answer.sentence, "the disk took nothing in the time it has"
            stage.market.pass_ms(300, ETH=4_000.0)
            await stage.until(lambda: stage.host.trade(trade.trade_id).phase is TradePhase.CLOSED)  # type: ignore[union-attr]


@pytest.mark.parametrize("is_stalled", [False, True])
async def test_a_trades_answer_waits_for_the_disk_that_has_its_fill(tmp_path: Path, is_stalled: bool) -> None:
    async with running(tmp_path) as engine, engine.http() as client:
        with closing(HeldDisk(tmp_path / "journal.sqlite")) as disk:

            def on_actions(actions: Sequence[AnyAction]) -> None:
                opened = [one for one in actions if isinstance(one, TradeChanged) and one.change == "opened"]
                if opened and not disk.is_held:
                    disk.hold()
                    if not is_stalled:
                        asyncio.get_running_loop().call_later(0.1, disk.let_go)

            engine.host.listen(on_actions)
            answer = await client.post(EXECUTE_PATH, json=SIGNAL)
            came_too_late = disk.has_a_fill()
        assert answer.status_code == 200, answer.text
        warnings = answer.json()["validation_warnings"]
        assert any(UNSAID in warning for warning in warnings) is (is_stalled and not came_too_late), warnings
