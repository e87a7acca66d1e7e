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
# Some write another sign in place of the @, so that programs do not find them.
EMAIL = re.compile(
    r"[\w.+-]+(?:[@＠]|#(?=(?:qq|163|126|sina|foxmail|gmail|outlook|hotmail|yeah|aliyun)\.))"
    r"[\w-]+(?:\.[\w-]+)+",
    re.ASCII | re.IGNORECASE,
)
# A mobile number of China, any number that is written with its country's code, one with an area
# code or a service number.
PHONE = re.compile(
    r"(?<!\d)1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)|\+\d[\d -]{7,16}\d"
    r"|(?<!\d)0\d{2,3}[- ]\d{7,8}(?!\d)|(?<!\d)400[- ]\d{3}[- ]?\d{4}(?!\d)"
)
# The names of messengers, and a letter for one with an id behind it ("V: abc_123", "加q12345").
MESSENGER = re.compile(
    r"(?:微信|威信|薇信|v信)(?!小程序|支付|读书|视频号)|绿泡泡|扣扣"
    r"|(?<![a-z@#])(?:wechat|weixin|wx|vx|qq|telegram|whatsapp)(?![a-z.])"
    r"|(?<![a-z])t\.me/|(?<![a-z])line\s*(?:id|[:：])"
    r"|(?<![a-z0-9])[vq薇]\s*[:：]\s*[a-z0-9][\w-]{4,}"
    r"|[加+＋]\s*[vq薇]\s*[:：]?\s*[a-z0-9][\w-]{4,}",
    re.IGNORECASE,
)
REFUSED = re.compile(r"(?:不|勿|别|拒|没|无)[要用会]?(?:再)?(?:加|有|留|用|玩)?我?\s*$")
REFUSAL_LETTERS = 5


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
    elif isinstance(value, float) and value.is_integer():
        value = int(value)
    # A bool is an int to isinstance().
    return value if type(value) is int and 0 <= value <= MAX_NUMBER else None


@lru_cache(maxsize=4096)
def _contacts(signature: str) -> Contact:
    found = Contact.NONE
    if EMAIL.search(signature):
        found |= Contact.EMAIL
    if PHONE.search(signature):
        found |= Contact.PHONE
    if any(not _is_refused(signature, match) for match in MESSENGER.finditer(signature)):
        found |= Contact.MESSENGER
    return found


def _is_refused(signature: str, found: re.Match[str]) -> bool:
    """Return whether the words before a messenger say that it is none: "please do not add …"."""
    before = signature[max(0, found.start() - REFUSAL_LETTERS) : found.start()]
    return REFUSED.search(before) is not None


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
    plain = uid if uid.isascii() and uid.isalnum() else quote(uid, safe="")
    address = template.replace("{uid}", plain)
    return address if len(address) <= MAX_URL else None
