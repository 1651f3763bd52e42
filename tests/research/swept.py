"""A sweep over generated days: keys that vary, rules that let them matter, and a sweep run by any workers."""

from pathlib import Path

from cockpit.config.load import load_config
from cockpit.history.checking import days_between
from cockpit.research.assumptions import Assumptions
from cockpit.research.sweep import Kept, Workers, run_sweep
from cockpit.research.sweep_plan import Plan
from cockpit.research.trial import Batch, Trial
from tests.conftest import SHIPPED_CONFIG
from tests.history.shelf import Shelf

STOP, EDGE = "setups.btc_lower_band_long.stop_bps", "bands.BTC.lower.0.1"
FIXED = [
    "aave.required=false",
    "bands.BTC.lower=[[59000,59980]]",
    "bands.BTC.upper=[[60090,60100]]",
    "setups.btc_lower_band_long.reclaim_after_s=5",
    "setups.btc_lower_band_long.failures_to_stand_down=50",
    "limits.losses_until_review=50",
    "limits.losses_until_kill=60",
    "limits.max_trades_per_day=50",
    "limits.net_profit_stop_r=50",
    "limits.session_drawdown_pct=50",
    "market_context.positioning.BTC.short_pct=50",
]


def template_of(shelf: Shelf, plan: Plan) -> Batch:
    config, days = load_config(SHIPPED_CONFIG, plan.set), days_between(shelf, None, None)
    return Batch(
        store=str(shelf.root),
        config_json=config.model_dump_json(by_alias=True),
        beside=str(SHIPPED_CONFIG.parent),
        first_day=days.start,
        end_day=days.stop,
        hold_context=plan.history.hold_context,
        assumptions=Assumptions(seed=plan.seed),
        settings=[],
    )


def swept(shelf: Shelf, plan: Plan, out: Path, workers: Workers) -> list[Trial]:
    template = template_of(shelf, plan)
    return run_sweep(plan, template, Kept(out, plan, template, "data"), workers)
