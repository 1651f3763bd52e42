"""The page on orders is the table."""

from tests.docs.orders_reference import reference
from tests.docs.pages import page


def test_the_page_is_the_generated_one() -> None:
    assert page("orders.md") == reference(), "python -m tests.docs.orders_reference > docs/orders.md"
