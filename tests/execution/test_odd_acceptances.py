"""An answer that takes an order and names another one, or none, says nothing of ours: what became of it is asked."""

from typing import Any

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.exchanges.base.account import Ambiguous
from tests.execution.account_stage import entry, stop
from tests.execution.test_odd_rows import ID, at_work, rewrite

ECHOED = ("clientOrderId", "clientAlgoId", "clOrdId", "algoClOrdId", "orderLinkId", "client_order_id")
NUMBERS = ("orderId", "algoId", "ordId", "order_id")


def replaced(told: Any, keys: tuple[str, ...], by: str) -> Any:
    if isinstance(told, dict):
        return {key: by if key in keys else replaced(inner, keys, by) for key, inner in told.items()}
    return [replaced(inner, keys, by) for inner in told] if isinstance(told, list) else told


@pytest.mark.parametrize("by", ["", "another"])
@pytest.mark.parametrize("keys", [ECHOED, NUMBERS], ids=["our id", "its number"])
@pytest.mark.parametrize("name", ["binance", "okx", "bybit", "coinbase"])
async def test_it_is_looked_up(shipped_config: CockpitConfig, name: str, keys: tuple[str, ...], by: str) -> None:
    if keys == NUMBERS and by:
        pytest.skip("a number that nobody knows yet may be any")
    async with at_work(name, shipped_config) as stage:
        rewrite(stage, lambda path, told: replaced(told, keys, by))
        for order in (entry("e2"), stop("s2")):
            with pytest.raises(Ambiguous):
                await stage.account.place(order, f"{ID}{order.order_id}")


async def test_a_code_of_its_own_in_an_answer_without_an_error_is_no_acceptance(shipped_config: CockpitConfig) -> None:
    def coded(path: str, told: Any) -> Any:
        rows = [{**row, "sCode": "59999"} if isinstance(row, dict) else row for row in told["data"]]
        return {**told, "data": rows}

    async with at_work("okx", shipped_config) as stage:
        rewrite(stage, coded)
        with pytest.raises(Ambiguous, match="59999"):
            await stage.account.place(entry("e2"), f"{ID}e2")
