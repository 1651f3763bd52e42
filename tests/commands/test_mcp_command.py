"""`cockpit mcp` on stdio, spoken to by the official client, as the operator and as a source; and `cockpit source`."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from running_engine import PROJECT_ROOT, Shell

pytest.importorskip("mcp")
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

SHIPPED = PROJECT_ROOT / "config" / "tactical_scalp_config.json"


@pytest.fixture
def config(tmp_path: Path) -> str:
    raw: dict[str, Any] = json.loads(SHIPPED.read_text())
    raw["sources"] = {"desk": {"scopes": ["look"]}, "pub": {"auth": "ed25519"}, "signer": {"auth": "hmac"}}
    path = tmp_path / "config.json"
    path.write_text(json.dumps(raw))
    return str(path)


async def asked(shell: Shell, config: str, tool: str, *options: str, **arguments: Any) -> tuple[bool, str]:
    command = shell.command("mcp", *options)
    server = StdioServerParameters(
        command=command[0], args=command[1:], env=shell.environment({"COCKPIT_CONFIG": config}), cwd=str(PROJECT_ROOT)
    )
    async with Client(stdio_client(server, errlog=sys.stderr)) as client:
        found = await client.call_tool(tool, arguments)
    return bool(found.is_error), "".join(getattr(part, "text", "") for part in found.content)


async def test_the_server_on_stdio_has_its_sources_scopes(shell: Shell, config: str) -> None:
    made = shell.run("source", "key", "desk", COCKPIT_CONFIG=config)
    assert made.returncode == 0 and len(made.stdout.strip()) >= 43
    shell.start_engine(COCKPIT_CONFIG=config)
    refused, text = await asked(shell, config, "health")
    assert not refused and '"mode":"paper"' in text
    refused, text = await asked(shell, config, "halt", "--source", "desk", reason="x")
    assert refused and "source desk has the scopes look, expected shed" in text
    refused, text = await asked(shell, config, "halt", reason="enough")
    assert not refused and "halted by mcp: enough" in text


async def test_a_server_on_stdio_follows_its_sources_key_and_is_never_the_operator_instead(
    shell: Shell, config: str
) -> None:
    assert shell.run("source", "key", "desk", COCKPIT_CONFIG=config).returncode == 0
    assert shell.run("source", "key", "signer", COCKPIT_CONFIG=config).returncode == 0
    found = shell.run("mcp", "--source", "signer", COCKPIT_CONFIG=config)
    assert found.returncode == 2 and "expected a source with auth token, was signer (hmac)" in found.stderr
    shell.start_engine(COCKPIT_CONFIG=config)
    command = shell.command("mcp", "--source", "desk")
    server = StdioServerParameters(
        command=command[0], args=command[1:], env=shell.environment({"COCKPIT_CONFIG": config}), cwd=str(PROJECT_ROOT)
    )
    keys = shell.home / "sources" / "desk.keys"
    async with Client(stdio_client(server, errlog=sys.stderr)) as client:

        async def halted() -> str:
            return "".join(
                getattr(part, "text", "") for part in (await client.call_tool("halt", {"reason": "x"})).content
            )

        assert "source desk has the scopes look, expected shed" in await halted()
        assert shell.run("source", "key", "desk", "--drop-old", COCKPIT_CONFIG=config).returncode == 0
        assert "source desk has the scopes look, expected shed" in await halted(), "the new key, without a restart"
        keys.unlink()
        assert "expected a key of source desk" in await halted()
        keys.write_text("x" * 43 + "\n")
        keys.chmod(0o644)
        assert "refused: expected 'Authorization: Bearer'" in await halted(), "a key that is nobody's"


async def test_every_tool_and_every_resource_is_there_on_stdio(shell: Shell, config: str) -> None:
    shell.start_engine(COCKPIT_CONFIG=config)
    command = shell.command("mcp")
    server = StdioServerParameters(
        command=command[0], args=command[1:], env=shell.environment({"COCKPIT_CONFIG": config}), cwd=str(PROJECT_ROOT)
    )
    trade = {"strategy": "Cross-Exchange Arbitrage", "pair": "BTC/USD", "amount": 20}
    calls: dict[str, tuple[dict[str, Any], str]] = {
        "health": ({}, '"uptime_seconds"'),
        "market_context": ({"asset": "BTC"}, '"asset":"BTC"'),
        "verdicts": ({}, "["),
        "trades": ({}, '"trades"'),
        "preview_trade": (trade, '"verdict"'),
        "propose_trade": ({**trade, "reason": "x"}, "refused: "),
        "explain_verdict": ({"verdict_id": "v000001"}, "v000001"),
        "close_trade": ({"trade_id": "t999999"}, "refused: "),
        "tighten_stop": ({"trade_id": "t999999", "tighter_bps": 2}, "refused: "),
        "halt": ({"reason": "x"}, "halted by mcp: x"),
        "flatten": ({"reason": "x"}, "flatten"),
    }
    async with Client(stdio_client(server, errlog=sys.stderr)) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == set(calls)
        for name, (arguments, told) in calls.items():
            found = await client.call_tool(name, arguments)
            text = "".join(getattr(part, "text", "") for part in found.content)
            assert told in text, f"{name}: {text[:300]}"
            assert bool(found.is_error) is told.startswith("refused"), f"{name}: {text[:300]}"
        resources = (await client.list_resources()).resources
        assert {str(one.uri) for one in resources} == {
            f"cockpit://{name}" for name in ("snapshot", "verdicts", "trades", "gate", "rules", "report", "sources")
        }
        for one in resources:
            page = await client.read_resource(one.uri)
            assert getattr(page.contents[0], "text", "").startswith("{"), one.uri


async def test_without_an_engine_a_tool_says_so(shell: Shell, config: str) -> None:
    refused, text = await asked(shell, config, "health")
    assert refused and "unknown: expected an engine at" in text


def test_keys_are_made_rotated_and_dropped_and_sources_cut_and_lifted(shell: Shell, config: str) -> None:
    def run(*words: str) -> tuple[int, str]:
        found = shell.run(*words, COCKPIT_CONFIG=config)
        return found.returncode, found.stdout + found.stderr

    keys = shell.home / "sources" / "desk.keys"
    first, second = run("source", "key", "desk")[1].strip(), run("source", "key", "desk")[1].strip()
    assert keys.read_text().split() == [second, first] and keys.stat().st_mode & 0o777 == 0o600
    third = run("source", "key", "desk", "--drop-old")[1].strip()
    assert keys.read_text().split() == [third]
    assert run("source", "key", "nobody") == (2, run("source", "key", "nobody")[1])
    assert "expected --public-key for a source with auth ed25519" in run("source", "key", "pub")[1]
    assert "desk: look, token, has keys" in run("source", "list")[1]
    assert run("source", "cut", "desk", "it chases")[0] == 1
    shell.start_engine(COCKPIT_CONFIG=config)
    code, text = run("source", "cut", "desk", "it chases")
    assert code == 0 and "source desk is cut off by cli: it chases" in text
    assert run("source", "lift", "desk", "reviewed")[0] == 0
    code, text = run("source", "lift", "desk", "reviewed")
    assert code == 1 and "nothing to lift" in text
