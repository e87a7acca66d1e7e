"""Read the fields of items from the distributing site; a WrongFieldError names a wrong one."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, TypeVar
from urllib.parse import urlsplit

from core.errors import InvalidInputError, WrongFieldError
from core.messages import Message
from core.requests import NOT_TEXT, is_text
from core.tabular.cells import moment
from sources.links import ShortLink, VideoLink, platform_of_word, recognise
from sources.text import storable

PLATFORMS = ("youtube", "tiktok", "douyin")
ID_CHARS, URL_CHARS, LINK_CHARS = 64, 1024, 1024
SHOWN_CHARS = 80
SECRET_PREFIX = "whsec_"  # noqa: S105 - a public prefix, no secret
SECRET_BYTES = range(24, 65)  # as Standard Webhooks requires
MAX_SECRETS = 2  # the new one and the old one during a rotation
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
FIRST_YEAR = 2000
T = TypeVar("T")
Lost = list[WrongFieldError] | None


def wrong_field(name: str, reason: Message) -> WrongFieldError:
    """Return the error of a field that cannot be used."""
    return WrongFieldError(field=name, reason=reason)


class Fields:
    """The fields of one item, a JSON object of the distributing site.

    Its methods return None for a field that is absent, null or empty, unless they say otherwise,
    and raise WrongFieldError for a wrong value.

    Args:
        lost: gets the errors of optional fields, which then count as absent; None: they are raised.

    Raises:
        WrongFieldError: a field is not among `known`.
    """

    def __init__(
        self, *, values: Mapping[str, Any], known: Collection[str], lost: Lost = None
    ) -> None:
        self._lost = lost
        for name in values:
            if name not in known:
                self.spare(
                    wrong_field(
                        str(name)[:SHOWN_CHARS], Message.of("field_unknown", known=list(known))
                    )
                )
        self._values = values

    def spare(self, error: WrongFieldError) -> None:
        """Note that a field is lost. Raise the error where wrong fields are not left out."""
        if self._lost is None:
            raise error
        self._lost.append(error)

    def optional(self, read: Callable[[], T], otherwise: T) -> T:
        """Return what `read` makes of an optional field; `otherwise` when it is lost."""
        try:
            return read()
        except WrongFieldError as error:
            self.spare(error)
            return otherwise

    def is_present(self, name: str) -> bool:
        """Return True when the item has the field, be it null or empty."""
        return name in self._values

    def value(self, name: str) -> Any:
        """Return a value as it is, unchecked; None when the field is absent."""
        return self._values.get(name)

    def text(self, name: str, max_chars: int) -> str | None:
        """Return a text of at most `max_chars` characters, without blanks at its ends.

        A longer one raises WrongFieldError, it is not cut; None when nothing is left.
        """
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise wrong_field(name, Message.of("value_not_text", value=_shown(value)))
        if not is_text(value):
            raise wrong_field(name, NOT_TEXT)
        text = storable(value).strip()
        if len(text) > max_chars:
            raise wrong_field(name, Message.of("value_too_long", max_chars=max_chars))
        return text or None

    def identifier(self, name: str) -> str:
        """Return an id: 1 to 64 printable characters; a whole number becomes text.

        The field is required: WrongFieldError is raised when it is absent, null or empty.
        """
        value = self._values.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is not None and not isinstance(value, str):
            raise wrong_field(name, Message.of("value_not_identifier", value=_shown(value)))
        text = (value or "").strip()
        if not text:
            raise wrong_field(name, Message.of("field_missing"))
        if len(text) > ID_CHARS or CONTROL.search(text):
            raise wrong_field(name, Message.of("identifier_malformed", max_chars=ID_CHARS))
        return text

    def count(self, name: str, max_count: int) -> int | None:
        """Return a whole number from 0 to `max_count`, which may be given as text."""
        value = self._values.get(name)
        return None if value in (None, "") else read_count(name, value, max_count)

    def link(self, name: str) -> tuple[str, VideoLink | ShortLink] | None:
        """Return a link or share text as given, and the video or short link that it stands for.

        A link of a platform outside PLATFORMS is wrong; the field `platform`, where the item has
        it, must agree.
        """
        text = self.text(name, LINK_CHARS)
        if text is None:
            return None
        try:
            meant = recognise(text)
        except InvalidInputError as error:
            raise wrong_field(name, error.message) from error
        if meant.platform not in PLATFORMS:
            raise wrong_field(
                name,
                Message.of(
                    "platform_not_distributed", platform=meant.platform, known=list(PLATFORMS)
                ),
            )
        named = self.optional(lambda: self.text("platform", ID_CHARS), None)
        if named is not None and (platform_of_word(named) or named) != meant.platform:
            differs = Message.of("platform_differs", named=named, platform=meant.platform)
            self.spare(wrong_field("platform", differs))
        return text, meant

    def http_url(self, name: str) -> str | None:
        """Return an http(s) URL without user and password, unchanged."""
        text = self.text(name, URL_CHARS)
        return None if text is None else read_http_url(name, text)

    def moment(self, name: str, zone: tzinfo) -> datetime | None:
        """Return a time in UTC, in any form of `core.tabular.cells.moment`; one without an offset
        is of `zone`."""
        value = self._values.get(name)
        if value in (None, ""):
            return None
        try:
            utc = moment(str(value).strip(), zone).astimezone(UTC)
        except (ValueError, OverflowError):
            utc = None
        if not isinstance(value, str) or utc is None or utc.year < FIRST_YEAR:
            raise wrong_field(name, Message.of("value_not_time", value=_shown(value)))
        return utc


def read_count(name: str, value: Any, max_count: int) -> int:
    """Return a whole number from 0 to `max_count`; `value` is a JSON number or text.

    Raises:
        WrongFieldError: it is another value; the error names the field `name`.
    """
    number = value
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,20}\s*", value, re.ASCII):
        number = int(value)
    if not isinstance(number, int) or isinstance(number, bool):
        raise wrong_field(name, Message.of("value_not_whole", value=_shown(value)))
    if number < 0:
        raise wrong_field(name, Message.of("value_negative", value=number))
    if number > max_count:
        raise wrong_field(name, Message.of("value_above", value=number, most=max_count))
    return number


def read_http_url(name: str, text: str) -> str:
    """Return the URL unchanged.

    Raises:
        WrongFieldError: it is no http(s) URL, or contains a user or password.
    """
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
        raise wrong_field(name, Message.of("callback_url_malformed"))
    if parts.username is not None or parts.password is not None:
        raise wrong_field(name, Message.of("callback_url_with_password"))
    return text


def read_secret(name: str, value: Any) -> str:
    """Return one signing secret in clear, or two with a blank between them, newest first.

    A secret is `whsec_` and the base64 of 24 to 64 bytes, as Standard Webhooks defines.

    Raises:
        WrongFieldError: it is malformed, empty or no text. The message does not repeat it.
    """
    parts = value.split() if isinstance(value, str) else []
    if not 1 <= len(parts) <= MAX_SECRETS or not all(map(_is_secret, parts)):
        raise wrong_field(
            name,
            Message.of(
                "signing_secret_malformed",
                prefix=SECRET_PREFIX,
                least=SECRET_BYTES[0],
                most=SECRET_BYTES[-1],
            ),
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
