"""The client library itself, and its errors as words."""

from collections.abc import Iterable

from cockpit.exchanges.base.masking import masked, quiet_libraries


def load_library() -> None:
    """Import the client library, which takes a second and holds the interpreter: do it before there is a loop."""
    import ccxt.pro  # noqa: F401

    quiet_libraries()  # it logs every request with its headers, the key among them, where everything is logged


def said(error: BaseException, secrets: Iterable[str] = ()) -> str:
    """An error in one masked line. A cut-off answer names its cause: its own text is only the address."""
    cause = f" ({type(error.__cause__).__name__})" if error.__cause__ is not None else ""
    return masked(f"{type(error).__name__}{cause}: {error}", secrets)
