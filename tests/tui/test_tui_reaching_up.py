"""A widget says what happened in a typed message: it calls no method of the app, and none of another screen of ours."""

import ast
from collections.abc import Iterator
from pathlib import Path

import cockpit.tui

ROOT = Path(cockpit.tui.__file__).parent
WIDGETS = (ROOT / "board.py", ROOT / "main_screen.py", *sorted((ROOT / "screens").glob("*.py")))
OF_TEXTUAL = frozenset({"size", "screen", "screen_stack"})
"""What a widget may read of its app: Textual's own."""
BY_CALL = {("modal.py", "panes.ground"), ("modal.py", "panes.picture_under")}
"""Asked while drawing, which cannot wait for an answer: where there is room, and what stands under what is open."""
ABOVE = frozenset({"app", "screen", "panes", "parent"})


def reached(tree: ast.AST) -> Iterator[str]:
    """`panes.ground` for `self.panes.ground`: whatever is used of those above."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Attribute(value=ast.Name(id="self"), attr=above), attr=name):
                if above in ABOVE and not (above == "app" and name in OF_TEXTUAL):
                    yield f"{above}.{name}"
            case ast.Constant(value=str(text)) if text.startswith(("app.", "screen.")) and " " not in text:
                yield text


def test_reaching_up_is_seen() -> None:
    lines = "self.app.notify('x')\nself.app.size\nBinding('escape', 'app.close')\nself.panes.draw(1)\n"
    assert sorted(reached(ast.parse(lines))) == ["app.close", "app.notify", "panes.draw"]


def test_no_widget_reaches_up() -> None:
    found = {(path.name, name) for path in WIDGETS for name in reached(ast.parse(path.read_text(encoding="utf-8")))}
    assert found == BY_CALL


def test_no_widget_knows_the_app() -> None:
    for path in WIDGETS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").endswith(("tui.app", "tui.app_base", "_actions", "tui.operator")), path


def test_every_message_has_one_who_takes_it() -> None:
    messages = ast.parse((ROOT / "messages.py").read_text(encoding="utf-8"))
    names = {
        node.name
        for node in messages.body
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == "Message" for base in node.bases)
    }
    actions = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("*.py"))
    assert len(names) >= 5
    assert {name for name in names if f"@on({name})" not in actions} == set()
