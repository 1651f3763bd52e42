"""The report's page needs nothing from anywhere, and nothing in a journal can become part of it."""

import csv
import io
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from journal_samples import START_NS, closed, life
from msgspec.structs import replace
from reported import evidence_with

from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import Decided, TradeChanged
from cockpit.domain.kinds import Mode, RiskOf
from cockpit.domain.verdict import Sizing
from cockpit.journal.evidence import Evidence, evidence_of
from cockpit.journal.report import build_report
from cockpit.journal.report_history import history_of
from cockpit.journal.report_html import MOST_ROWS, report_html
from cockpit.journal.report_svg import MOST_POINTS, equity_svg, histogram_svg
from cockpit.journal.report_trades import trades_csv
from cockpit.journal.sessions import FeedKind

HOSTILE = "<script>alert(1)</script>\"'&</td>"
VOID = {"meta"}


class Outline(HTMLParser):
    """What a page is made of; raises where its tags do not close."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page(evidence: Evidence, config: CockpitConfig) -> str:
    return report_html(build_report(evidence, config), history_of(evidence), START_NS)


def outline(text: str) -> Outline:
    found = Outline()
    found.feed(text)
    found.close()
    assert found.open == []
    return found


@pytest.mark.parametrize("count", [0, 1, 3_000])
def test_it_is_whole_and_loads_nothing(shipped_config: CockpitConfig, count: int) -> None:
    text = page(evidence_with([(number % 7 - 3) / 2 for number in range(count)]), shipped_config)
    found = outline(text)
    assert {"script", "link", "img", "iframe", "object", "base", "form"}.isdisjoint(found.tags)
    assert {"src", "href", "onload", "onclick", "action"}.isdisjoint(name for name, _ in found.attributes)
    assert "url(" not in text
    assert not re.search(r"(?:https?:)?//\w", text)
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in found.attributes
    assert found.tags.count("svg") == (2 if count else 0)
    assert text.count("<tr>") < 2 * MOST_ROWS + 100
    assert f"{count} closed, 0 open, 0 abandoned" in text


def test_it_says_so_when_there_is_nothing_to_draw(shipped_config: CockpitConfig) -> None:
    assert "No closed trade yet" in page(Evidence(), shipped_config)


def test_nothing_from_the_journal_becomes_markup(shipped_config: CockpitConfig) -> None:
    text = page(evidence_with([1.0], setup=HOSTILE, trade_id=HOSTILE, asset=HOSTILE), shipped_config)
    assert "script" not in outline(text).tags
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_every_figure_of_a_made_up_market_says_so(shipped_config: CockpitConfig) -> None:
    text = page(evidence_with([1.0, -2.0, 0.5]), shipped_config)
    cards = re.findall(r"<div><span>(.*?)</span>", text)
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", text)
    figures = re.findall(r"<tr><td>(.*?)</td>", text.split("<h2>Figures</h2>")[1].split("</table>")[0])
    heads = [head for head in re.findall(r"<h2>(.*?)</h2>", text) if head.startswith(("Setups", "Long", "By", "Verd"))]
    assert (len(cards), len(captions), len(figures), len(heads)) == (6, 2, 14, 4)
    assert all("SIMULATED" in named for named in [*cards, *captions, *figures, *heads])
    rows = re.findall(r"<tr>(.*?)</tr>", text.split("<h2>Closed trades</h2>")[1])[1:]
    assert len(rows) == 3
    assert all("<td>SIMULATED</td>" in row for row in rows)


def test_a_trade_shows_what_was_asked_allowed_and_traded_and_whose_r(shipped_config: CockpitConfig) -> None:
    actions = life(1, 0.05)
    decided = actions[0]
    assert isinstance(decided, Decided)
    sizing = Sizing("BTC", 29.05, 0.11, 0.8, 23.24, 0.088, 0.0002, 21.68, 0.0824)
    done = replace(closed(1, 0.05), requested_usd=29.05, notional_usd=21.68, risk_of=RiskOf.BASE_UNIT)
    told = [
        replace(decided, verdict=replace(decided.verdict, sizing=sizing)),
        TradeChanged(done.closed_ns or 0, done, ""),
    ]
    evidence = evidence_of(told, FeedKind.SIMULATED, Mode.PAPER, 0, 1)
    table = page(evidence, shipped_config).split("<h2>Closed trades</h2>")[1].split("</table>")[0]
    heads = re.findall(r"<th.*?>(.*?)</th>", table)
    row = dict(zip(heads, re.findall(r"<td.*?>(.*?)</td>", table), strict=True))
    assert [row[f"{step} USD"] for step in ("asked", "allowed", "traded")] == ["29.05", "23.24", "21.68"]
    assert row["R of"] == "base unit"
    csv_row = next(csv.DictReader(io.StringIO(trades_csv(history_of(evidence)))))
    assert [csv_row[name] for name in ("asked_usd", "allowed_usd", "notional_usd", "risk_of")] == [
        "29.05", "23.24", "21.68", "base_unit"
    ]  # fmt: skip


def test_columns_of_numbers_are_right_aligned_head_and_all(shipped_config: CockpitConfig) -> None:
    text = page(evidence_with([1.0, -2.0]), shipped_config)
    setups = text.split("<h2>Setups, SIMULATED</h2>")[1].split("</table>")[0]
    assert "<th>setup</th>" in setups
    assert setups.count('<th class="number">') == 7
    assert '<td class="number lost">-0.1000</td>' in setups
    assert "<td>btc_lower_band_long</td>" in setups
    assert "th.number,td.number{text-align:right}" in text


def test_light_dark_and_paper_are_styled(shipped_config: CockpitConfig) -> None:
    text = page(Evidence(), shipped_config)
    assert "prefers-color-scheme:dark" in text
    assert "@media print" in text


def test_what_is_left_out_is_said(shipped_config: CockpitConfig) -> None:
    assert "Closed trades, the newest 500 of 600" in page(evidence_with([0.5] * 600), shipped_config)


@pytest.mark.parametrize("results", [[1.0], [-1.0], [0.0], [0.0] * 5, [1.0, -3.0, 2.0], [0.3] * 5_000])
def test_the_pictures_are_drawn_inside_their_frame(results: list[float]) -> None:
    history = history_of(evidence_with(results))
    for picture in (equity_svg(history.equity), histogram_svg(history.r_bins)):
        root = ElementTree.fromstring(picture)
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        for element in root.iter():
            for name, most in (("x", width), ("x1", width), ("x2", width), ("y", height), ("y1", height)):
                assert 0 <= float(element.attrib.get(name, 0)) <= most
    curve = ElementTree.fromstring(equity_svg(history.equity)).find("path[@class='curve']")
    assert curve is not None
    assert curve.attrib["d"].count("H") <= MOST_POINTS + 1


def test_a_thinned_curve_keeps_its_deepest_fall() -> None:
    rise = [0.01] * 2_000
    fallen = history_of(evidence_with([*rise, -100.0, 100.0, *rise])).equity
    steady = history_of(evidence_with([*rise, *rise])).equity
    assert ">-5<" in equity_svg(fallen)
    assert ">-5<" not in equity_svg(steady)
