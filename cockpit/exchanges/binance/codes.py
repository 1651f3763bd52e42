"""Binance's USD-M error codes that cannot have executed anything. Source: its futures "Error Codes" page.

What is missing here is missing on purpose: -1000, -1001, -1006, -1007, -1010 and -1016 may come after the order was
executed, and so may any code that is newer than this list.
"""

from cockpit.exchanges.base.account import RefusalKind
from cockpit.exchanges.base.codes import VenueCodes, of_kind

NOT_OPEN = frozenset({"-2011", "-2013"})
"""The venue has no such (open) order."""
STREAM_KEY_GONE = "-1125"
"""The listen key expired: a new one is asked for, ours are fine."""
CLOCK = frozenset({"-1021", "-5028"})

MALFORMED = "-1014 -1020 -1023 -1100..-1106 -1108 -1110 -1113..-1115 -1117..-1122 -1126..-1128 -1130 -1136"
LIMITS = (
    "-4001 -4002 -4006..-4013 -4015..-4022 -4024..-4027 -4031 -4032 -4045 -4063 -4082 -4084 -4104 -4109 -4115 -4131"
    " -4135 -4137..-4141 -4144 -4165 -4183 -4184"
)
ACCOUNT = "-1109 -2016 -2020 -2023 -2025 -2027 -2028 -4087 -4192 -4202 -4203 -4205 -4206 -4208..-4211 -4400..-4403"
REJECTED = "-2010 -5021 -5022 -5024..-5027 -5037..-5040 -5047"

BINANCE_CODES = VenueCodes(
    refusals={
        **of_kind(RefusalKind.OTHER, f"{MALFORMED} {LIMITS} {ACCOUNT} {REJECTED} {STREAM_KEY_GONE}"),
        **of_kind(RefusalKind.OTHER, " ".join(NOT_OPEN)),
        **of_kind(RefusalKind.NOTHING_TO_REDUCE, "-2022"),
        **of_kind(RefusalKind.QUANTITY_RESERVED, "-4118"),
        **of_kind(RefusalKind.WOULD_TRIGGER, "-2021 -4142"),
        **of_kind(RefusalKind.DUPLICATE_ID, "-4116"),
        **of_kind(RefusalKind.TOO_SMALL, "-4003 -4004 -4164"),
        **of_kind(RefusalKind.TOO_LARGE, "-4005"),
        **of_kind(RefusalKind.OFF_GRID, "-1013 -1111 -4014 -4023 -4029 -4030"),
        **of_kind(RefusalKind.MARGIN, "-2018 -2019 -2024 -4050 -4051"),
        **of_kind(RefusalKind.MODE, "-4060..-4062 -4168"),
        **of_kind(RefusalKind.UNSUPPORTED, "-1116 -2026 -4120"),
    },
    turned_away=frozenset({"-1003", "-1008", "-1015"}),
    clock=CLOCK,
    keys=frozenset({"-1002", "-1022", "-1099", "-2014", "-2015", "-2017", "-4056", "-4057", "-4088"}),
)
