"""Evidence of so many closed trades with known results, and how a report of it looks on a terminal."""

import io
from collections.abc import Sequence
from typing import Any

from journal_samples import closed, life
from rich.console import Console

from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import TradeChanged
from cockpit.domain.kinds import Mode
from cockpit.journal.evidence import Evidence, evidence_of
from cockpit.journal.report import build_report
from cockpit.journal.report_history import history_of
from cockpit.journal.report_terminal import print_report
from cockpit.journal.sessions import FeedKind

FEE_USD, RISK_USD = 0.02, 0.10


def evidence_with(results_r: Sequence[float], **changes: Any) -> Evidence:
    """Closed trades with these results in R, one a minute."""
    actions = [
        TradeChanged(trade.closed_ns or 0, trade, "closed")
        for trade in (
            closed(number, result * RISK_USD + FEE_USD, **changes) for number, result in enumerate(results_r, start=1)
        )
    ]
    return evidence_of(actions, FeedKind.SIMULATED, Mode.PAPER, 0, 1)


def evidence_of_lives(results_usd: Sequence[float]) -> Evidence:
    """The same with verdicts, orders and fills."""
    actions = [action for number, gross in enumerate(results_usd, start=1) for action in life(number, gross)]
    return evidence_of(actions, FeedKind.SIMULATED, Mode.PAPER, 0, 1)


def on_terminal(evidence: Evidence, config: CockpitConfig, *, encoding: str = "utf-8", **terminal: Any) -> str:
    """What `cockpit report` prints on such a terminal."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    print_report(
        build_report(evidence, config), history_of(evidence), Console(file=file, **{"width": 80, **terminal}), 80
    )
    return raw.getvalue().decode(encoding)
