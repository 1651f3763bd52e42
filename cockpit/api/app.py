"""The FastAPI app: every route, and how what goes wrong is told."""

import asyncio
import json
import re
from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from cockpit import __version__
from cockpit.api.context import ApiContext
from cockpit.api.control_routes import control_routes
from cockpit.api.dashboard_socket import dashboard_socket
from cockpit.api.denial import Denied
from cockpit.api.guard import DEFECT
from cockpit.api.hand_routes import hand_routes
from cockpit.api.position_routes import position_routes
from cockpit.api.quiet_json import QuietResponse
from cockpit.api.read_routes import read_routes
from cockpit.api.reading_page import POLICY, reading_page
from cockpit.api.replay_routes import replay_routes
from cockpit.api.source_routes import source_routes
from cockpit.api.stream_socket import stream_socket
from cockpit.api.ticket import TICKET, Ticket
from cockpit.api.trade_routes import trade_routes
from cockpit.api.update_routes import update_routes
from cockpit.domain.numbers import counted
from cockpit.runtime.host import NotAnswered

# What is wrong with a body or a parameter, in the shape every refusal has: a word, a sentence, and the fields.

INVALID = "invalid"
BODIES = ("manual", "signal")
"""How the two bodies that a preview takes are told apart; no field of theirs."""
SHOULD = re.compile(r"^\w+ should (?:be|have|match) ")
"""How pydantic begins: `Input should be greater than 0`, `String should have at most 128 characters`."""
UNREADABLE = "expected JSON in UTF-8, was something else"
LONGEST_TEXT, LONGEST_VALUE = 200, 40
MOST_LISTED = 5
"""Problems told in the sentence; all of them are in the list."""


def invalid_detail(problems: Iterable[Any]) -> dict[str, Any]:
    """The detail of a 422 made of pydantic's findings: every problem, and the first few in one sentence."""
    found = list(problems)
    said = [_sentence(problem) for problem in found]
    more = f"; and {len(said) - MOST_LISTED} more" if len(said) > MOST_LISTED else ""
    return {
        "error": INVALID,
        "reason": "; ".join(said[:MOST_LISTED]) + more,
        "fields": list(dict.fromkeys(_field(problem) for problem in found)),
        "problems": [_problem(problem) for problem in found],
    }


def unreadable_detail() -> dict[str, Any]:
    """The detail of a 422 for a body that is no JSON at all."""
    problem = {"loc": ["body"], "msg": UNREADABLE, "type": "json_invalid"}
    return {"error": INVALID, "reason": f"body: {UNREADABLE}", "fields": ["body"], "problems": [problem]}


def _sentence(problem: Any) -> str:
    """As `side: expected 'auto', 'long' or 'short', was 'up'`."""
    match problem["type"]:
        case "missing":
            finding = "expected a value, was absent"
        case "extra_forbidden":
            finding = "expected a field of this call, was another"
        case "json_invalid":
            finding = UNREADABLE
        case _:
            finding = _finding(problem)
    return f"{_field(problem)}: {finding}"


def _finding(problem: Any) -> str:
    words = _printable(str(problem["msg"])).removeprefix("Value error, ")
    if not words.startswith("expected "):
        words = f"expected {SHOULD.split(words, maxsplit=1)[-1]}"
    return words if ", was " in words else f"{words}, was {_value(problem.get('input'))}"


def _value(value: Any) -> str:
    """What was sent, where it is short and plain: the answer goes to whoever sent it, and to nobody else."""
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)[:LONGEST_VALUE]
    if isinstance(value, str):
        shown = ascii(value[:LONGEST_VALUE])
        return shown if len(value) <= LONGEST_VALUE else f"{shown} and {len(value) - LONGEST_VALUE} characters more"
    return "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else "something else"


def _field(problem: Any) -> str:
    """The field by its path, `targets.0.share_pct`; `body` for the whole."""
    if problem["type"] == "json_invalid":
        return "body"
    place = [str(part) for part in problem["loc"]]
    named = place[1:] if len(place) > 1 and place[0] in ("body", "query", "path") else place
    named = named[1:] if len(named) > 1 and named[0] in BODIES else named
    return _printable(".".join(named)) or "body"


def _problem(problem: Any) -> dict[str, Any]:
    place = [part if isinstance(part, int) else _printable(str(part)) for part in problem["loc"]]
    return {"loc": place, "msg": _printable(str(problem["msg"])), "type": problem["type"]}


def _printable(text: str) -> str:
    return "".join(
        char if char.isprintable() else "?" for char in text[:LONGEST_TEXT].encode("utf-8", "replace").decode()
    )


