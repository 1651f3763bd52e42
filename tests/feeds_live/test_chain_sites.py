"""Solana, Jito, Coinglass, Birdeye and the map over real HTTP on loopback: what each says, and every way to fail."""

import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from cockpit.config.limits import ReadingAges
from cockpit.config.sources import BirdeyeSection, CoinglassSection, LiquidationMapSection, SolanaSection
from cockpit.domain.events import AnyEvent, FeedHealth, JitoTip, LiquidationMap, OnChainPrice, PriorityFee
from cockpit.domain.kinds import FeedState, Reading
from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.trouble import FeedTrouble
from cockpit.exchanges.base.web import JsonSite
from cockpit.exchanges.binance.interest_map import InterestMap
from cockpit.feeds.birdeye import Birdeye, birdeye_site
from cockpit.feeds.coinglass import Coinglass, coinglass_site
from cockpit.feeds.jito import JitoTips
from cockpit.feeds.polled import RepeatedFeed
from cockpit.feeds.solana import SolanaFees
from tests.loopback import chain_bodies
from tests.loopback.rpc_proxy import CANARY
from tests.loopback.site import Answer, LoopbackSite, Reply, Script
from tests.loopback.timekeeper import Ended, Inbox, Timekeeper

NOW_S = 1_760_875_230
PATIENT_S = 30.0
IMPATIENT_S = 0.3
ACCOUNTS = ["So11111111111111111111111111111111111111112"]
KEY = SecretStr(CANARY)
AGES = ReadingAges(every_s=10, warn_after_s=60, stand_down_after_s=180)

Ask = Callable[[], Awaitable[Sequence[AnyEvent]]]


class Rig:
    """A clock, and each reader of the room on a site's URL."""

    def __init__(self, sleeps: int = 0, timeout_s: float = PATIENT_S) -> None:
        self.timeout_s = timeout_s
        self.time = Timekeeper(NOW_S, sleeps)
        self.held: list[JsonSite] = []

    def _site(self, url: str) -> JsonSite:
        self.held.append(JsonSite(f"{url}/{CANARY}", self.timeout_s, self.time.timing.clock))
        return self.held[-1]

    def solana(self, url: str, **section: Any) -> SolanaFees:
        rules = SolanaSection(**{"hot_accounts": [ACCOUNTS], **section})
        return SolanaFees(rules, self._site(url), self.time.timing.clock)

    def jito(self, url: str) -> JitoTips:
        return JitoTips(self._site(url), 60.0, self.time.timing.clock)

    def coinglass(self, url: str) -> Coinglass:
        section = CoinglassSection(timeout_s=self.timeout_s)
        self.held.append(coinglass_site(url, KEY, section, self.time.timing.clock))
        return Coinglass(section, self.held[-1], self.time.timing)

    def birdeye(self, url: str) -> Birdeye:
        section = BirdeyeSection(timeout_s=self.timeout_s)
        self.held.append(birdeye_site(url, KEY, section, self.time.timing.clock))
        return Birdeye(section, self.held[-1], 600.0, self.time.timing.clock)

    def map(self, url: str) -> InterestMap:
        return InterestMap(LiquidationMapSection(), ["BTC"], self._site(url), self.time.timing.clock)

    def ask(self, reader: str, url: str) -> Ask:
        """Any reader's question, Coinglass's about BTC."""
        made = getattr(self, reader)(url)
        if reader == "coinglass":
            return lambda: _one(made.positioning("BTC"))
        ask: Ask = made.ask
        return ask

    async def close(self) -> None:
        for site in self.held:
            await site.close()


async def _one(reading: Awaitable[AnyEvent]) -> list[AnyEvent]:
    return [await reading]


async def asked(reader: str, answer: Answer, timeout_s: float = PATIENT_S) -> Sequence[AnyEvent]:
    """What the reader makes of a site's answers."""
    rig = Rig(timeout_s=timeout_s)
    try:
        async with LoopbackSite(answer) as site:
            return await rig.ask(reader, site.url)()
    finally:
        await rig.close()


def jito_body(seconds_ago: float, tip: object = 1e-05) -> list[dict[str, object]]:
    stamp = datetime.fromtimestamp(NOW_S - seconds_ago, UTC)
    return [{"time": stamp.isoformat(), "landed_tips_50th_percentile": tip}]


