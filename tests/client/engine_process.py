"""A host with its API as a process has them, in the test's own loop."""

from pathlib import Path
from urllib.parse import urlsplit

from cockpit.api.server import ApiServer
from cockpit.client.address import Address, local, remote
from cockpit.config.model import CockpitConfig
from cockpit.config.places import Places
from cockpit.config.secrets import Secrets
from cockpit.domain.commands import Arm, Disarm
from cockpit.runtime.headless import Ending
from cockpit.runtime.host import Host
from cockpit.runtime.options import EngineOptions
from cockpit.runtime.startup import build_host


class EngineProcess:
    """Started and stopped by hand; a second start is another run on the same home."""

    def __init__(self, home: Path, config: CockpitConfig, host: str = "127.0.0.1") -> None:
        self.places = Places(home, home / "config.json")
        self.ending = Ending()
        self.url = ""
        self._config = config
        self._bound = host
        self._host: Host | None = None
        self._server: ApiServer | None = None

    async def start(self) -> None:
        options = EngineOptions(host=self._bound, port=0)
        self.places.make_home()
        self._host = build_host(self.places, self._config, options)
        self._server = ApiServer(
            self._host, self.ending, self.places, options, secrets=Secrets({}, keyring=lambda name: None)
        )
        self._host.start()
        self.url = await self._server.start()

    async def stop(self) -> None:
        if self._server is not None and self._host is not None:
            await self._server.stop()
            await self._host.stop()
        self._server = self._host = None

    @property
    def host(self) -> Host:
        assert self._host is not None
        return self._host

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    @property
    def socket(self) -> Address:
        return local(self.places.socket)

    def tcp(self, token: str = "") -> Address:
        return remote(self.url, token)

    @property
    def token(self) -> str:
        return self.places.token.read_text().strip()

    async def toggle(self, times: int) -> None:
        """Put entries into the log: each time an arm, a disarm, and the changes of state."""
        for _ in range(times):
            await self.host.command(lambda now_ns, command_id: Arm(now_ns, command_id, "test"), durable=False)
            await self.host.command(lambda now_ns, command_id: Disarm(now_ns, command_id, "test"), durable=False)
