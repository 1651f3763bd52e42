"""Endpoints often carry their key in the path, the query or the user part: only a host's name may ever be shown."""

import logging
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

SHORTEST_SECRET = 6
_URL = re.compile(r"(?:https?|wss?)://[^\s'\"<>)]+", re.IGNORECASE)
_KEY_LIKE_LABEL = re.compile(r"^(?=.*\d)[A-Za-z0-9_-]{20,}$")
_CHATTY = ("aiohttp", "ccxt", "httpcore", "httpx", "urllib3", "web3")


def host_of(url: str) -> str:
    """The endpoint's host (and port, where it names one) and nothing else; a host label that may be a key is masked."""
    parts = urlsplit(url)
    labels = ["***" if _KEY_LIKE_LABEL.match(label) else label for label in (parts.hostname or "unknown").split(".")]
    return ".".join(labels) + (f":{parts.port}" if parts.port else "")


def host_labels(urls: Iterable[str]) -> list[str]:
    """A distinct label for each endpoint: its host, numbered where several share one."""
    labels: list[str] = []
    for url in urls:
        host = host_of(url)
        twins = sum(label == host or label.startswith(f"{host}#") for label in labels)
        labels.append(f"{host}#{twins + 1}" if twins else host)
    return labels


def secrets_of(url: str) -> tuple[str, ...]:
    """The parts of an endpoint that may be a key: user, password, path pieces, query values, key-like host labels."""
    parts = urlsplit(url)
    pieces = [parts.username or "", parts.password or "", parts.fragment]
    pieces += parts.path.split("/")
    pieces += re.split(r"[&=]", parts.query)
    host = parts.netloc.rpartition("@")[2].partition(":")[0]
    pieces += [label for label in host.split(".") if _KEY_LIKE_LABEL.match(label)]
    return tuple(sorted({piece for piece in pieces if len(piece) >= SHORTEST_SECRET}, key=len, reverse=True))


def masked(text: str, secrets: Iterable[str] = ()) -> str:
    """Somebody else's words, on one line, without URLs and without these secrets; never longer than 200 characters."""
    for secret in secrets:
        text = re.sub(re.escape(secret), "***", text, flags=re.IGNORECASE)
    text = _URL.sub(lambda match: host_of(match.group()), text)
    text = " ".join(text.split())
    return text if len(text) <= 200 else f"{text[:197]}..."


def error_text(error: BaseException, secrets: Iterable[str] = ()) -> str:
    """An error in one masked line. A cut-off answer names its cause: its own text is only the address."""
    cause = f" ({type(error.__cause__).__name__})" if error.__cause__ is not None else ""
    return masked(f"{type(error).__name__}{cause}: {error}", secrets)


def quiet_libraries() -> None:
    """Keep client libraries from logging the URLs they call, even where everything is logged."""
    for name in _CHATTY:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
