"""Our client ids as the venue's 128 bits, and back: whose an order is can be read off what the venue keeps with it.

The first byte marks a cockpit's order; the other fifteen are the id without its mark `ck`, as a number of base 37. An
id of somebody else's is told as the venue writes it, and so is one of ours that would not fit.
"""

import re

from cockpit.exchanges.base.account import RefusalKind, Refused
from cockpit.exchanges.base.order_ids import MARK

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
BASE = len(DIGITS) + 1
"""A digit of 0 stands for no character."""
LONGEST = 23
OURS = "cb"
_CLOID = re.compile(r"0x[0-9a-f]{32}")
_FITS = re.compile(f"{MARK}[0-9a-z]{{1,{LONGEST}}}")


def cloid_of(client_id: str) -> str:
    """The venue's form of an id. Raises `Refused` for one that has none: nothing is sent."""
    if _CLOID.fullmatch(client_id):
        return client_id
    if not _FITS.fullmatch(client_id):
        was = f"expected {MARK} and at most {LONGEST} lowercase letters and digits as an id, was {client_id!r}"
        raise Refused(RefusalKind.OTHER, "", f"{was}: nothing was sent")
    number = 0
    for char in client_id.removeprefix(MARK):
        number = number * BASE + DIGITS.index(char) + 1
    return f"0x{OURS}{number:030x}"


def client_id_of(cloid: object) -> str:
    """Our id of what the venue keeps with an order; its own text for others' ids, "" for an order without one."""
    text = str(cloid or "").lower()
    if not _CLOID.fullmatch(text) or not text.startswith(f"0x{OURS}"):
        return text
    number, chars = int(text[4:], 16), ""
    while number:
        number, digit = divmod(number, BASE)
        if digit == 0:
            return text
        chars = DIGITS[digit - 1] + chars
    return f"{MARK}{chars}" if 0 < len(chars) <= LONGEST else text
