"""The newest so many things that were seen, to tell them from new ones."""


class Recent:
    """Forgets the oldest once it holds more than `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: dict[str, None] = {}

    def add(self, name: str) -> None:
        self._seen[name] = None
        while len(self._seen) > self._most:
            del self._seen[next(iter(self._seen))]

    def __contains__(self, name: str) -> bool:
        return name in self._seen
