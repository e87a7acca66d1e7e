"""File reports as deliveries, in the transaction that makes them true, to be sent later."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from core.clock import Clock
from core.errors import InvalidInputError
from storage.distribution import deliveries
from storage.distribution.deliveries import DeliveryKind, NewDelivery
from storage.engines.transactions import Tx

# An event id is sent as a header, which holds printable ASCII only.
EVENT_ID = re.compile(r"[!-~]{1,128}")
URL_CHARS = 1024


@dataclass(frozen=True)
class Report:
    """A JSON document for one callback URL.

    Args:
        kind: `daily`, `broadcast`, `completion` or `test`.
        event_id: permanent id of the report; filing a second report under it has no effect.
        task_id: the distribution task whose secret signs the report, and whose first attempts to a
            URL are made in the order of filing; None for an unsigned report, such as a test.
        stats_date: the day that a daily report is about; None for other kinds.
        body: the JSON text that is sent.
        tasks: ids of the distribution tasks that the body reports on: their `callback_*` columns
            record how the delivery goes. `task_id` always belongs to them.
    """

    kind: str
    event_id: str
    url: str
    body: str
    task_id: str | None = None
    stats_date: date | None = None
    tasks: Collection[str] = ()


class Outbox:
    """Files reports: each becomes a row of `webhook_deliveries`, which a sender posts later."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def enqueue(self, tx: Tx, report: Report) -> bool:
        """File a report in the caller's transaction; return False when its event id is known.

        It is sent only if that transaction is committed. A report with a known event id is not
        filed again, whatever its content.

        Raises:
            InvalidInputError: the kind is unknown, the event id does not fit into a header, or the
                URL is empty or longer than 1024 characters.
        """
        return deliveries.enqueue(tx, as_delivery(report), self._clock.now()) is not None


def as_delivery(report: Report) -> NewDelivery:
    """Return the row to store for a report.

    Raises:
        InvalidInputError: the kind is unknown, the event id does not fit into a header, or the URL
            is empty or longer than 1024 characters.
    """
    if report.kind not in set(DeliveryKind):
        raise InvalidInputError("report_kind_unknown", kind=report.kind)
    if not EVENT_ID.fullmatch(report.event_id):
        raise InvalidInputError("event_id_malformed", event_id=report.event_id)
    if not 0 < len(report.url) <= URL_CHARS:
        raise InvalidInputError("callback_url_length", chars=URL_CHARS)
    return NewDelivery(
        event_id=report.event_id,
        kind=DeliveryKind(report.kind),
        url=report.url,
        url_hash=url_hash(report.url),
        host=host_of(report.url),
        task_id=report.task_id,
        stats_date=report.stats_date,
        body=report.body,
        tasks=frozenset(report.tasks) | ({report.task_id} if report.task_id is not None else set()),
    )


def tasks_in_body(body: str) -> frozenset[str]:
    """Return the ids of the tasks that a report's JSON body names; empty when it is damaged.

    Only for deliveries that were filed before schema version 6, which have no rows in
    `delivery_tasks`.
    """
    try:
        document: Any = json.loads(body)
    except ValueError:
        return frozenset()
    if not isinstance(document, dict):
        return frozenset()
    lists = [document.get(name) for name in ("stats", "completions")]
    entries = [entry for entries in lists if isinstance(entries, list) for entry in entries]
    ids = [entry.get("task_id") for entry in entries if isinstance(entry, dict)]
    return frozenset(task_id for task_id in ids if isinstance(task_id, str))


def url_hash(url: str) -> str:
    """Return the SHA-256 of a URL in hex (64 digits), the key of endpoints."""
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()


def host_of(url: str) -> str:
    """Return the host name in a URL, up to 255 characters; empty when the text is no URL."""
    try:
        return (urlsplit(url).hostname or "")[:255]
    except ValueError:
        return ""
