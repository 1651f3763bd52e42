"""Text as a terminal may be given it: no escape codes of others, broken between words where it is too long."""

import textwrap


def printable(text: str) -> str:
    """One line without what could steer a terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)


def printable_lines(text: str) -> str:
    """The same for many lines."""
    return "\n".join(printable(line) for line in text.split("\n"))


def wrapped(text: str, cells: int | None, head: str = "", indent: str = "", *, breaks_words: bool = False) -> list[str]:
    """One entry as lines of at most that many cells, except where one word is longer; one line where it is None."""
    if cells is None:
        return [head + text]
    return textwrap.wrap(
        text,
        cells,
        initial_indent=head,
        subsequent_indent=indent,
        break_long_words=breaks_words,
        break_on_hyphens=False,
    )
