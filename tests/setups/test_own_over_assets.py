"""A setup of one's own that watches several assets and bars is recorded, replayed and tested back like every other."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import pytest

from cockpit.config.load import load_config
from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import AnyAction, Decided
from cockpit.domain.commands import Arm
from cockpit.domain.events import AnyEvent, Top, Trade
from cockpit.domain.kinds import Mode
from cockpit.domain.units import NS_PER_S
from cockpit.domain.wire import Input
from cockpit.engine.machine import Engine
from cockpit.engine.session import Session
from cockpit.journal.recordings import RecordingHeader, RecordingWriter
from cockpit.paper.venue import PaperVenue
from cockpit.replay.replay import run_replay
from cockpit.testing import SetupBench
from tests.docs.pages import SHIPPED_CONFIG, blocks, page

NOON_NS = 1_760_875_200_000_000_000
PAGE = page("writing-a-setup.md")
LAGGARD = blocks(PAGE, "python")[1].text
ENTRY = json.loads(blocks(PAGE, "json")[1].text)["setups"]["sol_laggard"]


class Recorded:
    """Everything that entered and everything decided, into a recording as an engine process writes it."""

    def __init__(self, writer: RecordingWriter) -> None:
        self._writer = writer
        self.decided: list[Decided] = []

    def on_input(self, item: Input) -> None:
        self._writer.write_input(item)

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        for action in actions:
            self._writer.write_action(action)
        self.decided += [action for action in actions if isinstance(action, Decided)]


@pytest.fixture
def config(tmp_path: Path) -> CockpitConfig:
    (tmp_path / "setups").mkdir()
    (tmp_path / "setups" / "laggard.py").write_text(LAGGARD)
    raw = json.loads(SHIPPED_CONFIG.read_text())
    raw["setups"] = {"sol_laggard": ENTRY}
    context = raw["market_context"]
    context["positioning"]["SOL"] = {"long_pct": 50.0, "short_pct": 50.0}
    context["funding_bps"]["SOL"] = {"binance": 0.2, "okx": 0.1}
    context["open_interest_change_24h_pct"]["SOL"] = 1.0
    (tmp_path / "mine.json").write_text(json.dumps(raw))
    return load_config(tmp_path / "mine.json")


def market(minutes: int) -> Iterator[AnyEvent]:
    """Both coins wander second by second; BTC rises every other minute, SOL in those between."""
    random, prices = Random(7), {"BTC": 108_000.0, "SOL": 190.0}
    for second in range(minutes * 60):
        is_leaders = second // 60 % 2
        drift = {"BTC": 4e-5 if is_leaders else -4e-5, "SOL": 0.0 if is_leaders else 1e-4}
        for number, asset in enumerate(prices):
            ts_ns = NOON_NS + second * NS_PER_S + number + 1
            prices[asset] *= 1.0 + drift[asset] + random.gauss(0.0, 1e-5)
            price = prices[asset]
            yield Top(ts_ns, ts_ns, "binance", asset, price * 0.99999, 500.0, price * 1.00001, 500.0)
            yield Trade(ts_ns, ts_ns, "binance", asset, price, 1.0, random.random() < 0.5, second * 2 + number)


def recorded(path: Path, config: CockpitConfig) -> Recorded:
    header = RecordingHeader(
        created_ns=NOON_NS,
        origin="engine",
        source="wandering",
        config_json=config.model_dump_json(by_alias=True),
        mode=Mode.PAPER,
        start_ns=NOON_NS,
    )
    with RecordingWriter(path, header) as writer:
        sink = Recorded(writer)
        session = Session(Engine(config, NOON_NS), PaperVenue(config), [sink], [sink])
        session.feed(Arm(NOON_NS, "arm", "test"))
        session.run(market(30))
    return sink


def test_a_recorded_session_of_it_comes_out_the_same(config: CockpitConfig, tmp_path: Path) -> None:
    sink = recorded(tmp_path / "session.rec", config)
    assert len(sink.decided) > 2
    assert all(one.verdict.proposal.why.startswith("BTC rose") for one in sink.decided)
    replayed = run_replay(tmp_path / "session.rec", None, verify=True, beside=tmp_path)
    assert (replayed.verified, replayed.difference) == (True, "")


def test_the_same_market_gives_the_same_trades_every_time(config: CockpitConfig, tmp_path: Path) -> None:
    recorded(tmp_path / "session.rec", config)
    first, again = (run_replay(tmp_path / "session.rec", config, hold_context=True) for _ in range(2))
    assert first.tally.trades
    assert first.tally.trades == again.tally.trades
    assert first.as_dict()["trades"] == again.as_dict()["trades"]


def test_while_what_it_watches_is_silent_the_gate_denies(config: CockpitConfig, tmp_path: Path) -> None:
    entry = {key: value for key, value in ENTRY.items() if key != "kind"}
    bench = SetupBench(tmp_path / "setups" / "laggard.py", entry)
    assert bench.checks["setup_watched"].sentence.startswith("no data on BTC, which mine watches: never read")
    bench.price("BTC", 108_000.0)
    bench.price("SOL", 190.0)
    assert bench.checks["setup_watched"].outcome == "pass"
    limit_s = bench.config.feeds.stream.stand_down_after_s
    bench.wait(limit_s + 1.0, silent=["BTC"])
    check = bench.checks["setup_watched"]
    assert check.outcome == "no_data"
    assert check.sentence == f"no data on BTC, which mine watches: last read {limit_s + 1:.0f} s ago, stale"


def test_prints_of_an_asset_beside_come_only_beyond_the_fences_asked_for(tmp_path: Path) -> None:
    (tmp_path / "setups").mkdir(exist_ok=True)
    text = LAGGARD.replace(
        "    def on_time(self",
        "    def on_price(self, asset: str, ts_ns: int, price: float) -> Proposal | None:\n"
        "        self.seen = [*getattr(self, 'seen', []), (asset, price)]\n"
        "        return None\n\n"
        "    def on_time(self",
    ).replace("        self._leader_bps = 0.0\n\n    def guards", (
        "        self._leader_bps = 0.0\n        self.set_fences(high=108_100.0, asset='BTC')\n\n    def guards"
    ))  # fmt: skip
    (tmp_path / "setups" / "laggard.py").write_text(text)
    bench = SetupBench(tmp_path / "setups" / "laggard.py", {key: ENTRY[key] for key in ENTRY if key != "kind"})
    for asset, price in (("BTC", 108_050.0), ("SOL", 190.0), ("BTC", 108_100.0), ("BTC", 108_150.0), ("SOL", 250.0)):
        bench.wait(1.0)
        bench.price(asset, price)
    assert vars(bench.setup)["seen"] == [("BTC", 108_150.0)]
