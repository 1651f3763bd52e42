"""Whatever the README and the docs point at is there: files, headings, tests, commands, rooms, addresses."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from cockpit.cli import app
from tests.docs.pages import DOCS, PROJECT_ROOT

PAGES = [
    PROJECT_ROOT / "README.md",
    PROJECT_ROOT / "CONTRIBUTING.md",
    PROJECT_ROOT / "CHANGELOG.md",
    *sorted(DOCS.glob("*.md")),
]
LINK = re.compile(r"\]\(([^)\s]+)\)")
HOSTS = {"semver.org", "github.com"}
"""The only addresses outside that a page may lead a reader to."""


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings make."""
    headings = re.findall(r"^#+ (.+)$", without_code(text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(without_code(text_of(page))):
        if link.startswith("http"):
            assert re.match(r"https?://([^/]+)", link)[1] in HOSTS, link  # type: ignore[index]
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in anchors(target), f"{page.name}: {link}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_it_names_exists(page: Path) -> None:
    named = re.findall(r"`((?:tests|docs|cockpit|config|screenshots)/[\w/.\-*]+)`", text_of(page))
    for name in named:
        assert list(PROJECT_ROOT.glob(name.rstrip("/"))) or list((PROJECT_ROOT / "cockpit").glob(name)), name


def commands() -> dict[str, set[str]]:
    """Every command with its options, those of the commands under it included."""
    found = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return {name: options_of(command) for name, command in found.items()}


def options_of(command: Any) -> set[str]:
    under = getattr(command, "commands", {}).values()
    return {option for one in (command, *under) for parameter in one.params for option in parameter.opts}


def test_the_readme_has_a_row_for_every_command_and_no_other() -> None:
    table = text_of(PROJECT_ROOT / "README.md").partition("## Commands")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `cockpit ([a-z][a-z-]*)", table, re.MULTILINE)) == set(commands())


def test_every_option_of_its_rows_exists() -> None:
    table = text_of(PROJECT_ROOT / "README.md").partition("## Commands")[2].partition("\n## ")[0]
    known = commands()
    for name, row in re.findall(r"^\| `cockpit ([a-z][a-z-]*)(.*)$", table, re.MULTILINE):
        assert set(re.findall(r"--[a-z][a-z-]+", row)) <= known[name], name


def test_every_promise_has_a_proof_that_holds_tests() -> None:
    table = text_of(PROJECT_ROOT / "README.md").partition("## Safety promises")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ") and "promise" not in line]
    assert len(rows) > 10
    for row in rows:
        proofs = LINK.findall(row)
        assert proofs, row
        for proof in proofs:
            assert re.search(r"^(?:async )?def test_", text_of(PROJECT_ROOT / proof), re.MULTILINE), proof


def test_every_room_is_in_the_architecture_and_every_room_there_exists() -> None:
    rooms = {path.name for path in (PROJECT_ROOT / "cockpit").iterdir() if (path / "__init__.py").exists()}
    named = set(re.findall(r"^\| `(\w+)/`", text_of(DOCS / "architecture.md"), re.MULTILINE))
    named |= {"commands"} if "`commands/`" in text_of(DOCS / "architecture.md") else set()
    assert named == rooms


def test_no_page_is_an_orphan() -> None:
    told = {link for page in PAGES for link in LINK.findall(text_of(page))}
    reached = {Path(link.partition("#")[0]).name for link in told}
    assert [page.name for page in PAGES if page.name not in reached | {"README.md"}] == []
