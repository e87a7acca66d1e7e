"""Which creator people mean by an id or by the address of a profile."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote

from core.errors import InvalidInputError
from storage.creators import search
from storage.engines.transactions import Database

MAX_TEXT = 2048
MAX_UID = 255
UID_MARK = "{uid}"


class KnownPlatform(Protocol):
    """What is needed of a platform."""

    @property
    def profile_url(self) -> str | None:
        """The address of a profile with `{uid}` in it; None where there is none."""


class KnownPlatforms(Protocol):
    """The platforms of the installation."""

    @property
    def platforms(self) -> Mapping[str, KnownPlatform]:
        """The platforms by their names."""


@dataclass(frozen=True)
class NamedCreator:
    """A creator's platform and id."""

    platform: str
    uid: str


def creator_named(
    database: Database, known: KnownPlatforms, text: str, platform: str | None
) -> NamedCreator:
    """Return the creator that a text means: an id, or the address of its profile.

    Args:
        platform: where it is; None: where the address leads, or where an id is known.

    Raises:
        InvalidInputError: the address is that of no platform, or the id is known nowhere or on
            several platforms.
    """
    text = text.strip()
    if not 0 < len(text) <= MAX_TEXT:
        raise InvalidInputError("creator_malformed")
    if "://" in text:
        return _of_address(known, text, platform)
    if len(text) > MAX_UID:
        raise InvalidInputError("creator_malformed")
    if platform is not None:
        return NamedCreator(platform, text)
    found = database.read(search.platforms_with, text, list(known.platforms))
    if len(found) != 1:
        code = "creator_on_several" if found else "creator_unknown_anywhere"
        raise InvalidInputError(code, uid=text, platforms=found)
    return NamedCreator(found[0], text)


def _of_address(known: KnownPlatforms, text: str, platform: str | None) -> NamedCreator:
    for name, one in known.platforms.items():
        if one.profile_url is None or platform not in (None, name):
            continue
        uid = _uid_in(text, one.profile_url)
        if uid is not None:
            return NamedCreator(name, uid)
    raise InvalidInputError("profile_address_unknown", platforms=_with_profiles(known))


def _uid_in(address: str, template: str) -> str | None:
    """Return the id in the address of a profile; None when it is not made like the template.

    More behind the id, as a page of the profile or a query, does not matter.
    """
    front, _, back = _without_scheme(template).partition(UID_MARK)
    text = _without_scheme(address)
    if text[: len(front)].lower() != front.lower():
        return None
    rest = text[len(front) :]
    ends = [place for mark in (back[:1] or "/", "/", "?", "#") if (place := rest.find(mark)) >= 0]
    uid = rest[: min(ends, default=len(rest))]
    if not uid or not rest[len(uid) :].startswith(back):
        return None
    return unquote(uid)


def _without_scheme(address: str) -> str:
    return address.partition("://")[2].removeprefix("www.")


def _with_profiles(known: KnownPlatforms) -> Collection[str]:
    return [name for name, one in known.platforms.items() if one.profile_url is not None]
