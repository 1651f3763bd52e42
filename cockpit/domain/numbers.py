"""How numbers are written beside their limits, so that a reader never sees two equal ones where the rule saw two."""


def apart(value: float, limit: float, spec: str) -> str:
    """`value` in the format `spec`, in full where rounding would make it look equal to a `limit` it differs from."""
    text = format(value, spec)
    if value != limit and text == format(limit, spec):
        return format(value, "+" if spec.startswith("+") else "")
    return text
