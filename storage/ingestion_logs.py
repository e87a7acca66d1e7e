"""Queries on `ingestion_logs`: one row per stored page."""

from __future__ import annotations

from datetime import datetime

from storage.database import Tx
from storage.times import to_sql


def log_page(
    tx: Tx,
    task_id: int,
    account_id: int,
    domain: str,
    page: int,
    counts: tuple[int, int],
    started: datetime,
    ended: datetime,
) -> int:
    """Write down a stored page; `counts` are creators kept (all new, until
    `set_page_new_count`) and entries rejected."""
    kept, rejected = counts
    return tx.insert(
        "INSERT INTO ingestion_logs (task_id, account_id, domain, page_number, ingested_count,"
        " new_count, rejected_count, start_time, end_time)"
        " VALUES (:task, :account, :domain, :page, :kept, :kept, :rejected, :started, :ended)",
        task=task_id, account=account_id, domain=domain, page=page, kept=kept, rejected=rejected,
        started=to_sql(started), ended=to_sql(ended),
    )  # fmt: skip


def set_page_new_count(tx: Tx, log_id: int, new: int) -> None:
    """Complete a page's log with how many creators were new."""
    tx.execute("UPDATE ingestion_logs SET new_count=:new WHERE id=:id", id=log_id, new=new)
