"""OKX's error codes that cannot have executed anything. Source: its API v5 "Error Code" page.

What is missing here is missing on purpose: 50001, 50004, 50005, 50013, 50026, 51054 and 51149 may come after the order
was executed, and so may any code that is newer than this list.
"""

from cockpit.exchanges.base.account import RefusalKind
from cockpit.exchanges.base.codes import VenueCodes, of_kind

NOT_OPEN = frozenset({"51400", "51401", "51402", "51405", "51410", "51503", "51509", "51603"})
"""The venue has no such (open) order, or is cancelling it already."""

MALFORMED = "50000 50002 50006 50014..50016 50024 50025 50044 50115 51000..51003 51012 51014 51015 51026 51111"
LIMITS = (
    "51004..51006 51025 51031 51046 51047 51072..51074 51100 51102..51108 51110 51113 51114 51116..51118 51122"
    " 51124..51126 51128..51130 51132..51139 51156 51159 51162 51163 51166 51174 51185 51201 51203 51204 51250"
    " 51252..51259 51261..51265 51267..51277 51279 51321..51325 51327..51330"
)
MARKET = "50017..50023 51017..51019 51021 51022 51024 51027..51030 51087 51109 51148 54000 54001 54008 54009 54011"
ACCOUNT = "50008..50010 50012 50028 51155"
CANCELLING = "51403 51404 51406..51409"

OKX_CODES = VenueCodes(
    refusals={
        **of_kind(RefusalKind.OTHER, f"{MALFORMED} {LIMITS} {MARKET} {ACCOUNT} {CANCELLING}"),
        **of_kind(RefusalKind.OTHER, " ".join(NOT_OPEN)),
        **of_kind(RefusalKind.NOTHING_TO_REDUCE, "51023 51169 51170"),
        **of_kind(RefusalKind.QUANTITY_RESERVED, "51112 51115 51206"),
        **of_kind(RefusalKind.WOULD_TRIGGER, "51050..51053 51278 51280"),
        **of_kind(RefusalKind.DUPLICATE_ID, "51011 51016 51065"),
        **of_kind(RefusalKind.TOO_SMALL, "51007 51020 51120"),
        **of_kind(RefusalKind.TOO_LARGE, "51101 51202"),
        **of_kind(RefusalKind.OFF_GRID, "51121 51150"),
        **of_kind(RefusalKind.MARGIN, "51008 51119 51127 51131"),
        **of_kind(RefusalKind.MODE, "51010 51205"),
        **of_kind(RefusalKind.UNSUPPORTED, "50038 51076 51251"),
    },
    turned_away=frozenset({"50011", "50040", "50061", "60014"}),
    clock=frozenset({"50102", "50112", "60006"}),
    keys=frozenset({"50007", "50027", "50030", "50035", "51009"})
    | frozenset({"50100", "50101", "50103", "50104", "50105", "50106", "50107", "50110", "50111", "50113", "50114"})
    | frozenset({"50119", "50120", "60004", "60005", "60007", "60009", "60024", "60032"}),
)
