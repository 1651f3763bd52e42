"""Positioning, funding and open interest by REST: what both venues say, what is refused, how often they are asked."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cockpit.config.endpoints import VenueUrls
from cockpit.config.limits import ReadingAges
from cockpit.config.live import LiveSection
from cockpit.domain.events import AnyEvent, FeedHealth, FundingRate, OpenInterest, Positioning
from cockpit.domain.kinds import FeedState, Reading
from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.allowance import DEFAULT_WAIT_S, RestBudget
from cockpit.exchanges.base.funding_interval import Intervals, over_8h_bps
from cockpit.exchanges.base.timing import Timing
from cockpit.exchanges.base.trouble import FeedTrouble
from cockpit.exchanges.base.venue_clock import VenueClock
from cockpit.exchanges.binance.market import Binance
from cockpit.exchanges.binance.readings import BinanceReadings
from cockpit.exchanges.okx.market import Okx
from cockpit.exchanges.okx.readings import OkxReadings
from cockpit.feeds.polled import PolledFeed, Source
from tests.feeds_live.exchange_scene import close_now, now_ms
from tests.loopback.exchange_binance import BinanceVenue
from tests.loopback.exchange_okx import OkxVenue
from tests.loopback.exchange_okx import instrument as okx_row
from tests.loopback.venue_server import Refusal

LIVE = LiveSection()
AGES = ReadingAges(every_s=60.0, warn_after_s=120.0, stand_down_after_s=600.0)
HOUR_NS = 3_600 * NS_PER_S


@asynccontextmanager
async def binance() -> AsyncIterator[tuple[BinanceVenue, BinanceReadings, Binance]]:
    async with BinanceVenue(now_ms) as venue:
        exchange = Binance(["BTC", "XRP"], VenueUrls(venue.rest_url, venue.ws_url), LIVE)
        try:
            yield venue, BinanceReadings(exchange), exchange
        finally:
            await close_now(exchange)


@asynccontextmanager
async def okx() -> AsyncIterator[tuple[OkxVenue, OkxReadings, Okx]]:
    async with OkxVenue(now_ms) as venue:
        exchange = Okx(["BTC", "XRP"], VenueUrls(venue.rest_url, venue.ws_url), LIVE)
        try:
            yield venue, OkxReadings(exchange), exchange
        finally:
            await close_now(exchange)


async def test_binance_says_who_is_short_how_it_is_counted_and_for_which_bar() -> None:
    async with binance() as (venue, readings, _):
        venue.short_share["BTCUSDT"] = 0.562
        reading = await readings.positioning("BTC")
        assert (reading.short_pct, reading.long_pct) == (pytest.approx(56.2), pytest.approx(43.8))
        assert reading.source == "binance accounts 5m"
        assert reading.ts_ns % (300 * NS_PER_S) == 0, "the end of the bar, not the time of asking"
        assert 0 <= time.time_ns() - reading.ts_ns <= 301 * NS_PER_S
        assert venue.asked("/futures/data/globalLongShortAccountRatio") == [
            {"symbol": "BTCUSDT", "period": "5m", "limit": "1"}
        ]


async def test_okx_gives_a_ratio_that_becomes_two_shares() -> None:
    async with okx() as (venue, readings, _):
        venue.ratio["XRP-USDT-SWAP"] = 47.0 / 53.0
        reading = await readings.positioning("XRP")
        assert (reading.short_pct, reading.long_pct) == (pytest.approx(53.0), pytest.approx(47.0))
        assert reading.source == "okx accounts 5m"


async def test_funding_of_both_venues_over_8_hours_with_interval_and_next_payment() -> None:
    async with binance() as (venue, readings, _), okx() as (other, others, _unused):
        venue.premium["BTCUSDT"] = {"lastFundingRate": "0.00029"}
        other.rates["BTC-USDT-SWAP"] = "-0.00007"
        one, two = await readings.funding("BTC"), await others.funding("BTC")
        assert one.rate_bps_8h == pytest.approx(2.9)
        assert two.rate_bps_8h == pytest.approx(-0.7)
        assert (one.interval_h, two.interval_h) == (8.0, 8.0)
        for rate in (one, two):
            assert rate.next_ns is not None
            assert 0 < rate.next_ns - rate.ts_ns <= 8 * HOUR_NS


async def test_rates_of_other_intervals_are_brought_to_8_hours() -> None:
    async with binance() as (venue, readings, _), okx() as (other, others, _unused):
        venue.intervals["XRPUSDT"] = 4
        venue.next_funding_ms = now_ms() + 3_600_000
        other.interval_ms["XRP-USDT-SWAP"] = 7_200_000
        one, two = await readings.funding("XRP"), await others.funding("XRP")
        assert (one.interval_h, one.rate_bps_8h) == (4.0, pytest.approx(2.0))
        assert (two.interval_h, two.rate_bps_8h) == (2.0, pytest.approx(4.0))


@pytest.mark.parametrize("odd", [{"symbol": "XRPUSDT", "fundingIntervalHours": None}, None, 7, {}])
async def test_an_odd_row_of_the_intervals_takes_nobody_elses_funding_down(odd: object) -> None:
    async with binance() as (venue, readings, _):
        venue.intervals["BTCUSDT"] = 4
        venue.next_funding_ms = now_ms() + 3_600_000
        usual = venue._funding_info
        venue._funding_info = lambda: [odd, *usual()]  # type: ignore[list-item, method-assign]
        assert (await readings.funding("BTC")).interval_h == 4.0
        if isinstance(odd, dict) and odd:
            with pytest.raises(FeedTrouble, match="binance funding interval of XRPUSDT: expected a number"):
                await readings.funding("XRP")


async def test_odd_rows_of_the_venues_lists_take_no_other_contract_down() -> None:
    async with binance() as (venue, readings, exchange):
        listed = venue._exchange_info()
        odd = [{"symbol": "ODDUSDT", "filters": 3, "contractType": "PERPETUAL"}, {"symbol": None}, {}]
        venue.exchange_info = {**listed, "symbols": [*odd, *listed["symbols"]]}
        await readings.funding("BTC")
        assert set(exchange.symbols) == {"BTC", "XRP"}
    async with okx() as (other, others, at_okx):
        other.instruments = [{"instId": "ODD-USDT-SWAP"}, {"ctVal": "x"}, *map(okx_row, other.bases)]
        await others.funding("BTC")
        assert set(at_okx.symbols) == {"BTC", "XRP"}


def test_a_change_of_interval_is_said_and_a_contradiction_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    intervals = Intervals("binance")
    intervals.checked("BTC", 8.0, 7 * HOUR_NS, 0)
    intervals.checked("BTC", 4.0, 3 * HOUR_NS, 0)
    assert "binance funding of BTC is paid every 4 h now, was every 8 h" in caplog.text
    with pytest.raises(FeedTrouble, match=r"binance funding of BTC: expected a payment within 4 h, was due in 6.00 h"):
        intervals.checked("BTC", 4.0, 6 * HOUR_NS, 0)


@pytest.mark.parametrize(("rate", "interval_h", "bps"), [(0.0001, 8, 1.0), (0.0001, 4, 2.0), (-0.00005, 1, -4.0)])
def test_the_normal_time_is_8_hours(rate: float, interval_h: float, bps: float) -> None:
    assert over_8h_bps(rate, interval_h) == pytest.approx(bps)


async def test_open_interest_of_both_venues_against_a_day_ago() -> None:
    async with binance() as (venue, readings, _), okx() as (other, others, _unused):
        venue.interest["BTCUSDT"] = [10_000.0] * 290 + [10_300.0]
        other.interest["BTC-USDT-SWAP"] = [2_000_000.0] * 290 + [1_900_000.0]
        one, two = await readings.open_interest("BTC"), await others.open_interest("BTC")
        assert one.change_24h_pct == pytest.approx(3.0)
        assert one.value_usd == pytest.approx(10_300 * 100.05)
        assert two.change_24h_pct == pytest.approx(-5.0)
        assert two.value_usd == pytest.approx(1_900_000 * 0.01 * 100.0)


async def test_open_interest_without_a_day_of_history_is_no_reading() -> None:
    async with binance() as (venue, readings, _):
        venue.interest["BTCUSDT"] = [10_000.0] * 20
        with pytest.raises(FeedTrouble, match=r"binance open interest of BTC: expected at least one row, was \[\]"):
            await readings.open_interest("BTC")


async def test_an_asset_that_is_not_listed_is_named() -> None:
    async with binance() as (venue, readings, _):
        venue.bases = ["BTC"]
        with pytest.raises(FeedTrouble, match="binance: expected a perpetual of XRP against USDT, was none listed"):
            await readings.funding("XRP")


@pytest.mark.parametrize("status", [429, 418])
async def test_a_refusal_is_waited_out_and_nothing_is_asked_meanwhile(status: int) -> None:
    async with binance() as (venue, readings, exchange):
        await exchange.open()
        body = {"code": -1003, "msg": "Too many requests."}
        venue.refuse("/fapi/v1/premiumIndex", Refusal(status, {"Retry-After": "37"}, body))
        with pytest.raises(FeedTrouble) as refused:
            await readings.funding("BTC")
        assert refused.value.retry_after_s == pytest.approx(37, abs=1)
        asked = len(venue.requests)
        with pytest.raises(FeedTrouble, match=r"binance: asked enough for now, waits 3\d s"):
            await readings.positioning("XRP")
        with pytest.raises(FeedTrouble, match="asked enough for now"):
            await exchange.client.fetch_order_book("BTC/USDT:USDT")
        assert len(venue.requests) == asked


async def test_a_cut_off_answer_is_a_failure_of_that_answer_alone() -> None:
    async with binance() as (venue, readings, exchange):
        await exchange.open()
        venue.refuse("/fapi/v1/premiumIndex", Refusal(truncated=True))
        with pytest.raises(FeedTrouble, match="ClientPayloadError"):
            await readings.funding("BTC")
        assert (await readings.funding("BTC")).asset == "BTC"


async def test_data_stops_at_its_share_of_the_allowance() -> None:
    async with binance() as (venue, readings, exchange):
        venue.headers["X-MBX-USED-WEIGHT-1M"] = "1199"
        await readings.positioning("BTC")
        assert exchange.budget.wait_s() == 0
        venue.headers["X-MBX-USED-WEIGHT-1M"] = "1200"
        await readings.positioning("BTC")
        assert 0 < exchange.budget.wait_s() <= 60, "half of 2400 is left to the orders"


def test_a_refusal_without_a_word_is_waited_out_by_the_common_rule() -> None:
    now_ns = 1_000 * NS_PER_S
    budget = RestBudget(2_400, 0.5, lambda: now_ns)
    budget.answered(429, {})
    assert budget.wait_s() == DEFAULT_WAIT_S
    budget.answered(418, {"Retry-After": "5"})
    assert budget.wait_s() == DEFAULT_WAIT_S, "never shortened"


def test_a_venues_clock_is_the_median_of_what_it_said() -> None:
    clock = VenueClock()
    assert (clock.known, clock.offset_ns) == (False, 0)
    for offset in (1_000, 1_200, 90_000):
        clock.answered(100, 150 + offset, 200)
    assert (clock.known, clock.offset_ns) == (True, 1_200)


class Rounds:
    """A polled feed with hand-made sources and a clock that only its own sleep moves."""

    def __init__(self) -> None:
        self.now_ns = 1_000_000 * NS_PER_S
        self.slept_s: list[float] = []
        self.events: list[AnyEvent] = []
        self.rounds = 0

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.now_ns += round(seconds * NS_PER_S)
        if len(self.slept_s) >= self.rounds:
            raise asyncio.CancelledError
        await asyncio.sleep(0)

    async def put(self, source: str, event: AnyEvent) -> None:
        self.events.append(event)

    async def run(self, rounds: int, *sources: Source) -> None:
        self.rounds = rounds
        timing = Timing(lambda: self.now_ns, self.sleep)
        feed = PolledFeed("positioning", Reading.POSITIONING, ("BTC",), sources, AGES, timing)
        with pytest.raises(asyncio.CancelledError):
            await feed.run(self.put)

    def shares(self, source: str, age_s: float = 0.0) -> Callable[[str], Awaitable[Positioning]]:
        async def read(asset: str) -> Positioning:
            return Positioning(self.now_ns - round(age_s * NS_PER_S), asset, source, 40.0, 60.0)

        return read


def failing(trouble: FeedTrouble) -> Callable[[str], Awaitable[Positioning]]:
    async def read(asset: str) -> Positioning:
        raise trouble

    return read


async def test_it_asks_at_the_cadence_of_the_config() -> None:
    rounds = Rounds()
    await rounds.run(3, Source("first", rounds.shares("first")))
    assert rounds.slept_s == [60.0, 60.0, 60.0]
    assert [event.source for event in rounds.events if isinstance(event, Positioning)] == ["first"] * 3


async def test_the_second_source_answers_where_the_first_cannot_and_the_first_is_said_to_be_down() -> None:
    rounds = Rounds()
    trouble = FeedTrouble("HTTP 500, the server is in trouble")
    await rounds.run(1, Source("first", failing(trouble)), Source("second", rounds.shares("second")))
    reading, word, *_ = rounds.events
    assert isinstance(reading, Positioning)
    assert reading.source == "second"
    assert word == FeedHealth(
        rounds.now_ns - round(rounds.slept_s[0] * NS_PER_S),
        Reading.POSITIONING,
        "first",
        FeedState.DOWN,
        trouble.sentence,
    )


async def test_an_answer_past_its_stand_down_age_is_no_answer() -> None:
    rounds = Rounds()
    await rounds.run(1, Source("first", rounds.shares("first", 601)), Source("second", rounds.shares("second")))
    assert isinstance(rounds.events[0], Positioning)
    assert rounds.events[0].source == "second"
    word = rounds.events[1]
    assert isinstance(word, FeedHealth)
    assert word.detail == "first of BTC: expected data of the last 600 s, was 601 s old"


async def test_a_failing_source_is_asked_less_and_less_often_and_never_before_its_word() -> None:
    rounds = Rounds()
    await rounds.run(8, Source("first", failing(FeedTrouble("no answer"))))
    assert rounds.slept_s == [1, 2, 4, 8, 16, 32, 60, 60]
    patient = Rounds()
    await patient.run(1, Source("first", failing(FeedTrouble("asked too often", 45.0))))
    assert patient.slept_s == [45.0]


async def test_a_source_that_is_well_again_takes_its_word_back_once() -> None:
    rounds = Rounds()
    answers: list[Callable[[str], Awaitable[Positioning]]] = [failing(FeedTrouble("no answer"))]

    async def read(asset: str) -> Positioning:
        return await (answers.pop(0) if answers else rounds.shares("first"))(asset)

    await rounds.run(4, Source("first", read))
    states = [event.state for event in rounds.events if isinstance(event, FeedHealth)]
    assert states == [FeedState.DOWN, FeedState.FRESH], "not once a round"


async def test_real_recorded_answers_are_read(real_data_dir: Path) -> None:
    path = real_data_dir / "fixtures" / "binance_usdm_rest_live.json"
    if not path.is_file():
        pytest.skip(f"recorded answers not found: expected {path}")
    recorded = json.loads(path.read_text())
    async with binance() as (venue, readings, _):
        ratio = recorded["GET /futures/data/globalLongShortAccountRatio"]
        venue.refuse("/futures/data/globalLongShortAccountRatio", Refusal(body=ratio))
        shares = await readings.positioning("BTC")
        assert (shares.short_pct, shares.long_pct) == (pytest.approx(47.32), pytest.approx(52.68))
        premium = recorded["GET /fapi/v1/premiumIndex?symbol=BTCUSDT"]
        venue.refuse("/fapi/v1/premiumIndex", Refusal(body=premium))
        rate = await readings.funding("BTC")
        assert rate.rate_bps_8h == pytest.approx(0.3858)
        assert isinstance(rate, FundingRate)
        venue.refuse("/futures/data/openInterestHist", Refusal(body=[]))
        with pytest.raises(FeedTrouble, match="expected at least one row"):
            await readings.open_interest("BTC")
        assert isinstance(await readings.open_interest("BTC"), OpenInterest)
