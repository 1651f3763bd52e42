"""No module of the product needs one that needs it."""

from pathlib import Path

from tests.packaging.circles import circles, imports_of

PACKAGE = Path(__file__).resolve().parents[2] / "cockpit"


def test_a_circle_is_found_through_others_within_functions_and_among_types(tmp_path: Path) -> None:
    package = tmp_path / "house"
    package.mkdir()
    written = {
        "__init__": "",
        "a": "from house import b",
        "b": "def late() -> None:\n    import house.c",
        "c": "from house.a import thing\nfrom house import d",
        "d": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import house.e",
        "e": "import house.d",
    }
    for name, text in written.items():
        (package / f"{name}.py").write_text(text)
    assert circles(imports_of(package)) == [["house.a", "house.b", "house.c"], ["house.d", "house.e"]]


def test_the_product_has_none() -> None:
    imports = imports_of(PACKAGE)
    assert "cockpit.exchanges.registry" in imports["cockpit.exchanges.base.outcomes"] | imports["cockpit.feeds.roster"]
    assert circles(imports) == []
