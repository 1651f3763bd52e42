"""What goes wrong with a source, as a sentence an operator can read, and how long to leave the source alone."""

TOO_MANY = 429
SERVER_ERRORS = 500


class FeedTrouble(Exception):
    """A source could not be read. The text holds no secret; wait at least `retry_after_s` where it is given."""

    def __init__(self, sentence: str, retry_after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.retry_after_s = retry_after_s


def http_trouble(status: int, wait_s: float | None, said: str = "") -> FeedTrouble:
    """The trouble an HTTP status means; `said` is the server's own word, already masked."""
    what = f"HTTP {status}"
    if status == TOO_MANY:
        what += ", asked too often"
    elif status >= SERVER_ERRORS:
        what += ", the server is in trouble"
    if wait_s is not None:
        what += f", try again in {wait_s:.0f} s"
    return FeedTrouble(what + (f": {said}" if said else ""), wait_s)


class BackOff:
    """How long to leave a failing source alone: doubling from `first_s` up to `longest_s`, Retry-After respected."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self.failures = 0

    def failed(self, trouble: FeedTrouble) -> float:
        """One more failure in a row: seconds until the next try."""
        self.failures += 1
        wait_s = min(self._longest_s, self._first_s * 2.0 ** min(self.failures - 1, 16))
        return max(wait_s, trouble.retry_after_s or 0.0)

    def succeeded(self) -> None:
        """It answered: begin anew."""
        self.failures = 0
