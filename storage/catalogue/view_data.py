"""`data/view_data.sqlite3`, the hourly statistics of videos: its tables, and writes to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.clock import Clock
from core.errors import SchemaMismatchError
from core.installation.file_access import SHARED, FileAccess
from storage.engines.sqlite import JournalMode, SQLiteEngine
from storage.engines.transactions import Database, Row, Tx
from storage.schema.schema import statements

SCHEMA_FILE = Path(__file__).with_name("view_data.sql")
CONNECTIONS = 2
PAGE_CACHE_KIB = 32_000  # the unique index grows in as many places as there are works
METRICS = (
    "platform",
    "work_id",
    "title",
    "crawl_date",
    "crawl_hour",
    "crawl_time",
    "view_count",
    "danmaku_count",
    "comment_count",
    "like_count",
    "coin_count",
    "favorite_count",
    "share_count",
)
SESSIONS = (
    "session_id",
    "crawl_date",
    "crawl_hour",
    "start_time",
    "end_time",
    "total_count",
    "success_count",
    "fail_count",
)


def open_view_data(path: Path, clock: Clock, access: FileAccess = SHARED) -> Database:
    """Return the database of that file, which is created on the first read or write.

    A new file gets the mode and the group of `access`. Users who may only read it can query it, as
    it has no write-ahead log; they should set a busy timeout.
    """
    engine = SQLiteEngine(
        path=path,
        pool_size=CONNECTIONS,
        page_cache_kib=PAGE_CACHE_KIB,
        journal=JournalMode.DELETE,
        access=access,
    )
    return Database(engine=engine, clock=clock)


def create(database: Database) -> None:
    """Create the tables that do not exist yet.

    Raises:
        SchemaMismatchError: tables of these names have other columns.
        DatabaseError: the file is no SQLite file, or another program keeps it locked.
    """
    if database.read(_is_ready):
        return
    script = statements(SCHEMA_FILE.read_text(encoding="utf-8"))

    def load(tx: Tx) -> None:
        for statement in script:
            again = statement.replace("CREATE TABLE ", "CREATE TABLE IF NOT EXISTS ")
            tx.execute(again.replace("CREATE INDEX ", "CREATE INDEX IF NOT EXISTS "))

    database.write(load)
    if not database.read(_is_ready):
        raise SchemaMismatchError("view_tables_differ", where=database.engine.describe())


def upsert_metrics(tx: Tx, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows of `work_metrics`, or replace those of the same work and hour.

    `rows` are tuples in the order of METRICS. Sorted by work they touch each page of the indexes
    once.
    """
    key = ("platform", "work_id", "crawl_date", "crawl_hour")
    tx.execute_many(_upsert("work_metrics", METRICS, key, ["?"] * len(METRICS)), rows)


def works_of_hour(tx: Tx, day: str, hour: str) -> list[tuple[str, str]]:
    """Return platform and id of the works that have a row in an hour."""
    rows = tx.all(
        "SELECT platform, work_id FROM work_metrics WHERE crawl_date=:day AND crawl_hour=:hour",
        day=day,
        hour=hour,
    )
    return [(row["platform"], row["work_id"]) for row in rows]


def delete_metrics(tx: Tx, day: str, hour: str, works: Iterable[tuple[str, str]]) -> None:
    """Delete the rows of these works (platform and id) in an hour."""
    tx.execute_many(
        "DELETE FROM work_metrics WHERE platform=? AND work_id=? AND crawl_date=? AND crawl_hour=?",
        [(*work, day, hour) for work in works],
    )


def put_session(tx: Tx, session: Mapping[str, Any]) -> None:
    """Insert an hour's crawl session in place of all that the hour has.

    `session` has a value for each name in SESSIONS. An id that another hour has, as in a copied
    file, is made unique by the hour.
    """
    hour = {name: session[name] for name in ("crawl_date", "crawl_hour")}
    named = session["session_id"]
    others = tx.one(
        "SELECT 1 FROM crawl_sessions WHERE session_id=:named"
        " AND NOT (crawl_date=:crawl_date AND crawl_hour=:crawl_hour)",
        named=named,
        **hour,
    )
    session_id = "{}_{crawl_date}-{crawl_hour}".format(named, **hour) if others else named
    tx.execute(
        "DELETE FROM crawl_sessions WHERE crawl_date=:crawl_date AND crawl_hour=:crawl_hour"
        " AND session_id<>:session_id",
        session_id=session_id,
        **hour,
    )
    values = [f":{column}" for column in SESSIONS]
    upsert = _upsert("crawl_sessions", SESSIONS, ("session_id",), values)
    tx.execute(upsert, **{**session, "session_id": session_id})


def has_session(tx: Tx, day: str, hour: str) -> bool:
    """Return whether the hour has a crawl session."""
    return tx.exists(
        "SELECT 1 AS yes FROM crawl_sessions WHERE crawl_date=:day AND crawl_hour=:hour",
        day=day,
        hour=hour,
    )


def sessions(tx: Tx) -> list[Row]:
    """Return the crawl sessions in the order of their hours."""
    return tx.all(
        f"SELECT {', '.join(SESSIONS)} FROM crawl_sessions ORDER BY crawl_date, crawl_hour"
    )


def hours_with_rows(tx: Tx) -> list[tuple[str, str]]:
    """Return day and hour of every hour that has rows."""
    rows = tx.all("SELECT DISTINCT crawl_date, crawl_hour FROM work_metrics")
    return [(row["crawl_date"], row["crawl_hour"]) for row in rows]


def metrics_of_hour(tx: Tx, day: str, hour: str) -> list[Row]:
    """Return the rows of an hour."""
    return tx.all(
        f"SELECT {', '.join(METRICS)} FROM work_metrics WHERE crawl_date=:day AND crawl_hour=:hour",
        day=day,
        hour=hour,
    )


def version(tx: Tx) -> int:
    """Return the version of the main database's hours that the file shows; 0 for none."""
    return tx.number("PRAGMA user_version")


def set_version(tx: Tx, reached: int) -> None:
    """Record which version of the main database's hours the file shows."""
    tx.execute(f"PRAGMA user_version={reached:d}")


def delete_before(tx: Tx, day: str, limit: int) -> int:
    """Delete up to `limit` rows of days before `day`; return how many, with their sessions."""
    deleted = tx.execute(
        "DELETE FROM work_metrics WHERE id IN"
        " (SELECT id FROM work_metrics WHERE crawl_date<:day LIMIT :limit)",
        day=day,
        limit=limit,
    )
    tx.execute("DELETE FROM crawl_sessions WHERE crawl_date<:day", day=day)
    return deleted


def _upsert(table: str, columns: Sequence[str], key: Sequence[str], values: Sequence[str]) -> str:
    sets = ", ".join(f"{name}=excluded.{name}" for name in columns if name not in key)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(values)})"
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {sets}"
    )


def _is_ready(tx: Tx) -> bool:
    wanted = {"work_metrics": METRICS, "crawl_sessions": SESSIONS}
    return all(
        {row["name"] for row in tx.all("SELECT name FROM pragma_table_info(:table)", table=table)}
        >= set(columns)
        for table, columns in wanted.items()
    )
