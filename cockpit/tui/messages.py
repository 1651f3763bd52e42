"""What a widget says to the app: typed, so that no widget needs to know the app."""

from textual.message import Message


class PressedOver(Message):
    """A key that takes risk away, or arms, was pressed while something was open that does not use it."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
