"""What a terminal shows of the bytes written to it: its cells, as text. Of the codes, those that the screen uses."""

import re

from rich.cells import cell_len

CODE = re.compile(
    r"\x1b\[(?P<arguments>[0-9;?<>=$ ]*)(?P<final>[@-~])|\x1b[\]P_^X].*?(?:\x07|\x1b\\)|\x1b[()][\w]|\x1b[ -/]*[0-~]",
    re.DOTALL,
)


class TerminalGrid:
    """Feed it everything from the beginning; a code that is cut off at the end waits for the rest."""

    def __init__(self, columns: int, rows: int) -> None:
        self._columns = columns
        self._rows = rows
        self._cells = [[" "] * columns for _ in range(rows)]
        self._row = self._column = 0

    def feed(self, written: bytes) -> None:
        text, at = written.decode("utf-8", "replace"), 0
        while at < len(text):
            found = CODE.match(text, at) if text[at] == "\x1b" else None
            if found is not None:
                self._code(found["final"] or "", found["arguments"] or "")
                at = found.end()
                continue
            self._put(text[at])
            at += 1

    @property
    def lines(self) -> list[str]:
        """The rows as they stand."""
        return ["".join(row) for row in self._cells]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def _put(self, char: str) -> None:
        if char == "\r":
            self._column = 0
        elif char == "\n":
            self._row, self._column = min(self._rows - 1, self._row + 1), 0
        elif char == "\b":
            self._column = max(0, self._column - 1)
        elif char.isprintable() and (width := cell_len(char)):
            if self._row < self._rows and self._column < self._columns:
                self._cells[self._row][self._column] = char
                self._cells[self._row][self._column + 1 : self._column + width] = [""] * (width - 1)
            self._column += width

    def _code(self, final: str, arguments: str) -> None:
        numbers = [int(part) for part in arguments.split(";") if part.isdigit()]
        first = numbers[0] if numbers else 0
        match final:
            case "H" | "f":
                self._row, self._column = max(0, first - 1), max(0, (numbers[1] if len(numbers) > 1 else 1) - 1)
            case "A" | "B":
                self._row = max(0, self._row + (first or 1) * (1 if final == "B" else -1))
            case "C" | "D":
                self._column = max(0, self._column + (first or 1) * (1 if final == "C" else -1))
            case "J" if first in (2, 3):
                self._cells = [[" "] * self._columns for _ in range(self._rows)]
            case "K":
                self._cells[self._row][self._column :] = [" "] * (self._columns - self._column)
