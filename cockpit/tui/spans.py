"""The other half of repainting only changed cells: what Textual writes for a dirty region.

Textual 8 crops a dirty region that starts inside a widget at its right only, so the output starts at the widget's left
edge. Here it is cropped at both sides: a changed digit costs the bytes of a digit.
"""

from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate


class CroppedUpdate(ChopsUpdate):
    """A partial update whose spans are cut at both ends."""

    @classmethod
    def of(cls, update: ChopsUpdate) -> "CroppedUpdate":
        """The same update, written more tightly."""
        return cls(update.chops, update.spans, update.chop_ends)

    def render_segments(self, console: Console) -> str:
        """Terminal sequences: for each span, a cursor move and the cells in it."""
        sequences: list[str] = []
        for y, first, beyond in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                start, stop = max(x, first), min(end, beyond)
                if strip is None or start >= stop:
                    continue
                sequences.append(Control.move_to(start, y).segment.text)
                sequences.append(strip.crop(start - x, stop - x).render(console))
        return "".join(sequences)
