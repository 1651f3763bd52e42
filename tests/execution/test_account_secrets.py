"""A venue's keys reach the venue, and nothing else: no error, no log line, no repr, no word of the stream."""

import logging
import traceback

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.exchanges.base.account import VenueFailure
from cockpit.exchanges.coinbase.keys import parts_of
from tests.execution.account_desk import Desk, close, desk_of, entry, stop, with_venue
from tests.loopback.coinbase_tokens import KEY_NAME, PEM
from tests.loopback.trading_faults import dropped_before, hanging, rejected, too_many, truncated, unknown
from tests.loopback.trading_venue import KEY, PASSWORD, SECRET

ID = "ckaaaaaat000001"
FAULTS = [truncated(), unknown(), rejected("-2019"), dropped_before(), hanging(30.0), too_many(retry_after_s=1)]
LISTEN_KEYS = "listenkey"
WALLETS = {
    "binance": "fapiPrivateV3GetAccount",
    "okx": "privateGetAccountBalance",
    "bybit": "privateGetV5AccountWalletBalance",
    "coinbase": "v3PrivateGetBrokerageCfmPositions",
}


async def everything_said(desk: Desk, caplog: pytest.LogCaptureFixture) -> str:
    """All that leaves an account that goes through one trouble after the other."""
    said = [repr(desk.account), str(desk.account)]
    desk.account.client.timeout = 200  # type: ignore[attr-defined]
    await desk.follow()
    for number, fault in enumerate(FAULTS):
        desk.venue.faults.add(fault, roles={"entry", "stop", "close"}, times=3)
        desk.venue.faults.add(fault, roles={"positions", "open_orders", "stream", "account"}, times=4)
        calls = (
            desk.account.place(entry(), f"{ID}e{number}"),
            desk.account.place(stop(), f"{ID}s{number}"),
            desk.account.place(close(), f"{ID}c{number}"),
            desk.account.positions(),
            desk.account.open_orders(),
            desk.account.facts(),
        )
        for call in calls:
            try:
                await call
            except VenueFailure as failure:
                said += [str(failure), repr(failure), "".join(traceback.format_exception(failure))]
        desk.venue.faults.clear()
    desk.venue.user_stream.kill()
    await desk.until(lambda: len(desk.links) >= 3)
    desk.venue.key_revoked = True
    with pytest.raises(VenueFailure) as lost:
        await desk.account.ask(WALLETS[desk.name])  # type: ignore[attr-defined]
    said += ["".join(traceback.format_exception(lost.value)), *(why for _, why in desk.links)]
    return "\n".join([*said, *(record.getMessage() for record in caplog.records)])


@pytest.mark.parametrize("name", [name for name in WALLETS if name != "coinbase"])
async def test_nothing_that_is_said_holds_a_key(
    name: str, shipped_config: CockpitConfig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    config = shipped_config if name in shipped_config.venues else with_venue(shipped_config, name)
    async with desk_of(name, config) as desk:
        said = await everything_said(desk, caplog)
    assert len(said) > 2_000
    for secret in (KEY, SECRET, PASSWORD, LISTEN_KEYS, "signature="):
        assert secret not in said
    assert sum(KEY in str(call.headers) for call in desk.venue.calls) > 20


async def test_no_line_of_a_pem_is_ever_said(shipped_config: CockpitConfig, caplog: pytest.LogCaptureFixture) -> None:
    """Nor a token that it signed, on the stream or in a call."""
    caplog.set_level(logging.DEBUG)
    async with desk_of("coinbase", with_venue(shipped_config, "coinbase")) as desk:
        said = await everything_said(desk, caplog)
        tokens = [frame["jwt"] for frame in desk.venue.received if isinstance(frame, dict) and "jwt" in frame]
        headers = [call.headers.get("Authorization", "") for call in desk.venue.calls]
        tokens += [one.removeprefix("Bearer ") for one in headers if one]
    assert len(said) > 2_000 and len(tokens) > 20
    for secret in (KEY_NAME, PEM, *parts_of(PEM), *tokens):
        assert secret not in said
