"""An engine that was frozen while it was asked to arm does not arm itself when it comes back."""

import asyncio
import re
import signal
import time

import pytest
from running_engine import Shell

from cockpit.client.address import local, remote
from cockpit.client.errors import EngineRefused, EngineUnreachable
from cockpit.client.http import EngineClient


@pytest.mark.parametrize("how", ["unix", "tcp"])
async def test_what_lay_in_the_socket_of_a_frozen_engine_is_not_done(shell: Shell, how: str) -> None:
    url = re.findall(r"http://[0-9.:]*[0-9]", shell.start_engine())[0]
    address = local(shell.home / "engine.sock") if how == "unix" else remote(url)
    async with (
        EngineClient(address, "test", timeout_s=30) as watching,
        EngineClient(address, "test", timeout_s=1.0) as asking,
    ):
        assert (await watching.snapshot()).armed is False
        shell.signal(signal.SIGSTOP)
        asked_s = time.monotonic()
        with pytest.raises(EngineUnreachable):
            await asking.arm()
        while time.monotonic() - asked_s < 1.5:  # its end, by the clock of this machine, is past
            await asyncio.sleep(0.05)
        shell.signal(signal.SIGCONT)
        with pytest.raises(EngineRefused, match="nothing to resume"):
            await watching.resume("any: an answer shows that what came before it has been dealt with")
        process = await watching.process()
        assert process.queue_length == 0
        assert (await watching.snapshot()).armed is False
        assert "armed" in await watching.arm()
