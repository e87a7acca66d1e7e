"""Queries on `unknown_answers`: answers that no response rule describes, counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx
from storage.models.mapping import row_to

KEY = "platform, endpoint, http_status, code"


@dataclass(frozen=True)
class UnknownAnswer:
    """A row of `unknown_answers`: an answer by its endpoint, HTTP status and code.

    `http_status` is 0 and `code` empty where there was none. It was `seen` so often; `evidence` is
    JSON text about the first.
    """

    platform: str
    endpoint: str
    http_status: int
    code: str
    seen: int
    evidence: str | None = field(repr=False)
    first_seen_at: datetime
    last_seen_at: datetime


def record(
    tx: Tx,
    platform: str,
    endpoint: str,
    http_status: int | None,
    code: str | None,
    evidence: str | None,
    now: datetime,
) -> None:
    """Count an answer; the evidence (JSON text without secrets) of the first one is kept."""
    key = {
        "platform": platform,
        "endpoint": endpoint,
        "http_status": http_status or 0,
        "code": code or "",
    }
    tx.add(
        "unknown_answers",
        tx.dialect.on_conflict_ignore(KEY),
        **key,
        seen=0,
        first_seen_at=to_sql(now),
        last_seen_at=to_sql(now),
    )
    tx.execute(
        "UPDATE unknown_answers SET seen=seen+1, last_seen_at=:now,"
        " evidence=COALESCE(evidence, :evidence) WHERE platform=:platform AND endpoint=:endpoint"
        " AND http_status=:http_status AND code=:code",
        **key,
        evidence=evidence,
        now=to_sql(now),
    )


def all_of(tx: Tx, platform: str | None = None) -> list[UnknownAnswer]:
    """Return the answers by endpoint, of one platform or (None) of all."""
    where = "" if platform is None else " WHERE platform=:platform"
    rows = tx.all(f"SELECT * FROM unknown_answers{where} ORDER BY {KEY}", platform=platform)
    return [row_to(UnknownAnswer, row) for row in rows]
