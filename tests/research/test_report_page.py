"""The page of a backtest as a browser draws it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cockpit.config.load import load_config
from cockpit.history.checking import days_between
from cockpit.research.assumptions import Assumptions
from cockpit.research.backtest import run_backtest, summary
from cockpit.research.report_page import write_page
from tests.conftest import SHIPPED_CONFIG
from tests.research.stored import shelf_of
from tests.research.swept import FIXED

BAR = re.compile(
    r'<rect x="[-\d.e]+" y="[\d.]+" width="([\d.e-]+)" height="14" fill="var\(--(up|down)\)"></rect>'
    r'<text[^>]*text-anchor="end"[^>]*>([+-][\d.]+)<'
)


def test_a_loss_is_drawn_as_long_as_a_gain_of_its_size(tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium to draw the page with")
    shelf = shelf_of(tmp_path)
    config = load_config(SHIPPED_CONFIG, [*FIXED, "bands.BTC.lower=[[59000,60000]]"])
    found = run_backtest(shelf, config, days_between(shelf, None, None), Assumptions(), hold_context=True)
    page = tmp_path / "page.html"
    assert found.results
    write_page(page, found, summary(found) | {"costs_usd": {"won": 2.0, "lost": -2.0, "half": -1.0}}, shelf, config)
    drawn = subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'user'}", "--dump-dom",
         page.as_uri()],
        check=True, capture_output=True, text=True, timeout=120,
    ).stdout  # fmt: skip
    money = drawn[drawn.index("Where the money went") : drawn.index("Exits by reason")]
    widths = [(float(width), float(value)) for width, _, value in BAR.findall(money)]
    longest = widths[0][0]
    assert longest > 0.0 and widths == [(longest, 2.0), (longest, -2.0), (longest / 2.0, -1.0)]
