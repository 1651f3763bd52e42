"""Bands drawn for each day: the same either way, nothing of a later day, and never under a trade that rests on them."""

import json
from pathlib import Path

import pytest

from cockpit.config.context import AssetBands
from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import SetupPhase
from cockpit.history.errors import HistoryError
from cockpit.research.assumptions import Assumptions
from cockpit.research.column_run import ColumnRun
from cockpit.research.day_bands import bands_about, read_bands
from cockpit.research.run import Run
from tests.research.generated import DAY, PRICES, tape_of
from tests.research.test_exactness import assert_same, config_of
from tests.research.test_lookahead import CHANGED

PRICE = PRICES["BTC"]


def test_each_day_has_its_own_bands_and_both_ways_agree(shipped_config: CockpitConfig) -> None:
    drawn = {DAY: {"BTC": bands_about(PRICE, 6.0, 5.0)}, DAY + 1: {"BTC": bands_about(PRICE, 14.0, 5.0)}}
    config, digests = config_of(shipped_config, CHANGED | {"away_bps": 500.0}), set()
    tapes = [tape_of(config, Assumptions(), 5, day=day, count=4_000) for day in (DAY, DAY + 1)]
    for bands in (drawn, {DAY: drawn[DAY]}, {}):
        runs = (
            Run(config, Assumptions(), int(tapes[0].clock[0]), bands=bands),
            ColumnRun(config, Assumptions(), int(tapes[0].clock[0]), bands=bands),
        )
        for run in runs:
            for tape in tapes:
                run.day(tape)
            run.finish()
        assert_same(runs[0].tally, runs[1].tally)
        assert runs[0].bands_kept == runs[1].bands_kept
        digests.add(runs[0].tally.digest)
    assert len(digests) == 3


def test_the_rule_draws_about_the_last_price_that_was_known(shipped_config: CockpitConfig) -> None:
    config = config_of(shipped_config, CHANGED)
    assumptions = Assumptions(bands_away_bps=10.0, bands_height_bps=5.0)
    tapes = [tape_of(config, assumptions, 6, day=day, assets=("BTC",)) for day in (DAY, DAY + 1)]
    run = ColumnRun(config, assumptions, int(tapes[0].clock[0]))
    run.day(tapes[0])
    first = tapes[0].first_price("binance", "BTC")
    assert first is not None and run.engine.market.bands("BTC") == bands_about(first, 10.0, 5.0)
    last = run.engine.market.assets["BTC"].price
    run.day(tapes[1])
    assert last is not None and run.engine.market.bands("BTC") == bands_about(last, 10.0, 5.0)


def test_bands_under_a_trade_stay(shipped_config: CockpitConfig) -> None:
    run = Run(config_of(shipped_config, CHANGED), Assumptions(), DAY * 86_400 * 10**9)
    setup, before = run.engine.setups["btc_lower_band_long"], run.engine.market.bands("BTC")
    setup.opened(run.engine.now_ns)
    assert setup.status(run.engine.now_ns).phase is SetupPhase.TRIGGERED
    assert not run.engine.redraw_bands("BTC", bands_about(PRICE, 90.0, 5.0))
    assert run.engine.market.bands("BTC") == before
    setup.closed(run.engine.now_ns)
    assert run.engine.redraw_bands("BTC", bands_about(PRICE, 90.0, 5.0))
    assert run.engine.market.assets["BTC"].fence_low < before.lower[0][1] if before else False


def test_the_file(tmp_path: Path) -> None:
    path = tmp_path / "days.json"
    path.write_text(json.dumps({"2024-08-08": {"BTC": {"lower": [[61000, 61100]], "upper": [[62000, 62100]]}}}))
    assert read_bands(path) == {DAY: {"BTC": AssetBands(lower=[[61000, 61100]], upper=[[62000, 62100]])}}
    for text, said in (
        ('{"2024-08-08": {"BTC": {"lower": [[2, 1]]}}}', "expected lower band"),
        ('{"soon": {}}', "expected days with the bands of assets, was"),
        ("[]", "expected days with the bands of assets, was"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(HistoryError, match=said):
            read_bands(path)
