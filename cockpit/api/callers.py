"""Which registered source makes a call, and whether it may: by its token, by its signature, by a token in its body."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple

import msgspec

from cockpit.api import scopes
from cockpit.api.admission import Headers
from cockpit.api.signing import HEADER
from cockpit.api.source_keys import NO_ONE, SourceKeys
from cockpit.config.signal_sources import SignalSource

SOURCE_HEADER = "x-cockpit-source"


class Caller(NamedTuple):
    """A source that calls. One that signs, or whose token is in the body, is believed only once that was looked at."""

    name: str
    is_proven: bool
    signs: bool = False


class Callers:
    """`cut_off` and `trade_source` are asked of the engine: why nothing of a source is taken, and whose trade it is."""

    def __init__(
        self,
        sources: Mapping[str, SignalSource],
        keys: SourceKeys,
        cut_off: Callable[[str], str],
        trade_source: Callable[[str], str | None],
    ) -> None:
        self._sources = sources
        self._keys = keys
        self._cut_off = cut_off
        self._trade_source = trade_source

    def by_token(self, shown: str | None) -> Caller | None:
        """The source whose token this is."""
        name = self._keys.by_token(shown) if shown is not None and self._sources else None
        return Caller(name, is_proven=True) if name is not None else None

    def of(self, shown: str | None, headers: Headers, path: str) -> Caller | None:
        """Who calls, or says so; None for whoever is no source."""
        known = self.by_token(shown)
        if known is not None:
            return known
        if headers.has(SOURCE_HEADER):
            return Caller((headers.get(SOURCE_HEADER) or "")[:40], is_proven=False, signs=True)
        if path.startswith(scopes.HOOKS) and not shown:
            name = path.removeprefix(scopes.HOOKS)
            source = self._sources.get(name)
            if source is not None and source.webhook is not None and source.webhook.token_key is not None:
                return Caller(name, is_proven=False)
        return None

    def refusal(
        self, caller: Caller, headers: Headers, method: str, path: str, body: bytes
    ) -> tuple[str, int, str] | None:
        """A word, a status and a sentence where the call is not proven, or not for this source."""
        if caller.signs:
            against = self._keys.signature_refusal(caller.name, headers.get(HEADER), method, path, body)
            if against is not None:
                return "signature", HTTPStatus.UNAUTHORIZED, against
        elif not caller.is_proven and not self._has_token_inside(caller.name, body):
            return "token", HTTPStatus.UNAUTHORIZED, NO_ONE
        source = self._sources[caller.name]
        against = scopes.refusal(caller.name, list(source.scopes), method, path)
        trade_id = scopes.trade_of(path)
        if against is None and trade_id is not None and self._trade_source(trade_id) != caller.name:
            against = f"expected a trade of source {caller.name}, was {trade_id}"
        if against is not None:
            return "scope", HTTPStatus.FORBIDDEN, against
        cut = self._cut_off(caller.name) if scopes.needed(method, path) != "look" else ""
        if cut and path != scopes.MCP_PATH:
            return "cut_off", HTTPStatus.FORBIDDEN, f"source {caller.name} is {cut}; an operator has to lift it"
        return None

    @staticmethod
    def signed_off(caller: Caller, path: str, body: bytes) -> bytes:
        """The body of a call on a trade, with the source as the one who asks, whatever it says there itself."""
        if scopes.trade_of(path) is None:
            return body
        try:
            found = msgspec.json.decode(body) if body.strip() else {}
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return body
        return msgspec.json.encode({**found, "by": f"source {caller.name}"}) if isinstance(found, dict) else body

    def _has_token_inside(self, name: str, body: bytes) -> bool:
        webhook = self._sources[name].webhook
        try:
            found = msgspec.json.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return False
        shown = found.get(webhook.token_key) if isinstance(found, dict) and webhook is not None else None
        return isinstance(shown, str) and self._keys.by_token(shown) == name
