"""The pictures of docs/does-it-earn.md, of the recorded minutes: `python -m tests.research.pictures`.

Types what a person would: adds a folder of files, looks at what is there, backtests, sweeps. What the commands print
goes to `screenshots/research-*.svg`; the pages, where a chromium is installed, to `screenshots/research-*.png`.
"""

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tests.conftest import SHIPPED_CONFIG

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "screenshots"
CELLS = 120
DAY = "2024-08-08"
FILES = ("usdm_btcusdt_20240808.gz", "spot_btcusdt_20240808.gz")
LONG = "setups.btc_lower_band_long"
RULES = {
    "aave.required": "false",
    "bands.BTC.lower": "[[61580,61700]]",
    "bands.BTC.upper": "[[61900,61980]]",
    f"{LONG}.stop_bps": "6",
    f"{LONG}.reclaim_after_s": "5",
    f"{LONG}.cooldown_s": "5",
    f"{LONG}.targets": '[{"distance_bps":4,"share_pct":60},{"distance_bps":8,"share_pct":40}]',
}
"""So tight that the few minutes hold a trade or two from its entry to its exit."""
PLAN = {
    "search": "grid",
    "vary": {
        "bands.BTC.lower.0.1": {"low": 61_600, "high": 61_720, "step": 20},
        f"{LONG}.stop_bps": {"low": 8, "high": 28, "step": 4},
        f"{LONG}.reclaim_after_s": [5, 15, 30],
    },
    "set": ["aave.required=false", "bands.BTC.lower=[[61500,61600]]", "bands.BTC.upper=[[61900,61950]]"],
    "history": {"assets": ["BTC"], "hold_context": True},
    "fewest_trades": 1,
}


def config_of_btc() -> str:
    """The shipped rules, of which only those of Bitcoin are switched on."""
    raw = json.loads(SHIPPED_CONFIG.read_text(encoding="utf-8"))
    for name, setup in raw["setups"].items():
        setup["enabled"] = name.startswith("btc_")
    return json.dumps(raw)


def typed(at: Path, *line: str) -> str:
    """What a command prints, the line that was typed above it."""
    command = [sys.executable, "-m", "cockpit", "--config", "mine.json", *line]
    env = {**os.environ, "COCKPIT_HOME": str(at / "home"), "COLUMNS": str(CELLS), "NO_COLOR": "1"}
    ran = subprocess.run(
        command, cwd=at, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    shown = " ".join(f"'{word}'" if "[" in word else word for word in line)
    return f"$ cockpit {shown}\n{ran.stdout}"


def draw(name: str, title: str, *printed: str) -> None:
    """A terminal with this in it."""
    console = Console(record=True, width=CELLS, file=io.StringIO(), color_system=None)
    console.print(Text("\n".join(printed).rstrip()))
    console.save_svg(str(TARGET / f"{name}.svg"), title=title)
    print(TARGET / f"{name}.svg")


def photograph(page: Path, name: str, height: int) -> None:
    """A page as a browser shows it, where one is installed."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print(f"no chromium: {name}.png stays as it is")
        return
    subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=5000",
            f"--window-size=1100,{height}", f"--screenshot={TARGET / name}.png", page.as_uri(),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    print(TARGET / f"{name}.png")


def main() -> None:
    """Take them all."""
    data = Path(os.environ.get("COCKPIT_REAL_DATA") or ROOT.parent / "shared" / "data")
    if not data.is_dir():
        print(f"no recorded data at {data}: the pictures of the research stay as they are")
        return
    with tempfile.TemporaryDirectory() as made:
        at = Path(made)
        (at / "mine.json").write_text(config_of_btc(), encoding="utf-8")
        (at / "downloads").mkdir()
        for name in FILES:
            shutil.copy(data / name, at / "downloads" / name)
        added = typed(at, "history", "add", "downloads")
        listed = typed(at, "history", "list")
        checked = typed(at, "history", "check", "--from", DAY, "--to", DAY)
        draw("research-history", "cockpit history", added, listed, checked)
        rules = [word for key, value in RULES.items() for word in ("--set", f"{key}={value}")]
        line = ("backtest", *rules, "--assets", "BTC", "--hold-context", "--html", "evening.html")
        draw("research-backtest", "cockpit backtest", typed(at, *line))
        (at / "stops.json").write_text(json.dumps(PLAN), encoding="utf-8")
        draw("research-sweep", "cockpit sweep", typed(at, "sweep", "stops.json", "--html", "stops.html"))
        photograph(at / "evening.html", "research-backtest-page", 1_700)
        photograph(at / "stops.html", "research-sweep-page", 2_400)


if __name__ == "__main__":
    main()
