"""The API of one engine on TCP and on the profile's Unix socket, both in the engine's loop."""

import asyncio
import contextlib
import logging
import os
import socket
import stat
import time
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any, Protocol

import uvicorn
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from cockpit.api.acceptor import most_connections
from cockpit.api.admission import Admission, Listener
from cockpit.api.app import create_app
from cockpit.api.call_log import CallLog
from cockpit.api.callers import Callers
from cockpit.api.context import ApiContext
from cockpit.api.counters import Counters
from cockpit.api.frames import Frames
from cockpit.api.guard import Guard
from cockpit.api.hub import Hub
from cockpit.api.limits import Limits
from cockpit.api.pages import Pages
from cockpit.api.protocols import DroppableSocket, PromptHttp, QuietServer
from cockpit.api.pump import Pump
from cockpit.api.scopes import MCP_PATH
from cockpit.api.scoreboard import Scoreboard
from cockpit.api.signing import SECRET_NAME, SignalSignature
from cockpit.api.source_keys import SourceKeys
from cockpit.api.tokens import Token, TokenError, load_token
from cockpit.api.webhooks import SECRET_NAME as WEBHOOK_SECRET
from cockpit.api.webhooks import WebhookSender
from cockpit.config.places import LONGEST_SOCKET_PATH, Places
from cockpit.config.secrets import Secrets
from cockpit.runtime.headless import Ending
from cockpit.runtime.host import Host
from cockpit.runtime.options import EngineOptions
from cockpit.runtime.startup import CannotStart

# Opening the places where the API listens: a TCP port, and the profile's Unix socket.

BACKLOG = 512
SEND_BUFFER_BYTES = 256 * 1024
"""What the system may hold back for a client that does not read, before we see it."""


def open_port(host: str, port: int) -> socket.socket:
    """A listening TCP socket. Raises `CannotStart` where that address cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise CannotStart(f"expected --host to be an address of this machine, was {host!r}: {error}") from error
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        listening.bind(address)
        return _listening(listening)
    except OSError as error:
        listening.close()
        wish = f"expected port {port} on {host} to be free"
        raise CannotStart(f"{wish}, was: {error.strerror or error}: choose another --port, or 0 for any") from error


def open_socket(path: Path) -> socket.socket:
    """A listening Unix socket, 0600, in place of one that a dead engine left. Call it holding the profile's lock.

    Raises `CannotStart` where the path is too long, or something else than a socket is there.
    """
    if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
        raise CannotStart(
            f"expected a socket path of at most {LONGEST_SOCKET_PATH} bytes, was {path}: choose a shorter --home"
        )
    remove_socket(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        before = os.umask(0o177)
        try:
            listening.bind(str(path))
        finally:
            os.umask(before)
        return _listening(listening)
    except OSError as error:
        listening.close()
        raise CannotStart(f"expected to listen on {path}, was: {error.strerror or error}") from error


def remove_socket(path: Path) -> None:
    """Remove a socket's file. Raises `CannotStart` for a file that is none: nobody's file is deleted by mistake."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise CannotStart(f"expected {path} to be a socket or absent, was another file: move it away")
        path.unlink()
    except FileNotFoundError:
        return


def url_of(listening: socket.socket, host: str) -> str:
    """The URL of a TCP socket, with the port it really has. Bound to everything, it is reachable here."""
    port = listening.getsockname()[1]
    name = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _listening(listening: socket.socket) -> socket.socket:
    listening.listen(BACKLOG)
    listening.setblocking(False)
    return listening


# The first call of all, made before anybody listens: routes and models are built at the first call, which takes a
# quarter of a second of the engine's loop, and the first call may be the one that flattens.

UNREADABLE = b"{"
"""No command can be made of it: the call goes all the way to the body, and no further."""


