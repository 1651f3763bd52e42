"""One feed against a server on 127.0.0.1 that answers what a test says: what does it hand to the engine?"""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from cockpit.config.jsonfile import read_object
from cockpit.config.load import check
from cockpit.config.places import shipped_config_path
from cockpit.domain.events import AnyEvent
from cockpit.exchanges.base.timing import Timing
from cockpit.testing.setups import NOON_NS

FEED_NAME = "mine"


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
            return await asyncio.wait_for(self._heard(f"http://{host}:{port}", count), within_s)
        finally:
            await runner.cleanup()

    async def _heard(self, url: str, count: int) -> list[AnyEvent]:
        raw = read_object(self._config)
        raw["own_feeds"] = {FEED_NAME: {"kind": self._path.stem, **self._entry, "url": url}}
        config = check(raw, str(self._path), beside=self._path.parent.parent)
        rules = config.own_feeds[FEED_NAME]
        feed = rules.worker(FEED_NAME, rules, config, Timing(lambda: NOON_NS, lambda _: asyncio.sleep(0)))
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
