"""Proxies of the environment are not used, by anything: orders and prices go the way the config says, or not at all.

Half of the libraries would honour them and half would not, and what a server has in its environment for its package
manager would decide how an order travels. Endpoints can be moved instead (`COCKPIT_<NAME>_URL`).
"""

from collections.abc import MutableMapping

NAMES = frozenset(
    {"http_proxy", "https_proxy", "ws_proxy", "wss_proxy", "ftp_proxy", "socks_proxy", "all_proxy", "no_proxy"}
)


def without_proxies(environ: MutableMapping[str, str]) -> str:
    """Take them out of the environment; what is to be said of it, empty where there were none."""
    found = sorted(name for name in environ if name.lower() in NAMES)
    for name in found:
        del environ[name]
    if not any(name.lower() != "no_proxy" for name in found):
        return ""
    return (
        f"proxies of the environment are not used ({', '.join(found)}): move an endpoint with COCKPIT_..._URL instead"
    )
