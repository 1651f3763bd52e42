"""What a call of the API costs the engine: `python -m tests.benchmarks.api_calls [--calls 2000]`.

Health, and a signal that the gate judges (a short that is denied), with 1 and with 100 clients at once over HTTP. The
clients live in a process of their own; counted is the engine process's processor time a call, its market running beside
it, and the time that a client waited for its answer.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from cockpit.api.limits import Limits
from cockpit.api.server import ApiServer
from cockpit.config.load import load_config
from cockpit.config.places import Places, shipped_config_path
from cockpit.domain.commands import Arm
from cockpit.runtime.headless import Ending, settle_memory
from cockpit.runtime.options import EngineOptions
from cockpit.runtime.startup import build_host

CROWD = 100
SIGNAL = {"strategy": "Cross-Exchange Arbitrage", "pair": "BTC/USD", "amount": 50, "side": "short", "mode": "paper"}
COURSES = {"health": ("GET", "/api/health", None), "execute": ("POST", "/api/trade/execute", SIGNAL)}
UNBOUNDED = Limits(calls_per_s=1e6, calls_burst=1e6, shed_per_s=1e6, shed_burst=1e6)


async def main(calls: int) -> None:
    with tempfile.TemporaryDirectory(prefix="ck-") as directory:
        places = Places(home=Path(directory) / "home", config=shipped_config_path())
        places.make_home()
        options = EngineOptions(port=0, seed=7)
        host = build_host(places, load_config(places.config), options)
        server = ApiServer(host, Ending(), places, options, UNBOUNDED)
        settle_memory()
        host.start()
        url = await server.start()
        try:
            await host.command(lambda now_ns, command_id: Arm(now_ns, command_id, "bench"))
            for name in COURSES:
                for clients in (1, CROWD):
                    await measure(name, url, clients, calls)
        finally:
            await server.stop()
            await host.stop()


async def measure(name: str, url: str, clients: int, calls: int) -> None:
    """Let the crowd call and print what it came to."""
    arguments = [sys.executable, "-m", "tests.benchmarks.api_calls", "--of", name, url, str(clients), str(calls)]
    crowd = await asyncio.create_subprocess_exec(*arguments, stdout=subprocess.PIPE)
    assert crowd.stdout is not None
    await crowd.stdout.readline()
    began_s = time.process_time()
    figures = (await crowd.stdout.readline()).decode().strip()
    own_ms = (time.process_time() - began_s) / calls * 1e3
    await crowd.wait()
    print(f"{name:8} {clients:3} clients: {own_ms:.2f} ms of the engine's processor time a call; {figures}", flush=True)


async def crowd(name: str, url: str, clients: int, calls: int) -> None:
    """So many clients, one call after the other each."""
    method, path, body = COURSES[name]
    took_ms: list[float] = []
    answers: dict[int, int] = {}

    async def one(client: httpx.AsyncClient, times: int) -> None:
        for _ in range(times):
            began = time.perf_counter()
            answer = await client.request(method, path, json=body)
            took_ms.append((time.perf_counter() - began) * 1e3)
            answers[answer.status_code] = answers.get(answer.status_code, 0) + 1

    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60, trust_env=False) as client:
        await asyncio.gather(*(one(client, 1) for _ in range(clients)))
        took_ms.clear()
        print("warm", flush=True)
        await asyncio.gather(*(one(client, calls // clients) for _ in range(clients)))
    ordered = sorted(took_ms)
    p50, p99 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    print(f"a client waits p50 {p50:.1f} ms, p99 {p99:.1f} ms; answers {json.dumps(answers)}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=2_000)
    parser.add_argument("--of", nargs=4, metavar=("NAME", "URL", "CLIENTS", "CALLS"))
    chosen = parser.parse_args()
    asked = chosen.of
    asyncio.run(crowd(asked[0], asked[1], int(asked[2]), int(asked[3])) if asked else main(chosen.calls))
