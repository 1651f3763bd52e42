"""How a journal's tables came to be, step by step. A step that was released is never edited: the next one is added.

The statements are the common ground of SQLite and PostgreSQL. A new journal walks the same road as an old one.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, inspect

from cockpit.journal.errors import JournalError

_PLACE = "session_id BIGINT NOT NULL, seq BIGINT NOT NULL"
_STAMPED = f"{_PLACE}, lineage BIGINT NOT NULL, ts_ns BIGINT NOT NULL"
_PLACED_KEY = "PRIMARY KEY (session_id, seq)"

_FIRST_TABLES = (
    """CREATE TABLE sessions (session_id BIGINT NOT NULL PRIMARY KEY, lineage BIGINT NOT NULL,
        started_ns BIGINT NOT NULL, feed TEXT NOT NULL, mode TEXT NOT NULL, config_digest TEXT NOT NULL,
        version TEXT NOT NULL)""",
    f"""CREATE TABLE verdicts ({_STAMPED}, verdict_id TEXT NOT NULL, mode TEXT NOT NULL, setup TEXT NOT NULL,
        asset TEXT NOT NULL, side TEXT NOT NULL, venue TEXT NOT NULL, approved BOOLEAN NOT NULL, reason TEXT NOT NULL,
        reason_check TEXT NOT NULL, requested_usd DOUBLE PRECISION NOT NULL, decision_price DOUBLE PRECISION NOT NULL,
        size_factor DOUBLE PRECISION NOT NULL, stop_bps DOUBLE PRECISION NOT NULL,
        notional_usd DOUBLE PRECISION NOT NULL, qty DOUBLE PRECISION NOT NULL, sent BOOLEAN NOT NULL,
        not_sent_because TEXT NOT NULL, trade_id TEXT, signal_id TEXT, body TEXT NOT NULL, {_PLACED_KEY})""",
    f"""CREATE TABLE orders ({_STAMPED}, order_id TEXT NOT NULL, trade_id TEXT NOT NULL, venue TEXT NOT NULL,
        asset TEXT NOT NULL, side TEXT NOT NULL, role TEXT NOT NULL, order_type TEXT NOT NULL,
        qty DOUBLE PRECISION NOT NULL, status TEXT NOT NULL, filled_qty DOUBLE PRECISION NOT NULL,
        average_price DOUBLE PRECISION NOT NULL, fees_usd DOUBLE PRECISION NOT NULL, venue_order_id TEXT NOT NULL,
        detail TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (lineage, order_id))""",
    f"""CREATE TABLE requests ({_STAMPED}, request TEXT NOT NULL, venue TEXT NOT NULL, asset TEXT NOT NULL,
        body TEXT NOT NULL, {_PLACED_KEY})""",
    f"""CREATE TABLE fills ({_STAMPED}, order_id TEXT NOT NULL, fill_id TEXT NOT NULL, trade_id TEXT NOT NULL,
        qty DOUBLE PRECISION NOT NULL, price DOUBLE PRECISION NOT NULL, fee_usd DOUBLE PRECISION NOT NULL,
        is_maker BOOLEAN NOT NULL, PRIMARY KEY (lineage, order_id, fill_id))""",
    f"""CREATE TABLE trades ({_STAMPED}, trade_id TEXT NOT NULL, verdict_id TEXT NOT NULL, setup TEXT NOT NULL,
        asset TEXT NOT NULL, venue TEXT NOT NULL, side TEXT NOT NULL, mode TEXT NOT NULL, phase TEXT NOT NULL,
        change TEXT NOT NULL, decided_ns BIGINT NOT NULL, opened_ns BIGINT, closed_ns BIGINT, exit_reason TEXT,
        notional_usd DOUBLE PRECISION NOT NULL, pnl_usd DOUBLE PRECISION NOT NULL, r DOUBLE PRECISION NOT NULL,
        fees_usd DOUBLE PRECISION NOT NULL, funding_usd DOUBLE PRECISION NOT NULL,
        slippage_bps DOUBLE PRECISION NOT NULL, decision_to_fill_ms DOUBLE PRECISION, body TEXT NOT NULL,
        PRIMARY KEY (lineage, trade_id))""",
    f"""CREATE TABLE states ({_STAMPED}, before TEXT NOT NULL, after TEXT NOT NULL, reason TEXT NOT NULL,
        body TEXT NOT NULL, {_PLACED_KEY})""",
    f"""CREATE TABLE modes ({_STAMPED}, before TEXT NOT NULL, after TEXT NOT NULL, reason TEXT NOT NULL,
        {_PLACED_KEY})""",
    f"""CREATE TABLE operator_actions ({_STAMPED}, command_id TEXT NOT NULL, asked_by TEXT NOT NULL,
        command TEXT NOT NULL, ok BOOLEAN NOT NULL, sentence TEXT NOT NULL, reason_given TEXT NOT NULL,
        verdict_id TEXT, trade_id TEXT, {_PLACED_KEY})""",
    f"""CREATE TABLE notices ({_STAMPED}, severity TEXT NOT NULL, topic TEXT NOT NULL, sentence TEXT NOT NULL,
        {_PLACED_KEY})""",
    f"CREATE TABLE memory ({_STAMPED}, body TEXT NOT NULL, {_PLACED_KEY})",
    f"""CREATE TABLE accounts ({_STAMPED}, mode TEXT NOT NULL, session_started_ns BIGINT NOT NULL,
        session_usd DOUBLE PRECISION NOT NULL, max_drawdown_usd DOUBLE PRECISION NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (lineage, mode, session_started_ns))""",
)

_HOURS_AND_INDEXES = (
    "ALTER TABLE sessions ADD COLUMN source TEXT NOT NULL DEFAULT ''",
    """CREATE TABLE uptime (session_id BIGINT NOT NULL, from_ns BIGINT NOT NULL, to_ns BIGINT NOT NULL,
        mode TEXT NOT NULL, PRIMARY KEY (session_id, from_ns))""",
    "CREATE INDEX verdicts_by_time ON verdicts (ts_ns)",
    "CREATE INDEX verdicts_by_check ON verdicts (approved, reason_check)",
    "CREATE INDEX trades_by_time ON trades (decided_ns)",
    "CREATE INDEX orders_by_trade ON orders (lineage, trade_id)",
    "CREATE INDEX fills_by_trade ON fills (lineage, trade_id)",
)

_DRILLS = (
    """CREATE TABLE drills (ts_ns BIGINT NOT NULL, venue TEXT NOT NULL, place TEXT NOT NULL, ok BOOLEAN NOT NULL,
        body TEXT NOT NULL, PRIMARY KEY (ts_ns, venue))""",
)

_LIMITS_AND_EXCURSIONS = (
    "ALTER TABLE sessions ADD COLUMN limits TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE fills ADD COLUMN slippage_bps DOUBLE PRECISION",
    "ALTER TABLE trades ADD COLUMN exit_slippage_bps DOUBLE PRECISION",
    "ALTER TABLE trades ADD COLUMN mae_bps DOUBLE PRECISION",
    "ALTER TABLE trades ADD COLUMN mfe_bps DOUBLE PRECISION",
    "CREATE INDEX verdicts_by_signal ON verdicts (signal_id)",
)

_ONE_RESULT = ("ALTER TABLE accounts RENAME COLUMN session_usd TO realised_usd",)
"""A session is its UTC day: two columns of one value were one too many."""
_PAPER_TRACKS = (
    f"""CREATE TABLE paper_tracks ({_STAMPED}, source TEXT NOT NULL, strategy TEXT NOT NULL, verdict_id TEXT NOT NULL,
        r DOUBLE PRECISION NOT NULL, body TEXT NOT NULL, {_PLACED_KEY})""",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    _FIRST_TABLES,
    _HOURS_AND_INDEXES,
    _DRILLS,
    _LIMITS_AND_EXCURSIONS,
    _ONE_RESULT,
    _PAPER_TRACKS,
)
"""Each step's statements; the n-th step leads to version n."""