class TestSolana:
    async def test_the_median_over_the_pooled_sets_zeros_included(self) -> None:
        rig = Rig()
        answer = chain_bodies.solana(105, [(101, 0), (102, 10)], [(103, 0), (104, 30), (105, 20)])
        async with LoopbackSite(answer) as site:
            [fee] = await rig.solana(site.url, hot_accounts=[ACCOUNTS, ACCOUNTS]).ask()
        await rig.close()
        assert fee == PriorityFee(round((NOW_S - 3 * 0.4) * NS_PER_S), 10.0)

    async def test_only_the_newest_slots_count(self) -> None:
        rig = Rig()
        async with LoopbackSite(chain_bodies.solana(104, [(104, 5), (101, 900), (103, 7), (102, 800)])) as site:
            [fee] = await rig.solana(site.url, slots=2).ask()
        await rig.close()
        assert fee.p50_microlamports == 6.0

    async def test_all_zero_is_zero_and_not_missing(self) -> None:
        [fee] = await asked("solana", chain_bodies.solana(3, [(1, 0), (2, 0), (3, 0)]))
        assert isinstance(fee, PriorityFee) and fee.p50_microlamports == 0.0

    async def test_a_lagging_node_is_stale_by_its_slots(self) -> None:
        with pytest.raises(FeedTrouble, match="newest fee slot 100 is 21 behind the head 121, limit 20"):
            await asked("solana", chain_bodies.solana(121, [(100, 5)]))
        assert await asked("solana", chain_bodies.solana(120, [(100, 5)]))

    async def test_slots_that_do_not_move_are_stale(self) -> None:
        rig = Rig()
        async with LoopbackSite(chain_bodies.solana(100, [(100, 5)])) as site:
            fees = rig.solana(site.url)
            assert await fees.ask()
            with pytest.raises(FeedTrouble, match="stale: newest fee slot still 100"):
                await fees.ask()
        await rig.close()

    async def test_the_request_names_the_accounts(self) -> None:
        rig = Rig()
        async with LoopbackSite(chain_bodies.solana(100, [(100, 5)])) as site:
            await rig.solana(site.url).ask()
            assert [(seen.json["method"], seen.json["params"]) for seen in site.asked] == [
                ("getSlot", [{"commitment": "processed"}]),
                ("getRecentPrioritizationFees", [ACCOUNTS]),
            ]
        await rig.close()

    async def test_recorded_bodies(self, real_data_dir: Path) -> None:
        fixture = json.loads((real_data_dir / "fixtures" / "solana_getRecentPrioritizationFees.json").read_text())
        documented, real = (entry.get("body") or entry["body_partial"] for entry in fixture["bodies"])
        for body, median in ((documented, 500.0), (real, 0.0)):
            rows = [(row["slot"], row["prioritizationFee"]) for row in body["result"]]
            [fee] = await asked("solana", chain_bodies.solana(rows[-1][0], rows))
            assert isinstance(fee, PriorityFee) and fee.p50_microlamports == median


class TestJito:
    async def test_the_median_tip_as_old_as_its_stamp(self) -> None:
        [tip] = await asked("jito", lambda _: Reply(jito_body(7)))
        assert tip == JitoTip((NOW_S - 7) * NS_PER_S, 1e-05)

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (jito_body(61), "stale: the tip floor is 61 s old, limit 60 s"),
            (jito_body(-20), "20 s ahead of the clock"),
            (jito_body(0, -1.0), "expected a tip of 0 or more"),
            (jito_body(0, None), "expected a number as landed_tips_50th_percentile"),
            ([{"landed_tips_50th_percentile": 1e-5}], "expected a time"),
            ([], "expected a list with one object"),
            ({"error": "no"}, "expected a list with one object"),
        ],
    )
    async def test_what_is_no_answer(self, body: Any, words: str) -> None:
        with pytest.raises(FeedTrouble, match=words):
            await asked("jito", lambda _: Reply(body))

    async def test_recorded_bodies(self, real_data_dir: Path) -> None:
        fixture = json.loads((real_data_dir / "fixtures" / "jito_tip_floor.json").read_text())
        tips = []
        for entry in fixture["bodies"]:
            rig = Rig()
            rig.time.at(datetime.fromisoformat(entry["body"][0]["time"]).timestamp() + 5)
            async with LoopbackSite(Script(Reply(entry["body"]))) as site:
                [tip] = await rig.jito(site.url).ask()
            await rig.close()
            assert rig.time.now_ns - tip.ts_ns == 5 * NS_PER_S
            tips.append(tip.p50_sol)
        assert tips == [3e-05, 5.517e-06, 1e-05, 1e-05]


