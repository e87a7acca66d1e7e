"""An installation as schema version 5 left it: rows in every table, a key file, an export file.

The rows (`tests/storage/old_schemas/0005.rows.json`) are written by the database drivers and the
secrets by `cryptography`, with none of Baton's code, so that a fault in it cannot hide on both
sides of an upgrade.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from storage.schema.schema import statements
from tests.support.mariadb import connect_to

OLD_SCHEMAS = Path(__file__).resolve().parents[2] / "storage" / "old_schemas"
SEALED = "sealed:"  # a value of that form is the secret of that name, encrypted
SECRETS = {
    "check": "baton",
    "session": "SESSDATA=甲; bili_jct=1",
    "password": "geheim-wort",
    "proxy": "http://user:pass@10.0.0.1:8080",
    "callback": "signing-secret-of-the-site",
}
CSV = "\ufeffid,uid,nickname\r\n101,4001,𠮷野家🎀\r\n102,4002,小鹿\r\n".encode()
Row = dict[str, Any]
Tables = dict[str, list[Row]]


def install(database_url: str, data_dir: Path) -> Tables:
    """Create the database and the files; return all rows that were inserted, by table."""
    key = Fernet.generate_key()
    data_dir.mkdir(parents=True)
    (data_dir / "secret.key").write_bytes(key + b"\n")
    tables = _tables(Fernet(key))
    for segment in tables["export_logs"]:
        _write_export(data_dir / "exports" / segment["file_path"], segment)
    inserts = [(table, row) for table, rows in tables.items() for row in rows]
    if database_url.startswith("sqlite:"):
        _fill_sqlite(database_url.removeprefix("sqlite:///"), inserts)
    else:
        _fill_mysql(database_url, inserts)
    return tables


def _tables(fernet: Fernet) -> Tables:
    text = (OLD_SCHEMAS / "0005.rows.json").read_text(encoding="utf-8")
    tables: Tables = json.loads(text)
    for rows in tables.values():
        for row in rows:
            for name, value in row.items():
                if isinstance(value, str) and value.startswith(SEALED):
                    secret = SECRETS[value.removeprefix(SEALED)]
                    row[name] = fernet.encrypt(secret.encode()).decode("ascii")
    return tables


def _write_export(path: Path, segment: Row) -> None:
    assert (segment["bytes"], segment["sha256"]) == (len(CSV), hashlib.sha256(CSV).hexdigest())
    path.parent.mkdir(parents=True)
    path.write_bytes(CSV)
    manifest = {
        "segment": segment["id"],
        "file": path.name,
        "platform": segment["platform"],
        "domain": segment["domain"],
        "quota_day": segment["quota_day"],
        "account": "小明",
        "format": segment["format"],
        "columns": json.loads(segment["options"])["columns"],
        "rows": segment["exported_count"],
        "bytes": segment["bytes"],
        "sha256": segment["sha256"],
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2)
    path.with_name(f"{path.name}.manifest.json").write_text(f"{text}\n", encoding="utf-8")


def _script(engine: str) -> list[str]:
    script = (OLD_SCHEMAS / f"0005.{engine}.sql").read_text(encoding="utf-8")
    # The script fills `works_version`, and so do the rows.
    return [*statements(script), "DELETE FROM works_version"]


def _fill_sqlite(path: str, inserts: list[tuple[str, Row]]) -> None:
    connection = sqlite3.connect(path)
    with connection:
        for statement in _script("sqlite"):
            connection.execute(statement)
        for table, row in inserts:
            names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
            connection.execute(f"INSERT INTO {table} ({names}) VALUES ({values})", row)
    connection.close()


def _fill_mysql(database_url: str, inserts: list[tuple[str, Row]]) -> None:
    connection = connect_to(database_url, autocommit=True)
    with connection, connection.cursor() as cursor:
        for statement in _script("mysql"):
            cursor.execute(statement)
        for table, row in inserts:
            names, values = ", ".join(row), ", ".join(["%s"] * len(row))
            cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({values})", list(row.values()))
