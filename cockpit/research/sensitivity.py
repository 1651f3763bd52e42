"""How a backtest's result moves with fees, with latency, and with each parameter of its setups a step away."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from cockpit.config.model import CockpitConfig
from cockpit.research import statistics as stats
from cockpit.research.sweep_plan import Setting, Value
from cockpit.research.trial import Batch, Trial, run_batch

FACTORS = (0.5, 1.5, 2.0)
"""Of the config's fees and latency, one after the other, everything else as it is."""
STEP = 0.2
"""A parameter's neighbours are so much of it below and above."""
SWITCHES = ("size_multiplier",)
"""What scales all trades alike changes no R."""


class Variation(NamedTuple):
    """One thing that is otherwise: `was` and `value` are a parameter's, for fees and latency the factors."""

    of: str
    was: Value
    value: Value
    setting: Setting


def variations(config: CockpitConfig, setups: Iterable[str]) -> list[Variation]:
    """Fees and latency by factors, then every number of these setups a step down and up."""
    found = [Variation("fees", 1.0, factor, _fees(config, factor)) for factor in FACTORS]
    latency_ms = config.paper.latency_ms
    found += [Variation("latency", 1.0, factor, {"paper.latency_ms": latency_ms * factor}) for factor in FACTORS]
    for name in sorted({setup.partition(".")[0] for setup in setups} & set(config.setups)):
        found += _neighbours(f"setups.{name}", config.setups[name].model_dump())
    return found


def sensitivity(template: Batch, config: CockpitConfig, setups: Iterable[str]) -> list[dict[str, Any]]:
    """Each variation's trades and mean R with its interval, over one reading of the columns. Refused ones say why."""
    asked = variations(config, setups)
    settings = [(number, variation.setting) for number, variation in enumerate(asked)]
    trials = run_batch(replace(template, settings=settings))
    return [_outcome(*pair, template.assumptions.seed) for pair in zip(asked, trials, strict=True)]


def sensitivity_lines(found: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A line each for fees, latency and every parameter."""
    if found:
        yield "how it moves, mean R a trade (trades), one thing changed at a time:"
    for name in dict.fromkeys(one["of"] for one in found):
        of = [one for one in found if one["of"] == name]
        times = "x " if name in ("fees", "latency") else ""
        was = "" if times else f" {of[0]['was']:g}"
        yield f"  {name}{was}: " + ", ".join(f"{times}{one['value']:g} {_text(one)}" for one in of)


def _text(one: dict[str, Any]) -> str:
    if one["refused"]:
        return f"cannot be ({one['refused']})"
    return "no trade" if one["mean_r"] is None else f"{one['mean_r']:+.2f} ({one['trades']})"


def _fees(config: CockpitConfig, factor: float) -> Setting:
    setting: Setting = {}
    for name, venue in config.venues.items():
        setting[f"venues.{name}.taker_fee_bps"] = venue.taker_fee_bps * factor
        if venue.maker_fee_bps > 0.0:
            setting[f"venues.{name}.maker_fee_bps"] = venue.maker_fee_bps * factor
    return setting


def _neighbours(where: str, section: dict[str, Any]) -> Iterator[Variation]:
    for key, value in section.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or key in SWITCHES or value == 0:
            continue
        for factor in (1.0 - STEP, 1.0 + STEP):
            beside: Value = round(value * factor) if isinstance(value, int) else round(value * factor, 6)
            if beside == value:
                beside = value + (1 if factor > 1.0 else -1)
            yield Variation(f"{where}.{key}", value, beside, {f"{where}.{key}": beside})


def _outcome(asked: Variation, trial: Trial, seed: int) -> dict[str, Any]:
    interval = stats.expectancy(trial.trade_r, seed)
    return {
        **{"of": asked.of, "was": asked.was, "value": asked.value},
        **{"trades": trial.trades, "net_usd": trial.net_usd, "refused": trial.refused},
        "mean_r": trial.mean_r if trial.trades else None,
        "low_r": None if interval is None else interval.low,
        "high_r": None if interval is None else interval.high,
    }
