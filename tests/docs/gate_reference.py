"""The gate's reference page, made by running the gate: `python -m tests.docs.gate_reference > docs/gate.md`.

Which checks there are, what each reads and which keys of the config are its limits come from calling it on a value that
remembers what was asked of it; outcomes and sentences from running it in scenes that make it speak.
"""

import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any, NamedTuple

from cockpit.config.load import load_config
from cockpit.config.model import CockpitConfig
from cockpit.domain.account import Halt
from cockpit.domain.events import FundingRate, Positioning
from cockpit.domain.kinds import Layer, Mode, Origin, Outcome, Side
from cockpit.domain.verdict import Check
from cockpit.gate import global_limits, kill_switch, market_conditions, tactical
from cockpit.gate.inputs import GateInput
from cockpit.gate.sizing import Size, size_for
from cockpit.market.market import Market
from cockpit.setups.registry import build_setups
from tests.docs.pages import SHIPPED_CONFIG
from tests.docs.watched import Watched
from tests.gate.conftest import NOW_NS, Scene

LAYERS: tuple[tuple[Layer, ModuleType, str], ...] = (
    (Layer.GLOBAL, global_limits, "What one trade and one day may cost, and what the venue and the mode take."),
    (Layer.TACTICAL, tactical, "Who is crowded, who pays whom, how much leverage came in, the setup's own guards."),
    (Layer.MARKET, market_conditions, "The wallet's health, the day's trades and losses, a price that is alive."),
    (
        Layer.KILL_SWITCH,
        kill_switch,
        "What stops everything: switches, a halt, drawdown, losses, the last line.",
    ),
)
SHORT = {"side": Side.SHORT}
HALT = Halt(NOW_NS - 3_600_000_000_000, "operator", "operator: reading the news")
OLD = {"ages_s": dict.fromkeys(("positioning", "funding", "open_interest", "health_factor", "stream"), 1_000.0)}
LATE = {
    "ages_s": {"positioning": 300.0, "funding": 400.0, "open_interest": 600.0, "health_factor": 200.0, "stream": 10.0}
}

SCENES: tuple[dict[str, Any], ...] = (
    {},
    {"requested_usd": 500.0},
    {"requested_usd": 3.0},
    {"stop_bps": 501.0},
    {"realised_usd": -100.0},
    {"realised_usd": -99.9},
    {"open_trades": 3, "open_pnl_usd": 0.0},
    {"open_trades": 1, "open_pnl_usd": None},
    {"venue": "binance", "asset": "BTC", "decision_price": 0.0},
    {"mode": Mode.TEST},
    {"mode": Mode.TEST, "exposure_usd": 80.0, "open_trades": 1},
    {"mode": Mode.TEST, "trades_today": 3},
    {"mode": Mode.TEST, "realised_usd": -20.0},
    {"mode": Mode.TEST, "open_trades": 1, "open_pnl_usd": None},
    {"short_pct": 56.2},
    {"short_pct": 56.2, **SHORT},
    {"binance_bps": 2.9, "okx_bps": -0.7},
    {"binance_bps": 2.9, "okx_bps": -0.7, **SHORT},
    {"binance_bps": -0.5, "okx_bps": 0.1},
    {"open_interest_pct": 4.2},
    {"health": 2.4},
    {"health": 2.1},
    {"health": 1.9},
    {"health": None},
    {"health": None, "mode": Mode.LIVE},
    {"health": None, "no_debt": True},
    OLD,
    LATE,
    {"trades_today": 6},
    {"losses_since_review": 2, "consecutive_losses": 2},
    {"consecutive_losses": 5},
    {"session_r": 1.2},
    {"halt": HALT},
    {"setup_enabled": False},
    {"drawdown_usd": 20.0},
    {"drawdown_usd": None},
)
"""What is changed in a calm scene, so that every check says everything it can."""


class Described(NamedTuple):
    """One check: its name, what must hold, what it reads, its limits' keys, and a sentence for each outcome."""

    name: str
    holds: str
    reads: tuple[str, ...]
    keys: tuple[str, ...]
    sentences: dict[Outcome, str]


def bare_config() -> CockpitConfig:
    """The shipped rules, with nothing known of the market."""
    config = load_config(SHIPPED_CONFIG)
    return config.model_copy(update={"market_context": type(config.market_context)()})


def scenes(config: CockpitConfig) -> Iterator[GateInput]:
    """Every scene as the gate is given it, and once with nothing enabled."""
    calm = Scene(config)
    yield from (calm.but(**changes).asked() for changes in SCENES)
    yield replace(calm.asked(), config=config.model_copy(update={"enabled": False}))


def described(module: ModuleType, config: CockpitConfig) -> list[Described]:
    """The checks of a layer, in the order in which they are judged."""
    return [_described(function, list(scenes(config))) for function in checks_of(module)]


def checks_of(module: ModuleType) -> list[Callable[..., Check]]:
    """The functions of a layer that each make one check, as they stand in its file."""
    found = [
        function
        for _, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not function.__name__.startswith("_")
        and inspect.signature(function).return_annotation is Check
    ]
    return sorted(found, key=lambda function: function.__code__.co_firstlineno)


