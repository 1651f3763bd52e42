"""The script of what goes wrong: for any endpoint, on the nth call or by predicate, what is done and answered.

A fault says two things apart: whether the venue carries the request out, and what the client gets to see of it.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

FOR_EVER_S = 3_600.0


@dataclass(frozen=True)
class Call:
    """A request as it came in."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    at_s: float
    body: str = ""
    query: str = ""

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


def answer_of(status: int, body: object, headers: dict[str, str] | None = None) -> Answer:
    """A JSON answer."""
    return Answer(status, json.dumps(body, separators=(",", ":")).encode(), headers or {})


HTML_502 = Answer(
    502,
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    b"</body>\r\n</html>\r\n",
    content_type="text/html",
)
EMPTY = Answer(200, b"")


@dataclass
class Fault:
    """`path` is matched as a suffix of the request's path, `method` if given. Calls are counted while `when` holds.

    `first` is the number of the first call hit (1 = the next one), `times` how many in a row.
    """

    path: str = ""
    method: str = ""
    when: Callable[[Call], bool] = lambda call: True
    first: int = 1
    times: int = 1
    executes: bool = True
    wait_before_s: float = 0.0
    wait_after_s: float = 0.0
    answer: Answer | None = None
    hangs: bool = False
    drops: bool = False
    cut_to: float | None = None
    seen: int = 0
    hits: int = 0

    def takes(self, call: Call) -> bool:
        if self.method and self.method != call.method:
            return False
        if not call.path.endswith(self.path) or not self.when(call):
            return False
        self.seen += 1
        is_hit = self.first <= self.seen < self.first + self.times
        self.hits += is_hit
        return is_hit

    @property
    def is_over(self) -> bool:
        return self.seen >= self.first + self.times - 1


ALWAYS = 1_000_000_000


class Faults:
    """The faults of one venue, in the order they were set; the first that takes a call decides."""

    def __init__(self) -> None:
        self.pending: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        self.pending.append(fault)
        return fault

    def clear(self) -> None:
        self.pending.clear()

    def take(self, call: Call) -> Fault | None:
        for fault in self.pending:
            if fault.takes(call):
                return fault
        return None

    # The usual ones by name. All keywords of Fault may be given.

    def time_out(self, path: str, *, executes: bool = True, **more: object) -> Fault:
        """The client waits and gets nothing."""
        return self.add(Fault(path, executes=executes, hangs=True, **more))  # type: ignore[arg-type]

    def drop(self, path: str, *, executes: bool = True, **more: object) -> Fault:
        """The connection breaks before a byte of the answer."""
        return self.add(Fault(path, executes=executes, drops=True, **more))  # type: ignore[arg-type]

    def cut(self, path: str, *, executes: bool = True, keep: float = 0.5, **more: object) -> Fault:
        """The body breaks off in the middle."""
        return self.add(Fault(path, executes=executes, cut_to=keep, **more))  # type: ignore[arg-type]

    def reply(self, path: str, answer: Answer, *, executes: bool = True, **more: object) -> Fault:
        """Any answer at all, executed or not."""
        return self.add(Fault(path, executes=executes, answer=answer, **more))  # type: ignore[arg-type]

    def html(self, path: str, *, executes: bool = True, **more: object) -> Fault:
        return self.reply(path, HTML_502, executes=executes, **more)

    def empty(self, path: str, *, executes: bool = True, **more: object) -> Fault:
        return self.reply(path, EMPTY, executes=executes, **more)

    def slow(self, path: str, seconds: float, *, before: bool = False, **more: object) -> Fault:
        """The answer comes late; `before`: the venue carries it out late as well."""
        waits = {"wait_before_s": seconds} if before else {"wait_after_s": seconds}
        return self.add(Fault(path, **waits, **more))  # type: ignore[arg-type]


async def deliver(request: web.Request, answer: Answer, fault: Fault | None) -> web.StreamResponse:
    """Let the client see of the answer what the fault leaves of it."""
    if fault is not None and fault.answer is not None:
        answer = fault.answer
    if fault is not None and fault.hangs:
        await asyncio.sleep(FOR_EVER_S)
    if fault is not None and fault.drops:
        _abort(request)
        return web.Response(status=500)
    if fault is not None and fault.cut_to is not None:
        return await _cut(request, answer, fault.cut_to)
    return web.Response(
        status=answer.status, body=answer.body, headers=answer.headers, content_type=answer.content_type
    )


async def _cut(request: web.Request, answer: Answer, keep: float) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_type = answer.content_type
    response.content_length = len(answer.body)
    await response.prepare(request)
    await response.write(answer.body[: int(len(answer.body) * keep)])
    if request.transport is not None:
        request.transport.close()
    return response


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
