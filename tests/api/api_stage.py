"""A real engine process's inside for tests: a real Host on the simulated market, the real API on real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect, unix_connect

from cockpit.api.limits import Limits
from cockpit.api.server import ApiServer
from cockpit.config.load import load_config
from cockpit.config.places import Places
from cockpit.config.secrets import Secrets
from cockpit.domain.commands import Arm, SetMode
from cockpit.domain.kinds import Mode
from cockpit.mcp.mount import McpMount
from cockpit.runtime.headless import Ending
from cockpit.runtime.host import Host
from cockpit.runtime.options import EngineOptions
from cockpit.runtime.startup import build_host
from tests.patience import patient_s

SHIPPED = Path(__file__).resolve().parents[2] / "config" / "tactical_scalp_config.json"
STRATEGY = "Cross-Exchange Arbitrage"
SIGNAL = {"strategy": STRATEGY, "pair": "BTC/USD", "amount": 50, "side": "long", "mode": "paper"}
ONLY_SIGNALS = (
    "setups.btc_lower_band_long.enabled=false",
    "setups.btc_upper_band_short.enabled=false",
    "setups.sol_fee_fade.enabled=false",
    "setups.squeeze_guard.enabled=false",
)
"""No setup trades by itself, so that what a test sees is what it did."""
ROOMY = (
    *ONLY_SIGNALS,
    "limits.max_trades_per_day=1000",
    "limits.max_open_trades=1000",
    "limits.losses_until_review=1000",
    "limits.losses_until_kill=2000",
    "limits.net_profit_stop_r=1000",
    "limits.session_drawdown_pct=50",
    "gate.health_factor_entries_min=0.3",
    "gate.health_factor_warn_under=0.4",
    "gate.health_factor_flatten_under=0.2",
    "gate.short_pct_block_at={'BTC': 1, 'SOL': 1, 'XRP': 1, 'ETH': 1}".replace("'", '"'),
)
"""Nothing but the tested rule stands in the way of a long; every short is denied."""
UNBOUNDED = Limits(calls_per_s=1e6, calls_burst=1e6, shed_per_s=1e6, shed_burst=1e6)


@dataclass(frozen=True, slots=True)
class Running:
    """One running engine with its API."""

    host: Host
    server: ApiServer
    ending: Ending
    places: Places
    url: str

    def http(self, **headers: str) -> httpx.AsyncClient:
        """A client on TCP."""
        return httpx.AsyncClient(
            base_url=self.url, headers=headers, trust_env=False, timeout=patient_s(15), verify=False
        )

    def local(self) -> httpx.AsyncClient:
        """A client on the Unix socket."""
        transport = httpx.AsyncHTTPTransport(uds=str(self.places.socket), verify=False)
        return httpx.AsyncClient(base_url="http://localhost", transport=transport, timeout=patient_s(15))

    def socket(self, path: str, **headers: str) -> connect:
        """A WebSocket on TCP."""
        return connect(
            self.url.replace("http", "ws") + path,
            additional_headers=headers,
            proxy=None,
            max_size=2**24,
            max_queue=None,
        )

    def local_socket(self, path: str) -> connect:
        """A WebSocket on the Unix socket."""
        return unix_connect(str(self.places.socket), f"ws://localhost{path}", max_size=2**24, max_queue=None)

    @property
    def token(self) -> str:
        """The profile's token."""
        return self.places.token.read_text().strip()

    def api_log(self) -> list[dict[str, Any]]:
        """The lines of the API's log; complete once the server has stopped."""
        return [json.loads(line) for line in (self.places.api_logs / "api.log").read_text().splitlines()]


@asynccontextmanager
async def running(
    home: Path,
    *overrides: str,
    arm: bool = True,
    mode: Mode = Mode.PAPER,
    limits: Limits | None = None,
    environ: Mapping[str, str] | None = None,
    wall_clock: Callable[[], float] | None = None,
    **options: Any,
) -> AsyncIterator[Running]:
    """An engine that has prices, until the end of the block."""
    places = Places(home=home, config=SHIPPED)
    places.make_home()
    asked = EngineOptions(**{"speed": 5.0, "seed": 7, "port": 0, **options})
    host = build_host(places, load_config(SHIPPED, overrides or ROOMY), asked)
    if mode is not Mode.PAPER:
        host.gate = None  # it would ask for the real market
        host.session.feed(SetMode(host.engine.now_ns, "mode", "test", mode, "a test of the doors"))
    ending = Ending()
    clock = {"wall_clock": wall_clock} if wall_clock is not None else {}
    secrets = Secrets(environ or {}, lambda name: None)
    server = ApiServer(host, ending, places, asked, limits, secrets, mount=McpMount, **clock)
    host.start()
    try:
        url = await server.start()
        await eventually(lambda: all(asset.price is not None for asset in host.engine.market.assets.values()))
        if arm:
            await host.command(lambda now_ns, command_id: Arm(now_ns, command_id, "test"))
        yield Running(host, server, ending, places, url)
    finally:
        await server.stop()
        await host.stop()


async def eventually(is_so: Callable[[], bool], within_s: float = 10.0) -> None:
    """Give the loop turns until something is so; fail when it does not become so."""
    async with asyncio.timeout(patient_s(within_s)):
        while not is_so():
            await asyncio.sleep(0.002)


async def flat(engine: Running) -> None:
    """Wait until nothing is open and no flatten is under way."""
    async with asyncio.timeout(patient_s(10)):
        while len(engine.host.engine.book) or engine.host.engine.risk.flattening is not None:
            await engine.host.log.wait_beyond(engine.host.log.last_seq)


async def events(connection: ClientConnection, wanted: Sequence[str], within_s: float = 10.0) -> list[dict[str, Any]]:
    """Read a dashboard's messages until each wanted event came; returns all that were read."""
    missing, seen = set(wanted), []
    async with asyncio.timeout(patient_s(within_s)):
        while missing:
            message = json.loads(await connection.recv())
            seen.append(message)
            missing.discard(message["event"])
    return seen


def of(seen: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    """The data of every message of one event."""
    return [message["data"] for message in seen if message["event"] == event]
