"""Whatever the OpenAPI document allows, and what it does not: no call ends in a 5xx, and none hangs."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from api_stage import ROOMY, UNBOUNDED, running
from source_stage import SOURCES, give_key, of

from tests.patience import patient_s

EXAMPLES = {"anybody": 5, "mind": 3}
SLOWEST_ANSWER_S = 8
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
UNWRITTEN = ("expires_at",)
"""Text of a form of its own: an instant."""


@pytest.mark.parametrize("who", EXAMPLES)
async def test_schemathesis_finds_no_5xx_and_no_hang(home: Path, tmp_path: Path, who: str) -> None:
    """As anybody on this machine, and as a source: whatever it calls, it gets no further than its scopes."""
    key = give_key(home, "mind")
    command = (
        *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run"),
        *("--checks", CHECKS if who == "mind" else f"{CHECKS},negative_data_rejection,unsupported_method"),
        *(
            "--phases",
            "examples,coverage,fuzzing",
            "--max-examples",
            str(EXAMPLES[who]),
            "--seed",
            "7",
            "--mode",
            "all",
        ),
        *("--max-response-time", str(SLOWEST_ANSWER_S), "--request-timeout", str(SLOWEST_ANSWER_S), "--workers", "1"),
        *("--no-shrink", "--warnings", "off", "--continue-on-failure", "--suppress-health-check", "all"),
        *(("--header", f"Authorization: Bearer {key}") if who == "mind" else ()),
    )
    async with running(home, *ROOMY, of(SOURCES), limits=UNBOUNDED) as engine:
        process = await asyncio.create_subprocess_exec(
            *command, f"{engine.url}/openapi.json", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=tmp_path
        )
        try:
            async with asyncio.timeout(patient_s(90)):
                out, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()
        answers = engine.server.context.counters.answers
        async with engine.http() as client:
            health = await client.get("/api/health")
        if who == "mind":
            assert engine.host.engine.risk.armed and answers[403] > 50
            assert {trade.record.source for trade in engine.host.engine.book.trades} <= {"mind"}

    assert process.returncode == 0, out.decode()[-6_000:]
    assert sum(answers.values()) > 100, "it really called"
    assert not [status for status in answers if status >= 500]
    assert engine.host.faults == 0
    assert health.status_code == 200


def texts(schema: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Every place in a schema that takes free text, by its path."""
    if isinstance(schema, list):
        return [found for part in schema for found in texts(part, path)]
    if not isinstance(schema, dict):
        return []
    is_text = schema.get("type") == "string" and "enum" not in schema and "const" not in schema
    inside = [found for name, part in schema.items() for found in texts(part, f"{path}.{name}")]
    return ([(path, schema)] if is_text else []) + inside


async def test_what_the_page_says_of_text_is_what_is_taken(home: Path) -> None:
    async with running(home, limits=UNBOUNDED) as engine, engine.http() as client:
        page = (await client.get("/openapi.json")).json()
        bodies = {name: one for name, one in page["components"]["schemas"].items() if name.endswith("Request")}
        found = [(path, text) for path, text in texts(bodies) if not any(name in path for name in UNWRITTEN)]
        assert len(found) > 20
        unbounded = [path for path, text in found if "maxLength" not in text or "pattern" not in text]
        assert unbounded == [], "a program is told what it may not send"
        (pattern,) = {text["pattern"] for _, text in found}
        taken = []
        for code in (*range(0x00, 0xA1), 0x2192):
            answer = await client.post("/api/halt", json={"reason": f"a{chr(code)}b"})
            assert answer.status_code in (200, 422)
            taken.append((code, answer.status_code == 200))
    assert taken == [(code, re.search(pattern, f"a{chr(code)}b") is not None) for code, _ in taken]