ABOUT = """
The engine behind the cockpit. A signal can only propose: the gate decides, sizes down, and says why.

Paper on loopback and the Unix socket need no token; anything else takes `Authorization: Bearer` with the token in
the engine's home. Every refusal is `{"detail": {"error", "reason"}}`, where the reason says what was expected and
what was found. WebSockets: `/ws/dashboard` (JSON events) and `/ws/stream` (the cockpit's own stream, msgpack).
"""
UNKNOWN_PATH = "expected a path of this API (see /docs), was another"


def create_app(context: ApiContext) -> FastAPI:
    """The app of one engine. Put a `Guard` around it before anybody reaches it."""
    app = FastAPI(
        title="Cockpit",
        version=__version__,
        description=ABOUT,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    for routes in (
        read_routes,
        trade_routes,
        hand_routes,
        position_routes,
        control_routes,
        update_routes,
        replay_routes,
        source_routes,
    ):
        app.router.routes.extend(
            routes(context).routes
        )  # included, each would be made a second time, at the first call
    _add_page(app)
    _add_sockets(app, context)
    _add_handlers(app, context)
    return app


def _add_page(app: FastAPI) -> None:
    """The description of the API, for people and for programs: made beside the loop when first asked for, then kept.

    Making it takes as long as a fifth of the engine's start, and hardly anybody asks.
    """
    page = cache(lambda: reading_page(app.openapi()))

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(await asyncio.to_thread(page), headers={"Content-Security-Policy": POLICY})

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> QuietResponse:
        return QuietResponse(await asyncio.to_thread(app.openapi))


def _add_sockets(app: FastAPI, context: ApiContext) -> None:
    @app.websocket("/ws/dashboard")
    async def dashboard(websocket: WebSocket) -> None:
        await dashboard_socket(websocket, context)

    @app.websocket("/ws/stream")
    async def stream(websocket: WebSocket) -> None:
        await stream_socket(websocket, context)


def _not_that_method(request: Request, error: HTTPException) -> str:
    allowed = (error.headers or {}).get("Allow") or (error.headers or {}).get("allow")
    return f"expected {allowed}, was {request.method}: see /docs" if allowed else f"{error.detail}: see /docs"


def _add_handlers(app: FastAPI, context: ApiContext) -> None:
    def refused(request: Request, error: str, status: int, sentence: str) -> None:
        ticket: Ticket | None = request.scope["state"].get(TICKET)
        if ticket is not None:  # a rehearsal comes through no listener
            context.log.refuse(error, status, ticket.call, sentence)

    @app.exception_handler(Denied)
    async def denied(request: Request, error: Denied) -> QuietResponse:
        refused(request, error.error, error.status, error.error)
        return QuietResponse({"detail": error.detail}, error.status)

    @app.exception_handler(NotAnswered)
    async def not_answered(request: Request, error: NotAnswered) -> QuietResponse:
        refused(request, "not_answered", HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        reason = f"{error}: whether it was done is unknown, look at /api/health"
        return QuietResponse({"detail": {"error": "not_answered", "reason": reason}}, HTTPStatus.SERVICE_UNAVAILABLE)

    @app.exception_handler(Exception)
    async def defect(request: Request, error: Exception) -> QuietResponse:
        detail = {"error": "defect", "reason": DEFECT}  # the guard sees the error too, and logs its traceback
        return QuietResponse({"detail": detail}, HTTPStatus.INTERNAL_SERVER_ERROR)

    @app.exception_handler(RequestValidationError)
    async def wrong_body(request: Request, error: RequestValidationError) -> QuietResponse:
        problems = error.errors()
        refused(request, "validation", HTTPStatus.UNPROCESSABLE_ENTITY, counted(len(problems), "problem"))
        return QuietResponse({"detail": invalid_detail(problems)}, HTTPStatus.UNPROCESSABLE_ENTITY)

    @app.exception_handler(HTTPException)
    async def not_served(request: Request, error: HTTPException) -> QuietResponse:
        if error.status_code == HTTPStatus.BAD_REQUEST:  # a body that could not even be read as JSON
            refused(request, "validation", HTTPStatus.UNPROCESSABLE_ENTITY, "unreadable body")
            return QuietResponse({"detail": unreadable_detail()}, HTTPStatus.UNPROCESSABLE_ENTITY)
        is_unknown = error.status_code == HTTPStatus.NOT_FOUND
        sentence = UNKNOWN_PATH if is_unknown else _not_that_method(request, error)
        word = "unknown_path" if is_unknown else "method"
        refused(request, word, error.status_code, sentence)
        content = {"detail": {"error": word, "reason": sentence}}
        return QuietResponse(content, error.status_code, headers=error.headers)
