"""What holds for every verdict, whatever the market, the account and the wish."""

import re
from collections.abc import Callable
from typing import Any

from hypothesis import find, given, settings
from hypothesis import strategies as st

from cockpit.config.model import CockpitConfig
from cockpit.domain.account import Halt
from cockpit.domain.kinds import Layer, Mode, Outcome, Side
from cockpit.domain.verdict import Check, Verdict
from cockpit.gate.sizing import lot_decimals

Judge = Callable[..., Verdict]

PRICES = {"BTC": 108_402.0, "ETH": 3_871.13, "SOL": 186.27, "XRP": 2.3417}


def reductions(most: int = 3) -> st.SearchStrategy[tuple[Check, ...]]:
    factors, stops = st.floats(0.05, 1.0), st.none() | st.floats(1.0, 900.0)
    reduce = st.builds(
        lambda factor, stop_bps: Check(
            Layer.TACTICAL, "guard", Outcome.REDUCE, "1", "2", "1 against 2", factor, stop_bps
        ),
        factors,
        stops,
    )
    return st.lists(reduce, max_size=most).map(tuple)


TROUBLES: dict[str, st.SearchStrategy[Any]] = {
    "venue": st.just("binance"),
    "stop_bps": st.floats(0.1, 700),
    "short_pct": st.floats(0, 100) | st.none(),
    "binance_bps": st.floats(-10, 10) | st.none(),
    "okx_bps": st.floats(-10, 10) | st.none(),
    "open_interest_pct": st.floats(-20, 20) | st.none(),
    "health": st.floats(0.5, 10) | st.none(),
    "ages_s": st.dictionaries(
        st.sampled_from(["positioning", "funding", "open_interest", "health_factor", "stream"]), st.floats(0, 2000)
    ),
    "realised_usd": st.floats(-150, 150),
    "day_open_usd": st.floats(-50, 50),
    "session_r": st.floats(-5, 5),
    "trades_today": st.integers(0, 9),
    "losses_since_review": st.integers(0, 4),
    "consecutive_losses": st.integers(0, 7),
    "halt": st.just(Halt(1, "operator", "halted by the operator")),
    "open_trades": st.integers(0, 5),
    "exposure_usd": st.floats(0, 200),
    "open_pnl_usd": st.floats(-60, 60) | st.none(),
    "drawdown_usd": st.floats(0, 40) | st.none(),
    "setup_enabled": st.just(False),
    "guards": reductions(),
}


@st.composite
def scenes(draw: st.DrawFn) -> dict[str, Any]:
    """A calm world with any wish in it and up to four troubles, so that about every other trade is approved."""
    asset = draw(st.sampled_from(sorted(PRICES)))
    price = PRICES[asset] * draw(st.floats(0.5, 2.0))
    scene: dict[str, Any] = {
        "asset": asset,
        "price": price,
        "decision_price": price,
        "side": draw(st.sampled_from(Side)),
        "mode": draw(st.sampled_from(Mode)),
        "requested_usd": draw(st.floats(20, 440)),
        "stop_bps": 28.0,
        "venue": "okx",
        "exposure_usd": 0.0,
    }
    troubles = draw(st.lists(st.sampled_from(sorted(TROUBLES)), max_size=4, unique=True))
    return scene | {name: draw(TROUBLES[name]) for name in troubles}


def test_these_worlds_hold_approved_and_denied_trades(verdict: Judge) -> None:
    """The properties below speak of both."""
    quiet = settings(database=None, max_examples=500)
    assert verdict(**find(scenes(), lambda scene: verdict(**scene).approved, settings=quiet)).approved
    assert not verdict(**find(scenes(), lambda scene: not verdict(**scene).approved, settings=quiet)).approved


@given(scene=scenes())
def test_an_approved_trade_is_inside_every_limit(
    verdict: Judge, bare_config: CockpitConfig, scene: dict[str, Any]
) -> None:
    judged = verdict(**scene)
    if not judged.approved:
        return
    instrument = bare_config.venues[scene["venue"]].instruments[scene["asset"]]
    lots = judged.qty / instrument.lot
    assert 0 < judged.notional_usd <= min(415.0, scene["requested_usd"])
    assert judged.notional_usd <= scene["requested_usd"] * judged.size_factor
    assert judged.qty >= instrument.min_qty
    assert judged.notional_usd >= instrument.min_notional_usd
    assert judged.qty == round(round(lots) * instrument.lot, lot_decimals(instrument.lot))
    assert scene["stop_bps"] <= judged.stop_bps <= 500.0
    assert 0 < judged.size_factor <= 1.0
    assert not [check for check in judged.checks if check.outcome.denies]
    assert (judged.reason, judged.reason_check) == ("", "")
    if scene["mode"] is Mode.TEST:
        assert scene["exposure_usd"] + judged.notional_usd <= 100.0


