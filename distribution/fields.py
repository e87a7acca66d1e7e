"""Reading the fields of what the distributing site tells; a wrong one is named with the reason."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any
from urllib.parse import urlsplit

from core.errors import InvalidInputError, WrongFieldError
from sources.links import ShortLink, VideoLink, recognise
from sources.text import storable

PLATFORMS = ("youtube", "tiktok", "douyin")
ID_CHARS, URL_CHARS, LINK_CHARS = 64, 1024, 1024
SHOWN_CHARS = 80
SECRET_PREFIX = "whsec_"  # noqa: S105 - a public mark, no secret
SECRET_BYTES = range(24, 65)  # what Standard Webhooks asks for
MAX_SECRETS = 2  # the new one and the old one while it is rotated
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
FIRST_YEAR = 2000


class Fields:
    """The fields of one item. What is absent is None; so is an empty text, unless it is asked for
    whether a field `was_given`.

    Raises:
        WrongFieldError: there are fields that are not `known`.
    """

    def __init__(self, *, told: Mapping[str, Any], known: Collection[str]) -> None:
        for name in told:
            if name not in known:
                raise WrongFieldError(
                    field=str(name)[:SHOWN_CHARS], reason=f"is unknown; known: {', '.join(known)}"
                )
        self._told = told

    def was_given(self, name: str) -> bool:
        """Whether it is there at all, be it only to say that there is nothing (null)."""
        return name in self._told

    def value(self, name: str) -> Any:
        return self._told.get(name)

    def text(self, name: str, most: int) -> str | None:
        """A text of at most so many characters, its ends trimmed."""
        value = self._told.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise WrongFieldError(field=name, reason=f"{_shown(value)} is no text")
        text = storable(value).strip()
        if len(text) > most:
            raise WrongFieldError(field=name, reason=f"is longer than {most} characters")
        return text or None

    def identifier(self, name: str) -> str:
        """An id: a text without control characters, or a whole number."""
        value = self._told.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is not None and not isinstance(value, str):
            raise WrongFieldError(
                field=name, reason=f"{_shown(value)} is neither a text nor a whole number"
            )
        text = (value or "").strip()
        if not text:
            raise WrongFieldError(field=name, reason="is missing")
        if len(text) > ID_CHARS or CONTROL.search(text):
            raise WrongFieldError(
                field=name,
                reason=f"must be 1 to {ID_CHARS} characters, without line breaks and the like",
            )
        return text

    def count(self, name: str, most: int) -> int | None:
        """A whole number from 0, also as text."""
        value = self._told.get(name)
        return None if value in (None, "") else read_count(name, value, most)

    def link(self, name: str) -> tuple[str, VideoLink | ShortLink] | None:
        """A link or share text as it was told, and the video or short link that it means."""
        text = self.text(name, LINK_CHARS)
        if text is None:
            return None
        try:
            meant = recognise(text)
        except InvalidInputError as error:
            raise WrongFieldError(field=name, reason=str(error)) from error
        if meant.platform not in PLATFORMS:
            raise WrongFieldError(
                field=name, reason=f"is of {meant.platform}; known here: {', '.join(PLATFORMS)}"
            )
        named = self.text("platform", ID_CHARS)
        if named is not None and named.lower() != meant.platform:
            raise WrongFieldError(
                field="platform", reason=f"is {named!r}, but the link is of {meant.platform}"
            )
        return text, meant

    def http_url(self, name: str) -> str | None:
        """An http(s) URL without a password in it."""
        text = self.text(name, URL_CHARS)
        return None if text is None else read_http_url(name, text)

    def moment(self, name: str, zone: tzinfo) -> datetime | None:
        """A moment in ISO form (UTC); without an offset it is of that zone."""
        value = self._told.get(name)
        if value in (None, ""):
            return None
        try:
            moment = datetime.fromisoformat(str(value).strip())
            local = moment if moment.tzinfo else moment.replace(tzinfo=zone)
            utc = local.astimezone(UTC)
        except (ValueError, OverflowError):
            utc = None
        if not isinstance(value, str) or utc is None or utc.year < FIRST_YEAR:
            raise WrongFieldError(
                field=name, reason=f"{_shown(value)} is no time; write 2026-11-21T23:15:00+08:00"
            )
        return utc


def read_count(name: str, value: Any, most: int) -> int:
    """A whole number from 0 to `most`, also as text. Raises WrongFieldError."""
    number = value
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,20}\s*", value, re.ASCII):
        number = int(value)
    if not isinstance(number, int) or isinstance(number, bool):
        raise WrongFieldError(field=name, reason=f"{_shown(value)} is no whole number")
    if number < 0:
        raise WrongFieldError(field=name, reason=f"{number} is negative")
    if number > most:
        raise WrongFieldError(field=name, reason=f"{number} is more than {most}")
    return number


def read_http_url(name: str, text: str) -> str:
    """The URL. Raises WrongFieldError when it is none of http(s), or carries a password."""
    try:
        parts = urlsplit(text)
        usable = parts.port is None or parts.port > 0
    except ValueError:
        usable = False
    if (
        not usable
        or parts.scheme not in ("http", "https")
        or not parts.hostname
        or re.search(r"[\s\\]", text)
        or CONTROL.search(text)
    ):
        raise WrongFieldError(
            field=name, reason="is no http(s) URL; write it like https://example.com/callback"
        )
    if parts.username is not None or parts.password is not None:
        raise WrongFieldError(
            field=name, reason="has a user or password in it; sign reports with a secret instead"
        )
    return text


def read_secret(name: str, value: Any) -> str:
    """One secret of Standard Webhooks, or two (the newest first) while it is rotated.

    Raises:
        WrongFieldError: it has another form. It is not repeated.
    """
    parts = value.split() if isinstance(value, str) else []
    if not 1 <= len(parts) <= MAX_SECRETS or not all(map(_is_secret, parts)):
        raise WrongFieldError(
            field=name,
            reason=f"must be {SECRET_PREFIX} and the base64 of {SECRET_BYTES[0]} to"
            f" {SECRET_BYTES[-1]}"
            " bytes (two of them with a space between while it is rotated)",
        )
    return " ".join(parts)


def _is_secret(text: str) -> bool:
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return False
    return text.startswith(SECRET_PREFIX) and len(key) in SECRET_BYTES


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}…"
