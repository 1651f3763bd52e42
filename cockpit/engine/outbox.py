"""What one step of the machine decides, collected in order."""

from cockpit.domain.actions import AnyAction, Notice


class Outbox:
    """The actions of one step, all stamped with the step's time; `unsent` ones of a step that broke off go first."""

    __slots__ = ("actions", "now_ns")

    def __init__(self, now_ns: int, unsent: list[AnyAction]) -> None:
        self.now_ns = now_ns
        self.actions = unsent

    def add(self, action: AnyAction) -> None:
        self.actions.append(action)

    def notice(self, severity: str, topic: str, sentence: str) -> None:
        """Tell an operator something."""
        self.actions.append(Notice(self.now_ns, severity, topic, sentence))
