"""The operator's requests on deliveries and callback URLs, checked: every rule and limit, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.errors import InvalidInputError
from core.messages import Message
from core.requests import FieldChecks, require_id, require_text
from storage.distribution.deliveries import DeliveryKind, DeliveryState, Filter
from webhooks.outbox import EVENT_ID, URL_CHARS, url_hash

GIVEN_UP = (DeliveryState.FAILED, DeliveryState.DEAD)
MAX_IDS = 1000
MAX_TEXT_CHARS = 512  # no title is longer
MAX_SHOWN_CHARS = 160
MAX_REASON_CHARS = 200
MAX_SECRET_CHARS = 1000
BY_THE_OPERATOR = "by the operator"


def require_short(text: str) -> str:
    """Return the text unchanged.

    Raises:
        InvalidInputError: it is longer than MAX_TEXT_CHARS or not storable.
    """
    if len(require_text(text)) > MAX_TEXT_CHARS:
        raise InvalidInputError("text_over_length", max_letters=MAX_TEXT_CHARS)
    return text


def event_id_given(text: str) -> str:
    """Return the event id without blanks around it.

    Raises:
        InvalidInputError: no report has such an id: it has other than printable ASCII characters
            or is longer than 128.
    """
    event_id = require_text(text).strip()
    if not EVENT_ID.fullmatch(event_id):
        raise InvalidInputError("event_id_malformed", event_id=event_id[:MAX_SHOWN_CHARS])
    return event_id


def receiver_url(text: str) -> str:
    """Return the URL without blanks around it.

    Raises:
        InvalidInputError: the text is empty, longer than 1024 characters or not storable.
    """
    url = require_text(text).strip()
    if not 0 < len(url) <= URL_CHARS:
        raise InvalidInputError("text_empty_or_long", max_letters=URL_CHARS)
    return url


@dataclass(frozen=True, kw_only=True)
class DeliveryQuery:
    """The deliveries to list; all given conditions must hold together.

    Args:
        task_id: only reports on this distribution task, alone or among others.
        title: only reports on a task whose title contains this, in any case.
        event_id: only the one that receivers know by this id.
        since, until: UTC times of filing; `until` is excluded.

    Raises:
        WrongFieldsError: a field is malformed or too long; it has a message for each such field.
    """

    states: Sequence[DeliveryState] = ()
    kinds: Sequence[DeliveryKind] = ()
    task_id: str | None = None
    title: str | None = None
    event_id: str | None = None
    url: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        checks = FieldChecks()
        checks.check("task_id", require_short, self.task_id or "")
        checks.check("title", require_short, self.title or "")
        if self.event_id:
            checks.check("event_id", event_id_given, self.event_id)
        if self.url:
            checks.check("url", receiver_url, self.url)
        checks.finish()

    def as_filter(self) -> Filter:
        """Return the conditions as a filter for queries; empty texts are no condition."""
        return Filter(
            states=self.states,
            kinds=self.kinds,
            task_id=(self.task_id or "").strip() or None,
            title=(self.title or "").strip() or None,
            event_id=(self.event_id or "").strip() or None,
            url_hash=url_hash(self.url.strip()) if self.url else None,
            since=self.since,
            until=self.until,
        )


@dataclass(frozen=True, kw_only=True)
class ReplayRequest:
    """The deliveries to send again; all given conditions must hold together.

    Args:
        ids: MAX_IDS at most; empty for any.
        states: empty for the failed and given-up ones, or for any state where `ids` or an
            `event_id` are given.
        kinds, task_id, title, event_id, url: only deliveries of these, as in `DeliveryQuery`; empty
            or None for any.
        since, until: UTC times of filing; `until` is excluded.

    Raises:
        WrongFieldsError: a field is malformed or too long; it has a message for each such field.
        InvalidInputError: no condition was given.
    """

    ids: Sequence[int] = ()
    states: Sequence[DeliveryState] = ()
    kinds: Sequence[DeliveryKind] = ()
    task_id: str | None = None
    title: str | None = None
    event_id: str | None = None
    url: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        checks = FieldChecks()
        if len(self.ids) > MAX_IDS:
            checks.add("ids", Message.of("too_many_at_once", most=MAX_IDS))
        for delivery_id in self.ids:
            checks.check("ids", require_id, delivery_id)
        checks.check("task_id", require_short, self.task_id or "")
        checks.check("title", require_short, self.title or "")
        if self.event_id:
            checks.check("event_id", event_id_given, self.event_id)
        if self.url:
            checks.check("url", receiver_url, self.url)
        checks.finish()
        if not any(vars(self).values()):
            raise InvalidInputError("deliveries_not_chosen")

    def as_filter(self) -> Filter:
        """Return the conditions as a filter for queries, with the states that are meant by
        default."""
        return Filter(
            ids=self.ids,
            states=self.states or (() if self.ids or self.event_id else GIVEN_UP),
            kinds=self.kinds,
            task_id=self.task_id,
            title=self.title or None,
            event_id=self.event_id or None,
            url_hash=url_hash(self.url.strip()) if self.url else None,
            since=self.since,
            until=self.until,
        )

    def __str__(self) -> str:
        """Return the conditions as the log of actions shows them.

        Of a URL, which may contain a secret, only the first 8 digits of its hash are shown.
        """
        wanted = self.as_filter()
        parts = {
            "ids": ",".join(map(str, wanted.ids)),
            "states": ",".join(wanted.states),
            "kinds": ",".join(wanted.kinds),
            "task": wanted.task_id,
            "title": wanted.title,
            "event": wanted.event_id,
            "since": wanted.since,
            "until": wanted.until,
            "url": wanted.url_hash and wanted.url_hash[:8],
        }
        return " ".join(f"{name}={value}" for name, value in parts.items() if value)


@dataclass(frozen=True, kw_only=True)
class EndpointRequest:
    """A callback URL, given as such or by the id of a delivery to it.

    Args:
        reason: why the URL is disabled; unused when it is enabled.

    Raises:
        WrongFieldsError: a field is malformed or too long; it has a message for each such field.
        InvalidInputError: neither or both of `url` and `delivery_id` were given.
    """

    url: str | None = None
    delivery_id: int | None = None
    reason: str = BY_THE_OPERATOR

    def __post_init__(self) -> None:
        if (self.url is None) == (self.delivery_id is None):
            raise InvalidInputError("endpoint_not_chosen")
        checks = FieldChecks()
        if self.url is not None:
            checks.check("url", receiver_url, self.url)
        if self.delivery_id is not None:
            checks.check("delivery_id", require_id, self.delivery_id)
        checks.check("reason", require_text, self.reason)
        if len(self.reason) > MAX_REASON_CHARS:
            checks.add("reason", Message.of("text_over_length", max_letters=MAX_REASON_CHARS))
        checks.finish()


@dataclass(frozen=True, kw_only=True)
class TrialRequest:
    """A test event to send to a URL, signed when a secret is given.

    Args:
        secret: one signing secret in clear, or two with a blank between; empty or None to send
            unsigned. Its form is not checked here.

    Raises:
        WrongFieldsError: a field is malformed or too long; it has a message for each such field.
    """

    url: str
    secret: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        checks = FieldChecks()
        url = checks.check("url", receiver_url, self.url)
        checks.check("secret", require_text, self.secret or "")
        checks.finish()
        object.__setattr__(self, "url", url)
        object.__setattr__(self, "secret", (self.secret or "").strip() or None)
