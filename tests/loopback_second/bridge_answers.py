"""The second venue's answers as they leave: whole, cut short, or a wall's page in their place."""

import json
from typing import Any

from aiohttp import web

from tests.loopback_second.faults import Answer

FORBIDDEN = Answer(403, b"<html><body>403 Forbidden</body></html>", content_type="text/html")


def response_of(answer: Any) -> web.Response:
    if not isinstance(answer, Answer):
        response: web.Response = answer.response
        return response
    return web.Response(
        status=answer.status, body=answer.body, headers=answer.headers, content_type=answer.content_type
    )


async def truncated(request: web.Request, whole: Any) -> web.StreamResponse:
    body = whole.body if isinstance(whole, Answer) else whole.response.body
    response = web.StreamResponse(status=200, headers={"Content-Length": str(len(body) + 100)})
    response.content_type = "application/json"
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


def parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
