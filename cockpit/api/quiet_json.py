"""Answers for readers: JSON without the float's own noise, so that 0.1 + 0.2 reads 0.3. Nobody reckons with these."""

from typing import Any

import msgspec
from fastapi.responses import JSONResponse

from cockpit.domain.numbers import without_noise


def quiet_json(value: Any) -> bytes:
    """Any plain data or struct of the vocabulary as JSON; a number that is none becomes null."""
    return msgspec.json.encode(without_noise(msgspec.to_builtins(value)))


class QuietResponse(JSONResponse):
    """What a route answers where nothing else is said."""

    def render(self, content: Any) -> bytes:
        return quiet_json(content)
