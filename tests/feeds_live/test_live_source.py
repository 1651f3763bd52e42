"""The live market as the engine gets it: every feed at once, each falling alone, time by the venue's clock."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cockpit.config.endpoints import BadEndpoint
from cockpit.config.model import CockpitConfig
from cockpit.config.secrets import Secrets
from cockpit.domain.events import FeedHealth, FundingRate, OpenInterest, Positioning, PriorityFee, Trade
from cockpit.domain.kinds import FeedState, Reading
from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.feed import HANDED_OVER
from cockpit.exchanges.base.steady_clock import SteadyClock, running_ns
from cockpit.exchanges.base.timing import Timing
from cockpit.feeds.roster import Member, Roster, roster_of
from cockpit.runtime.live_source import LiveSource
from tests.feeds_live.exchange_scene import WITHIN_S, now_ms
from tests.loopback.exchange_binance import BinanceVenue
from tests.loopback.exchange_okx import OkxVenue
from tests.patience import patient_s

VENUES = {"binance", "okx"}
ASSETS = {"BTC", "SOL", "XRP", "ETH"}
FRESH_S = min(30.0, patient_s(5.0))
"""How old a print may be that a busy machine took in: much less than any clock here is wrong by."""


class Engine:
    """Takes what the source hands over."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self._changed = asyncio.Event()

    def put(self, source: str, event: object) -> Awaitable[None]:
        self.events.append(event)
        self._changed.set()
        return HANDED_OVER

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, holds: Any) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not holds():
                self._changed.clear()
                await self._changed.wait()


def _environ(binance: BinanceVenue, okx: OkxVenue) -> dict[str, str]:
    return {
        "COCKPIT_BINANCEUSDM_REST_URL": binance.rest_url,
        "COCKPIT_BINANCEUSDM_WS_URL": binance.ws_url,
        "COCKPIT_OKX_REST_URL": okx.rest_url,
        "COCKPIT_OKX_WS_URL": okx.ws_url,
        "COCKPIT_JITO_URL": f"{okx.rest_url}/nowhere",
    }


@asynccontextmanager
async def live(
    config: CockpitConfig,
    binance: BinanceVenue,
    okx: OkxVenue,
    engine: Engine | None = None,
    steady: SteadyClock | None = None,
) -> AsyncIterator[tuple[LiveSource, Engine]]:
    environ = _environ(binance, okx)
    keyless = Secrets(environ, keyring=lambda name: None)
    timing = None if steady is None else Timing(steady.now_ns)
    source = LiveSource(config, roster_of(config, environ, timing, keyless), steady)
    engine = engine or Engine()
    running = asyncio.create_task(source.run(engine.put))
    try:
        yield source, engine
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_every_asset_gets_every_reading_without_a_key(shipped_config: CockpitConfig) -> None:
    async with BinanceVenue(now_ms) as binance, OkxVenue(now_ms) as okx:
        binance.short_share["BTCUSDT"] = 0.562
        async with live(shipped_config, binance, okx) as (source, engine):
            await binance.until_subscribed(*(f"{asset.lower()}usdt@aggTrade" for asset in ASSETS))
            for asset in ASSETS:
                await binance.trade(f"{asset}USDT", 1, 100.0, 1.0)
            await engine.until(
                lambda: (
                    {rate.asset for rate in engine.of(Trade)} == ASSETS
                    and {(rate.asset, rate.venue) for rate in engine.of(FundingRate)}
                    == {(asset, venue) for asset in ASSETS for venue in ("binance", "okx")}
                    and {shares.asset for shares in engine.of(Positioning)} == ASSETS
                    and {interest.asset for interest in engine.of(OpenInterest)} == ASSETS
                )
            )
            btc = next(shares for shares in engine.of(Positioning) if shares.asset == "BTC")
            assert btc.short_pct == pytest.approx(56.2)
            assert btc.bar_s == 300.0, "its age is judged by when the next bar can be there"
            names = [view.name for view in source.workers()]
            assert {"binance", "okx", "binance funding", "okx funding", "positioning", "open interest"} <= set(names)
            assert all(view.restarts == 0 for view in source.workers())
            assert not [
                word for word in engine.of(FeedHealth) if word.state is FeedState.DOWN and word.source in VENUES
            ]


