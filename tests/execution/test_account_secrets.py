"""A venue's keys reach the venue, and nothing else: no error, no log line, no repr, no word of the stream."""

import logging
import traceback

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.exchanges.base.account import VenueFailure
from cockpit.exchanges.coinbase.keys import parts_of
from tests.execution.account_stage import AccountStage, account_stage, close, entry, stop, with_venue
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


async def everything_shown(stage: AccountStage, caplog: pytest.LogCaptureFixture) -> str:
    """All that leaves an account that goes through one trouble after the other."""
    said = [repr(stage.account), str(stage.account)]
    stage.account.client.timeout = 200  # type: ignore[attr-defined]
    await stage.follow()
    for number, fault in enumerate(FAULTS):
        stage.venue.faults.add(fault, roles={"entry", "stop", "close"}, times=3)
        stage.venue.faults.add(fault, roles={"positions", "open_orders", "stream", "account"}, times=4)
        calls = (
            stage.account.place(entry(), f"{ID}e{number}"),
            stage.account.place(stop(), f"{ID}s{number}"),
            stage.account.place(close(), f"{ID}c{number}"),
            stage.account.positions(),
            stage.account.open_orders(),
            stage.account.facts(),
        )
        for call in calls:
            try:
                await call
            except VenueFailure as failure:
                said += [str(failure), repr(failure), "".join(traceback.format_exception(failure))]
        stage.venue.faults.clear()
    stage.venue.user_stream.kill()
    await stage.until(lambda: len(stage.links) >= 3)
    stage.venue.key_revoked = True
    with pytest.raises(VenueFailure) as lost:
        await stage.account.ask(WALLETS[stage.name])  # type: ignore[attr-defined]
    said += ["".join(traceback.format_exception(lost.value)), *(why for _, why in stage.links)]
    return "\n".join([*said, *(record.getMessage() for record in caplog.records)])


@pytest.mark.parametrize("name", [name for name in WALLETS if name != "coinbase"])
async def test_nothing_that_is_said_holds_a_key(
    name: str, shipped_config: CockpitConfig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    config = shipped_config if name in shipped_config.venues else with_venue(shipped_config, name)
    async with account_stage(name, config) as stage:
        said = await everything_shown(stage, caplog)
    assert len(said) > 2_000
    for secret in (KEY, SECRET, PASSWORD, LISTEN_KEYS, "signature="):
        assert secret not in said
    assert sum(KEY in str(call.headers) for call in stage.venue.calls) > 20


async def test_no_line_of_a_pem_is_ever_said(shipped_config: CockpitConfig, caplog: pytest.LogCaptureFixture) -> None:
    """Nor a token that it signed, on the stream or in a call."""
    caplog.set_level(logging.DEBUG)
    async with account_stage("coinbase", with_venue(shipped_config, "coinbase")) as stage:
        said = await everything_shown(stage, caplog)
        tokens = [frame["jwt"] for frame in stage.venue.received if isinstance(frame, dict) and "jwt" in frame]
        headers = [call.headers.get("Authorization", "") for call in stage.venue.calls]
        tokens += [one.removeprefix("Bearer ") for one in headers if one]
    assert len(said) > 2_000 and len(tokens) > 20
    for secret in (KEY_NAME, PEM, *parts_of(PEM), *tokens):
        assert secret not in said
