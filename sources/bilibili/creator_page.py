"""A creator's page on Bilibili: the card with public counters, and the list of uploads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.errors import Evidence, InvalidEntryError, ItemUnavailableError, RetryableError
from sources.base import AccountSession, Upload, UploadsPage
from sources.bilibili.client import BilibiliClient
from sources.bilibili.response_rules import CARD, UPLOADS

PAGE_SIZE = 30
EVIDENCE_CHARS = 4000
BEYOND_WHAT_OTHERS_SEE = 22007


@dataclass(frozen=True)
class CreatorCard:
    """A creator's public counters; None where the platform does not report one."""

    uid: str
    name: str
    followers: int | None
    following: int | None
    videos: int | None
    likes: int | None


def fetch_uploads(
    client: BilibiliClient, session: AccountSession, uid: str, page: int
) -> UploadsPage:
    """Return page `page`, from 1, of a creator's uploads; an empty one behind the last.

    Raises:
        SourceError: the platform refuses, does not answer, or its answer cannot be parsed.
    """
    params = {"mid": uid, "pn": page, "ps": PAGE_SIZE, "order": "pubdate"}
    try:
        data = client.get_signed(session, UPLOADS, params)
    except ItemUnavailableError as error:
        code = error.evidence.code if error.evidence else None
        if code != BEYOND_WHAT_OTHERS_SEE or page == 1:
            raise
        return UploadsPage(page, (page - 1) * PAGE_SIZE, (), is_last=True)
    try:
        entries, total = data["list"]["vlist"], data["page"]["count"]
        if not isinstance(total, int) or isinstance(total, bool):
            raise TypeError
        # A creator without uploads has null in place of the list.
        entries = [] if entries is None and total == 0 else entries
        found = _uploads(entries)
    except (KeyError, TypeError, AttributeError, InvalidEntryError) as error:
        shown = session.redact(json.dumps(data, ensure_ascii=False))[:EVIDENCE_CHARS]
        evidence = Evidence(f"GET {UPLOADS}?pn={page}", 200, 0, shown)
        raise RetryableError("uploads_malformed", evidence, damaged=True) from error
    return UploadsPage(page, total, found, is_last=page * PAGE_SIZE >= total or not entries)


def _uploads(entries: Any) -> tuple[Upload, ...]:
    """Return the uploads of a list; a damaged entry is left out and the others are kept.

    Raises:
        InvalidEntryError: not one of them can be parsed.
        TypeError: it is no list.
    """
    if not isinstance(entries, list):
        raise TypeError
    found = []
    damage: Exception | None = None
    for entry in entries:
        try:
            found.append(_upload(entry))
        except (KeyError, TypeError, AttributeError) as error:
            damage = error
    if damage is not None and not found:
        raise InvalidEntryError("uploads_malformed") from damage
    return tuple(found)


def fetch_card(client: BilibiliClient, session: AccountSession, uid: str) -> CreatorCard:
    """Return the public counters of the creator `uid`.

    Raises:
        SourceError: the platform refuses, does not answer, or its answer cannot be parsed.
    """
    data = client.get(session, CARD, {"mid": uid})
    try:
        fields = data["card"]
        return CreatorCard(
            uid=str(fields["mid"]),
            name=str(fields["name"]),
            followers=_count(data.get("follower")),
            following=_count(fields.get("attention")),
            videos=_count(data.get("archive_count")),
            likes=_count(data.get("like_num")),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise RetryableError("card_malformed", damaged=True) from error


def _upload(entry: Mapping[str, Any]) -> Upload:
    bvid, title = entry["bvid"], entry["title"]
    if not isinstance(bvid, str) or not isinstance(title, str):
        raise TypeError
    created, pic = _count(entry.get("created")), entry.get("pic")
    author = entry.get("author")
    cover = pic if isinstance(pic, str) and pic else None
    return Upload(
        bvid=bvid,
        title=title,
        published_at=datetime.fromtimestamp(created, UTC) if created else None,
        cover_url=f"https:{cover}" if cover and cover.startswith("//") else cover,
        view=_count(entry.get("play")),
        comment=_count(entry.get("comment")),
        danmaku=_count(entry.get("video_review")),
        author=author if isinstance(author, str) and author else None,
    )


def _count(value: Any) -> int | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and value >= 0 else None
