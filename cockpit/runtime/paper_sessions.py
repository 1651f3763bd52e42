"""On paper no account knows when a venue is closed: its public products do, and entries keep to that."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from cockpit.config.exchange_names import HAVE_SESSIONS
from cockpit.config.model import CockpitConfig
from cockpit.domain.events import VenueNotice
from cockpit.domain.kinds import VenueTopic
from cockpit.domain.units import ns_to_seconds
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.base.trouble import FeedTrouble
from cockpit.execution.session_watch import POLL_EVERY_S, READ_EVERY_S, Notify, SessionNotices
from cockpit.runtime.live_source import LiveSource
from cockpit.runtime.market_source import MarketSource, Put
from cockpit.runtime.supervisor import Supervisor

LOG = logging.getLogger("cockpit.engine")
ASK_EVERY_S = 300.0
"""While it is open."""


def keep_to_hours(
    config: CockpitConfig, source: MarketSource, put: Put, is_paper: Callable[[], bool], supervisor: Supervisor
) -> None:
    """Start the worker where a live market is followed and something is traded where it is not traded always."""
    if isinstance(source, LiveSource):
        sessions = PaperSessions(config, source, put, is_paper)
        if sessions.venues:
            supervisor.start("sessions", sessions.run)


class Market(Protocol):
    """The live market that is traded on paper."""

    @property
    def exchanges(self) -> Mapping[str, Exchange]:
        """By name."""

    def now_ns(self) -> int:
        """The session's time."""


class PaperSessions:
    """Runs beside the feeds; in other modes than paper the account notifies itself."""

    def __init__(self, config: CockpitConfig, market: Market, put: Put, is_paper: Callable[[], bool]) -> None:
        self._config = config
        self._market = market
        self._put = put
        self._is_paper = is_paper
        self._unsent: list[VenueNotice] = []
        self._asked_ns: dict[str, int] = {}
        traded = {where.trade_on for where in config.assets.values()}
        self.venues = sorted(traded & HAVE_SESSIONS & set(market.exchanges))
        """Where assets are traded that are not traded always."""

    async def run(self) -> None:
        """Compare with the time, for ever. No notice outlives a change of the mode: back on paper all begins anew."""
        notices: dict[str, SessionNotices] = {}
        while True:
            if self._is_paper():
                notices = notices or {venue: self._notices(venue) for venue in self.venues}
                for venue, one in notices.items():
                    is_shut = any(not found.is_ahead for found in one.compare())
                    if await self._ask(venue, READ_EVERY_S if is_shut else ASK_EVERY_S):
                        one.compare()
                await self._send()
            else:
                notices = {}
            await asyncio.sleep(POLL_EVERY_S)

    async def _ask(self, venue: str, every_s: float) -> bool:
        """Whether it was time to ask."""
        now_ns, asked_ns = self._market.now_ns(), self._asked_ns.get(venue)
        if asked_ns is not None and ns_to_seconds(now_ns - asked_ns) < every_s:
            return False
        self._asked_ns[venue] = now_ns
        exchange = self._market.exchanges[venue]
        try:
            await exchange.open()
            await exchange.ask_hours()
        except FeedTrouble as trouble:
            LOG.warning("%s's sessions: %s", venue, trouble.sentence)
        return True

    async def _send(self) -> None:
        unsent, self._unsent = self._unsent, []
        for notice in unsent:
            await self._put("sessions", notice)

    def _notices(self, venue: str) -> SessionNotices:
        assets = [asset for asset, where in self._config.assets.items() if where.trade_on == venue]
        hours_of, terms = self._market.exchanges[venue].trading_hours, self._config.venues[venue]
        return SessionNotices(venue, assets, terms, hours_of, self._market.now_ns, self._notify_of(venue))

    def _notify_of(self, venue: str) -> Notify:
        standing: dict[tuple[VenueTopic, str], str] = {}

        def notify(topic: VenueTopic, sentence: str, asset: str = "", is_over: bool = False) -> None:
            """What stands is not repeated."""
            if not is_over and standing.get((topic, asset)) == sentence:
                return
            if is_over:
                standing.pop((topic, asset), None)
            else:
                standing[topic, asset] = sentence
            self._unsent.append(VenueNotice(self._market.now_ns(), venue, asset, topic, sentence, is_over))

        return notify
