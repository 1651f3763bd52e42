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
