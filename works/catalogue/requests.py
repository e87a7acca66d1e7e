"""Requests on the catalogue, checked: links, and creators whose uploads are imported."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import WrongFieldsError
from core.messages import Message
from core.requests import FieldChecks
from works.catalogue.fields import read_link

MAX_LINKS = 200
MAX_LINK_CHARS = 2000
UID_PATTERN = r"^[1-9][0-9]{0,15}$"
UID = re.compile(UID_PATTERN.strip("^$"))


@dataclass(frozen=True, kw_only=True)
class AddWorksRequest:
    """Videos to add by their links.

    Args:
        links: links, share texts or ids; MAX_LINKS at most.
        platform: the platform of bare ids, by its exact name.
        fetch: request titles and authors from the platforms.

    Raises:
        WrongFieldsError: there are no links, too many, or one is too long.
        InvalidInputError: a text names no video.
    """

    links: Sequence[str]
    platform: str | None = None
    fetch: bool = True

    def __post_init__(self) -> None:
        checks = FieldChecks()
        if not 1 <= len(self.links) <= MAX_LINKS:
            given = len(self.links)
            checks.add("links", Message.of("links_count_wrong", most=MAX_LINKS, given=given))
        if any(len(link) > MAX_LINK_CHARS for link in self.links):
            checks.add("links", Message.of("links_too_long", max_chars=MAX_LINK_CHARS))
        checks.finish()
        for link in self.links:
            read_link(link, self.platform)


@dataclass(frozen=True, kw_only=True)
class DiscoverRequest:
    """A creator of Bilibili whose uploads are all added.

    Raises:
        WrongFieldsError: `uid` is no number of up to 16 digits.
    """

    uid: str

    def __post_init__(self) -> None:
        if not UID.fullmatch(self.uid):
            raise WrongFieldsError({"uid": Message.of("uid_malformed", text=self.uid[:40])})
