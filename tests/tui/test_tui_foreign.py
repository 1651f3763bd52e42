"""What is not ours, what nobody knows, and how stops leave is in the pane of open trades, at every width."""

import msgspec
import pytest
from scenes import scene
from test_tui_panes import drawn, view_of

from cockpit.domain.snapshot import ForeignPositionView
from cockpit.tui.flatten import at_stake

HELD = ForeignPositionView("okx", "ETH", "cross", "net", -0.05, 4_000.0, 4_010.0, 200.5, -0.5, None, None, "flag")
GUARDED = msgspec.structs.replace(HELD, stop_price=4_080.0, loss_at_stop_usd=3.5, policy="protect")


def text_of(held: ForeignPositionView, cells: int) -> str:
    shown = scene("trading").with_snapshot(foreign_positions=(held,))
    return "\n".join("".join(text for text, _ in line) for line in drawn("trades", view_of(shown), (cells, 12)))


@pytest.mark.parametrize("cells", [82, 60, 48])
def test_it_is_named_with_its_mode_and_without_a_stop(cells: int) -> None:
    assert "not ours: -0.05 ETH okx cross net NO STOP" in text_of(HELD, cells)


def test_its_stop_and_what_is_at_risk_are_shown() -> None:
    assert "not ours: -0.05 ETH okx cross net stop 4,080" in text_of(GUARDED, 82)
    assert "3.50 USD at risk" in text_of(GUARDED, 82)


def test_the_flatten_names_it() -> None:
    shown = scene("trading").with_snapshot(foreign_positions=(HELD,))
    assert "and what is not ours: -0.05 ETH on okx" in at_stake(shown.snapshot)


@pytest.mark.parametrize("cells", [82, 60, 48])
def test_a_trade_whose_position_is_unknown_says_so(cells: int) -> None:
    shown = scene("trading")
    unknown = tuple(msgspec.structs.replace(view, unknown="not listed") for view in shown.snapshot.open_trades)
    view = view_of(shown.with_snapshot(open_trades=unknown))
    assert unknown and "UNKNOWN" in "".join(text for line in drawn("trades", view, (cells, 12)) for text, _ in line)


TERMS = "stop-limit: its limit lies 100 bps beyond its trigger; where the market gaps through that, it is taken off"


@pytest.mark.parametrize("cells", [82, 48])
def test_how_a_stop_leaves_that_is_no_stop_at_market_stands_under_the_trades(cells: int) -> None:
    shown = scene("trading")
    first, *others = shown.snapshot.open_trades
    marked = (msgspec.structs.replace(first, stop_terms=TERMS), *others)
    lines = drawn("trades", view_of(shown.with_snapshot(open_trades=marked)), (cells, 40))
    text = " ".join("".join(part for part, _ in line).strip() for line in lines)
    assert f"{first.trade.asset} {TERMS}" in text
    plain = drawn("trades", view_of(shown), (cells, 40))
    assert "stop-limit" not in "".join(part for line in plain for part, _ in line)
