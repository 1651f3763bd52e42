"""What opens risk and lay in a frozen engine's socket is not done when it thaws, however plainly it was asked."""

import asyncio
import re
import shutil
import signal
import time
from pathlib import Path

import httpx
import pytest
from running_engine import Shell

from tests.patience import patient_s

HELD_S = 5.0
"""So long a call holds that names no end."""
ENTRY = {"strategy": "manual", "asset": "BTC", "side": "long", "amount": 60}
OPENS_RISK = {
    "/api/arm": {},
    "/api/resume": {"reason": "looked"},
    "/api/mode": {"mode": "test", "override_reason": "a test"},
    "/api/trade/enter": ENTRY,
    "/api/positions/adopt": {"venue": "okx", "asset": "BTC"},
    "/api/trade/execute": {"strategy": "Cross-Exchange Arbitrage", "pair": "BTC/USD", "amount": 50, "side": "long"},
}
LATE = re.compile(r"it expired at 20\S+Z, \d+\.\d s before it came: ask again|signal expired at 20\S+Z, now 20\S+Z")


def url_of(ready: str) -> str:
    return re.findall(r"http://[0-9.:]*[0-9]", ready)[0]


def client(home: Path, url: str, how: str) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(uds=str(home / "engine.sock") if how == "unix" else None)
    token = (home / "token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=url, headers=headers, transport=transport, timeout=patient_s(60))


async def state(asking: httpx.AsyncClient) -> str:
    return str((await asking.get("/api/health")).json()["state"])


@pytest.mark.parametrize("how", ["tcp", "unix", "kept alive"])
async def test_nothing_that_opens_risk_is_done_late(shell: Shell, how: str) -> None:
    url = url_of(shell.start_engine())
    async with client(shell.home, url, how) as asking, client(shell.home, url, "tcp") as watching:
        if how == "kept alive":  # a connection of before
            await asyncio.gather(*(asking.get("/api/health") for _ in OPENS_RISK))
        assert (await watching.post("/api/halt", json={})).status_code == 200
        shell.signal(signal.SIGSTOP)
        began_s = time.monotonic()
        calls = [asyncio.create_task(asking.post(path, json=body)) for path, body in OPENS_RISK.items()]
        while time.monotonic() - began_s < HELD_S + 5.0:  # past the longer end of a mode, too
            await asyncio.sleep(0.05)
        shell.signal(signal.SIGCONT)
        answers = await asyncio.gather(*calls, return_exceptions=True)
        for path, answer in zip(OPENS_RISK, answers, strict=True):
            if how == "kept alive" and isinstance(answer, httpx.ReadError):
                continue  # hung up on: it was idle for too long
            assert isinstance(answer, httpx.Response), (path, answer)
            assert answer.status_code == 400 and LATE.search(answer.json()["detail"]["reason"]), (path, answer.text)
        assert await state(watching) == "halted"
        # Until its loop has gone round twice, the engine cannot know that this came after the thaw.
        while (resumed := await watching.post("/api/resume", json={"reason": "looked"})).status_code != 200:
            assert LATE.search(resumed.text) and time.monotonic() - began_s < patient_s(30), resumed.text
        assert (await watching.post("/api/arm")).json()["state"] == "armed", "on a well engine it is done as ever"


async def test_what_sheds_risk_is_done_however_late(shell: Shell) -> None:
    url = url_of(shell.start_engine("--arm"))
    async with client(shell.home, url, "tcp") as asking:
        shell.signal(signal.SIGSTOP)
        began_s = time.monotonic()
        call = asyncio.create_task(asking.post("/api/disarm"))
        while time.monotonic() - began_s < HELD_S + 1.0:
            await asyncio.sleep(0.05)
        shell.signal(signal.SIGCONT)
        assert (await call).status_code == 200 and await state(asking) == "disarmed"


async def test_curl_arms_a_well_engine_and_not_one_that_thaws(shell: Shell) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("needs curl")
    url = url_of(shell.start_engine())

    async def run() -> str:
        asked = await asyncio.create_subprocess_exec(
            curl, "-sS", "-m", "120", "-X", "POST", f"{url}/api/arm", stdout=asyncio.subprocess.PIPE
        )
        return (await asked.communicate())[0].decode()

    assert '"state":"armed"' in await run()
    async with client(shell.home, url, "tcp") as watching:
        assert (await watching.post("/api/disarm")).status_code == 200
        shell.signal(signal.SIGSTOP)
        began_s = time.monotonic()
        asked = asyncio.create_task(run())
        while time.monotonic() - began_s < HELD_S + 2.0:
            await asyncio.sleep(0.05)
        shell.signal(signal.SIGCONT)
        assert LATE.search(await asked)
        assert await state(watching) == "disarmed"
