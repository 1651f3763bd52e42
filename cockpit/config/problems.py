"""What is wrong with a config in one line: which file, which key, what was expected, what was found, what to do."""

from collections.abc import Sequence
from typing import NamedTuple


class Problem(NamedTuple):
    """One mistake. `source` is a file or `--set`; `key` is the dotted path, empty for the whole file."""

    source: str
    key: str
    finding: str
    advice: str

    @property
    def line(self) -> str:
        text = ": ".join(part for part in (self.source, self.key, self.finding, self.advice) if part)
        return " ".join(text.split())


class ConfigError(Exception):
    """The config cannot be used. Its text is one line for the operator; the caller shows it and exits with 2."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        others = len(self.problems) - 1
        super().__init__(self.problems[0].line + (f" (and {others} more)" if others else ""))
