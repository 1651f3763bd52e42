"""Proxies of the environment: taken out for everything alike, and said."""

from cockpit.config.proxies import without_proxies


def test_they_are_taken_out_in_either_case_and_said() -> None:
    environ = {"ALL_PROXY": "socks5://h:1", "https_proxy": "http://h:2", "NO_PROXY": "::1,fe80::/10", "PATH": "/bin"}
    said = without_proxies(environ)
    assert environ == {"PATH": "/bin"}
    assert said.startswith("proxies of the environment are not used (ALL_PROXY, NO_PROXY, https_proxy)")
    assert "h:1" not in said and "h:2" not in said


def test_without_a_proxy_nothing_is_said() -> None:
    environ = {"NO_PROXY": "localhost"}
    assert without_proxies(environ) == "" and environ == {}
