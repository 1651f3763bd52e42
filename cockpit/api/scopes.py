"""What a source's scopes let it call. Nothing here arms, resumes, climbs, overrides, adopts or accepts."""

import re
from typing import Literal

Scope = Literal["look", "propose", "shed", "any"]
MCP_PATH = "/mcp"
HOOKS = "/api/hooks/"
OWN_TRADE = re.compile(r"^/api/trades/([\w.:-]{1,80})/(?:close|stop)$")
"""What a source may do to a trade that it proposed: close it, or a part of it, and move its stop nearer."""
POSTS: dict[str, Scope] = {
    "/api/trade/execute": "propose",
    "/api/trade/preview": "propose",
    "/api/disarm": "shed",
    "/api/halt": "shed",
    "/api/flatten": "shed",
}


def needed(method: str, path: str) -> Scope | None:
    """The scope that a call takes; None for what is never a source's."""
    if path == MCP_PATH:
        return "any"
    if method in ("GET", "HEAD", "WS"):
        return "look"
    if method != "POST":
        return None
    if path.startswith(HOOKS) or OWN_TRADE.match(path):
        return "propose"
    return POSTS.get(path)


def trade_of(path: str) -> str | None:
    """The trade that a call would change, by the path."""
    found = OWN_TRADE.match(path)
    return found[1] if found else None


def refusal(name: str, scopes: list[str], method: str, path: str) -> str | None:
    """Why a source may not make this call, or None."""
    scope = needed(method, path)
    if scope == "any" or (scope is not None and scope in scopes):
        return None
    has = f"source {name} has the scopes {', '.join(scopes)}"
    return f"{has}, expected {scope} for this call" if scope else f"{has}: no source may make this call"


def always_needs_token(method: str, path: str) -> bool:
    """Whether a call is for nobody without a token, not even in paper on loopback. A method that a webhook does not
    take needs none to be refused."""
    return path == MCP_PATH or (path.startswith(HOOKS) and method == "POST")
