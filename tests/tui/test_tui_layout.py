"""Every pane has its place at every size, and nothing lies over anything."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from screen_stage import SIZES
from textual.geometry import Region

from cockpit.tui.panes.table import BY_ID
from cockpit.tui.plan import LEAST_LOG_ROWS, plan

ZOOMED = st.sampled_from((None, *BY_ID))


@given(st.integers(1, 400), st.integers(1, 200), st.integers(0, 20), st.integers(0, 12), ZOOMED)
def test_regions_lie_in_the_screen_and_apart(
    columns: int, rows: int, trades: int, alert_rows: int, zoomed: str | None
) -> None:
    planned = plan(columns, rows, trades=trades, alert_rows=alert_rows, zoomed=zoomed).regions
    regions = {name: Region(*region) for name, region in planned.items()}
    screen = Region(0, 0, columns, rows)
    assert all(region.area and screen.contains_region(region) for region in regions.values())
    lying = [region for name, region in regions.items() if name != "alert"]
    assert not any(one.overlaps(other) for one, other in combinations(lying, 2))
    assert "status" in regions
    assert not alert_rows or "alert" in regions or rows <= 2


@pytest.mark.parametrize(
    ("size", "panes"),
    [
        (SIZES[0], {"bands", "positioning", "health", "trades", "setups", "gate_log"}),
        ((200, 60), set(BY_ID)),
        (SIZES[1], {"bands", "trades", "setups", "gate_log"}),
        (SIZES[2], {"trades", "gate_log", "bands"}),
    ],
)
def test_what_is_seen_at_the_three_sizes(size: tuple[int, int], panes: set[str]) -> None:
    seen = set(plan(*size, trades=1).regions) - {"status", "news", "footer"}
    assert seen == panes


def test_every_setup_has_its_two_rows_where_the_log_can_spare_them() -> None:
    regions = plan(120, 40, setup_rows=10).regions
    assert regions["setups"].height - 2 == 10 and regions["gate_log"].height >= LEAST_LOG_ROWS
    many = plan(120, 40, setup_rows=30).regions
    assert many["gate_log"].height > regions["gate_log"].height, "it keeps its rows where they would not do"
    tall = plan(120, 60, setup_rows=10).regions
    assert tall["gate_log"].height == plan(120, 60, setup_rows=2).regions["gate_log"].height


def test_an_alert_moves_nothing() -> None:
    calm, alarmed = plan(120, 40).regions, plan(120, 40, alert_rows=7).regions
    assert {name: region for name, region in alarmed.items() if name != "alert"} == calm


def test_a_zoomed_pane_has_the_whole_body() -> None:
    regions = plan(120, 40, zoomed="setups").regions
    assert set(regions) == {"status", "news", "footer", "setups"}
    assert regions["setups"][2:] == (120, 37)