def _described(function: Callable[..., Check], asked: list[GateInput]) -> Described:
    seen: list[str] = []
    sentences: dict[Outcome, str] = {}
    name = ""
    for one in asked:
        check = _called(function, one, Watched(one, seen))
        name = check.name
        sentences.setdefault(check.outcome, check.sentence)
    keys = dict.fromkeys(_generic(path.removeprefix("config.")) for path in seen if path.startswith("config."))
    reads = dict.fromkeys(_generic(path) for path in seen if not path.startswith(("config.", "now_ns")))
    if "size" in inspect.signature(function).parameters:
        reads["size"] = None
    holds = inspect.getdoc(function) or ""
    ordered = {outcome: sentences[outcome] for outcome in Outcome if outcome in sentences}
    return Described(name, " ".join(holds.split()), tuple(sorted(reads)), tuple(sorted(keys)), ordered)


def _called(function: Callable[..., Check], one: GateInput, watched: Watched) -> Check:
    wants_size = "size" in inspect.signature(function).parameters
    found = function(watched, _size(one)) if wants_size else function(watched)
    assert isinstance(found, Check)
    return found


def _size(one: GateInput) -> Size:
    return size_for(one, (*tactical.checks(one), *market_conditions.checks(one), *kill_switch.checks(one)))


def _generic(path: str) -> str:
    """The path for any asset and venue."""
    parts = path.split(".")
    named = {"BTC": "ASSET", "okx": "VENUE", "binance": "VENUE"}
    return ".".join(named.get(part, part) for part in parts)


def guards(config: CockpitConfig) -> Iterator[tuple[str, Check, Check]]:
    """Every setup's own guards: with the shipped context held, and with nothing known."""
    known = build_setups(config, _read_market(config))
    unknown = build_setups(bare_config(), Market(bare_config(), NOW_NS))
    for setup, blind in zip(known, unknown, strict=True):
        yield from (
            (setup.name, check, other) for check, other in zip(setup.guards(NOW_NS), blind.guards(NOW_NS), strict=True)
        )


def _read_market(config: CockpitConfig) -> Market:
    market = Market(config, NOW_NS, hold_context=True)
    for asset in config.assets:
        market.apply(Positioning(NOW_NS, asset, "example", 44.0, 56.0, Origin.FEED))
        for venue, rate_bps in (("binance", 2.9), ("okx", -0.7)):
            market.apply(FundingRate(NOW_NS, asset, venue, rate_bps))
    return market


HEAD = """# The gate

Every trade, a setup's or an outside signal's, is judged by every check of four layers. All are always evaluated; the
first that denies is the reason, and a verdict lists them all with what was observed and the limit. The screen shows it
behind Enter on a line of the gate log, `GET /api/verdicts` answers them, the journal keeps them.

| outcome | means |
|---|---|
| pass | the trade may go on |
| reduce | it may, smaller: factors multiply, and a widened stop shrinks the size: the loss at the stop never grows |
| warn | it may; somebody should read this |
| block | it is denied |
| no data | what it needs was never read or is too old: denied. Missing is never 0 |

This page is made by running the gate on the shipped config, and a test holds it to that:
`python -m tests.docs.gate_reference > docs/gate.md`. Under each check stand what it reads of the gate's input, the keys
of the config that are its limits, and what it says. Checks beginning with `test_` are made in test mode only.
"""


def reference() -> str:
    """The whole page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    bare, config = bare_config(), load_config(SHIPPED_CONFIG)
    yield HEAD.rstrip()
    for layer, module, about in LAYERS:
        yield f"\n## {layer.number} {layer.value.replace('_', ' ').capitalize()}\n\n{about}"
        for check in described(module, bare):
            yield from _section(check)
        if layer is Layer.TACTICAL:
            yield from _guard_lines(config)


def _section(check: Described) -> Iterator[str]:
    yield f"\n### {check.name}\n\n{check.holds}\n"
    yield f"Reads: {_named(check.reads)}. Config: {_named(check.keys)}."
    yield "\n| outcome | says, for example |\n|---|---|"
    for outcome, sentence in check.sentences.items():
        yield f"| {outcome.value.replace('_', ' ')} | {sentence} |"


def _named(paths: tuple[str, ...]) -> str:
    return ", ".join(f"`{path}`" for path in paths) or "nothing"


def _guard_lines(config: CockpitConfig) -> Iterator[str]:
    yield "\n### The setups' own guards\n\nJudged last in this layer; their limits are keys of `setups.NAME`.\n"
    yield "| setup | guard | limit | says, for example | without data |\n|---|---|---|---|---|"
    for setup, check, blind in guards(config):
        said = f"{check.outcome.value.replace('_', ' ')}: {check.sentence}"
        yield f"| {setup} | {check.name} | {check.limit} | {said} | {blind.outcome.value.replace('_', ' ')} |"


if __name__ == "__main__":
    sys.stdout.write(reference())
