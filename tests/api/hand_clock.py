"""A clock that a test moves by hand."""


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now_s: float = 1_000.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s
