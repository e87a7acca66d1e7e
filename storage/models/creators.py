"""Creators as a platform's page shows them."""

from __future__ import annotations

from dataclasses import dataclass

# What files are written from.
EXPORTED_COLUMNS = (
    "id",
    "uid",
    "nickname",
    "platform",
    "domain",
    "source_page",
    "raw_data",
    "ingested_at",
)


@dataclass(frozen=True)
class CreatorProfile:
    """A creator as one page lists it.

    `raw_data` is the entry as JSON text. Numbers are None where the entry does not tell them.
    `contacts` are the bits of `Contact` that its signature shows. `url` is where people look at it;
    None where the platform names no such address.
    """

    uid: str
    nickname: str
    raw_data: str
    followers: int | None = None
    videos: int | None = None
    likes: int | None = None
    contacts: int = 0
    url: str | None = None
