"""Fees and funding that a venue books in other coins: converted by a price that is known, else said, never dropped."""

from decimal import Decimal

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import FundingPaid, OrderFilled
from cockpit.domain.kinds import Side, VenueTopic
from tests.execution.account_stage import with_venue
from tests.execution.real_stage import RealStage, real_stage
from tests.loopback.matching_terms import Coin

ADDED = ("bybit", "krakenfutures", "hyperliquid")
VENUES = pytest.mark.parametrize("name", ["binance", "okx", "bybit", "krakenfutures"])
ENTRY = "t000001e1"
QTY, PRICE = 0.01, 100_000.0
OF_KNOWN_PRICE = [Coin("USDC"), Coin("XRP", Decimal("4"))]


@pytest.fixture(scope="session")
def shipped_config(shipped_config: CockpitConfig) -> CockpitConfig:
    for name in ADDED:
        shipped_config = with_venue(shipped_config, name)
    return shipped_config


async def entered(stage: RealStage) -> OrderFilled:
    stage.place(ENTRY, Side.LONG, QTY)
    await stage.until(lambda: "OrderFilled" in stage.of(ENTRY))
    await stage.settled()
    (fill,) = [event for event in stage.events if isinstance(event, OrderFilled)]
    return fill


def paid(stage: RealStage) -> list[FundingPaid]:
    return [event for event in stage.events if isinstance(event, FundingPaid)]


@VENUES
@pytest.mark.parametrize("coin", OF_KNOWN_PRICE, ids=lambda coin: coin.name)
async def test_what_was_paid_in_a_coin_of_known_price_is_booked_in_usd(
    shipped_config: CockpitConfig, name: str, coin: Coin
) -> None:
    async with real_stage(shipped_config, name) as stage:
        stage.venue.set_price("XRP", 3.9999, 4.0001)
        stage.venue.core.paid_in = coin
        fill = await entered(stage)
        (executed,) = stage.venue.core.executions
        assert fill.fee_usd == pytest.approx(float(executed.fee_usd), rel=1e-6)
        stage.venue.pay_funding("BTC", 0.0001)
        await stage.until(lambda: bool(paid(stage)))
        assert paid(stage)[0].amount_usd == pytest.approx(-QTY * PRICE * 0.0001, rel=1e-4)
        assert not [word for word in stage.notices(VenueTopic.NOTE) if word.is_grave]


@VENUES
async def test_what_was_paid_in_a_coin_of_no_known_price_is_said_with_its_amount(
    shipped_config: CockpitConfig, name: str
) -> None:
    async with real_stage(shipped_config, name) as stage:
        stage.venue.core.paid_in = Coin("BNFCR", Decimal(2))
        fill = await entered(stage)
        assert fill.fee_usd > 0.0, "estimated at the config's rate, not free"

        def grave(*parts: str) -> bool:
            words = [word.sentence for word in stage.notices(VenueTopic.NOTE) if word.is_grave]
            return any(all(part in sentence for part in parts) for sentence in words)

        (executed,) = stage.venue.core.executions
        assert grave("fee of", f"{float(executed.fee):.10g} BNFCR", "not converted")
        stage.venue.pay_funding("BTC", 0.0001)
        await stage.until(lambda: grave("funding of", "-0.05", "BNFCR", "not converted"))
        assert paid(stage) == []


@pytest.mark.parametrize("coin", [*OF_KNOWN_PRICE, Coin("HYPEUSD", Decimal(2))], ids=lambda coin: coin.name)
async def test_hyperliquid_takes_fees_in_other_coins_and_pays_funding_in_usdc(
    shipped_config: CockpitConfig, coin: Coin
) -> None:
    async with real_stage(shipped_config, "hyperliquid") as stage:
        stage.venue.set_price("XRP", 3.9999, 4.0001)
        stage.venue.core.paid_in = coin
        fill = await entered(stage)
        (executed,) = stage.venue.core.executions
        if coin in OF_KNOWN_PRICE:
            assert fill.fee_usd == pytest.approx(float(executed.fee_usd), rel=1e-6)
        else:
            said = [word.sentence for word in stage.notices(VenueTopic.NOTE) if word.is_grave]
            assert any(f"{float(executed.fee):.10g} {coin.name}" in one and "not converted" in one for one in said)
