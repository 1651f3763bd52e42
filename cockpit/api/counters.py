"""What the API counts: verdicts, calls, and the clients of its WebSockets."""

from collections import Counter
from collections.abc import Sequence

from cockpit.domain.actions import AnyAction, Decided


class Counters:
    """Grows only, but for the clients that are connected right now."""

    def __init__(self) -> None:
        self.verdicts: Counter[tuple[str, str]] = Counter()
        self.answers: Counter[int] = Counter()
        self.clients: Counter[str] = Counter()
        self.dropped: Counter[tuple[str, str]] = Counter()

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        """Count verdicts by outcome and, where denied, by the check that denied first."""
        for action in actions:
            if isinstance(action, Decided):
                verdict = action.verdict
                outcome = "denied" if not verdict.approved else "sent" if verdict.sent else "not_sent"
                self.verdicts[outcome, verdict.reason_check] += 1
