"""A canary in every secret there is, and a real terminal: no sheet, pane or question draws one, no shell sees one."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from opened_sheets import TITLES, opened, settle
from pty_process import PROJECT_ROOT, PtyProcess, clean_environ

from cockpit.exchanges.registry import EXCHANGES
from tests.patience import patient_s

MARK = "zqxj"
"""Every secret is made of it alone, so that any eight cells of one show it, wherever a line is broken."""
NOWHERE = "127.0.0.1:9"
COLUMNS, ROWS = 130, 44
SHIPPED = PROJECT_ROOT / "config" / "tactical_scalp_config.json"
HOOK = {"fields": {"strategy": "Momentum Signal", "pair": "BTC/USDT", "amount": "20"}, "token_key": "passphrase"}
SOURCES: dict[str, Any] = {
    "mind": {"limits": {"proposals_per_minute": 1, "cut_off_at_refusals": 2}},
    "signer": {"auth": "hmac"},
    "chart": {"webhook": HOOK},
}
SIGNAL = {"strategy": "Momentum Signal", "pair": "BTC/USDT", "amount": 20}
ZOOM = "z"
QUIET_S = 0.3
OPENED = {
    **{name: (key,) for name, key in (("help", "?"), ("checklist", "c"), ("trades", "e"), ("sources", "S"))},
    **{name: (key,) for name, key in (("log", "o"), ("palette", "\x10"), ("bands", "b"), ("leaving", "q"))},
    **{"another layout": ("w",), "a third": ("w",), "feeds": ("0",)},
    **{f"pane {number}": (str(number), ZOOM) for number in range(10)},
    **{"command": (":",), "verdict": ("6", "enter"), "test mode": ("t",), "live mode": ("l",), "filter": ("/",)},
}
SHELL = (
    *(("status", "--json"), ("validate",), ("validate", "--mode", "live"), ("log",)),
    *(("report",), ("source", "list"), ("check", "--test", "health")),
)


def secret(number: int = 0) -> str:
    return MARK * 11 + f"{number:02}"


def environ(home: Path, config: Path) -> dict[str, str]:
    """Everything that may hold a secret does; nothing is reached."""
    parts = ("API_KEY", "SECRET", "PASSWORD", "PRIVATE_KEY", "ACCOUNT")
    venues = [name.upper() for name in EXCHANGES]
    found = {f"COCKPIT_{venue}{demo}_{part}": secret() for venue in venues for demo in ("", "_DEMO") for part in parts}
    for venue in [*venues, "BINANCEUSDM"]:
        found |= {f"COCKPIT_{venue}_REST_URL": f"http://{NOWHERE}", f"COCKPIT_{venue}_WS_URL": f"ws://{NOWHERE}"}
    named = ("COINGLASS_API_KEY", "BIRDEYE_API_KEY", "COCKPIT_WEBHOOK_SECRET", "COCKPIT_SIGNAL_SECRET")
    found |= {name: secret() for name in named}
    found |= {f"COCKPIT_{name}_URL": f"http://{NOWHERE}" for name in ("COINGLASS", "JITO")}
    found |= {
        "COCKPIT_SOLANA_URL": f"http://{NOWHERE}/{secret()}",
        "COCKPIT_ALERT_URLS": f"json://{NOWHERE}/{secret()}",
    }
    found["COCKPIT_RPC_URLS"] = f"http://{NOWHERE}/{secret(1)},http://{NOWHERE}/v3/{secret(2)}"
    found |= {"COCKPIT_HOME": str(home), "COCKPIT_CONFIG": str(config)}
    return found | {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}


class Stage(NamedTuple):
    """A running engine full of secrets."""

    url: str
    environ: dict[str, str]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    place = tmp_path_factory.mktemp("secrets")
    home, config = place / "home", place / "config.json"
    (home / "sources").mkdir(parents=True, mode=0o700)
    for path in (home / "token", *(home / "sources" / f"{name}.keys" for name in SOURCES)):
        path.write_text(f"{secret(len(path.name))}\n")
        path.chmod(0o600)
    raw: dict[str, Any] = json.loads(SHIPPED.read_text())
    del raw["$schema"]
    raw |= {"sources": SOURCES, "webhooks": [{"url": f"http://{NOWHERE}/{secret()}", "events": ["state_changed"]}]}
    config.write_text(json.dumps(raw))
    around = environ(home, config)
    engine = subprocess.Popen(
        [sys.executable, "-m", "cockpit", "engine", "--feed", "live", "--port", "0"],
        cwd=PROJECT_ROOT,
        env={**clean_environ(), **around},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert engine.stdout is not None
    line = engine.stdout.readline()
    assert line.startswith("ready at "), line
    yield Stage(line.split()[2].rstrip(":"), around)
    engine.terminate()
    rest = engine.communicate(timeout=patient_s(30))[0]
    assert MARK not in line + rest


def test_no_terminal_draws_a_secret(stage: Stage) -> None:
    with httpx.Client(base_url=stage.url, trust_env=False, timeout=patient_s(20)) as client:
        client.headers["Authorization"] = f"Bearer {secret(len('mind.keys'))}"
        for _ in range(4):
            told = client.post("/api/trade/execute", json={**SIGNAL, "id": secrets.token_hex(4)})
        assert "cut_off" in told.text and MARK not in told.text
    screen = PtyProcess([sys.executable, "-m", "cockpit"], stage.environ, columns=COLUMNS, rows=ROWS)
    try:
        screen.wait_until_shown("CUT OFF")
        pictures = {name: pictured(screen, name) for name in OPENED}
    finally:
        screen.end()
    print(*(f"--- {name}\n{picture}" for name, picture in pictures.items()), sep="\n")
    assert len(set(pictures.values())) > 20 and TITLES["checklist"] in pictures["checklist"], "each was opened"
    assert "mind" in pictures["sources"] and "CUT OFF" in pictures["sources"], "the picture is read as it is drawn"
    assert NOWHERE in "".join(pictures.values()), "failures are on it, with where they were"
    assert [name for name, picture in pictures.items() if MARK in picture] == []
    assert MARK.encode() not in screen.written


def test_no_shell_shows_a_secret(stage: Stage) -> None:
    said = 0
    for words in SHELL:
        found = subprocess.run(
            [sys.executable, "-m", "cockpit", *words],
            cwd=PROJECT_ROOT,
            env={**clean_environ(), **stage.environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=patient_s(60),
            check=False,
        )
        assert MARK not in found.stdout + found.stderr, words
        said += len(found.stdout) + len(found.stderr)
    assert said > 5_000, "there was something to look at"


def pictured(screen: PtyProcess, name: str) -> str:
    """The whole picture with that open, read cell by cell."""
    keys, before = OPENED[name], screen.count
    for key in keys:
        screen.press(key)
    settle(screen, QUIET_S, before)
    grid = opened(screen, "" if name == "verdict" else name, QUIET_S)  # no proposal came so far: there is none
    before = screen.count
    for key in (ZOOM if keys[-1] == ZOOM else "escape", "escape"):
        screen.press(key)
    settle(screen, QUIET_S, before)
    return grid.text
