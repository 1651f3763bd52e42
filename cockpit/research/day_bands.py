"""The bands of each day as they were drawn before it: from a file, or by a rule about the last price.

Bands drawn once hold for one price. A file says what was drawn on each morning; the rule stands in for an operator
where nobody drew: so far below and above the last print of the day before, and so high.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from cockpit.config.context import AssetBands
from cockpit.domain.units import offset_price
from cockpit.history.errors import HistoryError
from cockpit.history.store import day_of

DrawnBands = Mapping[int, Mapping[str, AssetBands]]
"""By day and asset. A day that is not there keeps those of the day before."""


def read_bands(path: Path) -> DrawnBands:
    """`{"2024-08-08": {"BTC": {"lower": [[61000, 61100]], "upper": [[62000, 62100]]}}}`. Raises `HistoryError`."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return {
            day_of(day): {asset: AssetBands.model_validate(bands) for asset, bands in drawn.items()}
            for day, drawn in raw.items()
        }
    except OSError as error:
        raise HistoryError(f"{path}: expected the bands of days, was {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where, message = ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")
        raise HistoryError(f"{path}: {where}: {message}") from error
    except (ValueError, AttributeError) as error:
        raise HistoryError(f"{path}: expected days with the bands of assets, was {error}") from error


def bands_about(price: float, away_bps: float, height_bps: float) -> AssetBands:
    """One band on each side of a price: its near edge so far away, and so high."""
    lower = [offset_price(price, -away_bps - height_bps), offset_price(price, -away_bps)]
    upper = [offset_price(price, away_bps), offset_price(price, away_bps + height_bps)]
    return AssetBands(lower=[lower], upper=[upper])