async def test_one_venue_gone_is_said_by_its_feeds_and_the_other_goes_on(shipped_config: CockpitConfig) -> None:
    async with BinanceVenue(now_ms) as binance, OkxVenue(now_ms) as okx:
        await okx.go_down()
        async with live(shipped_config, binance, okx) as (_, engine):
            down = {(Reading.STREAM, "okx"), (Reading.FUNDING, "okx")}
            await engine.until(
                lambda: (
                    {rate.asset for rate in engine.of(FundingRate)} == ASSETS
                    and down <= {(word.reading, word.source) for word in engine.of(FeedHealth) if word.detail}
                )
            )
            words = [word for word in engine.of(FeedHealth) if word.state is FeedState.DOWN and word.source in VENUES]
            assert {word.source for word in words} == {"okx"}
            assert all("okx markets: ExchangeNotAvailable" in word.detail for word in words)
            assert {rate.venue for rate in engine.of(FundingRate)} == {"binance"}
            await okx.come_back()
            await engine.until(lambda: {rate.venue for rate in engine.of(FundingRate)} == {"binance", "okx"})


async def test_positioning_comes_from_okx_where_binance_has_none(shipped_config: CockpitConfig) -> None:
    async with BinanceVenue(now_ms) as binance, OkxVenue(now_ms) as okx:
        binance.bases = []
        okx.ratio["BTC-USDT-SWAP"] = 1.5
        async with live(shipped_config, binance, okx) as (_, engine):
            await engine.until(lambda: {shares.asset for shares in engine.of(Positioning)} == ASSETS)
            assert {shares.source for shares in engine.of(Positioning)} == {"okx accounts 5m"}
            btc = next(shares for shares in engine.of(Positioning) if shares.asset == "BTC")
            assert btc.long_pct == pytest.approx(60.0)
            assert btc.bar_s == 300.0


class Ages(Engine):
    """Notes how old each print was in the session's time when it came."""

    def __init__(self) -> None:
        super().__init__()
        self.source: LiveSource
        self.ages_s: list[float] = []

    def put(self, source: str, event: object) -> Awaitable[None]:
        if isinstance(event, Trade):
            self.ages_s.append((self.source.now_ns() - event.ts_ns) / NS_PER_S)
        return super().put(source, event)


async def test_a_venues_clock_is_followed_where_it_is_wrong_and_where_it_jumps(shipped_config: CockpitConfig) -> None:
    ahead_ms = 90_000

    async def prints() -> None:
        for trade_id in range(1, 100_000):
            await binance.trade("BTCUSDT", trade_id, 100.0, 1.0)
            await asyncio.sleep(0.05)

    async with BinanceVenue(lambda: now_ms() + ahead_ms) as binance, OkxVenue(now_ms) as okx:
        engine = Ages()
        async with live(shipped_config, binance, okx, engine) as (source, _):
            engine.source = source
            await binance.until_subscribed("btcusdt@aggTrade")
            printing = asyncio.create_task(prints())
            try:
                await engine.until(lambda: engine.ages_s)
                assert 0.0 <= engine.ages_s[0] < FRESH_S
                assert abs(source.now_ns() / 1e6 - now_ms()) < 5_000, "the session's time is most clocks' time"
                for jump_ms in (-3_600_000, 7_200_000):
                    ahead_ms = jump_ms
                    await engine.until(lambda: jumped_to(source, jump_ms))  # noqa: B023
                    engine.ages_s.clear()
                    await engine.until(lambda: len(engine.ages_s) > 3)
                    assert max(engine.ages_s) < FRESH_S
                    assert min(engine.ages_s) >= 0.0, "no print is from the future"
                assert abs(source.now_ns() / 1e6 - now_ms()) < 5_000
            finally:
                printing.cancel()


def jumped_to(source: LiveSource, jump_ms: int) -> bool:
    return any(f"is {jump_ms / 1_000:+.1f} s; it is followed" in told for told in source.problems())


class WrongOnce(BinanceVenue):
    """Tells a wrong time the first time it is asked."""

    def __init__(self, wrong_ms: int) -> None:
        super().__init__(now_ms)
        self.wrong_ms = wrong_ms
        self.asked = 0

    def _answers(self) -> Any:
        return {**super()._answers(), "/fapi/v1/time": lambda _: self._time()}

    def _time(self) -> dict[str, int]:
        self.asked += 1
        return {"serverTime": now_ms() + (self.wrong_ms if self.asked == 1 else 0)}


