"""The first call of `/mcp` in a process of its own: what it imports on the engine's loop, and how long that works.

Prints one JSON object: `status`, `imported` (modules that the loop's thread loaded during the call), `worked_s` (the
loop's own longest stretch of work) and `stalled_s` (the longest it was away, whatever else ran).
"""

import asyncio
import json
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from api_stage import ROOMY, UNBOUNDED, Running, running  # noqa: E402
from source_stage import LIMITS, give_key, of  # noqa: E402

BODY = json.dumps({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "health", "arguments": {}}})


class OnThisThread(MetaPathFinder):
    """Finds nothing; notes what this thread asks for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._thread = threading.get_ident()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if threading.get_ident() == self._thread:
            self.asked.append(fullname)
        return None


class Beat:
    """How long the loop worked, and was away, between two of its turns."""

    def __init__(self) -> None:
        self.worked_s = self.stalled_s = 0.0

    async def run(self) -> None:
        work_s, wall_s = time.thread_time(), time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now_work_s, now_wall_s = time.thread_time(), time.perf_counter()
            self.worked_s = max(self.worked_s, now_work_s - work_s)
            self.stalled_s = max(self.stalled_s, now_wall_s - wall_s)
            work_s, wall_s = now_work_s, now_wall_s


async def call(room: Running, key: str) -> bytes:
    """One call with nothing but a socket: a client library would import things of its own."""
    host, _, port = room.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"POST /mcp HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
        f"Content-Length: {len(BODY)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + BODY.encode())
    answer = await reader.read()
    writer.close()
    return answer


async def main() -> None:
    home = Path(tempfile.mkdtemp())
    key = give_key(home, "mind")
    sources = of({"mind": {"scopes": ["look"], "limits": LIMITS}})
    async with running(home, *ROOMY, sources, limits=UNBOUNDED) as room:
        imports, beat = OnThisThread(), Beat()
        sys.meta_path.insert(0, imports)
        beating = asyncio.create_task(beat.run())
        answer = await call(room, key)
        beating.cancel()
        sys.meta_path.remove(imports)
    status = int(answer.split()[1])
    found = {"imported": imports.asked, "worked_s": beat.worked_s, "stalled_s": beat.stalled_s}
    print(json.dumps({"status": status, "healthy": b"uptime_seconds" in answer, **found}))


if __name__ == "__main__":
    asyncio.run(main())
