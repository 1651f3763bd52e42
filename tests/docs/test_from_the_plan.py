"""Every line of the page on the plan runs, and its client never raises on a refusal, armed or not."""

import asyncio
import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import httpx
import pytest

from tests.commands.running_engine import NO_SETUPS, Shell
from tests.docs.pages import blocks, page
from tests.docs.test_api_page import examples
from tests.patience import patient_s

PAGE = page("from-the-plan.md")
LOSSES = ("--set", "limits.losses_until_kill=100", "--set", "limits.losses_until_review=99")
"""The market plays for long on a slow machine, and a halt for losses would refuse to arm."""
SHELL_LINES = [line for block in blocks(PAGE, "sh") for line in block.text.splitlines() if line.startswith("cockpit ")]
LINES = [line for line in SHELL_LINES if not line.endswith("# ready")]
"""All but the engine's own, which the rest of them speak to."""


def started() -> list[str]:
    (line,) = re.findall(r"^```sh engine\ncockpit engine (.+?)   # ready\n```$", PAGE, re.MULTILINE)
    return shlex.split(line)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    shell = Shell(tmp_path_factory.mktemp("plan"))
    yield shell
    shell.clean_up()


@pytest.fixture(scope="module")
def engine(shell: Shell) -> str:
    return re.findall(r"http://[\w.]+:\d+", shell.start_engine(*started(), *NO_SETUPS, *LOSSES))[0]


def module_of(number: int, directory: Path) -> ModuleType:
    """One of the page's programs, imported."""
    path = directory / f"plan_client_{number}.py"
    path.write_text(blocks(PAGE, "python")[number].text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return module_of(0, tmp_path_factory.mktemp("client"))


def test_the_page_has_commands() -> None:
    assert len(LINES) > 10


def test_more_trades_than_the_days_limit_is_said(shell: Shell, engine: str) -> None:
    assert shell.engine is not None and shell.engine.stdout is not None
    told = shell.engine.stdout.readline()
    assert "--max-trades 10 asks for more than the day's 6 (limits.max_trades_per_day): 6 it is" in told


@pytest.mark.parametrize("armed", [False, True])
def test_every_call_answers_as_the_page_says(engine: str, armed: bool) -> None:
    httpx.post(f"{engine}/api/{'arm' if armed else 'disarm'}", timeout=patient_s(30)).raise_for_status()
    for one in examples(PAGE):
        content = one.body.encode() if one.body else None
        answer = httpx.request(
            one.method, engine + one.target, headers=one.headers, content=content, timeout=patient_s(30)
        )
        assert answer.status_code in one.statuses, f"{one}: {answer.text}"
        if answer.status_code >= 400:
            detail = answer.json()["detail"]
            assert isinstance(detail["error"], str) and isinstance(detail["reason"], str)
        if answer.status_code == 422:
            assert detail["fields"] == ["amount"]


@pytest.mark.parametrize("armed", [False, True])
def test_the_plans_client_reads_every_answer(engine: str, client: ModuleType, armed: bool) -> None:
    httpx.post(f"{engine}/api/{'arm' if armed else 'disarm'}", timeout=patient_s(30)).raise_for_status()
    told = client.propose(engine, "Cross-Exchange Arbitrage", "BTC/USD", 50)
    assert re.match(r"t\d{6}: (open|opening), profit -?\d|refused: \S", told)
    assert armed or "disarmed" in told or "refused: " in told
    assert client.propose(engine, "Nobody", "BTC/USD", 50).startswith("refused: unknown strategy 'Nobody'; known: ")
    assert client.propose(engine, "Cross-Exchange Arbitrage", "BTC/USD", "fifty").startswith("refused: amount: ")


def test_the_packages_client_says_the_same(engine: str, tmp_path: Path) -> None:
    module = module_of(1, tmp_path)

    def propose(strategy: str) -> str:
        return str(asyncio.run(module.propose(engine, strategy, "BTC/USD", 50)))

    assert re.match(r"t\d{6}: (open|opening), profit -?\d|refused: \S", propose("Cross-Exchange Arbitrage"))
    assert propose("Nobody").startswith("refused: unknown strategy 'Nobody'; known: ")
    assert asyncio.run(module.watch(engine, 2)) == ["link_up", "connected"]


@pytest.mark.parametrize("line", LINES)
def test_every_command_does_as_the_page_says(shell: Shell, engine: str, line: str) -> None:
    command, _, told = line.partition("  #")
    found = shell.run(*shlex.split(command)[1:], *(("--url", engine) if " check " in f" {command} " else ()))
    assert found.returncode == int(told.split()[-1]), f"{line}: {found.stdout}{found.stderr}"
    assert "Traceback" not in found.stderr


def test_every_option_and_path_of_the_contract_is_on_the_page(engine: str) -> None:
    for name in ("--mode", "--max-trades", "--host", "--port", "--url", "--test", "config/tactical_scalp_config.json"):
        assert name in PAGE
    for name in ("/api/health", "/api/strategy/performance", "/api/trade/execute", "/api/dashboard/update"):
        assert name in PAGE
    assert "/ws/dashboard" in PAGE and "logs/api/" in PAGE
