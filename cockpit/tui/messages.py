"""What a widget says to the app: typed, so that no widget needs to know the app."""

from collections.abc import Mapping
from typing import Any, Protocol

from textual.message import Message

from cockpit.client.errors import EngineRefused


class Ticket(Protocol):
    """A ticket as those see it who answer it. Each answer is drawn while it is open, and goes nowhere after."""

    @property
    def is_attached(self) -> bool:
        """Whether it is open still."""

    def cannot_read(self, why: str) -> None:
        """Its words are no order."""

    def judged(self, verdict: Mapping[str, Any]) -> None:
        """What the gate would say."""

    def stands_against(self, why: str) -> None:
        """It was not sent, and why."""

    def refused(self, refusal: EngineRefused) -> None:
        """The engine refused it."""

    def unanswered(self, why: str) -> None:
        """Nobody knows whether it was done."""

    def done(self, answer: str) -> None:
        """The engine did it."""

    def ended(self) -> None:
        """Nothing of it is on its way any more."""


class PressedOver(Message):
    """A key that takes risk away, or arms, was pressed while something was open that does not use it."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key


class AlertDismissed(Message):
    """Esc over the panes: what was read may go."""


class TicketWritten(Message):
    """A ticket is another than before, or its verdict is old: the gate is to be asked about it."""

    def __init__(self, ticket: "Ticket", text: str) -> None:
        super().__init__()
        self.ticket = ticket
        self.text = text


class TicketSubmitted(Message):
    """Enter on a ticket: it is to be sent under this id, once."""

    def __init__(self, ticket: "Ticket", text: str, order_id: str) -> None:
        super().__init__()
        self.ticket = ticket
        self.text = text
        self.order_id = order_id


class PointTicked(Message):
    """One of the operator's own points before a session was ticked, or its tick taken back."""

    def __init__(self, point: str) -> None:
        super().__init__()
        self.point = point