async def rehearse(app: ASGIApp) -> None:
    """Go through everything that a flatten goes through but the engine."""
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/api/flatten",
        "raw_path": b"/api/flatten",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(UNREADABLE))],
        "client": None,
        "server": None,
        "state": {},
    }

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": UNREADABLE, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        """Nobody hears the answer."""

    await app(scope, receive, send)


LOG = logging.getLogger("cockpit.api")
LOG_NAME = "api.log"
STOP_WITHIN_S = 3
PING_EVERY_S = 15.0
TRADES_READ_AT_START = 2_000
FLUSH_WITHIN_S = 1.0


class Mount(Protocol):
    """Another app on the same port, with a worker of its own."""

    async def run(self) -> None:
        """Serve for as long as the engine runs."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""


MakeMount = Callable[[ASGIApp], Mount]


class ApiServer:
    """Made before the host starts, so that it hears everything; listens from `start` to `stop`.

    `wall_clock` gives unix seconds, the source does where there is none; `secrets` is where the optional signing secret
    is looked up.
    """

    def __init__(
        self,
        host: Host,
        ending: Ending,
        places: Places,
        options: EngineOptions,
        limits: Limits | None = None,
        secrets: Secrets | None = None,
        wall_clock: Callable[[], float] | None = None,
        mount: MakeMount | None = None,
    ) -> None:
        self._mount = mount
        self._host = host
        self._places = places
        self._options = options
        self._limits = limits or Limits()
        self._log = CallLog(places.api_logs / LOG_NAME)
        self._wall_clock = wall_clock or (lambda: host.source.utc_ns() / 1e9)
        self._secret = (secrets or Secrets()).find(SECRET_NAME)
        self.context = self._context(host, ending)
        self._app = create_app(self.context)
        keys = SourceKeys(places.source_keys, host.config.sources, self._wall_clock)
        self._callers = Callers(host.config.sources, keys, host.engine.sources.cut_off, self._trade_source)
        for part in (self.context.counters, self.context.scoreboard, self.context.hub):
            host.listen(part.on_actions)
        found = (secrets or Secrets()).find(WEBHOOK_SECRET) if host.config.webhooks else None
        self._webhooks = (
            WebhookSender(host.config.webhooks, found, self.context.timestamp, self._wall_clock) if found else None
        )
        if self._webhooks is not None:
            host.listen(self._webhooks.on_actions)
        elif host.config.webhooks:
            LOG.error(
                "webhooks: expected %s in the environment or the keyring, was not set: none is sent", WEBHOOK_SECRET
            )
        self._servers: list[_Server] = []

    async def start(self) -> str:
        """Begin to listen; returns the TCP URL with its real port. Raises `CannotStart` for a place that is taken."""
        token = self._token()
        await rehearse(self._app)
        port = open_port(self._options.host, self._options.port)
        try:
            local = open_socket(self._places.socket)
        except CannotStart:
            port.close()
            raise
        self._log.start()
        self._host.supervisor.start("api pump", self.context.pump.run)
        if self._webhooks is not None:
            self._host.supervisor.start("webhooks", self._webhooks.run)
        address = port.getsockname()[:2]
        url = url_of(port, self._options.host)
        for listener, listening, reopen in (
            (Listener("tcp", self._options.host), port, lambda: open_port(self._options.host, address[1])),
            (Listener("unix", is_socket=True), local, lambda: open_socket(self._places.socket)),
        ):
            server = _Server(
                self._guard(listener, token), self._limits, listening, reopen, self._polled_ns,
                with_spare=listener.is_socket,
            )  # fmt: skip
            self._servers.append(server)
            self._host.supervisor.start(f"api {listener.name}", server.serve)
        return url

    async def stop(self) -> None:
        """Stop listening, end what is under way, let go of everybody. Does nothing where nothing was started."""
        await asyncio.gather(*(server.stop() for server in self._servers))
        if self._servers:
            with contextlib.suppress(OSError):  # a disk that cannot be written leaves it; the next start removes it
                remove_socket(self._places.socket)
            self._servers.clear()
        self._log.stop()

    def _context(self, host: Host, ending: Ending) -> ApiContext:
        within_s = self._limits.journal_within_s
        pages = Pages(
            self._places.journal, host.recent, within_s, lambda: not host.not_durable(), host.journal.note_damage
        )
        host.journal.flush(FLUSH_WITHIN_S)
        earlier, source = pages.earlier_trades(TRADES_READ_AT_START)
        return ApiContext(
            host=host,
            ending=ending,
            limits=self._limits,
            log=self._log,
            counters=Counters(),
            scoreboard=Scoreboard(earlier, source),
            hub=Hub(host.snapshot, self._wall_ns),
            frames=Frames(host),
            pages=pages,
            pump=Pump(self._limits.send_within_s),
            wall_ns=self._wall_ns,
            signs=self._secret is not None,
        )

    def _trade_source(self, trade_id: str) -> str | None:
        found = (trade.record for trade in self._host.engine.book.trades if trade.record.trade_id == trade_id)
        known = next(found, None) or self._host.trade(trade_id)
        return known.source if known is not None else None

    def _polled_ns(self) -> int:
        return self._host.watchdog.polled_ns

    def _wall_ns(self) -> int:
        return round(self._wall_clock() * 1e9)

    def _token(self) -> Token:
        try:
            return load_token(self._places.token)
        except TokenError as error:
            raise CannotStart(str(error)) from error

    def _guard(self, listener: Listener, token: Token) -> Guard:
        admission = Admission(listener, token, lambda: self._host.mode)
        signature = _signature(self._secret, self._wall_clock)
        guard = Guard(
            self._app,
            admission,
            self._limits,
            self._log,
            self.context.counters,
            signature,
            self._callers,
            time.monotonic,
        )
        if self._mount is not None:
            mounted = self._mount(guard)
            guard.mount(MCP_PATH, mounted)
            self._host.supervisor.start(f"mcp {listener.name}", mounted.run)
        return guard


