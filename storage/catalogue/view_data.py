"""`data/view_data.sqlite3`: opening it, and taking in the hourly files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.clock import Clock
from core.errors import SchemaMismatchError
from storage.engines.sqlite import SQLiteEngine
from storage.engines.transactions import Database, Tx
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


@dataclass(frozen=True)
class ImportedFile:
    """A file as it was when it was taken in."""

    bytes: int
    modified_ns: int
    sha256: str


def open_view_data(path: Path, clock: Clock) -> Database:
    """The file's database; it is made when something is first written or read."""
    return Database(
        engine=SQLiteEngine(path=path, pool_size=CONNECTIONS, page_cache_kib=PAGE_CACHE_KIB),
        clock=clock,
    )


def create(database: Database) -> None:
    """Make the tables where there are none.

    Raises:
        SchemaMismatchError: tables of these names have other columns.
        DatabaseError: no SQLite file, or locked for long by another program.
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
    """Write numbers, in the order of METRICS; those of a work and hour that are there are replaced.

    Rows that stand in the order of the works touch each page of the indexes once.
    """
    key = ("platform", "work_id", "crawl_date", "crawl_hour")
    tx.execute_many(_upsert("work_metrics", METRICS, key, ["?"] * len(METRICS)), rows)


def upsert_session(tx: Tx, session: Mapping[str, Any]) -> None:
    """Write a crawl's session; one of that id is replaced."""
    values = [f":{column}" for column in SESSIONS]
    tx.execute(_upsert("crawl_sessions", SESSIONS, ("session_id",), values), **session)


def note_import(tx: Tx, day: str, hour: str, file: ImportedFile) -> None:
    """Note that an hour's file is in."""
    tx.execute(
        "INSERT INTO imported_files (crawl_date, crawl_hour, bytes, modified_ns, sha256)"
        " VALUES (:day, :hour, :bytes, :modified_ns, :sha256)"
        " ON CONFLICT (crawl_date, crawl_hour) DO UPDATE SET bytes=excluded.bytes,"
        " modified_ns=excluded.modified_ns, sha256=excluded.sha256, imported_at=CURRENT_TIMESTAMP",
        day=day,
        hour=hour,
        bytes=file.bytes,
        modified_ns=file.modified_ns,
        sha256=file.sha256,
    )


def imported_file(tx: Tx, day: str, hour: str) -> ImportedFile | None:
    """An hour's file as it was taken in."""
    row = tx.one(
        "SELECT bytes, modified_ns, sha256 FROM imported_files"
        " WHERE crawl_date=:day AND crawl_hour=:hour",
        day=day,
        hour=hour,
    )
    return ImportedFile(row["bytes"], row["modified_ns"], row["sha256"]) if row else None


def imported_files(tx: Tx) -> dict[tuple[str, str], ImportedFile]:
    """All files that are in, by day and hour."""
    rows = tx.all("SELECT crawl_date, crawl_hour, bytes, modified_ns, sha256 FROM imported_files")
    return {
        (row["crawl_date"], row["crawl_hour"]): ImportedFile(
            row["bytes"], row["modified_ns"], row["sha256"]
        )
        for row in rows
    }


def _upsert(table: str, columns: Sequence[str], key: Sequence[str], values: Sequence[str]) -> str:
    sets = ", ".join(f"{name}=excluded.{name}" for name in columns if name not in key)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(values)})"
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {sets}"
    )


def _is_ready(tx: Tx) -> bool:
    wanted = {"work_metrics": METRICS, "crawl_sessions": SESSIONS, "imported_files": ("sha256",)}
    return all(
        {row["name"] for row in tx.all("SELECT name FROM pragma_table_info(:table)", table=table)}
        >= set(columns)
        for table, columns in wanted.items()
    )
