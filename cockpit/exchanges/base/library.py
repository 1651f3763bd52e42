"""The client library itself, with no more of it than is used."""

import importlib
import importlib.util
import ssl
import sys
import threading
from collections.abc import Iterable, Mapping
from functools import cache
from types import ModuleType
from typing import Any

from cockpit.exchanges.base.masking import quiet_libraries
from cockpit.exchanges.registry import EXCHANGES

PACKAGES = ("ccxt", "ccxt.async_support", "ccxt.pro")
_LOADING = threading.Lock()


def load_library(venues: Iterable[str] = tuple(EXCHANGES)) -> None:
    """Import what the client library has of these venues: do it before there is a loop, it holds the interpreter.

    The library's packages import a hundred exchanges each, which takes seconds that an exit does not have. Here they
    are stood up empty, and only the classes wanted are put into them; where that fails, everything is imported.
    """
    with _LOADING:
        if _is_whole():
            importlib.import_module("ccxt.pro")
        else:
            _load_what_is_wanted([name for venue in venues for name in EXCHANGES[venue].library_classes])
    quiet_libraries()  # it logs every request with its headers, the key among them, where everything is logged


def new_client(venue: str, name: str, settings: Mapping[str, Any]) -> Any:
    """A client of the library's class of that name, for this venue. It imports the library: call it off the loop.

    All trust the same certificates, read once: each on its own reads 17 ms for them on the loop, when it opens.
    """
    load_library([venue])
    client = getattr(sys.modules[PACKAGES[-1]], name)(dict(settings))
    client.ssl_context = _trusted(client.cafile)
    return client


@cache
def _trusted(certificates: str) -> ssl.SSLContext:
    """What the library makes for itself."""
    return ssl.create_default_context(cafile=certificates)


def _is_whole() -> bool:
    """Whether somebody has imported the library as it is."""
    return getattr(sys.modules.get(PACKAGES[0]), "__file__", None) is not None


def _load_what_is_wanted(classes: Iterable[str]) -> None:
    try:
        _load_only(classes)
    except Exception:
        # The library has changed inside: slower, but the way out stays open.
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGES[0]]:
            del sys.modules[name]
        importlib.import_module("ccxt.pro")


def _load_only(classes: Iterable[str]) -> None:
    if PACKAGES[0] not in sys.modules:
        _stand_up_packages()
    for package in PACKAGES[1:]:
        for name in classes:
            if not isinstance(getattr(sys.modules[package], name, None), type):
                module = importlib.import_module(f"{package}.{name}")
                setattr(sys.modules[package], name, getattr(module, name))


def _stand_up_packages() -> None:
    """The packages without what they import, but for the names that their own modules ask them for."""
    spec = importlib.util.find_spec(PACKAGES[0])
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError("expected the client library, was not installed")
    root = next(iter(spec.submodule_search_locations))
    for name in PACKAGES:
        package = ModuleType(name)
        package.__path__ = ["/".join((root, *name.split(".")[1:]))]
        sys.modules[name] = package
    for name in PACKAGES[1:]:
        setattr(sys.modules[PACKAGES[0]], name.split(".")[1], sys.modules[name])
    top = sys.modules[PACKAGES[0]]
    for module in ("ccxt.base.errors", "ccxt.base.exchange"):
        for name, value in vars(importlib.import_module(module)).items():
            if isinstance(value, type):
                setattr(top, name, value)
