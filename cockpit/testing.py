"""A kit for the tests of setups and feeds of one's own.

A setup has a session of its own: the real engine on the simulated venue; hand it prices, ask what it proposes. A feed
asks a server on 127.0.0.1 that answers what a test says; ask what it hands to the engine.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import web

from cockpit.config.jsonfile import read_object
from cockpit.config.load import check
from cockpit.config.places import shipped_config_path
from cockpit.domain.actions import AnyAction, Decided
from cockpit.domain.commands import Arm
from cockpit.domain.events import AnyEvent, FundingRate, Positioning, Tick, Top, Trade
from cockpit.domain.kinds import SetupPhase
from cockpit.domain.units import BPS, NS_PER_S, seconds_to_ns
from cockpit.domain.verdict import Check, Proposal, Verdict
from cockpit.engine.machine import Engine
from cockpit.engine.session import Session
from cockpit.exchanges.base.timing import Timing
from cockpit.paper.venue import PaperVenue

NOON_NS = 1_760_875_200_000_000_000
"""2025-10-19 12:00:00 UTC, where bars of every length begin."""
TOP_QTY = 1_000.0
OWN_NAME = "mine"


class Prices(NamedTuple):
    """One bar's prices in USD, base coins traded in it, and how much more of them takers bought than sold."""

    open: float
    high: float
    low: float
    close: float
    volume: float = 4.0
    taker_delta: float = 4.0

    def prints(self) -> tuple[tuple[float, float], ...]:
        """Four prints of it, (price, base coins), sold ones negative: open, low, high, close."""
        bought = (self.volume + self.taker_delta) / 2.0
        sold = self.volume - bought
        qtys = (bought / 2.0, -sold / 2.0, bought / 2.0, -sold / 2.0)
        if not (bought and sold):
            qtys = ((bought - sold) / 4.0,) * 4
        return tuple(zip((self.open, self.low, self.high, self.close), qtys, strict=True))


class SetupBench:
    """A session in which one setup is alone: armed, the config's market context held fresh, time as you say.

    `file` is `setups/KIND.py`; `entry` is its entry of the config, without its kind. Raises `ConfigError` where the
    config would be refused with it. Everything is deterministic: the same calls give the same answers.
    """

    def __init__(self, file: Path | str, entry: Mapping[str, Any], *, config: Path | None = None) -> None:
        path = Path(file).resolve()
        raw = read_object(config or shipped_config_path())
        raw["setups"] = {OWN_NAME: {"kind": path.stem, **entry}}
        self.config = check(raw, str(path), beside=path.parent.parent)
        self.engine = Engine(self.config, NOON_NS, hold_context=True)
        self.setup = self.engine.setups[OWN_NAME]
        self.verdicts: list[Verdict] = []
        self.now_ns = NOON_NS
        self._session = Session(self.engine, PaperVenue(self.config), [self])
        self._last: dict[str, Top] = {}
        self._prints = 0
        self._session.feed(Arm(NOON_NS, "arm", "test"))

    # What happens.

    def price(self, asset: str, price: float, qty: float = 1.0, *, spread_bps: float = 0.5) -> None:
        """A print now, inside a top of that spread; a negative quantity was sold by the taker."""
        half, venue, ns = price * spread_bps / BPS / 2.0, self._watched_venue(asset), self.now_ns
        top = Top(ns, ns, venue, asset, price - half, TOP_QTY, price + half, TOP_QTY)
        self._last[asset] = top
        self._prints += 1
        self.feed(top)
        self.feed(Trade(ns, ns, venue, asset, price, abs(qty), qty > 0, self._prints))

    def wait(self, seconds: float, *, silent: Sequence[str] = ()) -> None:
        """Time passes. The last top of every asset is heard again each second, but for the silent ones'."""
        until_ns = self.now_ns + seconds_to_ns(seconds)
        while self.now_ns < until_ns:
            self.now_ns = min(self.now_ns + NS_PER_S, until_ns)
            for asset, top in self._last.items():
                if asset not in silent:
                    self.feed(Top(self.now_ns, self.now_ns, *_quote(top)))
            self.feed(Tick(self.now_ns))

    def bar(self, bar_s: float = 5.0, **assets: float | Prices) -> None:
        """A bar of that length of each asset named, to its end: `bar(SOL=190.0, BTC=Prices(...))`.

        A number is a bar that opened where the asset last was and closed there. Begins with the next such bar unless
        one begins now.
        """
        self.wait(-self.now_ns % seconds_to_ns(bar_s) / NS_PER_S)
        ways = {asset: self._prices(asset, given).prints() for asset, given in assets.items()}
        for step in range(4):
            self.wait(bar_s / 5.0)
            for asset, prints in ways.items():
                self.price(asset, *prints[step])
        self.wait(bar_s / 5.0)

    def positioning(self, asset: str, short_pct: float) -> None:
        """The share of short accounts, as a source would say now."""
        self.feed(Positioning(self.now_ns, asset, "bench", 100.0 - short_pct, short_pct))

    def funding(self, asset: str, venue: str, rate_bps: float) -> None:
        """A venue's running funding rate over 8 h."""
        self.feed(FundingRate(self.now_ns, asset, venue, rate_bps))

    def feed(self, event: AnyEvent) -> None:
        """Anything else that may happen, of `cockpit.domain.events`."""
        self._session.feed(event)

    # What came of it.

    @property
    def proposals(self) -> list[Proposal]:
        """Everything it proposed so far."""
        return [verdict.proposal for verdict in self.verdicts]

    @property
    def phase(self) -> SetupPhase:
        """Where it stands now."""
        return self.setup.status(self.now_ns).phase

    @property
    def waiting_for(self) -> str:
        """What the setups pane would show now."""
        return self.setup.status(self.now_ns).waiting_for

    @property
    def checks(self) -> dict[str, Check]:
        """Its own guards as they stand now, by name."""
        return {check.name: check for check in self.setup.checks(self.now_ns)}

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        """What the engine decided: the session's."""
        self.verdicts += [action.verdict for action in actions if isinstance(action, Decided)]

    def _prices(self, asset: str, given: float | Prices) -> Prices:
        if isinstance(given, Prices):
            return given
        before = self.engine.market.assets[asset].price or given
        return Prices(before, max(before, given), min(before, given), given)

    def _watched_venue(self, asset: str) -> str:
        return self.config.assets[asset].watch


