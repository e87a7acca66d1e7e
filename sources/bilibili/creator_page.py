"""A creator's page on Bilibili: the card with public counters, and the list of uploads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.errors import RetryableError
from sources.base import AccountSession, Upload, UploadsPage
from sources.bilibili.client import BilibiliClient

UPLOADS = "/x/space/wbi/arc/search"
CARD = "/x/web-interface/card"
PAGE_SIZE = 30


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
    data = client.get_signed(session, UPLOADS, params)
    try:
        entries, total = data["list"]["vlist"], data["page"]["count"]
        found = tuple(_upload(entry) for entry in entries)
        if not isinstance(total, int) or isinstance(total, bool):
            raise TypeError
    except (KeyError, TypeError, AttributeError) as error:
        raise RetryableError("uploads_malformed", damaged=True) from error
    return UploadsPage(page, total, found, is_last=page * PAGE_SIZE >= total or not found)


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
