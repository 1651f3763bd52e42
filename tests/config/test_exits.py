"""A way out reads of a config what it needs, whatever else is wrong with the file: above all whose account it is."""

import json
from pathlib import Path
from typing import Any

import pytest

from cockpit.config.exits import exit_config
from cockpit.config.jsonfile import MOST_BYTES
from cockpit.config.load import load_config
from cockpit.config.problems import ConfigError

DEMO: dict[str, Any] = {
    "venues": {"okx": {"demo": True, "taker_fee_bps": 5.0, "maker_fee_bps": 2.0, "instruments": {}}},
    "endpoints": {"okx_rest_url": "http://127.0.0.1:9"},
}
TEXT = json.dumps(DEMO)
ODD = {
    "UTF-16": TEXT.encode("utf-16"),
    "UTF-16 without a mark": TEXT.encode("utf-16-le"),
    "UTF-32": TEXT.encode("utf-32"),
    "two marks": b"\xef\xbb\xbf" * 2 + TEXT.encode(),
    "Latin-1": TEXT.replace("{", '{"//": "für", ', 1).encode("latin-1"),
    "NUL inside": TEXT.replace(", ", ", \0").encode(),
    "NUL behind": TEXT.encode() + b"\0" * 500,
    "more behind": TEXT.encode() + b"\n{}",
    "a key twice elsewhere": TEXT.replace("{", '{"limits": {"a": 1, "a": 2}, ', 1).encode(),
    "a section twice": TEXT.replace("{", '{"venues": {}, ', 1).encode(),
    "a control character": TEXT.replace("{", '{"thesis": "a\tb", ', 1).encode(),
}


@pytest.mark.parametrize("name", ODD)
def test_a_file_that_is_odd_as_a_whole_still_tells_its_venues(tmp_path: Path, name: str) -> None:
    """Else the demo account would be flattened as the real one, and the real one not at all where it was moved to."""
    path = tmp_path / "c.json"
    path.write_bytes(ODD[name])
    found = exit_config(path, ("okx",))
    assert found.venues["okx"].demo
    assert found.endpoints.okx_rest_url == "http://127.0.0.1:9"
    assert [finding.endswith(": going on with what can be read of it") for finding in found.findings] == [True]
    with pytest.raises(ConfigError):
        load_config(path)


@pytest.mark.parametrize(
    "body", [b"", b"\0", b"\xff\xfe\xff", b"[]", b"7", TEXT[:-9].encode(), b"[" * 100_000, b"9" * 5_000, b"\xfe\xff\0"]
)
def test_where_nothing_can_be_made_out_of_it_the_usual_terms_stand_in(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(body)
    found = exit_config(path, ("okx",))
    assert not found.venues["okx"].demo
    assert [finding.endswith(": going on with the venues' usual terms") for finding in found.findings] == [True]


def test_what_is_endless_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    expected = f"expected a config of at most {MOST_BYTES:,} bytes, was larger"
    for endless in (path, Path("/dev/zero")):
        with pytest.raises(ConfigError, match=expected):
            load_config(endless)
        assert expected in exit_config(endless, ("okx",)).findings[0]