@pytest.mark.parametrize("wrong_ms", [50_000, -50_000, 3_600_000])
async def test_one_wrong_answer_at_the_start_holds_up_nothing(shipped_config: CockpitConfig, wrong_ms: int) -> None:
    async with WrongOnce(wrong_ms) as binance, OkxVenue(now_ms) as okx:
        engine = Ages()
        async with live(shipped_config, binance, okx, engine) as (source, _):
            engine.source = source
            await binance.until_subscribed("btcusdt@aggTrade")
            await binance.trade("BTCUSDT", 1, 100.0, 1.0)
            await engine.until(lambda: engine.ages_s)
            assert 0.0 <= engine.ages_s[0] < FRESH_S
            assert binance.asked >= 3


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_time_that_a_machine_stood_still_for_has_passed(shipped_config: CockpitConfig) -> None:
    """A host that was stopped and goes on: no clock of the machine counted it, the venues did."""
    stood_ns = 0

    async def prints() -> None:
        for trade_id in range(1, 100_000):
            await binance.trade("BTCUSDT", trade_id, 100.0, 1.0)
            await asyncio.sleep(0.05)

    async with BinanceVenue(now_ms) as binance, OkxVenue(now_ms) as okx:
        steady, engine = SteadyClock(time.time_ns, lambda: running_ns() - stood_ns), Ages()
        async with live(shipped_config, binance, okx, engine, steady) as (source, _):
            engine.source = source
            await binance.until_subscribed("btcusdt@aggTrade")
            printing = asyncio.create_task(prints())
            try:
                await engine.until(lambda: engine.ages_s)
                stood_ns = 120 * NS_PER_S
                await engine.until(lambda: any("s passed that this machine did not" in t for t in source.problems()))
                assert abs(source.now_ns() / 1e6 - now_ms()) < 5_000
                engine.ages_s.clear()
                await engine.until(lambda: len(engine.ages_s) > 3)
                assert 0.0 <= min(engine.ages_s) <= max(engine.ages_s) < FRESH_S
            finally:
                printing.cancel()
    # Sockets that were silent for two minutes all at once are dropped by the library, which closes them when it likes.
    gc.collect()


@pytest.mark.parametrize("wrong_s", [3_600, -7_200])
async def test_a_session_begins_with_the_venues_time_where_the_machines_is_wrong(
    shipped_config: CockpitConfig, wrong_s: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with WrongOnce(50_000) as binance, OkxVenue(now_ms) as okx:
        source = settled_source(shipped_config, _environ(binance, okx), wrong_s)
        await asyncio.to_thread(source.settle)
        assert abs(source.now_ns() / 1e6 - now_ms()) < 5_000
        assert f"this machine's clock is {-wrong_s:.1f} s from the venues'" in caplog.text.replace(".1 s", ".0 s")


async def test_with_no_venue_to_ask_it_begins_with_the_machines(shipped_config: CockpitConfig) -> None:
    async with BinanceVenue(now_ms) as binance, OkxVenue(now_ms) as okx:
        environ = _environ(binance, okx)
    source = settled_source(shipped_config, environ, -7_200)
    await asyncio.to_thread(source.settle)
    assert abs(source.now_ns() / 1e6 - now_ms() + 7_200_000) < 60_000


def settled_source(config: CockpitConfig, environ: dict[str, str], wrong_s: int) -> LiveSource:
    steady = SteadyClock(lambda: time.time_ns() + wrong_s * NS_PER_S)
    keyless = Secrets(environ, keyring=lambda name: None)
    return LiveSource(config, roster_of(config, environ, Timing(steady.now_ns), keyless), steady)


class Stamped:
    """A feed that stamps what it gives as the test says, in seconds from now."""

    name = "own"

    def __init__(self, *ahead_s: float) -> None:
        self.ahead_s = ahead_s

    async def run(self, put: Any) -> None:
        for ahead_s in self.ahead_s:
            await put(self.name, PriorityFee(time.time_ns() + round(ahead_s * NS_PER_S), ahead_s))
        await asyncio.Event().wait()


async def test_no_stamp_leaves_for_the_engine_that_is_later_than_now(shipped_config: CockpitConfig) -> None:
    source = LiveSource(shipped_config, Roster([Member(Stamped(-5.0, 2.0, 7_200.0, 1.0), Reading.PRIORITY_FEE, "own")]))
    engine = Engine()
    running = asyncio.create_task(source.run(engine.put))
    try:
        await engine.until(lambda: len(engine.of(PriorityFee)) == 3)
        now_ns = source.now_ns()
        assert [fee.p50_microlamports for fee in engine.of(PriorityFee)] == [-5.0, 2.0, 1.0]
        assert all(fee.ts_ns <= now_ns for fee in engine.of(PriorityFee))
        word, over = engine.of(FeedHealth)
        assert (word.state, over.state) == (FeedState.DOWN, FeedState.FRESH)
        assert "expected a stamp of now, was 20" in word.detail and "7200 s ahead" in word.detail
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def test_a_plain_address_elsewhere_is_refused_before_anything_is_dialled(shipped_config: CockpitConfig) -> None:
    with pytest.raises(BadEndpoint, match="COCKPIT_OKX_WS_URL: expected wss://"):
        roster_of(shipped_config, {"COCKPIT_OKX_WS_URL": "ws://example.com"})
