"""The page's own setup and feed, as written there: one file and one config entry each, loaded, judged and run."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cockpit.config.load import load_config
from cockpit.config.model import CockpitConfig
from cockpit.config.own_code import own_code
from cockpit.config.problems import ConfigError
from cockpit.domain.actions import AnyAction, Decided
from cockpit.domain.commands import Arm
from cockpit.domain.events import AnyEvent, FeedHealth, Positioning, Top, Trade
from cockpit.domain.kinds import FeedState
from cockpit.domain.units import NS_PER_S
from cockpit.engine.machine import Engine
from cockpit.engine.session import Session
from cockpit.engine.views import snapshot
from cockpit.exchanges.base.timing import Timing
from cockpit.feeds.roster import roster_of
from cockpit.paper.venue import PaperVenue
from tests.docs.own_types import strictly_typed
from tests.docs.pages import SHIPPED_CONFIG, blocks, page
from tests.loopback.site import LoopbackSite, Reply
from tests.patience import patient_s

NOON_NS = 1_760_875_200_000_000_000
PAGE = page("writing-a-setup.md")
SETUP_FILE, LAGGARD_FILE, LAGGARD_TEST, FEED_FILE, FEED_TEST = blocks(PAGE, "python")
SETUP_ENTRY, LAGGARD_ENTRY, FEED_ENTRY = (json.loads(block.text) for block in blocks(PAGE, "json"))
FILES = {
    "setups/turn_after_fall.py": SETUP_FILE,
    "setups/laggard.py": LAGGARD_FILE,
    "feeds/desk_positioning.py": FEED_FILE,
    "tests/test_laggard.py": LAGGARD_TEST,
    "tests/test_desk_positioning.py": FEED_TEST,
}


def written(folder: Path, *entries: dict[str, Any], **changes: Any) -> Path:
    """What the page says to do: the files beside a config that has the entries."""
    for name, block in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(block.text)
    raw = json.loads(SHIPPED_CONFIG.read_text())
    for entry in entries:
        for section, parts in entry.items():
            raw.setdefault(section, {}).update({name: part | changes for name, part in parts.items()})
    path = folder / "mine.json"
    path.write_text(json.dumps(raw))
    return path


class Kept:
    """Every verdict of a session."""

    def __init__(self) -> None:
        self.decided: list[Decided] = []

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        self.decided += [action for action in actions if isinstance(action, Decided)]


def sol(second: float, price: float) -> list[AnyEvent]:
    ts_ns = NOON_NS + round(second * NS_PER_S)
    top = Top(ts_ns, ts_ns, "binance", "SOL", price - 0.01, 900.0, price + 0.01, 900.0)
    return [top, Trade(ts_ns, ts_ns, "binance", "SOL", price, 1.0, False, round(second * 10))]


def proposals(config: CockpitConfig, closes: Sequence[float]) -> list[Decided]:
    """What becomes of closes 5 s apart."""
    engine, kept = Engine(config, NOON_NS, hold_context=True), Kept()
    session = Session(engine, PaperVenue(config), [kept])
    session.feed(Arm(NOON_NS, "arm", "test"))
    session.run([event for number, price in enumerate(closes) for event in sol(5.0 * number + 1.0, price)])
    return [one for one in kept.decided if one.verdict.proposal.setup == "sol_turn"]


@pytest.mark.parametrize(
    ("closes", "count"),
    [
        ([190.0, 189.9, 189.8, 189.7, 189.8, 189.8], 1),
        ([190.0, 189.9, 189.8, 189.9, 189.9], 0),
        ([190.0, 189.9, 189.8, 189.7, 189.6, 189.5], 0),
        ([190.0, 190.1, 190.2, 190.3, 190.4], 0),
    ],
    ids=["three lower, one higher", "only two lower", "no turn", "no fall"],
)
def test_the_setup_proposes_as_the_page_says(tmp_path: Path, closes: list[float], count: int) -> None:
    found = proposals(load_config(written(tmp_path, SETUP_ENTRY)), closes)
    assert len(found) == count
    for one in found:
        assert one.verdict.proposal.why == "a close at 189.80 after 3 lower ones"
        assert "setup_spread" in {check.name for check in one.verdict.checks}
        assert len(one.verdict.checks) > 12, "the same gate as for any other"


def test_its_guard_denies_with_its_numbers(tmp_path: Path) -> None:
    strict = load_config(written(tmp_path, SETUP_ENTRY, max_spread_bps=0.5))
    (one,) = proposals(strict, [190.0, 189.9, 189.8, 189.7, 189.8, 189.8])
    assert not one.verdict.approved
    sentences = [check.sentence for check in one.verdict.checks if check.name == "setup_spread"]
    assert sentences == ["spread 1.05 bps over 0.5: too dear to cross"]


def test_it_is_shown_as_any_other(tmp_path: Path) -> None:
    engine = Engine(load_config(written(tmp_path, SETUP_ENTRY)), NOON_NS)
    view = next(view for view in snapshot(engine).setups if view.name == "sol_turn")
    assert (view.asset, view.waiting_for) == ("SOL", "3 lower closes of 5 s in a row")


def test_the_config_is_written_and_read_back_with_it(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, SETUP_ENTRY, FEED_ENTRY))
    plain = json.loads(config.model_dump_json(by_alias=True))
    assert plain["setups"]["sol_turn"]["falls"] == 3
    assert plain["own_feeds"]["desk"]["url"] == "https://desk.example"
    again = CockpitConfig.model_validate(plain, context=own_code(tmp_path))
    assert again.setups["sol_turn"] == config.setups["sol_turn"]


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"fals": 3}, "setups.sol_turn.fals: unknown key 'fals'"),
        ({"max_spread_bps": 0}, "setups.sol_turn.max_spread_bps: expected more than 0, was 0"),
        ({"stop_bps": 501}, "stop_bps: expected at most 500, was 501"),
        ({"kind": "turn_after_rise"}, "or put setups/turn_after_rise.py beside the config"),
        ({"kind": "../feeds/desk_positioning"}, "setups.sol_turn.kind: expected one of"),
        ({"kind": ["turn_after_fall"]}, "setups.sol_turn.kind: expected one of"),
        ({"asset": "DOGE"}, "setups.sol_turn: expected an asset of the assets section, was DOGE"),
    ],
)
def test_a_mistake_in_its_entry_is_told_like_any_other(tmp_path: Path, changes: dict[str, Any], finding: str) -> None:
    with pytest.raises(ConfigError) as told:
        load_config(written(tmp_path, SETUP_ENTRY, **changes))
    assert finding in str(told.value)


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("import nothing_of_that_name", "was ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("def (", "was SyntaxError: "),
        ("x = 1", "expected a class Rules(OwnSetup) in "),
        ("Rules = int", "expected a class Rules(OwnSetup) in "),
    ],
)
def test_a_file_that_is_none_is_one_line(tmp_path: Path, text: str, finding: str) -> None:
    path = written(tmp_path, SETUP_ENTRY)
    (tmp_path / "setups" / "turn_after_fall.py").write_text(text)
    with pytest.raises(ConfigError) as told:
        load_config(path)
    assert finding in str(told.value)
    assert "\n" not in str(told.value)


def test_a_machine_that_is_no_setup_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, SETUP_ENTRY)
    broken = SETUP_FILE.text.replace("machine = TurnAfterFall", "machine = int")
    (tmp_path / "setups" / "turn_after_fall.py").write_text(broken)
    with pytest.raises(ConfigError, match=r"expected Rules\.machine of setups/turn_after_fall\.py to be a Setup"):
        Engine(load_config(path), NOON_NS)


def test_nothing_is_loaded_that_no_config_names(tmp_path: Path) -> None:
    path = written(tmp_path)
    (tmp_path / "setups" / "lower_band_long.py").write_text("raise SystemExit(3)")
    (tmp_path / "setups" / "turn_after_fall.py").write_text("raise SystemExit(3)")
    built_in = type(load_config(path).setups["btc_lower_band_long"])
    assert built_in.__module__ == "cockpit.config.setups"


async def test_the_feed_hands_over_what_the_service_says(tmp_path: Path) -> None:
    def answer(asked: Any) -> Reply:
        assert asked.path == "/positioning"
        return Reply(dict.fromkeys(("BTC", "SOL", "XRP", "ETH"), 56.2))

    handed: list[AnyEvent] = []

    async def put(name: str, event: AnyEvent) -> None:
        assert name == "desk"
        handed.append(event)

    async with LoopbackSite(answer) as site:
        config = load_config(written(tmp_path, FEED_ENTRY, url=site.url))
        roster = roster_of(config, environ={}, timing=Timing(lambda: NOON_NS))
        feed = next(member.feed for member in roster.members if member.feed.name == "desk")
        assert await feed.round(put) == 60.0  # type: ignore[attr-defined]
        assert handed == [Positioning(NOON_NS, asset, "desk", 100.0 - 56.2, 56.2) for asset in config.assets]
        site.answer = lambda asked: Reply({"BTC": "many"})
        await feed.round(put)  # type: ignore[attr-defined]
        await feed._held.close()  # type: ignore[attr-defined]
    assert isinstance(handed[-1], FeedHealth)
    assert handed[-1].state is FeedState.DOWN
    assert handed[-1].detail.startswith("desk: expected a number as BTC, was ")


def test_a_feed_without_its_file_says_where_it_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"own_feeds\.desk\.kind: expected a file feeds/KIND\.py beside the config"):
        load_config(written(tmp_path, FEED_ENTRY, kind="other"))


def ran(folder: Path, *command: str) -> None:
    found = subprocess.run(
        [sys.executable, "-m", *command],
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=patient_s(100),
    )
    assert found.returncode == 0, found.stdout[-4_000:] + found.stderr[-2_000:]


def test_the_pages_tests_pass_as_written(tmp_path: Path) -> None:
    written(tmp_path)
    ran(tmp_path, "pytest", "-q", "-p", "no:cacheprovider", "tests")


@pytest.mark.slow
def test_the_pages_files_are_typed(tmp_path: Path) -> None:
    written(tmp_path)
    strictly_typed(tmp_path, *FILES)


def test_a_base_class_of_before_is_refused_in_one_line(tmp_path: Path) -> None:
    path = written(tmp_path, SETUP_ENTRY)
    older = SETUP_FILE.text.replace("def idle_text", "def _idle_text")
    (tmp_path / "setups" / "turn_after_fall.py").write_text(older)
    with pytest.raises(ConfigError) as told:
        Engine(load_config(path), NOON_NS)
    assert "setups.sol_turn" in str(told.value)
    assert "idle_text" in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(("key", "value"), [("leader", "DOGE"), ("also_watch", ["DOGE"])])
def test_an_asset_that_nobody_hears_cannot_be_watched(tmp_path: Path, key: str, value: Any) -> None:
    with pytest.raises(ConfigError, match="expected an asset of the assets section, was DOGE"):
        load_config(written(tmp_path, LAGGARD_ENTRY, **{key: value}))
