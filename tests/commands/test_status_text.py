"""The look at an engine as people read it: what rounds to nothing has no minus."""

import msgspec

from cockpit.commands.status import status_lines
from cockpit.domain.snapshot import Snapshot
from cockpit.domain.stream import ProcessView
from tests.tui.scenes import scene

replace = msgspec.structs.replace


def status_text(shown: Snapshot, process: ProcessView) -> str:
    return "\n".join(status_lines(shown, process))


def test_what_rounds_to_nothing_has_no_minus() -> None:
    found = scene("trading")
    now, process = found.snapshot, next(frame.process for frame in found.frames if hasattr(frame, "process"))
    assert process is not None
    trades = tuple(replace(view, open_pnl_usd=-0.001) for view in now.open_trades)
    account = replace(now.account, realised_usd=-0.001)
    text = status_text(replace(now, open_trades=trades, open_pnl_usd=-0.001, account=account), process)
    assert "-0.00" not in text and text.count("+0.00 USD") == 4 + len(trades), text
