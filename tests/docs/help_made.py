"""Makes `cockpit/commands/help_text.py`: `python -m tests.docs.help_made > cockpit/commands/help_text.py`."""

import contextlib
import io
import os

COLUMNS = "80"
HEAD = '''"""What `cockpit --help` prints, made by `make docs`: the command line's library takes longer to import."""

'''


def help_text() -> str:
    """The command line's own words, where a terminal has 80 columns or more."""
    from cockpit.cli import app

    said = io.StringIO()
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = COLUMNS
    try:
        with contextlib.redirect_stdout(said):
            app(["--help"], prog_name="cockpit", standalone_mode=False)
    finally:
        os.environ.pop("COLUMNS")
        os.environ |= {} if before is None else {"COLUMNS": before}
    return said.getvalue()


def page() -> str:
    """The module."""
    return f'{HEAD}HELP = """\\\n{help_text()}"""\n'


if __name__ == "__main__":
    print(page(), end="")
