"""How the gate writes numbers: fixed decimals, and never a value that reads like the limit it is not."""


def apart(value: float, limit: float, spec: str) -> str:
    """`value` in the format `spec`, in full where rounding would make it look equal to a `limit` it differs from."""
    text = format(value, spec)
    if value != limit and text == format(limit, spec):
        return format(value, "+" if spec.startswith("+") else "")
    return text


def usd(value: float, limit: float) -> str:
    """An amount in USD beside its limit."""
    return apart(value, limit, ".2f") + " USD"


def bps(value: float, limit: float) -> str:
    """A signed rate in bps beside its limit, trailing zeros dropped: `+3.6`."""
    return apart(value, limit, "+.4g")
