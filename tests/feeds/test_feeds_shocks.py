"""Shocks are written as short texts, and a wrong one says what was expected."""

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import Reading
from cockpit.feeds.simulated.market import SimulatedMarket
from cockpit.feeds.simulated.shocks import FeedSilent, HealthFactorPath, PriceGap, Shock, ShockError, parse_shock


@pytest.mark.parametrize(
    ("text", "shock"),
    [
        ("hf:120:1.95", HealthFactorPath(120.0, 1.95)),
        ("hf:120:1.95:60", HealthFactorPath(120.0, 1.95, 60.0)),
        ("silent:funding:60:700", FeedSilent(Reading.FUNDING, "", 60.0, 700.0)),
        ("silent:funding.BTC.okx:60:700", FeedSilent(Reading.FUNDING, "BTC.okx", 60.0, 700.0)),
        ("silent:stream.BTC:0:20", FeedSilent(Reading.STREAM, "BTC", 0.0, 20.0)),
        ("gap:BTC:90:-120", PriceGap("BTC", 90.0, -120.0)),
        (" gap:SOL:0:+80 ", PriceGap("SOL", 0.0, 80.0)),
    ],
)
def test_a_shock_from_its_text(text: str, shock: Shock) -> None:
    assert parse_shock(text) == shock


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hf:120", "expected hf:AT_S:TO[:OVER_S], was 'hf:120'"),
        ("hf:soon:1.95", "expected hf:AT_S:TO[:OVER_S], was 'hf:soon:1.95': could not convert"),
        ("hf:120:0", "expected a number above 0, was 0"),
        ("hf:-1:2", "expected seconds from 0, was -1"),
        ("hf:nan:2", "expected seconds from 0, was nan"),
        ("hf:0:inf", "expected a number above 0, was inf"),
        ("silent:weather:60:700", "expected silent:READING[.SCOPE]:FROM_S:FOR_S, was 'silent:weather:60:700'"),
        ("silent:funding:60", "expected silent:READING[.SCOPE]:FROM_S:FOR_S"),
        ("gap:BTC:90:-10000", "expected a number above -10000, was -10000"),
        ("gap::90:5", "expected gap:ASSET:AT_S:BPS, was 'gap::90:5'"),
        ("quake:BTC:1", "expected hf:AT_S:TO[:OVER_S] or silent:READING[.SCOPE]:FROM_S:FOR_S or gap:ASSET:AT_S:BPS"),
        ("", "expected hf:AT_S:TO[:OVER_S] or "),
    ],
)
def test_a_wrong_text_is_answered_with_the_form(text: str, expected: str) -> None:
    with pytest.raises(ShockError) as caught:
        parse_shock(text)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("scope", "at_s", "covered"),
    [("", 60.0, True), ("BTC", 60.0, True), ("okx", 60.0, True), ("BTC.okx", 60.0, True), ("okx.BTC", 60.0, True),
     ("ETH", 60.0, False), ("BTC.binance", 60.0, False), ("", 59.9, False), ("", 160.0, False), ("", 159.9, True)],
)  # fmt: skip
def test_silence_covers_its_scope_for_its_time(scope: str, at_s: float, covered: bool) -> None:
    silence = FeedSilent(Reading.FUNDING, scope, 60.0, 100.0)
    assert silence.covers(Reading.FUNDING, at_s, "BTC", "okx") is covered
    assert not silence.covers(Reading.POSITIONING, at_s, "BTC", "okx")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gap:DOGE:90:-120", "expected a gap in one of BTC, SOL, XRP, ETH, was DOGE"),
        ("silent:stream.DOGE:0:20", "expected silence of BTC, ETH, SOL, XRP, binance, okx or of all, was DOGE"),
    ],
)
def test_a_shock_for_a_stranger_is_refused(shipped_config: CockpitConfig, text: str, expected: str) -> None:
    with pytest.raises(ShockError) as caught:
        SimulatedMarket(shipped_config, shocks=[parse_shock(text)])
    assert str(caught.value) == expected
