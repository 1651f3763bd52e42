"""What every screen over the panes has in common: it closes once."""

from typing import TypeVar

from textual.screen import ModalScreen

Answer = TypeVar("Answer")


class Modal(ModalScreen[Answer]):
    """Two keys typed faster than a screen closes both reach it: the second finds nothing left to close."""

    def close_with(self, answer: Answer | None) -> None:
        """Close with an answer, None for no answer; nothing where it is closed already."""
        if self in self.app.screen_stack:
            self.dismiss(answer)

    def on_unmount(self) -> None:
        """Forget what was drawn: Textual remembers a thousand closed screens' caches by their colours."""
        self._styles_cache.clear()
