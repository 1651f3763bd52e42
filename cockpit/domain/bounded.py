"""What is remembered of things without end: the newest so many, the oldest goes as one more comes."""

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BoundedMap(dict[K, V]):
    """A dict that forgets its oldest entry where `held[key] = value` makes it longer than `most`. What `update` puts in
    is all kept until then.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        if len(self) > self._most:
            del self[next(iter(self))]


class Recent(BoundedMap[K, None]):
    """The newest so many things that were seen, to tell them from new ones."""

    def add(self, thing: K) -> None:
        self[thing] = None