CURRENT_VERSION = len(MIGRATIONS)
HOURS_SINCE, DRILLS_SINCE, LIMITS_SINCE, TRACKS_SINCE = 2, 3, 4, 6
"""The versions that brought the tables `uptime` and `drills`, the sessions' limits, and the table `paper_tracks`."""


def found_version(connection: Connection) -> int:
    """The version of the tables that are there; 0 for an empty database."""
    if not inspect(connection).has_table("schema_version"):
        return 0
    return int(connection.exec_driver_sql("SELECT version FROM schema_version").scalar_one())


def refuse_newer(found: int, wanted: int = CURRENT_VERSION) -> None:
    """Raises `JournalError` for a journal that this version does not know."""
    if found > wanted:
        raise JournalError(
            f"expected a journal of version {wanted} or older, was {found}: run the newer Cockpit that wrote it"
        )


def migrate(connection: Connection, steps: Sequence[tuple[str, ...]] = MIGRATIONS) -> int:
    """Bring the tables to the version that `steps` lead to, inside the caller's transaction; returns what they had.

    Raises `JournalError` when they are newer than that.
    """
    found, wanted = found_version(connection), len(steps)
    refuse_newer(found, wanted)
    for step in steps[found:]:
        for statement in step:
            connection.exec_driver_sql(statement)
    if found == 0:
        connection.exec_driver_sql("CREATE TABLE schema_version (version INTEGER NOT NULL)")
        connection.exec_driver_sql(f"INSERT INTO schema_version VALUES ({wanted})")
    elif found < wanted:
        connection.exec_driver_sql(f"UPDATE schema_version SET version = {wanted}")
    return found
