"""The fault matrix as a page: `python -m tests.faults.page > docs/faults.md`."""

from collections.abc import Iterator

from tests.faults.fault import Fault
from tests.faults.matrix import FAULTS

HEAD = """\
# What goes wrong, and what the cockpit does

Each of these happened to somebody who traded with a machine. Each is made to happen in the tests: what concerns orders
on a venue on this machine that speaks Binance's or OKX's own language, through the same client library as real orders,
with the engine, the journal and the checks that trade. A test proves every line; `…` stands for numbers and names.

This page is made from the table the tests use: `python -m tests.faults.page > docs/faults.md`.
"""


def page() -> str:
    """The whole page."""
    return "\n".join((HEAD, *_contents(), *(line for fault in FAULTS.values() for line in _section(fault))))


def _contents() -> Iterator[str]:
    yield "| | what goes wrong | what it ends with |"
    yield "|-|-|-|"
    for fault in FAULTS.values():
        yield f"| [{fault.number}](#{_anchor(fault)}) | {fault.failure} | {fault.ends or fault.not_here} |"
    yield ""


def _section(fault: Fault) -> Iterator[str]:
    yield f"## {fault.number}. {fault.failure}"
    yield ""
    if fault.not_here:
        yield f"Does not apply: {fault.not_here}"
        yield ""
        return
    yield f"- **Made to happen**: {fault.injected}"
    yield f"- **The cockpit**: {fault.does}"
    yield f"- **You see**: {'; '.join(f'`{words}`' for words in fault.seen)}"
    yield f"- **The journal has**: {fault.journal}"
    yield f"- **It ends with**: {fault.ends}"
    yield f"- **Proof**: {', '.join(f'`{proof}`' for proof in fault.proofs)}"
    yield ""


def _anchor(fault: Fault) -> str:
    heading = f"{fault.number}. {fault.failure}".lower().replace(" ", "-")
    return "".join(letter for letter in heading if letter.isalnum() or letter in "-_")


if __name__ == "__main__":
    print(page(), end="")
