"""Every example of the API's page, sent to a real engine: it answers what the page says, and no call is left out."""

import asyncio
import importlib.util
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.commands.running_engine import Shell
from tests.docs.pages import blocks, page
from tests.patience import patient_s

PAGE = page("api.md")
BASE = "http://127.0.0.1:8000"
README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


class Example(NamedTuple):
    """One curl line, and the statuses the page says it may get; none where it says nothing."""

    method: str
    target: str
    headers: dict[str, str]
    body: str | None
    statuses: tuple[int, ...]

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


def examples(text: str) -> list[Example]:
    found = []
    for block in blocks(text, "sh"):
        for line in block.text.replace("\\\n", " ").splitlines():
            if line.startswith("curl -s "):
                found.append(example(line))
    return found


def example(line: str) -> Example:
    command, _, said = line.partition("   #") if "   #" in line else line.partition(" # ")
    words = iter(shlex.split(command)[2:])
    method, url, body = "GET", "", None
    headers: dict[str, str] = {}
    for word in words:
        match word:
            case "-X":
                method = next(words)
            case "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            case "-d":
                body = next(words)
            case _:
                url = word
    assert url.startswith(BASE), line
    return Example(method, url.removeprefix(BASE), headers, body, tuple(map(int, re.findall(r"\b\d{3}\b", said))))


EXAMPLES = examples(PAGE)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an engine in paper on the simulated market."""
    shell = Shell(tmp_path_factory.mktemp("api"))
    try:
        yield re.findall(r"http://[\w.]+:\d+", shell.start_engine("--speed", "20"))[0]
    finally:
        shell.clean_up()


def test_every_call_of_the_api_is_on_the_page(engine: str) -> None:
    paths = httpx.get(f"{engine}/openapi.json").json()["paths"]
    calls = {(verb.upper(), path) for path, verbs in paths.items() for verb in verbs}
    shown = {(one.method, one.path) for one in EXAMPLES}
    plain = {call for call in calls if "{" not in call[1]}
    forms = {(verb, path): re.compile(re.sub(r"\{\w+\}", "[^/]+", path)) for verb, path in calls - plain}
    found = {
        call
        for call in shown - plain
        if any(call[0] == verb and f.fullmatch(call[1]) for (verb, _), f in forms.items())
    }
    assert shown == plain | found
    assert all(any(verb == call[0] and form.fullmatch(call[1]) for call in found) for (verb, _), form in forms.items())
    assert httpx.get(f"{engine}/docs").status_code == 200


def test_every_field_that_a_strategy_signal_takes_is_named(engine: str) -> None:
    schema = httpx.get(f"{engine}/openapi.json").json()["components"]["schemas"]["ExecuteRequest"]
    section = PAGE.partition("## Proposing a trade")[2].partition("\n## ")[0]
    assert [name for name in schema["properties"] if f'"{name}"' not in section and f"`{name}`" not in section] == []


def test_the_websocket_example_hears_the_engine(engine: str, tmp_path: Path) -> None:
    (block,) = blocks(PAGE, "python")
    path = tmp_path / "listen_example.py"
    path.write_text(block.text)
    spec = importlib.util.spec_from_file_location("listen_example", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["listen_example"] = module
    spec.loader.exec_module(module)
    heard = asyncio.run(module.listen(f"{engine.replace('http', 'ws')}/ws/dashboard"))
    assert heard[0] == "connected"
    assert heard[-1] == "stats_update"


def test_every_example_answers_as_the_page_says(engine: str) -> None:
    """In the page's order, in one life of one engine: the last one ends it."""
    assert EXAMPLES[-1].path == "/api/stop"
    for one in EXAMPLES:
        content = one.body.encode() if one.body else None
        answer = httpx.request(
            one.method, engine + one.target, headers=one.headers, content=content, timeout=patient_s(30)
        )
        assert answer.status_code in one.statuses, f"{one}: {answer.text}"
        if answer.status_code >= 400:
            assert {"error", "reason"} <= set(answer.json()["detail"])


def test_the_lines_of_the_readme_are_among_them() -> None:
    known = {(one.method, one.path) for one in EXAMPLES}
    found = [(one.method, one.path) for one in examples(README)]
    assert found
    assert set(found) <= known
