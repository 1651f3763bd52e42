"""`/docs` needs nothing from anywhere, shows every call, and lets nothing of a description become markup."""

import json
import re

import pytest
from api_stage import Running

from cockpit.api.quiet_json import QuietResponse, quiet_json
from cockpit.api.reading_page import reading_page

OPENAPI = {
    "info": {"title": "<b>T</b>", "version": "1", "description": "One `two` <script>x</script>"},
    "paths": {
        "/api/x": {
            "post": {
                "summary": "Do <it>",
                "description": "d",
                "parameters": [{"name": "limit", "schema": {"type": "integer", "minimum": 1}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Body"}}}},
                "responses": {"200": {"description": "fine"}},
            }
        }
    },
    "components": {
        "schemas": {
            "Body": {
                "properties": {
                    "side": {"enum": ["long", "short"]},
                    "ids": {"type": "array", "items": {"type": "string"}},
                    "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                },
                "required": ["side"],
                "examples": [{"side": "long"}],
            }
        }
    },
}


def test_what_a_call_takes_and_answers_is_on_the_page() -> None:
    page = reading_page(OPENAPI)
    for said in ("<b>POST</b>", "/api/x", "Do &lt;it&gt;", "integer from 1", 'href="#Body"', "long, short"):
        assert said in page
    for said in ("list of string", "string or null", "ids (optional)", "<code>two</code>"):
        assert said in page


def test_nothing_of_a_description_becomes_markup() -> None:
    assert "<script" not in reading_page(OPENAPI)
    assert "<b>T</b>" not in reading_page(OPENAPI)


@pytest.mark.asyncio(loop_scope="module")
async def test_the_engines_page_loads_nothing_and_shows_every_call(shared: Running) -> None:
    async with shared.http() as client:
        answer = await client.get("/docs")
        calls = (await client.get("/openapi.json")).json()["paths"]
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert not re.search(r"<script|<link|src=|https?://", answer.text)
    assert all(f"<code>{path}</code>" in answer.text for path in calls)


def test_numbers_lose_their_noise_and_nothing_else() -> None:
    value = {"a": 0.1 + 0.2, "b": [float("nan"), 1, True, "0.30000000000000004"], "c": None}
    plain = json.loads(quiet_json(value))
    assert plain == {"a": 0.3, "b": [None, 1, True, "0.30000000000000004"], "c": None}
    assert json.loads(bytes(QuietResponse(value).body)) == plain