class TestCoinglass:
    async def test_the_newest_bar_true_up_to_now_while_it_runs(self) -> None:
        bar_ms = NOW_S // 300 * 300_000
        [shares] = await asked("coinglass", lambda _: Reply(chain_bodies.coinglass_history(bar_ms)))
        assert (shares.short_pct, shares.long_pct, shares.asset) == (56.2, 43.8, "BTC")
        assert shares.ts_ns == NOW_S * NS_PER_S
        assert shares.source == "coinglass Binance accounts 5m"

    async def test_a_bar_that_is_over_ages_from_its_end(self) -> None:
        bar_ms = (NOW_S - 900) * 1_000
        [shares] = await asked("coinglass", lambda _: Reply(chain_bodies.coinglass_history(bar_ms)))
        assert shares.ts_ns == (NOW_S - 600) * NS_PER_S

    async def test_what_is_sent(self) -> None:
        rig = Rig()
        async with LoopbackSite(Script(Reply(chain_bodies.coinglass_history(NOW_S * 1_000)))) as site:
            await rig.coinglass(site.url).positioning("SOL")
            [seen] = site.asked
        await rig.close()
        assert seen.path == "/api/futures/global-long-short-account-ratio/history"
        assert seen.query == {"exchange": "Binance", "symbol": "SOLUSDT", "interval": "5m", "limit": "2"}
        assert seen.headers["CG-API-KEY"] == CANARY

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ({"code": "401", "msg": f"key {CANARY} unknown"}, r"the key was refused \(code 401\): key \*\*\* unknown"),
            ({"code": "400", "msg": "interval too short for your plan"}, "code 400: interval too short for your plan"),
            ({"msg": "no code"}, "code None"),
            ({"code": "0", "data": []}, "expected at least one bar"),
            ({"code": "0", "data": [{"time": 1}]}, "expected a number as global_account_long_percent"),
            ([1], "expected an object with a code"),
        ],
    )
    async def test_http_200_alone_is_no_answer(self, body: Any, words: str) -> None:
        with pytest.raises(FeedTrouble, match=words):
            await asked("coinglass", lambda _: Reply(body))

    async def test_a_used_up_minute_is_waited_out_without_asking(self) -> None:
        rig = Rig()
        headers = {"API-KEY-MAX-LIMIT": "30", "API-KEY-USE-LIMIT": "30"}
        body = chain_bodies.coinglass_history(NOW_S * 1_000)
        async with LoopbackSite(Script(Reply(body, 200, headers), Reply(body))) as site:
            reader = rig.coinglass(site.url)
            await reader.positioning("BTC")
            with pytest.raises(FeedTrouble, match="30 of 30 calls a minute are used") as trouble:
                await reader.positioning("SOL")
            assert trouble.value.retry_after_s == 60 - NOW_S % 60
            assert len(site.asked) == 1
            rig.time.at(NOW_S + 60 - NOW_S % 60)
            assert (await reader.positioning("SOL")).asset == "SOL"
        await rig.close()

    async def test_code_429_waits_for_the_next_minute(self) -> None:
        with pytest.raises(FeedTrouble, match="code 429") as trouble:
            await asked("coinglass", lambda _: Reply({"code": "429", "msg": "too many"}))
        assert trouble.value.retry_after_s == 60 - NOW_S % 60

    async def test_recorded_envelope_of_another_path_is_no_positioning(self, real_data_dir: Path) -> None:
        fixture = json.loads((real_data_dir / "fixtures" / "coinglass_v4.json").read_text())
        for recorded in ("funding_rate_exchange_list", "open_interest_exchange_list", "taker_buy_sell"):
            with pytest.raises(FeedTrouble):
                await asked("coinglass", Script(Reply(fixture[recorded])))


class TestBirdeye:
    async def test_the_price_and_the_full_minutes_typical_price(self) -> None:
        [price] = await asked("birdeye", chain_bodies.birdeye(131.9, NOW_S - 12, (133.0, 131.0, 132.0)))
        assert price == OnChainPrice((NOW_S - 12) * NS_PER_S, "SOL", "birdeye", 131.9, 132.0)

    async def test_a_minute_nobody_traded_has_no_average(self) -> None:
        [price] = await asked("birdeye", chain_bodies.birdeye(131.9, NOW_S, None))
        assert isinstance(price, OnChainPrice) and price.minute_vwap is None

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (chain_bodies.birdeye(131.9, NOW_S - 601, None), "the price is 601 s old, limit 600 s"),
            (chain_bodies.birdeye(0.0, NOW_S, None), "expected a price above 0"),
            (lambda _: Reply({"success": False, "message": f"bad {CANARY}"}), r"success and data, was bad \*\*\*"),
            (lambda _: Reply({"success": True, "data": None}), "expected success and data"),
        ],
    )
    async def test_what_is_no_answer(self, answer: Answer, words: str) -> None:
        with pytest.raises(FeedTrouble, match=words):
            await asked("birdeye", answer)