@given(scene=scenes())
def test_an_approved_trade_risks_no_more_than_was_asked(verdict: Judge, scene: dict[str, Any]) -> None:
    judged = verdict(**scene)
    asked = scene["requested_usd"] * scene["stop_bps"]
    assert judged.notional_usd * judged.stop_bps <= asked * (1 + 1e-9)


@given(scene=scenes())
def test_the_three_steps_never_grow_and_what_is_traded_loses_no_more_than_asked(
    verdict: Judge, bare_config: CockpitConfig, scene: dict[str, Any]
) -> None:
    """The loss at the stop of what is traded, fees included, is within what was asked x the plain factors."""
    judged = verdict(**scene)
    size = judged.sizing
    assert size is not None
    assert size.notional_usd <= size.allowed_usd <= size.asked_usd
    assert size.loss_usd <= size.allowed_loss_usd * (1 + 1e-9)
    plain = 1.0
    for check in judged.checks:
        if check.outcome is Outcome.REDUCE and (check.stop_bps is None or check.stop_bps <= scene["stop_bps"]):
            plain *= check.size_factor
    if scene["stop_bps"] <= 500.0:
        assert size.loss_usd <= size.asked_loss_usd * plain * (1 + 1e-9)
    if judged.approved:
        assert (size.qty, size.notional_usd, size.factor) == (judged.qty, judged.notional_usd, judged.size_factor)
    for note in size.notes:
        assert re.search(r"allows \d+\.\d\d, still \d+ lots?$", note)


@given(scene=scenes())
def test_a_denial_has_a_reason_with_its_numbers_and_no_size(verdict: Judge, scene: dict[str, Any]) -> None:
    judged = verdict(**scene)
    if judged.approved:
        return
    assert re.search(r"\d", judged.reason)
    first = next(check for check in judged.checks if check.outcome.denies)
    assert (judged.reason, judged.reason_check) == (first.sentence, first.name)
    assert (judged.notional_usd, judged.qty) == (0.0, 0.0)


@given(scene=scenes())
def test_every_check_has_a_sentence_and_no_data_says_so(verdict: Judge, scene: dict[str, Any]) -> None:
    for check in verdict(**scene).checks:
        assert check.sentence
        assert check.observed
        assert check.limit
        assert check.outcome is not Outcome.NO_DATA or check.sentence.startswith("no data on ")


@given(
    requested_usd=st.floats(0, 415),
    stop_bps=st.floats(1, 500),
    some=reductions(2),
    more=reductions(2),
)
def test_more_reductions_never_make_a_larger_trade(
    verdict: Judge, requested_usd: float, stop_bps: float, some: tuple[Check, ...], more: tuple[Check, ...]
) -> None:
    """With nothing lost today no loss comes near half of the day's limit: the loss budget stays out of it."""
    wish = {"requested_usd": requested_usd, "stop_bps": stop_bps}
    before, after = verdict(**wish, guards=some), verdict(**wish, guards=some + more)
    assert after.size_factor <= before.size_factor
    assert after.notional_usd <= before.notional_usd


@given(realised_usd=st.floats(0, 1e6), open_pnl_usd=st.floats(0, 1e6))
def test_profit_never_counts_as_a_loss(verdict: Judge, realised_usd: float, open_pnl_usd: float) -> None:
    judged = verdict(
        mode=Mode.TEST,
        open_trades=1,
        realised_usd=realised_usd,
        open_pnl_usd=open_pnl_usd,
    )
    money = {check.name: check for check in judged.checks}
    assert judged.approved
    assert money["daily_loss"].observed == "0.00 USD"
    assert money["test_session_loss"].observed == "0.00 USD"
    assert money["loss_budget"].limit == "<= 50.00 USD"


@given(
    requested_usd=st.floats(1, 415),
    open_interest_pct=st.floats(-20, 20),
    side=st.sampled_from(Side),
    asset=st.sampled_from(sorted(PRICES)),
)
def test_in_a_calm_market_only_the_venues_minimum_denies(
    verdict: Judge, requested_usd: float, open_interest_pct: float, side: Side, asset: str
) -> None:
    price = PRICES[asset]
    judged = verdict(
        requested_usd=requested_usd,
        open_interest_pct=open_interest_pct,
        side=side,
        asset=asset,
        price=price,
        decision_price=price,
    )
    assert judged.reason_check in ("", "venue_minimum")
    assert judged.approved or requested_usd < 20.0
