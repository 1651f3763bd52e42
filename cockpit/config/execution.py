"""How real orders are carried out, and what a venue's account must look like before it is trusted with them."""

from typing import Annotated, Literal

from pydantic import Field

from cockpit.config.base import Percent, Positive, Section

MarginMode = Literal["isolated", "cross"]
ForeignPositions = Literal["flag", "protect"]
Share = Annotated[float, Field(gt=0, le=1)]


class ExecutionSection(Section):
    """A position whose stop is not seen resting within `stop_within_s` of the fill it protects is closed at once.

    Every `reconcile_every_s` the venue is asked what it holds. An entry is sent only once the journal has it, for which
    it waits `entry_journal_within_ms` at the most. A close that the venue refuses because targets hold its quantity
    waits `cancel_before_close_ms` at the most for their cancels. Entries may use `entry_weight_share` of a venue's
    request allowance, the rest is for exits.

    The account must be in `margin_mode` with at most `max_leverage`, its clock within `max_clock_offset_ms` of ours,
    and the equity of all venues that trade within `equity_tolerance_pct` of the hot wallet. With
    `drill_before_live` a day's first arming in live mode needs that day's drill.

    A position on the account that no trade of ours explains is named and shown (`foreign_positions: flag`), and where
    the choice is `protect` a stop rests for it too, `foreign_stop_bps` from the mark at which it was first seen. Either
    way it counts against no limit of ours, and of our exits only a flatten closes it.
    """

    stop_within_s: Annotated[float, Field(gt=0, le=10)] = 1.0
    reconcile_every_s: Annotated[float, Field(gt=0, le=60)] = 2.0
    entry_journal_within_ms: Annotated[float, Field(gt=0, le=5_000)] = 250.0
    cancel_before_close_ms: Annotated[float, Field(ge=0, le=2_000)] = 300.0
    entry_weight_share: Share = 0.6
    margin_mode: MarginMode = "isolated"
    max_leverage: Annotated[float, Field(ge=1, le=125)] = 5.0
    max_clock_offset_ms: Positive = 1_000.0
    equity_tolerance_pct: Percent = 10.0
    drill_before_live: bool = True
    foreign_positions: ForeignPositions = "flag"
    foreign_stop_bps: Annotated[float, Field(gt=0, le=5_000)] = 500.0
