"""The few signs that are not letters, and their ASCII twins for terminals and locales that have no others."""

from typing import NamedTuple


class Glyphs(NamedTuple):
    """`frame` is corners and sides: top-left, top-right, bottom-left, bottom-right, across, down.

    `candle` is by what the upper and the lower half of a cell hold: nothing, a wick, a body; the upper's place times 3.
    """

    frame: str
    heavy: str
    yes: str
    no: str
    up: str
    down: str
    full: str
    empty: str
    mark: str
    axis: str
    here: str
    entry: str
    stop: str
    target: str
    band: str
    dot: str
    at_least: str
    shades: str
    guesses: str
    dash: str
    candle: str


RICH = Glyphs(
    frame="╭╮╰╯─│", heavy="┏┓┗┛━┃", yes="✓", no="✕", up="▲", down="▼", full="█", empty="░", mark="┊",
    axis="│", here="◀━", entry="◆", stop="■", target="▷", band="▓", dot="·", at_least="≥", shades=" ░▒▓█",
    guesses=" ·-=≡", dash="┄", candle=" ╷▄╵│▄▀▀█",
)  # fmt: skip
ASCII = Glyphs(
    frame="++++-|", heavy="####=#", yes="+", no="x", up="^", down="v", full="#", empty=".", mark="|",
    axis="|", here="<-", entry="*", stop="S", target=">", band="%", dot=".", at_least=">=", shades=" .:+#",
    guesses=" '~-=", dash="-", candle=" |#||####",
)  # fmt: skip

_TWINS = str.maketrans({
    "…": "~", "·": ".", "≥": ">=", "×": "x", "→": ">", "–": "-", "−": "-", "\ufffd": "?", "↑": "^", "↓": "v",
    "«": "<", "»": ">", "±": "+-",
})  # fmt: skip


def to_ascii(text: str) -> str:
    """`text` in ASCII, cell for cell where a twin has one cell; what has no twin becomes a question mark."""
    return text.translate(_TWINS).encode("ascii", "replace").decode("ascii")