class TestMap:
    async def test_new_interest_becomes_clusters_on_both_sides(self) -> None:
        first_ms = (NOW_S - 900) * 1_000
        [drawn] = await asked("map", chain_bodies.interest_bars(first_ms, [1_000.0, 1_100.0, 1_100.0], 100_000.0))
        assert isinstance(drawn, LiquidationMap)
        assert {cluster.kind for cluster in drawn.clusters} == {"estimated"}
        assert {cluster.longs for cluster in drawn.clusters} == {True, False}
        assert drawn.explained_pct == pytest.approx(100 * 100 / 1_100)
        assert drawn.ts_ns == (NOW_S - 300) * NS_PER_S

    async def test_bars_that_do_not_meet_make_no_map(self) -> None:
        with pytest.raises(FeedTrouble, match="map of BTC: expected bars with open interest and prices, was 1"):
            await asked("map", chain_bodies.interest_bars(NOW_S * 1_000, [1_000.0], 100_000.0))


READERS = ["solana", "jito", "coinglass", "birdeye", "map"]
LATER = format_datetime(datetime.fromtimestamp(NOW_S + 120, UTC), usegmt=True)
FAULTS = [
    ("429 with seconds", Reply("", 429, {"Retry-After": "42"}), "HTTP 429, asked too often, try again in 42 s", 42.0),
    ("429 with a date", Reply("", 429, {"Retry-After": LATER}), "HTTP 429", 120.0),
    ("429 without", Reply("", 429), "HTTP 429, asked too often", None),
    ("500", Reply(f"broken {CANARY}", 500), r"HTTP 500, the server is in trouble: broken \*\*\*", None),
    ("403", Reply("forbidden", 403), "HTTP 403: forbidden", None),
    ("redirect", Reply("", 302, {"Location": "http://127.0.0.1:1/"}), "HTTP 302", None),
    ("cut", Reply(fault="abort"), "the answer broke off", None),
    ("truncated", Reply({"jsonrpc": "2.0", "result": []}, fault="truncate"), "the answer broke off", None),
    ("stalled", Reply(fault="stall"), "no answer within 0.3 s", None),
    ("html", Reply("<html>"), "expected JSON", None),
    ("null", Reply("null"), "expected", None),
    ("nested too deep", Reply("[" * 100_000), "expected JSON", None),
    ("wrong shape", Reply({"hello": [1, 2]}), "expected|code None", None),
    ("text for numbers", Reply([{"time": "x", "landed_tips_50th_percentile": "much"}]), "expected", None),
]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("fault", "words", "wait_s"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS]
)
async def test_every_fault_is_a_sentence_without_the_key(
    reader: str, fault: Reply, words: str, wait_s: float | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(FeedTrouble, match=words) as trouble:
        await asked(reader, Script(fault), IMPATIENT_S if fault.fault == "stall" else PATIENT_S)
    assert trouble.value.retry_after_s == wait_s
    assert CANARY not in str(trouble.value)
    assert CANARY not in caplog.text


async def test_nobody_there_is_no_connection() -> None:
    async with LoopbackSite(Script(Reply(""))) as site:
        url = site.url
    rig = Rig()
    with pytest.raises(FeedTrouble, match=r"no connection \(ConnectError\)"):
        await rig.jito(url).ask()
    await rig.close()


class TestRepeated:
    async def test_down_and_back_with_longer_and_longer_waits(self) -> None:
        rig, inbox = Rig(sleeps=6), Inbox()
        down = Reply("", 500)
        script = Script(down, down, down, down, Reply("", 429, {"Retry-After": "200"}), Reply(jito_body(-325)))
        async with LoopbackSite(script) as site:
            tips = rig.jito(site.url)
            feed = RepeatedFeed("jito", Reading.JITO_TIP, AGES, tips.ask, rig.held[0], rig.time.timing)
            with pytest.raises(Ended):
                await feed.run(inbox.put)
        assert rig.time.slept_s == [10, 20, 40, 60, 200, 10]
        words = [(event.state, event.detail) for event in inbox.events if isinstance(event, FeedHealth)]
        assert words == [
            (FeedState.DOWN, "HTTP 500, the server is in trouble"),
            (FeedState.DOWN, "HTTP 429, asked too often, try again in 200 s"),
            (FeedState.FRESH, ""),
        ]
        assert isinstance(inbox.events[-1], JitoTip)
        assert set(inbox.sources) == {"jito"}
