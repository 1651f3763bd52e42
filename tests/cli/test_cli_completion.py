"""Completion in a real bash: commands, options, their values; and a Tab on a terminal."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.pty_process import PROJECT_ROOT, PtyProcess, clean_environ

BASH = shutil.which("bash")
pytestmark = pytest.mark.skipif(BASH is None, reason="bash is not installed here")

ASK = """
source <(cockpit completion bash)
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_cockpit_completion cockpit
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment in which `cockpit` is ours."""
    command = tmp_path / "bin" / "cockpit"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cockpit "$@"\n')
    command.chmod(0o755)
    ours = {"PATH": f"{command.parent}:{os.environ['PATH']}", "COCKPIT_HOME": str(tmp_path / "home")}
    return {**clean_environ(), **ours}


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["cockpit", "va"], ["validate"]),
        (["cockpit", "re"], ["resume", "reverse", "report", "replay"]),
        (["cockpit", "report", "--h"], ["--html", "--help"]),
        (["cockpit", "engine", "--mode", ""], ["paper", "test", "live"]),
        (["cockpit", "check", "--test", "w"], ["websocket"]),
        (["cockpit", "completion", ""], ["bash", "zsh", "fish"]),
    ],
)
def test_bash_is_offered_what_there_is(words: list[str], offered: list[str], environ: dict[str, str]) -> None:
    assert BASH is not None
    command = [BASH, "--norc", "-c", ASK, "bash", *words]
    found = subprocess.run(command, env=environ, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.split() == offered
    assert found.stderr == ""


@pytest.fixture
def terminal(environ: dict[str, str]) -> Iterator[PtyProcess]:
    process = PtyProcess(["bash", "--norc", "--noprofile", "-i"], {**environ, "PS1": "> ", "INPUTRC": "/dev/null"})
    yield process
    process.end()


def test_a_tab_completes_on_a_terminal(terminal: PtyProcess) -> None:
    terminal.wait_for("> ")
    terminal.press("source <(cockpit completion bash) && echo so''urced\r")
    terminal.wait_for("sourced")
    before = terminal.count
    terminal.press("cockpit vali\t")
    terminal.wait_for("validate ", after=before)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_get_their_script(shell: str, environ: dict[str, str]) -> None:
    command = ["cockpit", "completion", shell]
    found = subprocess.run(command, env=environ, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert f"_COCKPIT_COMPLETE=complete_{shell}" in found.stdout


def test_a_question_is_never_taken_for_the_bare_command(environ: dict[str, str]) -> None:
    """The shell asks without an argument: the screen must not start then."""
    asked = {**environ, "_COCKPIT_COMPLETE": "complete_bash", "COMP_WORDS": "cockpit sta", "COMP_CWORD": "1"}
    found = subprocess.run(["cockpit"], env=asked, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert found.stdout.split() == ["status"]
    assert not Path(environ["COCKPIT_HOME"]).exists()
