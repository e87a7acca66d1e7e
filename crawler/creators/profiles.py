"""Reading what filters, lists and reports need of a creator from its platform's own entry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntFlag
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import quote

from sources.base import Creator
from sources.text import dump_json
from storage.models.creators import CreatorProfile

MAX_NUMBER = 2**63 - 1
MAX_URL = 1024
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
# A mobile number of China, or any number that is written with its country's code.
PHONE = re.compile(r"(?<!\d)1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)|\+\d[\d -]{7,16}\d")
MESSENGER = re.compile(
    r"微信|威信|薇信|(?<![a-z])(?:v信|vx|wx|qq|wechat|weixin|telegram|whatsapp)(?![a-z])"
    r"|(?<![a-z])t\.me/|(?<![a-z])line\s*(?:id|[:：])",
    re.IGNORECASE,
)


class Contact(IntFlag):
    """The ways to get in touch that a signature shows, as bits of `creators.has_contact`."""

    NONE = 0
    EMAIL = 1
    PHONE = 2
    MESSENGER = 4


class PlatformFields(Protocol):
    """Where the entries of a platform's creators have what is common to all platforms."""

    def raw_fields(self, name: str) -> Mapping[str, str]:
        """Return for each common column its key in the raw data of the platform's creators."""

    def profile_url(self, name: str) -> str | None:
        """Return the address of a profile with `{uid}` in it; None where there is none."""


@dataclass(frozen=True, kw_only=True)
class ProfileReader:
    """Reads profiles from the entries of every platform's creators."""

    platforms: PlatformFields

    def profile(self, platform: str, creator: Creator) -> CreatorProfile:
        """Return a creator that a page lists, with its raw data as compact JSON."""
        return self.stored(
            platform, creator.uid, creator.nickname, creator.raw, dump_json(creator.raw)
        )

    def stored(
        self, platform: str, uid: str, nickname: str, raw: Mapping[str, Any], text: str
    ) -> CreatorProfile:
        """Return a creator whose raw data is stored as `text`."""
        keys = self.platforms.raw_fields(platform)
        return CreatorProfile(
            uid=uid,
            nickname=nickname,
            raw_data=text,
            followers=number(raw.get(keys.get("followers", ""))),
            videos=number(raw.get(keys.get("videos", ""))),
            likes=number(raw.get(keys.get("likes", ""))),
            contacts=int(contacts_in(raw.get(keys.get("signature", "")))),
            url=address_of(self.platforms.profile_url(platform), uid),
        )


def number(value: object) -> int | None:
    """Return a count as platforms write it, as a number or as digits; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value) if len(value) < 20 else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= MAX_NUMBER else None


@lru_cache(maxsize=4096)
def _contacts(signature: str) -> Contact:
    found = Contact.NONE
    for kind, pattern in (
        (Contact.EMAIL, EMAIL),
        (Contact.PHONE, PHONE),
        (Contact.MESSENGER, MESSENGER),
    ):
        if pattern.search(signature):
            found |= kind
    return found


def contacts_in(signature: object) -> Contact:
    """Return the ways to get in touch that a signature shows; none where it is no text."""
    return _contacts(signature) if isinstance(signature, str) and signature else Contact.NONE


def signature_in(raw: Mapping[str, Any], keys: Mapping[str, str]) -> str | None:
    """Return the signature in a creator's raw data; None where there is none.

    `keys` are the `raw_fields` of its platform.
    """
    found = raw.get(keys.get("signature", ""))
    return found if isinstance(found, str) and found.strip() else None


def address_of(template: str | None, uid: str) -> str | None:
    """Return the address of a creator's profile; None where the platform has none."""
    if template is None:
        return None
    address = template.replace("{uid}", quote(uid, safe=""))
    return address if len(address) <= MAX_URL else None
