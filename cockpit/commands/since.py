"""The `--since` of a report: a UTC date or time."""

from datetime import UTC, datetime

import typer

from cockpit.domain.units import NS_PER_S


def since_ns(text: str | None) -> int | None:
    """Nanoseconds since the epoch of a UTC date or time, None for none. Raises `typer.BadParameter` for other text."""
    if text is None:
        return None
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        finding = f"expected a UTC date or time like 2025-10-19T08:00, was '{text}'"
        raise typer.BadParameter(finding, param_hint="--since") from None
    stamp = stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)
    return int(stamp.timestamp()) * NS_PER_S