class FeedBench:
    """Asks the feed of `file` (`feeds/KIND.py`) with this entry of the config, whose `url` is the server's.

    `answers` by path are JSON values; a path that is not among them answers 404. They may be changed between two asks.
    """

    def __init__(
        self, file: Path | str, entry: Mapping[str, Any], answers: Mapping[str, Any], *, config: Path | None = None
    ) -> None:
        self._path = Path(file).resolve()
        self._entry = dict(entry)
        self._config = config or shipped_config_path()
        self.answers = dict(answers)
        self.asked: list[str] = []

    def events(self, count: int, *, within_s: float = 10.0) -> list[AnyEvent]:
        """The first `count` events it hands over. Raises `TimeoutError` where they do not come."""
        return asyncio.run(self._events(count, within_s))

    async def _events(self, count: int, within_s: float) -> list[AnyEvent]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            return await asyncio.wait_for(self._collected(f"http://{host}:{port}", count), within_s)
        finally:
            await runner.cleanup()

    async def _collected(self, url: str, count: int) -> list[AnyEvent]:
        raw = read_object(self._config)
        raw["own_feeds"] = {OWN_NAME: {"kind": self._path.stem, **self._entry, "url": url}}
        config = check(raw, str(self._path), beside=self._path.parent.parent)
        rules = config.own_feeds[OWN_NAME]
        feed = rules.worker(OWN_NAME, rules, config, Timing(lambda: NOON_NS, lambda _: asyncio.sleep(0)))
        handed: list[AnyEvent] = []
        done = asyncio.Event()

        async def put(_: str, event: AnyEvent) -> None:
            handed.append(event)
            if len(handed) >= count:
                done.set()

        run = asyncio.ensure_future(feed.run(put))
        waited = asyncio.ensure_future(done.wait())
        try:
            await asyncio.wait((run, waited), return_when=asyncio.FIRST_COMPLETED)
            if run.done() and not done.is_set():
                run.result()
        finally:
            for task in (run, waited):
                task.cancel()
            await asyncio.gather(run, waited, return_exceptions=True)
        return handed[:count]

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if request.path not in self.answers:
            return web.Response(status=404)
        return web.Response(text=json.dumps(self.answers[request.path]), content_type="application/json")


def _quote(top: Top) -> tuple[str, str, float, float, float, float]:
    return top.venue, top.asset, top.bid, top.bid_qty, top.ask, top.ask_qty
