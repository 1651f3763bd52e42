"""Routers whose routes are complete as they are made, with what every route of the API has."""

from typing import Any

from fastapi import APIRouter

from cockpit.api.models import Invalid, RefusalAnswer
from cockpit.api.quiet_json import QuietResponse

EVERYWHERE: dict[int | str, dict[str, Any]] = {
    401: {"model": RefusalAnswer, "description": "no token, or another"},
    403: {"model": RefusalAnswer, "description": "a Host or Origin that is not this machine's"},
    413: {"model": RefusalAnswer, "description": "the body is too long"},
    422: {"model": Invalid, "description": "the body or a parameter is not as it should be"},
    429: {"model": RefusalAnswer, "description": "too many calls: see Retry-After"},
    503: {"model": RefusalAnswer, "description": "no answer in time: what was asked may have been done"},
}


def api_router(tag: str) -> APIRouter:
    """For one room of routes; `tag` is their heading in the description."""
    return APIRouter(tags=[tag], responses=EVERYWHERE, default_response_class=QuietResponse)
