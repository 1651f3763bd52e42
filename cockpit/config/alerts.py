"""Of what the operator is told wherever he is. Where to is no matter of the config: those URLs hold secrets."""

from typing import Literal

from cockpit.config.base import Section

AlertEvent = Literal[
    "halt", "flatten", "trade_opened", "trade_closed", "standing_down", "feed_down", "mode", "critical", "fault"
]


class AlertsSection(Section):
    """`events` are told to the services named in COCKPIT_ALERT_URLS (environment or keyring); without it, to nobody.

    `critical` is what an operator must look at (a stop that is not there, a position that does not agree), `fault` is
    about the engine's process: a defect, a fallen task, a journal that does not write.
    """

    events: list[AlertEvent] = ["halt", "flatten", "trade_closed", "feed_down", "critical", "fault"]