class _Server:
    """One listener's server. Where it falls, the supervisor serves again, on a socket opened anew."""

    def __init__(
        self,
        app: Guard,
        limits: Limits,
        listening: socket.socket,
        reopen: Callable[[], socket.socket],
        polled: Callable[[], int],
        *,
        with_spare: bool,
    ) -> None:
        self._config = uvicorn.Config(
            app,
            http=PromptHttp,
            ws=DroppableSocket,
            ws_max_size=limits.body_bytes,
            ws_per_message_deflate=False,
            ws_ping_interval=PING_EVERY_S,
            ws_ping_timeout=PING_EVERY_S,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=None,
            timeout_graceful_shutdown=STOP_WITHIN_S,
        )
        self._most = most_connections(limits.connections)
        self._polled = polled
        self._with_spare = with_spare
        self._listening: socket.socket | None = listening
        self._reopen = reopen
        self._server: QuietServer | None = None
        self._is_over = asyncio.Event()
        self._is_stopping = False

    async def serve(self) -> None:
        """Serve until stopped."""
        if self._is_stopping:
            return
        listening, self._listening = self._listening or self._reopen(), None
        self._server = QuietServer(self._config, self._most, self._polled, with_spare=self._with_spare)
        self._is_over.clear()
        try:
            await self._server.serve(sockets=[listening])
        finally:
            self._server.cut()
            listening.close()
            self._is_over.set()
        if not self._is_stopping:
            raise RuntimeError("the server ended by itself")

    async def stop(self) -> None:
        """Stop, and wait until it has; what does not end in time is cut off."""
        self._is_stopping = True
        server = self._server
        if server is None:
            if self._listening is not None:
                self._listening.close()
            return
        server.should_exit = True
        try:
            async with asyncio.timeout(STOP_WITHIN_S + 1):
                await self._is_over.wait()
        except TimeoutError:
            server.cut()


def _signature(secret: SecretStr | None, clock: Callable[[], float]) -> SignalSignature | None:
    return SignalSignature(secret, clock) if secret is not None else None
