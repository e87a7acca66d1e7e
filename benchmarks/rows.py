"""Creators that are stored beforehand, as a crawl would have left them."""

from __future__ import annotations

import json

from storage.engines.transactions import Database, Tx

MOMENT = "2026-01-01 00:00:00.000"
CHUNK_ROWS = 5_000


def raw_data(number: int) -> str:
    """Return about 400 bytes of a platform's entry as JSON."""
    entry = {
        "type": "bili_user",
        "mid": 3_493_000_000_000_000 + number,
        "uname": f"小鹿研究所{number}",
        "usign": f"合作请私信, 第{number}号",
        "fans": number * 37 % 1_000_000,
        "videos": number % 300,
        "upic": f"//i0.hdslb.com/bfs/face/{number:016x}.jpg",
        "verify_info": "",
        "level": number % 7,
        "gender": 1 + number % 3,
        "is_upuser": 1,
        "is_live": 0,
        "room_id": number,
        "official_verify": {"type": 127, "desc": ""},
        "hit_columns": ["uname"],
        "res": [],
    }
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":"))


def insert(database: Database, domain: str, count: int) -> None:
    """Insert `count` creators that wait to be exported."""
    for first in range(0, count, CHUNK_ROWS):
        numbers = range(first, min(count, first + CHUNK_ROWS))
        database.write(_insert, domain, numbers)  # type: ignore[misc]


def insert_in_sqlite(database: Database, domain: str, count: int) -> None:
    """Insert very many inside SQLite, all with the same raw data."""
    database.write(
        lambda tx: tx.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<:count)"
            " INSERT INTO influencers (platform, uid, nickname, domain, source_page, raw_data,"
            " ingested_at, updated_at, ingestion_log_id) SELECT 'bilibili', 1000000+i,"
            " '小鹿' || i, :domain, 1 + i/20, :raw, :now, :now, 0 FROM n",
            count=count,
            domain=domain,
            raw=raw_data(7),
            now=MOMENT,
        )
    )


def _insert(tx: Tx, domain: str, numbers: range) -> None:
    tx.execute_many(
        "INSERT INTO influencers (platform, uid, nickname, domain, source_page, raw_data,"
        " ingested_at, updated_at, ingestion_log_id)"
        " VALUES ('bilibili', :uid, :name, :domain, :page, :raw, :now, :now, 0)",
        [
            {
                "uid": str(10**9 + n),
                "name": f"小鹿{n}",
                "domain": domain,
                "page": 1 + n // 20,
                "raw": raw_data(n),
                "now": MOMENT,
            }
            for n in numbers
        ],
    )
