"""What every screen over the panes has in common: it closes once."""

from typing import ClassVar, TypeVar

from textual.events import Key
from textual.screen import ModalScreen

from cockpit.tui.footer import Offered
from cockpit.tui.messages import PressedOver

Answer = TypeVar("Answer")


class Modal(ModalScreen[Answer]):
    """Two keys typed faster than a screen closes both reach it: the second finds nothing left to close.

    What takes risk away is never behind it: halt and disarm work over everything that is open, by their own keys where
    no text is typed (`OFFERED`), and by ctrl and function keys everywhere.
    """

    OFFERED: ClassVar[Offered] = Offered.READING
    keys_over: frozenset[str] = frozenset()
    """What of the app's own keys works over it; set by whoever opens it."""

    def on_key(self, event: Key) -> None:
        """A key that was not for what is open may be for what lies under it."""
        if self.OFFERED is Offered.READING and event.key in self.keys_over:
            event.stop().prevent_default()
            self.post_message(PressedOver(event.key))

    def close_with(self, answer: Answer | None) -> None:
        """Close with an answer, None for no answer; nothing where it is closed already."""
        if self in self.app.screen_stack:
            self.dismiss(answer)

    def on_unmount(self) -> None:
        """Forget what was drawn: Textual remembers a thousand closed screens' caches by their colours."""
        self._styles_cache.clear()
