"""The OKX account keeps the contract, and what is OKX's own."""

import sys
from typing import Any, ClassVar

import pytest

from cockpit.config.model import CockpitConfig
from tests.execution.account_contract import AccountContract
from tests.execution.account_stage import AccountStage, account_stage, entry, stop, target
from tests.execution.account_stream_contract import AccountStreamContract
from tests.loopback.trading_faults import rejected

ON_BOTH_PAIRS = True

ID = "ckaaaaaat000001"


class TestOkxAccount(AccountContract):
    name = "okx"
    reserves = False

    async def test_more_orders_than_a_page_holds_are_all_listed(
        self, stage: AccountStage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys.modules[type(stage.account).__module__], "ROWS_A_PAGE", 2)
        await stage.account.place(entry(), f"{ID}e1")
        for number in range(5):
            await stage.account.place(target(f"x{number}", 0.0002, 101_000.0 + number), f"{ID}x{number}")
            await stage.account.place(stop(f"s{number}", 0.0002), f"{ID}s{number}")
        assert len(await stage.account.open_orders()) == len(await stage.account.open_orders({"BTC"})) == 10

    async def test_contracts_go_over_the_wire(self, stage: AccountStage) -> None:
        await stage.account.place(entry(qty=0.0123), f"{ID}e1")
        assert stage.venue.called("entry")[0].params["sz"] == "1.23"

    async def test_fees_told_by_groups_of_contracts_are_not_known_and_hold_nothing_up(
        self, stage: AccountStage
    ) -> None:
        """The venue's newer answer: no rate for contracts against USDT, and one for each group."""
        stage.venue.account.fee_style = "new"
        facts = await stage.account.facts()
        assert facts.taker_fee_bps is None and facts.can_trade

    async def test_the_allowance_is_not_told(self, stage: AccountStage) -> None:
        await stage.account.positions()
        assert stage.account.used_weight_share() is None

    async def test_orders_say_the_configs_margin_mode(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        assert stage.config.execution.margin_mode == "isolated"
        assert stage.venue.called("entry")[0].params["tdMode"] == "isolated"

    async def test_a_position_is_closed_in_the_margin_mode_it_is_held_in(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        stage.venue.trade_in_other_mode("BTC", "sell", 0.05)
        ours, other = sorted(await stage.account.positions(), key=lambda held: held.qty, reverse=True)
        assert (ours.is_isolated, ours.nets_with_ours) == (True, True)
        assert (other.is_isolated, other.nets_with_ours, other.qty) == (False, False, -0.05)
        assert ours.key != other.key
        await stage.account.close_position(other, f"{ID}c1")
        assert stage.venue.called("close")[0].params["tdMode"] == "cross"
        assert await stage.account.positions() == (ours,)

    async def test_what_no_order_is_small_enough_for_is_closed_whole(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        (held,) = await stage.account.positions()
        await stage.account.close_position(held._replace(qty=0.00001), f"{ID}c1")
        assert stage.venue.called("close")[0].path.endswith("/close-position") and stage.venue.held("BTC") == 0.0

    async def test_the_venues_own_no_about_the_size_leads_there_too(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        (held,) = await stage.account.positions()
        stage.venue.faults.add(rejected("51020"), roles={"close"})
        await stage.account.close_position(held, f"{ID}c1")
        assert stage.venue.held("BTC") == 0.0

    @pytest.mark.parametrize(("within_s", "sent"), [(30.0, "30"), (3.0, "10"), (500.0, "120"), (0.0, "0")])
    async def test_the_dead_man_switch_is_armed_for_entries_alone(
        self, stage: AccountStage, within_s: float, sent: str
    ) -> None:
        await stage.account.place(entry(price=99_000.0), f"{ID}e1")
        await stage.account.guard_entries(within_s)
        (armed,) = stage.venue.called("dead_man")
        tag = stage.venue.called("entry")[0].params["tag"]
        assert armed.params == {"timeOut": sent, "tag": tag} and tag.isalnum() and len(tag) <= 16

    async def test_targets_do_not_carry_the_entries_tag(self, stage: AccountStage) -> None:
        await stage.account.place(entry(), f"{ID}e1")
        await stage.account.place(target(), f"{ID}x1")
        assert "tag" not in stage.venue.called("target")[0].params


class TestOkxStream(AccountStreamContract):
    name = "okx"
    backwards = 4
    unreadable: ClassVar[Any] = {"arg": {"channel": "orders"}, "data": [{}]}

    async def test_it_logs_in_by_the_venues_clock(self, shipped_config: CockpitConfig) -> None:
        async with account_stage(self.name, shipped_config) as stage:
            stage.venue.clock_skew_ms = 600_000
            await stage.account.ask_time()  # type: ignore[attr-defined]
            for _ in range(4):
                await stage.account.ask_time()  # type: ignore[attr-defined]
            await stage.follow()
            (login, _) = [frame for frame in stage.venue.received if frame != "ping" and frame["op"] == "login"]
            assert int(login["args"][0]["timestamp"]) == pytest.approx(stage.venue.now_ms() / 1_000, abs=30)

    async def test_either_socket_that_breaks_is_a_broken_link(self, stage: AccountStage) -> None:
        business = next(socket for socket in stage.venue.private_sockets() if socket.path.endswith("/business"))
        business.transport.abort()
        await stage.until(lambda: len(stage.links) >= 3 and stage.links[-1][0])
        assert [stands for stands, _ in stage.links] == [True, False, True]

    async def test_keys_that_are_refused_keep_the_link_down_and_say_so(self, stage: AccountStage) -> None:
        stage.venue.key_revoked = True
        stage.venue.user_stream.kill()
        await stage.until(lambda: any("60005" in why for _, why in stage.links))
        assert not stage.links[-1][0]
