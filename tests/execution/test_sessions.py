"""A venue with sessions and maintenance windows: entries stop before it closes, and start again by themselves."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import VenueNotice
from cockpit.domain.kinds import OrderRole, Side, VenueTopic
from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.coinbase.products import Products
from cockpit.preflight.account_checks import account_items
from tests.execution.account_stage import account_stage, with_venue
from tests.execution.real_stage import RealStage, real_stage
from tests.loopback.exchange_coinbase import iso, wall_ms

MINUTE_MS = 60_000
RECORDED = json.loads(
    """{"product_id": "BIP-20DEC30-CDE", "price": "68930", "base_increment": "1", "base_min_size": "1",
    "base_max_size": "5000", "is_disabled": false, "cancel_only": false, "limit_only": false, "post_only": false,
    "trading_disabled": false, "auction_mode": false, "view_only": false, "product_type": "FUTURE",
    "quote_currency_id": "USD", "price_increment": "5", "display_name": "BTC PERP",
    "fcm_trading_session_details": {"is_session_open": true, "open_time": "2026-04-06T21:00:00Z",
    "close_time": "2026-04-07T21:00:00Z", "session_state": "FCM_TRADING_SESSION_STATE_OPEN",
    "after_hours_order_entry_disabled": false,
    "closed_reason": "FCM_TRADING_SESSION_CLOSED_REASON_EXCHANGE_MAINTENANCE",
    "maintenance": {"start_time": "2026-04-18T14:00:00Z", "end_time": "2026-04-18T17:00:00Z"}},
    "future_product_details": {"contract_code": "BIP", "contract_size": "0.01", "contract_root_unit": "BTC",
    "twenty_four_by_seven": true, "funding_interval": "3600s",
    "intraday_margin_rate": {"long_margin_rate": "0.1000185", "short_margin_rate": "0.1000008"},
    "overnight_margin_rate": {"long_margin_rate": "0.245625", "short_margin_rate": "0.306375"}}}"""
)
"""As the venue answered in April 2026."""


@pytest.fixture(scope="session")
def shipped_config(shipped_config: CockpitConfig) -> CockpitConfig:
    return with_venue(shipped_config, "coinbase")


@pytest.fixture(autouse=True)
def read_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cockpit.execution.entry_settings.READ_EVERY_S", 20.0)


def in_minutes(minutes: float) -> str:
    return iso(wall_ms() + round(minutes * MINUTE_MS))


def clock_text(stamp: str) -> str:
    """As our sentences write the time of a stamp, today."""
    return f"{datetime.fromisoformat(stamp):%H:%M} UTC"


def session_notices(stage: RealStage, topic: VenueTopic = VenueTopic.SESSION) -> list[VenueNotice]:
    return stage.notices(topic)


def leaving(config: CockpitConfig, exit_min: float) -> CockpitConfig:
    section = config.venues["coinbase"].model_copy(update={"exit_before_close_min": exit_min})
    return config.model_copy(update={"venues": {**config.venues, "coinbase": section}})


def at_s(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_the_recorded_session_is_read() -> None:
    """It is open, though the reason of its last closing stands there too."""
    products = Products()
    products.read([RECORDED, {"product_id": "BIT-24APR26-CDE", "product_type": "FUTURE"}, None], 7)
    hours = products.hours("BTC", lambda venue_ns: venue_ns - NS_PER_S)
    assert hours is not None and hours.maintenance is not None
    assert (hours.is_open, hours.closed_for, hours.read_ns) == (True, "", 7)
    assert hours.closes_ns == (at_s("2026-04-07T21:00:00") - 1) * NS_PER_S
    assert hours.opens_ns == (at_s("2026-04-06T21:00:00") - 1) * NS_PER_S
    away = hours.maintenance
    assert away.begins_ns == (at_s("2026-04-18T14:00:00") - 1) * NS_PER_S
    assert away.ends_ns - away.begins_ns == 3 * 3_600 * NS_PER_S
    assert products.coins == {"BIP-20DEC30-CDE": "BTC"} and products.leverage("BTC", True) == 4.07
    assert products.hours("ETH", int) is None


@pytest.mark.parametrize(
    ("row", "told", "why"),
    [
        ({}, {"is_session_open": False}, "exchange maintenance"),
        ({}, {"session_state": "FCM_TRADING_SESSION_STATE_PRE_OPEN", "closed_reason": ""}, "pre open"),
        ({"limit_only": True}, {}, "limit_only"),
        ({"fcm_trading_session_details": None}, {}, "nothing said of its sessions"),
    ],
)
def test_what_takes_no_order_at_market_is_not_open(row: dict[str, Any], told: dict[str, Any], why: str) -> None:
    products = Products()
    product = {**RECORDED, **row}
    if product["fcm_trading_session_details"]:
        product["fcm_trading_session_details"] = {**product["fcm_trading_session_details"], **told}
    products.read([product], 0)
    hours = products.hours("BTC", lambda venue_ns: venue_ns)
    assert hours is not None and (hours.is_open, hours.closed_for) == (False, why)


async def test_no_entry_before_a_sessions_end_and_it_lifts_when_the_next_is_told(shipped_config: CockpitConfig) -> None:
    closes = in_minutes(25)
    async with real_stage(
        shipped_config, "coinbase", prepare=lambda venue: venue.session.update(close_time=closes)
    ) as stage:
        (word,) = session_notices(stage)
        assert (word.venue, word.asset, word.topic.blocks_entries, word.is_over) == ("coinbase", "", True, False)
        assert word.sentence.startswith("coinbase ends its session at ") and clock_text(closes) in word.sentence
        assert "no new entry in the 30 min before" in word.sentence
        assert "open trades keep their stops, which do not work while it is closed" in word.sentence
        stage.venue.session["close_time"] = in_minutes(24 * 60)
        await stage.until(lambda: session_notices(stage)[-1].is_over)
        assert session_notices(stage)[-1].sentence == "coinbase is open: entries may start"
        assert session_notices(stage, VenueTopic.CLOSING) == []


@pytest.mark.parametrize(
    ("session", "text"),
    [
        ({"is_session_open": False, "closed_reason": "FCM_TRADING_SESSION_CLOSED_REASON_HOLIDAY"}, "closed (holiday)"),
        ({"close_time": "2026-04-07T21:00:00Z"}, "and has not told of the next one"),
        ({"maintenance": (-10, 50)}, "coinbase is in maintenance until"),
    ],
)
async def test_no_entry_while_it_is_closed_and_it_is_asked_until_it_opens(
    shipped_config: CockpitConfig, session: dict[str, Any], text: str
) -> None:
    if "maintenance" in session:
        begins, ends = (in_minutes(minutes) for minutes in session["maintenance"])
        session = {"maintenance": {"start_time": begins, "end_time": ends}}
    async with real_stage(shipped_config, "coinbase", prepare=lambda venue: venue.session.update(session)) as stage:
        (word,) = session_notices(stage)
        assert text in word.sentence and word.topic.blocks_entries and not word.is_over
        stage.venue.session.clear()
        await stage.until(lambda: session_notices(stage)[-1].is_over)


async def test_a_maintenance_is_stood_down_before_and_trades_are_left_where_the_config_wants_it(
    shipped_config: CockpitConfig,
) -> None:
    window = {"start_time": in_minutes(12), "end_time": in_minutes(60)}
    config = leaving(shipped_config, 15.0)
    async with real_stage(config, "coinbase", prepare=lambda venue: venue.session.update(maintenance=window)) as stage:
        (word,), (closing,) = session_notices(stage), session_notices(stage, VenueTopic.CLOSING)
        assert f"is in maintenance from {clock_text(window['start_time'])}" in word.sentence
        assert word.sentence.endswith("no new entry in the 30 min before; open trades are closed 15 min before")
        assert closing.topic.blocks_entries and "closed at market 15 min before" in closing.sentence


async def test_one_perpetual_that_is_closed_leaves_the_others_alone(shipped_config: CockpitConfig) -> None:
    def prepare(venue: Any) -> None:
        usual = venue.future

        def future(base: str) -> dict[str, Any]:
            return {**usual(base), "limit_only": base == "ETH"}

        venue.future = future

    async with real_stage(shipped_config, "coinbase", prepare=prepare) as stage:
        (word,) = session_notices(stage)
        assert (word.asset, "closed (limit_only)" in word.sentence) == ("ETH", True)


async def test_a_flatten_of_a_closed_venue_goes_on_until_it_opens(shipped_config: CockpitConfig) -> None:
    async with real_stage(shipped_config, "coinbase") as stage:
        stage.place("t000001e1", Side.LONG, 0.01)
        await stage.until(lambda: stage.filled("t000001e1") >= 0.01 - 1e-9)
        stage.place("t000001s2", Side.SHORT, 0.01, OrderRole.STOP, trigger=99_000.0)
        await stage.until(lambda: "OrderAccepted" in stage.of("t000001s2"))
        stage.venue.session["is_session_open"] = False
        stage.flatten()
        await stage.until(lambda: any("PREVIEW_INVALID_FCM_TRADING_SESSION" in step for step in stage.steps))
        assert stage.venue.held("BTC") == 0.01 and len(stage.venue.algo_orders) == 1, "its stop stays"
        stage.venue.session.clear()
        await stage.until(lambda: stage.flat_reads >= 2)
        assert stage.venue.held("BTC") == 0.0 and stage.venue.algo_orders == []


@pytest.mark.parametrize(
    ("session", "ok", "text"),
    [
        ({"maintenance": None}, True, "no maintenance told; no new entry in the 30 min before"),
        ({"is_session_open": False}, True, "expected coinbase open, was closed for BTC"),
    ],
)
async def test_the_checks_before_a_start_say_when_it_is_open(
    shipped_config: CockpitConfig, session: dict[str, Any], ok: bool, text: str
) -> None:
    where = shipped_config.assets["BTC"].model_copy(update={"trade_on": "coinbase"})
    config = shipped_config.model_copy(update={"assets": {"BTC": where}})
    async with account_stage("coinbase", config) as stage:
        stage.venue.session.update(session)
        await stage.account.read_grids()
        items = await account_items({"coinbase": stage.account}, config, probes_stops=False)
        (item,) = [item for item in items if item.name == "sessions.coinbase"]
        assert item.ok is ok and text in item.detail
