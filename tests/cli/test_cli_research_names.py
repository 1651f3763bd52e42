"""The names that scripts rely on in the commands of research: options, keys of a plan, and members of their JSON."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from cockpit.cli import app
from cockpit.commands.research_commands import BacktestEngine
from cockpit.domain.kinds import Mode
from cockpit.domain.units import NS_PER_DAY, NS_PER_MS
from cockpit.feeds.simulated.market import SimulatedMarket
from tests.cli.conftest import Cockpit
from tests.history.public_files import agg_trades, put

pytest.importorskip("pyarrow", reason="the research extra is not installed")

from cockpit.config.load import load_config
from cockpit.journal.recordings import RecordingHeader, RecordingWriter
from cockpit.research.sweep_plan import Plan, PlanHistory, Span, WalkForward
from tests.conftest import SHIPPED_CONFIG

OPTIONS = {
    "history add": ["--venue", "--kind", "--asset", "--store", "--json"],
    "history list": ["--store", "--json"],
    "history check": ["--from", "--to", "--store", "--json"],
    "history fit": ["--store", "--json"],
    "backtest": [
        *("--from", "--to", "--assets", "--set", "--hold-context", "--engine", "--pessimism"),
        *("--store", "--json", "--html", "--csv"),
    ],
    "sweep": ["--cluster", "--resume", "--json", "--html"],
    "replay": ["--hold-context", "--set", "--verify", "--json"],
}
REPLAY = {
    "events": int,
    "wall_s": float,
    "events_per_s": float,
    "verdicts": {"approved": int, "denied": int},
    "denied_by": dict,
    "trades": list,
    "session": {"pnl_usd": float, "max_drawdown_usd": float, "consecutive_losses": int},
    "digest": str,
}
TRADE = {
    *("id", "setup", "asset", "side", "opened_ns", "entry", "qty", "stop", "targets", "closed_ns", "exit_reason"),
    *("pnl_usd", "fees_usd", "r", "slippage_bps"),
}
BACKTEST = REPLAY | {
    "rows": int,
    "rows_per_s": float,
    "expectancy_r": {"mean": float, "low95": float, "high95": float},
    "sentence": str,
}
SWEEP = {"trials": list, "best": dict, "deflated_sharpe": float, "pbo": float, "sentence": str}
TRIAL = {"set": dict, "trades": int, "net_usd": float, "expectancy_r": float}
PLAN_KEYS = {
    Plan: ("history", "vary", "search", "trials", "walk_forward", "seed"),
    PlanHistory: ("from", "to", "assets", "store", "hold_context"),
    WalkForward: ("train_days", "test_days", "purge_s"),
    Span: ("low", "high", "step"),
}


def assert_shaped(found: Any, shape: dict[str, Any]) -> None:
    """Every name is there, of its type; a number that is not known is null, and a whole one will do for another."""
    for name, kind in shape.items():
        assert name in found, f"expected {name}, was {sorted(found)}"
        if isinstance(kind, dict):
            assert_shaped(found[name], kind)
        else:
            allowed = (kind, int, type(None)) if kind is float else kind
            assert isinstance(found[name], allowed), (name, found[name])


@pytest.mark.parametrize("command", OPTIONS)
def test_the_options(command: str) -> None:
    found: Any = typer.main.get_command(app)
    for word in command.split():
        found = found.commands[word]
    known = {option for parameter in found.params for option in parameter.opts}
    assert set(OPTIONS[command]) <= known


@pytest.mark.parametrize("model", PLAN_KEYS, ids=lambda model: model.__name__)
def test_the_keys_of_a_plan(model: Any) -> None:
    assert set(PLAN_KEYS[model]) <= {field.alias or name for name, field in model.model_fields.items()}


def test_the_kinds_of_search_and_engine() -> None:
    searches = Plan.model_fields["search"].annotation
    assert set(searches.__args__) == {"grid", "random", "tpe"}  # type: ignore[union-attr]
    assert [engine.value for engine in BacktestEngine] == ["columns", "events"]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some minutes of the simulated market."""
    path = tmp_path_factory.mktemp("recording") / "market.rec"
    start_ns = 20_000 * NS_PER_DAY
    header = RecordingHeader(
        created_ns=1, origin="import", source="", config_json="{}", mode=Mode.PAPER, start_ns=start_ns
    )
    with RecordingWriter(path, header) as written:
        for event in SimulatedMarket(load_config(SHIPPED_CONFIG), 27, start_ns).events():
            if event.ts_ns > start_ns + 400_000 * NS_PER_MS:
                break
            written.write_input(event)
    return path


def test_a_replay_and_a_backtest_of_it_by_both_engines(cockpit: Cockpit, recording: Path) -> None:
    replayed = json.loads(cockpit("replay", recording, "--hold-context", "--json").stdout)
    assert_shaped(replayed, REPLAY)
    columns, events = (
        json.loads(cockpit("backtest", recording, "--hold-context", "--engine", engine, "--json").stdout)
        for engine in ("columns", "events")
    )
    for found in (columns, events):
        assert_shaped(found, BACKTEST)
        assert replayed["trades"] and found["trades"], "expected trades to look at, was none"
        for trade in (*replayed["trades"], *found["trades"]):
            assert set(trade) >= TRADE and isinstance(trade["targets"], list)
    assert len(columns["digest"]) == 64 and columns["digest"] == events["digest"] != replayed["digest"]
    assert columns["trades"] == events["trades"] and columns["session"] == events["session"]
    assert columns["events"] == events["events"] and columns["rows"] == events["rows"]
    two = json.loads(cockpit("backtest", recording, "--hold-context", "--assets", "ETH,XRP", "--json").stdout)
    assert {trade["asset"] for trade in two["trades"]} == {"ETH", "XRP"}


def test_history_and_a_sweep_over_it(cockpit: Cockpit, tmp_path: Path) -> None:
    store = tmp_path / "store"
    put(tmp_path / "files", "aggTrades", agg_trades(count=17_280))
    added = json.loads(cockpit("history", "add", tmp_path / "files", "--store", store, "--json").stdout)
    assert added["ok"] is True
    for command in ("list", "check", "fit"):
        days = ("--from", "2024-08-08", "--to", "2024-08-08") if command == "check" else ()
        assert isinstance(json.loads(cockpit("history", command, *days, "--store", store, "--json").stdout), dict)
    plan = tmp_path / "plan.json"
    raw = {
        "history": {"from": "2024-08-08", "to": "2024-08-08", "assets": ["BTC"], "store": "store"},
        "vary": {"setups.btc_lower_band_long.stop_bps": [20, 28], "capital.hot_wallet_usd": {"low": 900, "high": 1100}},
        "search": "random",
        "trials": 3,
        "walk_forward": {"train_days": 1, "test_days": 1, "purge_s": 60},
        "seed": 3,
    }
    plan.write_text(json.dumps(raw), encoding="utf-8")
    first = cockpit("sweep", plan, "--workers", "1", "--resume", "--json", "--html", tmp_path / "sweep.html")
    assert "no trial is kept in" in first.stderr and (tmp_path / "sweep.html").stat().st_size > 1_000
    again = cockpit("sweep", plan, "--workers", "1", "--json")
    assert "goes on after 3 trials kept in" in again.stderr and ", as with --resume;" in again.stderr
    assert again.stdout == first.stdout
    found = json.loads(first.stdout)
    assert_shaped(found, SWEEP | {"best": (dict, type(None))})
    assert len(found["trials"]) == 3
    for trial in found["trials"]:
        assert_shaped(trial, TRIAL)
        assert set(trial["set"]) == set(raw["vary"])  # type: ignore[call-overload]
