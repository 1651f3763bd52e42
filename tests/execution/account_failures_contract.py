"""What every real account must say when an order is refused, lost or not sent, whatever its venue's words are."""

import asyncio
from typing import ClassVar

import pytest

from cockpit.domain.kinds import OrderStatus
from cockpit.exchanges.base.account import Ambiguous, KeysLost, NotSent, RefusalKind, Refused
from tests.execution.account_stage import AccountStage, StagedAccount, close, entry, stop, target
from tests.loopback.trading_faults import (
    banned,
    dropped_after,
    dropped_before,
    hanging,
    timed_out,
    too_many,
    truncated,
    unknown,
)

ID = "ckaaaaaat000001"


class AccountFailuresContract(StagedAccount):
    """Refused means nothing happened; ambiguous means ask; not sent means nothing left this machine or was taken."""

    reserves: ClassVar[bool]
    """Whether resting reduce-only orders keep others from the position; else they are cut down (OKX, since 2023-06)."""

    # -- refusals

    async def test_a_refusal_says_what_to_do_about_it(self, stage: AccountStage) -> None:
        assert await self.refused(stage, close(), "c1") is RefusalKind.NOTHING_TO_REDUCE
        assert await self.refused(stage, entry(qty=5.0), "e1") is RefusalKind.MARGIN
        assert await self.refused(stage, stop(trigger=100_500.0), "s1") is RefusalKind.WOULD_TRIGGER
        await stage.account.place(entry(), f"{ID}e2")
        await stage.account.place(target(), f"{ID}x1")
        if self.reserves:
            assert await self.refused(stage, close(), "c2") is RefusalKind.QUANTITY_RESERVED
        else:
            await stage.account.place(close(), f"{ID}c2")
            assert stage.venue.held("BTC") == 0.0 and await stage.account.open_orders() == ()

    async def test_an_id_is_taken_once(self, stage: AccountStage) -> None:
        await stage.account.place(entry(price=99_000.0), f"{ID}e1")
        assert await self.refused(stage, entry(price=99_000.0), "e1") is RefusalKind.DUPLICATE_ID
        assert len(stage.venue.open_orders) == 1

    async def test_what_is_too_small_never_leaves(self, stage: AccountStage) -> None:
        before = len(stage.venue.calls)
        assert await self.refused(stage, entry(qty=0.00001), "e1") is RefusalKind.TOO_SMALL
        assert len(stage.venue.calls) == before

    async def test_an_entry_off_the_venues_grid_never_leaves_and_an_exit_is_cut_down(self, stage: AccountStage) -> None:
        before = len(stage.venue.calls)
        assert await self.refused(stage, entry(qty=0.00255555), "e1") is RefusalKind.OTHER
        assert len(stage.venue.calls) == before
        await stage.account.place(entry(qty=0.002), f"{ID}e2")
        await stage.account.place(close(qty=0.00199999), f"{ID}c1")
        assert 0.0 < stage.venue.held("BTC") <= 0.001

    async def test_an_asset_that_is_not_listed_never_leaves(self, stage: AccountStage) -> None:
        before = len(stage.venue.calls)
        with pytest.raises(Refused, match="expected a perpetual of DOGE"):
            await stage.account.find("DOGE", f"{ID}e1", False)
        assert len(stage.venue.calls) == before

    async def refused(self, stage: AccountStage, order: object, suffix: str) -> RefusalKind:
        with pytest.raises(Refused) as refusal:
            await stage.account.place(order, f"{ID}{suffix}")  # type: ignore[arg-type]
        return refusal.value.kind

    # -- nobody knows

    @pytest.mark.parametrize("fault", [dropped_after(), truncated(), unknown(), timed_out()])
    async def test_an_executed_order_whose_answer_is_lost_is_ambiguous_and_found(
        self, stage: AccountStage, fault: object
    ) -> None:
        stage.venue.faults.add(fault, roles={"entry"})
        with pytest.raises(Ambiguous):
            await stage.account.place(entry(), f"{ID}e1")
        found = await stage.account.find("BTC", f"{ID}e1", False)
        assert found is not None and found.filled_qty == 0.002 and not stage.venue.watch.doubled

    @pytest.mark.parametrize("fault", [dropped_before(), unknown(executes=False), timed_out(executes=False)])
    async def test_an_order_that_never_arrived_is_ambiguous_too(self, stage: AccountStage, fault: object) -> None:
        stage.venue.faults.add(fault, roles={"entry"})
        with pytest.raises(Ambiguous):
            await stage.account.place(entry(), f"{ID}e1")
        assert await stage.account.find("BTC", f"{ID}e1", False) is None

    @pytest.mark.parametrize("fault", [dropped_after(), truncated(), unknown()])
    async def test_a_stop_whose_answer_is_lost_is_ambiguous_and_found(self, stage: AccountStage, fault: object) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        stage.venue.faults.add(fault, roles={"stop"})
        with pytest.raises(Ambiguous):
            await stage.account.place(stop(), f"{ID}s1")
        found = await stage.account.find("BTC", f"{ID}s1", True)
        assert found is not None and found.status is OrderStatus.WORKING

    async def test_a_venue_that_hangs_is_ambiguous_after_the_time_out(self, stage: AccountStage) -> None:
        stage.account.client.timeout = 200  # type: ignore[attr-defined]
        stage.venue.faults.add(hanging(30.0), roles={"entry"})
        with pytest.raises(Ambiguous):
            await stage.account.place(entry(), f"{ID}e1")
        found = await stage.account.find("BTC", f"{ID}e1", False)
        assert found is not None and found.status is OrderStatus.FILLED

    async def test_what_cannot_be_connected_at_all_was_not_sent(self, stage: AccountStage) -> None:
        await stage.venue.go_down()
        with pytest.raises(NotSent):
            await stage.account.place(entry(), f"{ID}e1")
        with pytest.raises(NotSent):
            await stage.account.positions()

    async def test_a_cancelled_wait_does_not_cancel_the_order(self, stage: AccountStage) -> None:
        placing = asyncio.create_task(stage.account.place(entry(), f"{ID}e1"))
        await asyncio.sleep(0)
        placing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await placing
        await stage.until(lambda: stage.venue.held("BTC") == 0.002)

    # -- not sent

    async def test_a_rate_limit_is_obeyed_without_asking_again(self, stage: AccountStage) -> None:
        stage.venue.faults.add(too_many(retry_after_s=30), roles={"entry"})
        with pytest.raises(NotSent):
            await stage.account.place(entry(), f"{ID}e1")
        assert stage.venue.held("BTC") == 0.0

    async def test_a_ban_is_not_sent(self, stage: AccountStage) -> None:
        stage.venue.faults.add(banned(retry_after_s=120), roles={"entry"})
        with pytest.raises(NotSent):
            await stage.account.place(entry(), f"{ID}e1")

    async def test_clocks_that_came_apart_are_compared_and_the_same_order_goes_through(
        self, stage: AccountStage
    ) -> None:
        stage.venue.clock_skew_ms = 60_000
        with pytest.raises(NotSent) as refusal:
            await stage.account.place(entry(), f"{ID}e1")
        assert refusal.value.is_clock
        await stage.account.place(entry(), f"{ID}e1")
        assert stage.venue.held("BTC") == 0.002
        assert (await stage.account.facts()).clock_offset_ms == pytest.approx(60_000, abs=500)

    # -- keys

    async def test_revoked_keys_are_lost_keys_in_every_call(self, stage: AccountStage) -> None:
        stage.venue.key_revoked = True
        with pytest.raises(KeysLost):
            await stage.account.place(entry(), f"{ID}e1")
        with pytest.raises(KeysLost):
            await stage.account.positions()
        with pytest.raises(KeysLost):
            await stage.account.open_orders()
