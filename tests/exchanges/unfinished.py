"""What of an exchange's wing is not filled in yet: `python -m tests.exchanges.unfinished NAME` lists it."""

import ast
import sys
from pathlib import Path

WINGS = Path(__file__).resolve().parents[2] / "cockpit" / "exchanges"


def unfinished(name: str) -> list[str]:
    """Every sentence of a NotImplementedError in the wing, in the order of its files."""
    found = []
    for path in sorted((WINGS / name).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                called, said = node.exc.func, node.exc.args
                if isinstance(called, ast.Name) and called.id == "NotImplementedError" and said:
                    found.append(str(ast.literal_eval(said[0])))
    return found


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in unfinished(sys.argv[1]))
