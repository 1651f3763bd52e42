"""The page on orders, made from the table: `python -m tests.docs.orders_reference > docs/orders.md`."""

import sys

from cockpit.domain.kinds import OrderStatus
from cockpit.domain.orders import ORDER_TABLE, OrderStep

HEAD = """# What may become of an order

This page is made from the table by which the engine and execution go (`cockpit/domain/orders.py`):
`python -m tests.docs.orders_reference > docs/orders.md`. A row is where an order stands, a column what is told of it, a
cell where it stands then. **impossible** is said in the log, never taken silently: an order that may still execute
counts as unknown from then on and is asked for, one that is over stays as it was. An execution is booked whatever else
was said, since it is money. What has executed in part counts as partly filled in this table while it is unknown.

"""


def reference() -> str:
    """The whole page."""
    lines = [
        "| order is | " + " | ".join(step.value for step in OrderStep) + " |",
        "|---|" + "---|" * len(OrderStep),
    ]
    for status in OrderStatus:
        cells = [ORDER_TABLE[status].get(step) for step in OrderStep]
        lines.append(
            f"| **{status.value}** | " + " | ".join(cell.value if cell else "impossible" for cell in cells) + " |"
        )
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
