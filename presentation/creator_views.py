"""Creators as JSON objects and as short texts, for every front end."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from crawler.creators.catalogue import COUNTED, CreatorDetails
from crawler.creators.profiles import Contact, PlatformFields, address_of, signature_in
from crawler.export.formats.text_files import safe_row
from presentation.json_rows import plain
from storage.crawling.ingestion_logs import FirstListed, IngestionLog
from storage.creators.observations import Observation
from storage.creators.search import ListedCreator, Membership

CSV_COLUMNS = (
    "platform",
    "uid",
    "nickname",
    "followers",
    "videos",
    "likes",
    "contacts",
    "signature",
    "profile_url",
    "first_seen_at",
    "seen_at",
)
STEPS = "▁▂▃▄▅▆▇█"


def contact_names(bits: int) -> list[str]:
    """Return the names of the ways to get in touch whose bits are set."""
    return [(kind.name or "").lower() for kind in Contact if bits & kind]


def count_text(found: int) -> str:
    """Return how many creators a list means; beyond COUNTED nobody counted: `1,000+`."""
    return f"{COUNTED:,}+" if found > COUNTED else f"{found:,}"


def creator_object(
    row: ListedCreator, platforms: PlatformFields, *, with_raw: bool = False
) -> dict[str, Any]:
    """Return a creator of a list; of a domain with its export status there."""
    raw = json.loads(row.raw_data)
    shown: dict[str, Any] = {
        "platform": row.platform,
        "uid": row.uid,
        "nickname": row.nickname,
        "followers": row.followers,
        "videos": row.videos,
        "likes": row.likes,
        "contacts": contact_names(row.has_contact),
        "signature": signature_in(raw, platforms.raw_fields(row.platform)),
        "profile_url": address_of(platforms.profile_url(row.platform), row.uid),
        "first_seen_at": plain(row.first_seen_at),
        "seen_at": plain(row.seen_at),
    }
    if row.domain is not None:
        shown |= {
            "domain": row.domain,
            "status": "exported" if row.is_exported else "pending_export",
            "ingested_at": plain(row.ingested_at),
        }
    return shown | ({"raw_data": raw} if with_raw else {})


def csv_text(rows: Sequence[ListedCreator], platforms: PlatformFields, *, with_header: bool) -> str:
    """Return creators of a list as CSV; a text that a spreadsheet would run gets an apostrophe."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    objects = [creator_object(row, platforms) for row in rows]
    if with_header:
        writer.writerow(objects[0] if objects else CSV_COLUMNS)
    for found in objects:
        values = (" ".join(one) if isinstance(one, list) else one for one in found.values())
        writer.writerow(safe_row(list(values)))
    return out.getvalue()


def details_object(found: CreatorDetails, *, with_raw: bool = True) -> dict[str, Any]:
    """Return one creator with its domains, what touched it in each, and its days."""
    creator = found.creator
    shown: dict[str, Any] = {
        name: plain(getattr(creator, name))
        for name in ("platform", "uid", "nickname", "followers", "videos", "likes", "revision")
    }
    shown |= {
        "contacts": contact_names(creator.has_contact),
        "signature": found.signature,
        "profile_url": found.url,
        "first_seen_at": plain(creator.first_seen_at),
        "seen_at": plain(creator.seen_at),
        "changed_at": plain(creator.changed_at),
        "domains": [
            membership_object(one, found.keywords.get(one.id, ())) for one in found.memberships
        ],
        "history": [observation_object(one) for one in found.history],
    }
    return shown | ({"raw_data": json.loads(creator.raw_data)} if with_raw else {})


def membership_object(row: Membership, keywords: Sequence[str]) -> dict[str, Any]:
    """Return a creator in one domain: the page that listed it first, and the file it is in."""
    return {name: plain(value) for name, value in vars(row).items()} | {"keywords": list(keywords)}


def observation_object(row: Observation) -> dict[str, Any]:
    """Return the numbers that a creator had from one day to another."""
    shown: dict[str, Any] = {name: plain(value) for name, value in vars(row).items()}
    del shown["creator_id"]
    return shown


def ingestion_log_object(
    row: IngestionLog, creators: Sequence[FirstListed] | None = None
) -> dict[str, Any]:
    """Return a stored page, with the creators that it brought in unless they are None."""
    shown: dict[str, Any] = {name: plain(value) for name, value in vars(row).items()}
    if creators is not None:
        shown["creators"] = [{"uid": one.uid, "nickname": one.nickname} for one in creators]
    return shown


def spark(history: Sequence[Observation]) -> str:
    """Return the followers of the observed days as a line of blocks; empty for fewer than two."""
    values = [row.followers for row in history if row.followers is not None]
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = max(1, high - low)
    return "".join(STEPS[(value - low) * (len(STEPS) - 1) // span] for value in values)
