"""Requests for crawls and labels as users make them, with every rule and limit on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import InvalidInputError
from core.messages import Message
from core.requests import (
    FieldChecks,
    domain_named,
    keywords_named,
    require_id,
    require_range,
    require_text,
)
from crawler.tasks.labels import labels_named
from sources.base import Via

DEFAULT_PLATFORM = "bilibili"
MAX_PAGES = 100_000  # a crawl is split into pieces in one transaction: 10,000 of them by default
MAX_LABELS_REMOVED = 100
MAX_DRY_PAGES = 1000
MAX_TARGET_LETTERS = 128  # of the account or group that a task is pinned to


def check_pin(checks: FieldChecks, account: str | None, group: str | None) -> None:
    """Record the problems of the account or the group that a task is to be pinned to."""
    for field, target in (("account", account), ("group", group)):
        if target is not None:
            checks.check(field, _target_named, target)
    if account is not None and group is not None:
        checks.add("group", Message.of("pin_to_account_or_group"))


def _target_named(text: str) -> str:
    if not 0 < len(require_text(text).strip()) <= MAX_TARGET_LETTERS:
        raise InvalidInputError("name_not_printable", max_letters=MAX_TARGET_LETTERS)
    return text


@dataclass(frozen=True, kw_only=True)
class CrawlRequest:
    """A valid request to crawl a domain: to find the creators that a search for it lists.

    Args:
        pages: pages at most, up to MAX_PAGES; None for all there are.
        via: find creators by their names, or as the authors of videos.
        keywords: what is searched for, a crawl each; none: the domain.
        stop_dry: so many pages in a row without a new creator end a crawl; None: none do.
        labels: labels of the task; if an open crawl is continued instead, it gets them too.
        account: only this account works on it, by its name or id; None: every one may.
        group: only accounts of this group do; None: every one may.

    Raises:
        WrongFieldsError: a field is invalid; there is a message for each.
    """

    domain: str
    platform: str = DEFAULT_PLATFORM
    pages: int | None = None
    via: Via = Via.USERS
    keywords: Sequence[str] = ()
    stop_dry: int | None = None
    labels: Sequence[str] = ()
    account: str | None = None
    group: str | None = None

    def __post_init__(self) -> None:
        checks = FieldChecks()
        check_pin(checks, self.account, self.group)
        domain = checks.check("domain", domain_named, self.domain)
        checks.check("platform", require_text, self.platform)
        if self.pages is not None:
            checks.check("pages", lambda pages: require_range(pages, 1, MAX_PAGES), self.pages)
        keywords = checks.check("keywords", keywords_named, self.keywords)
        if self.stop_dry is not None:
            checks.check(
                "stop_dry", lambda pages: require_range(pages, 1, MAX_DRY_PAGES), self.stop_dry
            )
        labels = checks.check("labels", labels_named, self.labels)
        checks.finish()
        object.__setattr__(self, "domain", domain)
        object.__setattr__(self, "keywords", keywords)
        object.__setattr__(self, "labels", labels)

    @property
    def search_words(self) -> tuple[str | None, ...]:
        """The keyword of each crawl; None for the domain itself."""
        if not self.keywords:
            return (None,)
        return tuple(None if word == self.domain else word for word in self.keywords)


@dataclass(frozen=True, kw_only=True)
class LabelChange:
    """Labels to put on a task, and labels to take off it; one that is not on it is no error.

    Raises:
        WrongFieldsError: a field is invalid; there is a message for each.
    """

    task_id: int
    add: Sequence[str] = ()
    remove: Sequence[str] = ()

    def __post_init__(self) -> None:
        checks = FieldChecks()
        checks.check("task_id", require_id, self.task_id)
        added = checks.check("add", labels_named, self.add)
        if len(self.remove) > MAX_LABELS_REMOVED:
            checks.add("remove", Message.of("too_many_at_once", most=MAX_LABELS_REMOVED))
        for label in self.remove:
            checks.check("remove", require_text, label)
        checks.finish()
        object.__setattr__(self, "add", added)

    def __str__(self) -> str:
        """Return the change as the log of actions shows it: `7 +new -old`."""
        signed = [*(f"+{label}" for label in self.add), *(f"-{label}" for label in self.remove)]
        return " ".join([str(self.task_id), *signed])


@dataclass(frozen=True, kw_only=True)
class PinChange:
    """Whom a task is to be pinned to: an account (its name or id), a group, or (both None) nobody.

    Raises:
        WrongFieldsError: a field is invalid; there is a message for each.
    """

    task_id: int
    account: str | None = None
    group: str | None = None

    def __post_init__(self) -> None:
        checks = FieldChecks()
        checks.check("task_id", require_id, self.task_id)
        check_pin(checks, self.account, self.group)
        checks.finish()

    def __str__(self) -> str:
        """Return the change as the log of actions shows it: `7 account alice`."""
        if self.account is not None:
            return f"{self.task_id} account {self.account}"
        return f"{self.task_id} group {self.group}" if self.group else f"{self.task_id} none"
