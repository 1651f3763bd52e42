"""A venue without a demo account: its drill asks about an entry, a stop and a close, and places none."""

from collections.abc import Callable
from typing import Any

import pytest

from cockpit.commands.drilling import account_to_drill
from cockpit.config.model import CockpitConfig
from cockpit.config.secrets import Secrets
from cockpit.exchanges.base.fence import FencedOff
from cockpit.exchanges.registry import account_for
from cockpit.journal.drills import Drill
from cockpit.runtime.drilling import PreviewDrill
from tests.execution.account_stage import account_stage, keys_of, moved, with_venue
from tests.loopback.coinbase_tokens import KEY_NAME, PEM
from tests.loopback.coinbase_trading import CoinbaseTradingVenue

BTC = "BIP-20DEC30-CDE"


@pytest.fixture(scope="session")
def shipped_config(shipped_config: CockpitConfig) -> CockpitConfig:
    """BTC alone, on Coinbase."""
    config = with_venue(shipped_config, "coinbase")
    where = config.assets["BTC"].model_copy(update={"trade_on": "coinbase"})
    return config.model_copy(update={"assets": {"BTC": where}})


async def drilled(
    config: CockpitConfig, spoil: Callable[[Any], None] = lambda venue: None
) -> tuple[Drill, list[str], CoinbaseTradingVenue]:
    said: list[str] = []
    async with CoinbaseTradingVenue() as venue:
        venue.set_price("BTC", 100_000.0, 100_000.1)
        spoil(venue)
        account = account_for("coinbase", config, keys_of("coinbase"), moved("coinbase", venue))
        drill = await PreviewDrill(account, config, "abc123", said.append).run()
    return drill, said, venue


async def test_entry_stop_and_close_are_asked_about_with_the_bytes_that_placing_them_has(
    shipped_config: CockpitConfig,
) -> None:
    drill, said, venue = await drilled(shipped_config)
    assert drill.ok and drill.place == "preview"
    common = {"product_id": BTC}
    assert [call.params for call in venue.called("preview")] == [
        {**common, "side": "BUY", "order_configuration": {"market_market_ioc": {"base_size": "1"}}},
        {
            **common,
            "side": "SELL",
            "order_configuration": {
                "stop_limit_stop_limit_gtc": {
                    "base_size": "1", "limit_price": "96030", "stop_price": "97000",
                    "stop_direction": "STOP_DIRECTION_STOP_DOWN", "reduce_only": True,
                }
            },
        },
        {
            **common,
            "side": "SELL",
            "order_configuration": {"market_market_ioc": {"base_size": "1", "reduce_only": True}},
        },
    ]  # fmt: skip
    placed = [call.role for call in venue.calls if call.role in ("entry", "stop", "close", "target", "cancel")]
    assert placed == [] and not venue.positions and not venue.algo_orders
    text = "\n".join(said)
    assert "ENTRY BTC: 0.001 BTC: would be taken; fee 0.05 USD" in text
    assert "refused while nothing is open (PREVIEW_REDUCE_ONLY_INCREASED_POSITION_SIZE)" in text
    assert "NOT that an order is carried out, that a stop rests or triggers" in text


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda venue: venue.session.update(is_session_open=False), "PREVIEW_INVALID_FCM_TRADING_SESSION"),
        (lambda venue: venue.core.__setattr__("wallet_usd", 0), "PREVIEW_INSUFFICIENT_FUNDS_FOR_FUTURES"),
        (lambda venue: venue.__setattr__("key_revoked", True), "unauthorized"),
    ],
)
async def test_what_the_venue_would_not_take_is_no_drill(
    shipped_config: CockpitConfig, spoil: Callable[[Any], None], why: str
) -> None:
    drill, said, _ = await drilled(shipped_config, spoil)
    assert not drill.ok and any("FAILED" in line and why in line for line in said), said
    assert said[-1].endswith("PREVIEW ONLY: proves nothing")


async def test_its_usual_account_is_asked_for_there_is_no_other(shipped_config: CockpitConfig) -> None:
    name = "COCKPIT_COINBASE"
    secrets = Secrets({f"{name}_API_KEY": KEY_NAME, f"{name}_SECRET": PEM})
    account = account_to_drill("coinbase", shipped_config, secrets, {})
    assert (account.venue, account.is_demo, account.is_loopback) == ("coinbase", False, False)


async def test_no_preview_leaves_with_what_placing_it_may_not_have(shipped_config: CockpitConfig) -> None:
    async with account_stage("coinbase", shipped_config) as stage:
        stop = {"base_size": "1", "limit_price": "1", "stop_price": "1", "stop_direction": "STOP_DIRECTION_STOP_DOWN"}
        body = {"product_id": BTC, "side": "SELL", "order_configuration": {"stop_limit_stop_limit_gtc": stop}}
        with pytest.raises(FencedOff):
            await stage.account.client.v3PrivatePostBrokerageOrdersPreview(body)  # type: ignore[attr-defined]
        assert stage.venue.called("preview") == []
