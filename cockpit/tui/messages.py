"""What a widget says to the app: typed, so that no widget needs to know the app."""

from textual.message import Message


class PressedOver(Message):
    """A key that takes risk away, or arms, was pressed while something was open that does not use it."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key


class PointTicked(Message):
    """One of the operator's own points before a session was ticked, or its tick taken back."""

    def __init__(self, point: str) -> None:
        super().__init__()
        self.point = point
