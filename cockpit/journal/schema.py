"""The journal's tables as the code uses them. `migrations` makes them; a test holds the two together.

Times are ns since the epoch. `session_id` and `seq` say which run wrote a row, and as its how many-th. What has one row
that is replaced as it changes (orders, trades) is found by `lineage` and its own id. `body` is the whole value as JSON,
the other columns are there to ask by.
"""

from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, MetaData, Table, Text

metadata = MetaData()


def _text(name: str, *, key: bool = False, null: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=null)


def _ns(name: str, *, key: bool = False, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, primary_key=key, nullable=null, autoincrement=False)


def _number(name: str, *, null: bool = False) -> Column[float]:
    return Column(name, Double, nullable=null)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _place(*, key: bool) -> tuple[Column[int], Column[int]]:
    return _ns("session_id", key=key), _ns("seq", key=key)


schema_version = Table("schema_version", metadata, Column("version", Integer, nullable=False))

sessions = Table(
    "sessions",
    metadata,
    _ns("session_id", key=True),
    _ns("lineage"),
    _ns("started_ns"),
    _text("feed"),
    _text("mode"),
    _text("config_digest"),
    _text("version"),
    _text("source"),
    _text("limits"),
)

uptime = Table(
    "uptime",
    metadata,
    _ns("session_id", key=True),
    _ns("from_ns", key=True),
    _ns("to_ns"),
    _text("mode"),
)

drills = Table(
    "drills",
    metadata,
    _ns("ts_ns", key=True),
    _text("venue", key=True),
    _text("place"),
    _flag("ok"),
    _text("body"),
)

verdicts = Table(
    "verdicts",
    metadata,
    *_place(key=True),
    _ns("lineage"),
    _ns("ts_ns"),
    _text("verdict_id"),
    _text("mode"),
    _text("setup"),
    _text("asset"),
    _text("side"),
    _text("venue"),
    _flag("approved"),
    _text("reason"),
    _text("reason_check"),
    _number("requested_usd"),
    _number("decision_price"),
    _number("size_factor"),
    _number("stop_bps"),
    _number("notional_usd"),
    _number("qty"),
    _flag("sent"),
    _text("not_sent_because"),
    _text("trade_id", null=True),
    _text("signal_id", null=True),
    _text("body"),
)

orders = Table(
    "orders",
    metadata,
    _ns("lineage", key=True),
    _text("order_id", key=True),
    *_place(key=False),
    _ns("ts_ns"),
    _text("trade_id"),
    _text("venue"),
    _text("asset"),
    _text("side"),
    _text("role"),
    _text("order_type"),
    _number("qty"),
    _text("status"),
    _number("filled_qty"),
    _number("average_price"),
    _number("fees_usd"),
    _text("venue_order_id"),
    _text("detail"),
    _text("body"),
)

requests = Table(
    "requests",
    metadata,
    *_place(key=True),
    _ns("lineage"),
    _ns("ts_ns"),
    _text("request"),
    _text("venue"),
    _text("asset"),
    _text("body"),
)

fills = Table(
    "fills",
    metadata,
    _ns("lineage", key=True),
    _text("order_id", key=True),
    _text("fill_id", key=True),
    *_place(key=False),
    _ns("ts_ns"),
    _text("trade_id"),
    _number("qty"),
    _number("price"),
    _number("fee_usd"),
    _flag("is_maker"),
    _number("slippage_bps", null=True),
)

trades = Table(
    "trades",
    metadata,
    _ns("lineage", key=True),
    _text("trade_id", key=True),
    *_place(key=False),
    _ns("ts_ns"),
    _text("verdict_id"),
    _text("setup"),
    _text("asset"),
    _text("venue"),
    _text("side"),
    _text("mode"),
    _text("phase"),
    _text("change"),
    _ns("decided_ns"),
    _ns("opened_ns", null=True),
    _ns("closed_ns", null=True),
    _text("exit_reason", null=True),
    _number("notional_usd"),
    _number("pnl_usd"),
    _number("r"),
    _number("fees_usd"),
    _number("funding_usd"),
    _number("slippage_bps"),
    _number("decision_to_fill_ms", null=True),
    _number("exit_slippage_bps", null=True),
    _number("mae_bps", null=True),
    _number("mfe_bps", null=True),
    _text("body"),
)

states = Table(
    "states",
    metadata,
    *_place(key=True),
    _ns("lineage"),
    _ns("ts_ns"),
    _text("before"),
    _text("after"),
    _text("reason"),
    _text("body"),
)

modes = Table(
    "modes",
    metadata,
    *_place(key=True),
    _ns("lineage"),
    _ns("ts_ns"),
    _text("before"),
    _text("after"),
    _text("reason"),
)

paper_tracks = Table(
    "paper_tracks",
    metadata,
    *_place(key=True),
    _ns("lineage"),
    _ns("ts_ns"),
    _text("source"),
    _text("strategy"),
    _text("verdict_id"),
    _number("r"),
    _text("body"),
)

operator_actions = Table(
    "operator_actions",
    metadata,
    *_place(key=True),
    _ns("lineage"),
    _ns("ts_ns"),
    _text("command_id"),
    _text("asked_by"),
    _text("command"),
    _flag("ok"),
    _text("sentence"),
    _text("reason_given"),
    _text("verdict_id", null=True),
    _text("trade_id", null=True),
)

notices = Table(
    "notices",
    metadata,
    *_place(key=True),
    _ns("lineage"),
    _ns("ts_ns"),
    _text("severity"),
    _text("topic"),
    _text("sentence"),
)

memory = Table(
    "memory",
    metadata,
    *_place(key=True),
    _ns("lineage"),
    _ns("ts_ns"),
    _text("body"),
)

accounts = Table(
    "accounts",
    metadata,
    _ns("lineage", key=True),
    _text("mode", key=True),
    _ns("session_started_ns", key=True),
    *_place(key=False),
    _ns("ts_ns"),
    _number("realised_usd"),
    _number("max_drawdown_usd"),
    _text("body"),
)
