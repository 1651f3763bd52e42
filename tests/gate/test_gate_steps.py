"""Every verdict shows asked, allowed and traded, and where a factor changed nothing because of lots."""

from collections.abc import Callable

import msgspec
import pytest

from cockpit.domain.kinds import Layer, Outcome
from cockpit.domain.verdict import Check, Verdict

Judge = Callable[..., Verdict]


def guard(factor: float, stop_bps: float | None = None, name: str = "guard") -> Check:
    return Check(Layer.TACTICAL, name, Outcome.REDUCE, "1", "2", "1 against 2", factor, stop_bps)


@pytest.mark.parametrize(
    ("scene", "steps"),
    [
        (
            {"requested_usd": 29.05},
            "asked 29.05 USD, allowed 29.05 (1x), traded 0.0002 BTC, 21.68 USD, losing 0.0824 at the stop",
        ),
        (
            {"requested_usd": 29.05, "open_interest_pct": 5.0},
            "asked 29.05 USD, allowed 23.24 (0.8x), traded 0.0002 BTC, 21.68 USD, losing 0.0824 at the stop; "
            "open_interest 0.8x allows 23.24, still 2 lots",
        ),
        (
            {"requested_usd": 29.05, "guards": (guard(28 / 35, 35.0, "thin_book"),)},
            "asked 29.05 USD, allowed 23.24 (0.8x), traded 0.0002 BTC, 21.68 USD, losing 0.0976 at the stop; "
            "thin_book 0.8x allows 23.24, still 2 lots",
        ),
        (
            {"requested_usd": 29.05, "open_interest_pct": 5.0, "guards": (guard(0.5),)},
            "asked 29.05 USD, allowed 11.62 (0.4x), traded 0.0001 BTC, 10.84 USD, losing 0.0412 at the stop; "
            "open_interest 0.8x allows 23.24, still 2 lots",
        ),
        (
            {"requested_usd": 100.0, "open_interest_pct": 5.0},
            "asked 100.00 USD, allowed 80.00 (0.8x), traded 0.0007 BTC, 75.88 USD, losing 0.2883 at the stop",
        ),
        (
            {"requested_usd": 20.75, "guards": (guard(0.5),)},
            "asked 20.75 USD, allowed 10.38 (0.5x), would trade 0 BTC, 0.00 USD, losing 0.0000 at the stop",
        ),
    ],
)
def test_the_three_steps(verdict: Judge, scene: dict[str, object], steps: str) -> None:
    assert verdict(**scene).size_text == steps


def test_a_denied_verdict_shows_what_it_would_have_been(verdict: Judge) -> None:
    judged = verdict(requested_usd=29.05, health=2.1)
    assert judged.qty == 0.0
    assert "would trade 0.0002 BTC, 21.68 USD" in judged.size_text


def test_a_verdict_of_an_older_journal_still_reads(verdict: Judge) -> None:
    """0.1.0 wrote no steps."""
    old = msgspec.to_builtins(verdict())
    del old["sizing"]
    read = msgspec.convert(old, Verdict)
    assert read.sizing is None
    assert read.size_text == f"{read.notional_usd:.2f} USD (1x)"
