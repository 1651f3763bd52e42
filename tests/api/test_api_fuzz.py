"""Whatever the OpenAPI document allows, and what it does not: no call ends in a 5xx, and none hangs."""

import asyncio
import subprocess
import sys
from pathlib import Path

from engine_room import UNBOUNDED, running

from tests.patience import patient_s

EXAMPLES = 5
SLOWEST_ANSWER_S = 8
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


async def test_schemathesis_finds_no_5xx_and_no_hang(home: Path, tmp_path: Path) -> None:
    command = (
        *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run"),
        *("--checks", f"{CHECKS},negative_data_rejection,unsupported_method"),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES), "--seed", "7", "--mode", "all"),
        *("--max-response-time", str(SLOWEST_ANSWER_S), "--request-timeout", str(SLOWEST_ANSWER_S), "--workers", "1"),
        *("--no-shrink", "--warnings", "off", "--continue-on-failure", "--suppress-health-check", "all"),
    )
    async with running(home, limits=UNBOUNDED) as engine:
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

    assert process.returncode == 0, out.decode()[-6_000:]
    assert sum(answers.values()) > 100, "it really called"
    assert not [status for status in answers if status >= 500]
    assert engine.host.faults == 0
    assert health.status_code == 200
