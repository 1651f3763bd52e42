"""Answers that look like a success and say nothing, or another thing: what became of the order is looked up."""

from pathlib import Path

import pytest

from tests.faults.stage import staged
from tests.faults.test_fault_bare import protected_or_out
from tests.faults.test_fault_stream import books_agree
from tests.loopback.trading_faults import saying

ON_BOTH_PAIRS = True

TEXTS = {
    "nothing": "",
    "an object": "{}",
    "a page": "<html><body>OK</body></html>",
    "success": '{"code":200,"msg":"success"}',
}
OWN_TEXTS = {
    "binance": {
        "another's": '{"orderId":99,"clientOrderId":"zzz","symbol":"XRPUSDT","status":"NEW","executedQty":"0"}',
        "a rejected one's": '{"orderId":99,"symbol":"ETHUSDT","status":"REJECTED","origQty":"1","executedQty":"0"}',
    },
    "okx": {
        "no rows": '{"code":"0","msg":"","data":[]}',
        "a new code within": '{"code":"0","msg":"","data":[{"sCode":"59999","sMsg":"Accepted","ordId":""}]}',
        "no ids": '{"code":"0","msg":"","data":[{"sCode":"0","sMsg":"","clOrdId":"","ordId":""}]}',
        "another's": '{"code":"0","msg":"","data":[{"sCode":"0","sMsg":"","clOrdId":"zzz","ordId":"99"}]}',
    },
}
ANSWERS = [
    pytest.param(name, text, id=f"{name}-{what}")
    for name, own in OWN_TEXTS.items()
    for what, text in (TEXTS | own).items()
]
GIVEN_UP_WITHIN_S = 30.0


@pytest.mark.parametrize(("name", "text"), ANSWERS)
async def test_to_an_entry_that_executed(tmp_path: Path, name: str, text: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.user_stream.stalled = True
        venue.faults.add(saying(text), roles={"entry"})
        trade_id = await stage.enter("ETH", venue=name)
        await protected_or_out(stage, venue, trade_id)
        assert not stage.closed(trade_id)
        assert venue.watch.longest_naked_s() <= 1.0
        venue.user_stream.stalled = False
        await stage.flat()
        assert books_agree(stage, venue)


@pytest.mark.parametrize(("name", "text"), ANSWERS)
async def test_to_an_entry_that_never_arrived(tmp_path: Path, name: str, text: str) -> None:
    """It is not waited for without end."""
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.faults.add(saying(text, executes=False), roles={"entry"})
        trade_id = await stage.enter("ETH", venue=name)
        await stage.until(lambda: stage.closed(trade_id), GIVEN_UP_WITHIN_S)
        assert stage.trade(trade_id).entry_qty == 0.0
        await stage.flat()


@pytest.mark.parametrize(("name", "text"), ANSWERS)
async def test_to_a_stop_that_never_arrived(tmp_path: Path, name: str, text: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.faults.add(saying(text, executes=False), roles={"stop"})
        trade_id = await stage.enter("ETH", venue=name)
        await protected_or_out(stage, venue, trade_id)
        assert venue.watch.longest_naked_s() <= 1.0
        await stage.flat()
        assert books_agree(stage, venue)
