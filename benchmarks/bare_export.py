"""The export by hand: the statements of its batches, its files, and nothing around them.

The file is synced, hashed and renamed as the product's is. What the product commits beside its
batches is left out: the claim of the task, the lease of an account, the name of the file, the seal,
the end of the task, and the account that is given back.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pymysql
from pymysql.constants import CLIENT

from benchmarks.ground import Place
from crawler.export.columns import DEFAULT_COLUMNS

NOW = "2026-01-02 00:00:00.000"
DAY = "2026-01-02"
Execute = Callable[..., Any]


def connect(place: Place) -> Any:
    """Open a driver's own connection, as durable as the product's."""
    if place.url.startswith("sqlite"):
        connection = sqlite3.connect(place.folder / "baton.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA cache_size=-16000")
        return connection
    parts = urlsplit(place.url)
    return pymysql.connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=parts.username,
        password=unquote(parts.password or ""),
        database=parts.path.lstrip("/"),
        charset="utf8mb4",
        client_flag=CLIENT.FOUND_ROWS,
        autocommit=True,
        init_command="SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    )


def export_domain(
    connection: Any, domain: str, account: int, task: int, batch: int, file: Path
) -> int:
    """Export everything that waits in a domain; return the number of rows."""
    cursor = connection.cursor()
    is_sqlite = isinstance(connection, sqlite3.Connection)

    def execute(sql: str, *values: object) -> int:
        cursor.execute(sql.replace("%s", "?") if is_sqlite else sql, values)
        return int(cursor.rowcount)

    begin = "BEGIN IMMEDIATE" if is_sqlite else "BEGIN"
    lock = "" if is_sqlite else " FOR UPDATE SKIP LOCKED"
    log_id = marker = done = 0
    part = file.with_name(f".{file.name}.part")
    with part.open("w", encoding="utf-8-sig", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(DEFAULT_COLUMNS)
        while True:
            execute(begin)
            execute(
                "SELECT id, uid, nickname, platform, domain, source_page, raw_data, ingested_at"
                " FROM influencers WHERE domain=%s AND status='pending_export' AND id>%s"
                f" ORDER BY id LIMIT {batch}{lock}",
                domain,
                marker,
            )
            rows = cursor.fetchall()
            if not rows:
                execute("ROLLBACK")
                break
            if log_id == 0:
                execute(
                    "INSERT INTO export_logs (task_id, account_id, platform, domain, quota_day,"
                    " quota_limit, exported_count, first_id, last_id, format, options, host,"
                    " start_time) VALUES (%s, %s, 'bilibili', %s, %s, 0, %s, %s, %s, 'csv', '{}',"
                    " 'bare', %s)",
                    task,
                    account,
                    domain,
                    DAY,
                    len(rows),
                    rows[0][0],
                    rows[-1][0],
                    NOW,
                )
                log_id = cursor.lastrowid
            else:
                execute(
                    "UPDATE export_logs SET exported_count=exported_count+%s, last_id=%s"
                    " WHERE id=%s AND state='open'",
                    len(rows),
                    rows[-1][0],
                    log_id,
                )
            ids = ",".join(str(row[0]) for row in rows)
            changed = execute(
                "UPDATE influencers SET status='exported', export_log_id=%s, updated_at=%s"
                f" WHERE id IN ({ids}) AND status='pending_export'",
                log_id,
                NOW,
            )
            spent = execute(
                "UPDATE accounts SET today_export_count=CASE WHEN quota_day=%s"
                " THEN today_export_count ELSE 0 END+%s, quota_day=%s WHERE id=%s AND (quota_day=%s"
                " AND today_export_count+%s<=daily_export_limit OR quota_day<%s)",
                DAY,
                len(rows),
                DAY,
                account,
                DAY,
                len(rows),
                DAY,
            )
            marker = rows[-1][0]
            moved = execute(
                "UPDATE tasks SET progress_marker=%s, item_count=item_count+%s WHERE id=%s",
                f"last_id={marker}",
                len(rows),
                task,
            )
            assert (changed, spent, moved) == (len(rows), 1, 1)
            execute("COMMIT")
            writer.writerows(_values(row) for row in rows)
            done += len(rows)
        target.flush()
        os.fsync(target.fileno())
    _publish(part, file, done)
    return done


def _publish(part: Path, file: Path, rows: int) -> None:
    """Write the manifest, rename both files, and sync their folder."""
    with part.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    manifest = file.with_name(f".{file.name}.manifest.part")
    with manifest.open("w", encoding="utf-8") as target:
        json.dump({"file": file.name, "rows": rows, "sha256": digest}, target, indent=2)
        target.flush()
        os.fsync(target.fileno())
    part.rename(file)
    manifest.rename(file.with_name(f"{file.name}.manifest.json"))
    folder = os.open(file.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _values(row: tuple[Any, ...]) -> tuple[object, ...]:
    row_id, uid, nickname, platform, domain, page, raw, ingested_at = row
    entry = json.loads(raw)
    moment = str(ingested_at).replace(" ", "T") + "Z"
    return (
        row_id,
        uid,
        nickname,
        platform,
        domain,
        entry.get("fans"),
        entry.get("videos"),
        entry.get("usign"),
        page,
        moment,
    )
