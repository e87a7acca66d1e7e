"""Bodies of API calls and forms, read into the requests of the use cases.

The limits are those of the requests: they are repeated here only for the API's description, and so
that every wrong field is named at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    field_validator,
)

from accounts.requests import (
    MAX_COOKIE_LETTERS,
    MAX_NAME_LETTERS,
    MAX_REASON_LETTERS,
    MAX_ROWS_A_DAY,
    AccountRequest,
    group_name,
)
from core.errors import InvalidInputError
from core.requests import NOT_TEXT, domain_named, is_text
from crawler.creators.filters import ConditionReader
from crawler.export.requests import MAX_LANES, MAX_ROWS, ExportRequest
from crawler.export.selection import SkipDelivered, selection_of
from crawler.tasks.labels import RULE, labels_named
from crawler.tasks.requests import (
    DEFAULT_PLATFORM,
    MAX_LABELS_REMOVED,
    MAX_PAGES,
    MAX_TARGET_LETTERS,
    CrawlRequest,
    LabelChange,
    PinChange,
)
from distribution.requests import ScanRequest
from sources.base import Via
from storage.distribution.deliveries import DeliveryKind, DeliveryState
from web.parameters import BodyId, Since, Until
from web.problems import RefusedValueError
from webhooks.outbox import URL_CHARS
from webhooks.requests import (
    BY_THE_OPERATOR,
    MAX_IDS,
    MAX_REASON_CHARS,
    MAX_SECRET_CHARS,
    EndpointRequest,
    ReplayRequest,
    TrialRequest,
)
from works.catalogue.requests import (
    MAX_LINK_CHARS,
    MAX_LINKS,
    UID_PATTERN,
    AddWorksRequest,
    DiscoverRequest,
)
from works.hourly.rule_requests import MAX_SUBJECT_CHARS, MAX_THRESHOLD, RuleRequest

T = TypeVar("T")
Given = TypeVar("Given")
MAX_FILE_LETTERS = 16_000_000
MAX_FILE_NAME_LETTERS = 200
MAX_PLATFORM_LETTERS = 32
ADD_FIRST = "the cookies in any form: a header, cookies.txt, JSON of an extension, cURL ..."

NEW_LOGIN = "another login takes over the name; the former one is kept under another, disabled"


class RequestBody(BaseModel):
    """A body of which every text can be stored, and every field is known."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _require_text(cls, given: Any) -> Any:
        texts = given if isinstance(given, list) else [given]
        if not all(is_text(text) for text in texts if isinstance(text, str)):
            raise RefusedValueError(NOT_TEXT)
        return given


def _by(rule: Callable[[Given], T]) -> AfterValidator:
    """Return a validator that applies a rule of the use cases."""

    def check(given: Given) -> T:
        try:
            return rule(given)
        except InvalidInputError as error:
            raise RefusedValueError(error.message) from error

    return AfterValidator(check)


Domain = Annotated[str, _by(domain_named), Field(description="the field, e.g. 美妆")]
Labels = Annotated[
    list[str],
    _by(lambda labels: list(labels_named(labels))),
    Field(description=f"what to file it under: {RULE}"),
]
GroupOrNone = Annotated[str, _by(group_name)] | None
OnlyAccount = Annotated[
    str | None,
    Field(max_length=MAX_TARGET_LETTERS, description="only this account works on it"),
]
OnlyGroup = Annotated[
    str | None,
    Field(max_length=MAX_TARGET_LETTERS, description="only accounts of this group do"),
]
PlatformOrNone = Annotated[str, StringConstraints(max_length=MAX_PLATFORM_LETTERS)] | None


class NewCrawl(RequestBody):
    domain: Domain
    platform: str = DEFAULT_PLATFORM
    pages: int | None = Field(None, ge=1, le=MAX_PAGES, description="at most; null: all")
    via: Via = Field(Via.USERS, description="find creators by name, or as authors of videos")
    keywords: list[str] = Field(
        [], max_length=1000, description="search for these instead, a task each"
    )
    stop_dry: int | None = Field(
        None, ge=1, le=1000, description="end after so many pages without a new creator"
    )
    labels: Labels = []
    account: OnlyAccount = None
    group: OnlyGroup = None

    def as_request(self) -> CrawlRequest:
        """Return the request of the use case, which checks what pydantic has not."""
        return CrawlRequest(**dict(self))


class NewExport(RequestBody):
    domain: Domain
    platform: str = DEFAULT_PLATFORM
    format: str = "csv"
    columns: str | None = Field(
        None, description="comma-separated, each also as NAME=HEADER; null: the usual ones"
    )
    headers: str = Field("raw", description="what the columns are called: raw, en or zh")
    limit: int | None = Field(None, ge=1, le=MAX_ROWS, description="rows at most; null: all")
    raw_cells: bool = Field(False, description="CSV: leave formula-like text")
    follow: bool = Field(False, description="go on for ever with new creators")
    where: list[str] = Field([], max_length=20, description="conditions: followers>=10000")
    since: str | None = Field(None, max_length=40, description="ingested since: 7d, or a day")
    keyword: list[str] = Field([], max_length=1000, description="found by one of these searches")
    has: list[str] = Field([], max_length=4, description="contact, email, phone, messenger")
    order: str | None = Field(None, max_length=40, description="a field; -: highest first")
    skip_delivered: SkipDelivered = Field(
        SkipDelivered.NEVER, description="platform: not whom another domain delivered"
    )
    lanes: int = Field(1, ge=1, le=MAX_LANES, description="accounts that drain it side by side")
    labels: Labels = []
    account: OnlyAccount = None
    group: OnlyGroup = None

    def as_request(self, reader: ConditionReader) -> ExportRequest:
        """Return the request of the use case, which checks what pydantic has not."""
        given = dict(self)
        selection = selection_of(
            reader,
            where=given.pop("where"),
            since=given.pop("since"),
            keywords=given.pop("keyword"),
            has=given.pop("has"),
            order=given.pop("order"),
            skip_delivered=given.pop("skip_delivered") is SkipDelivered.PLATFORM,
        )
        return ExportRequest(selection=selection, **given)


class TaskLabels(RequestBody):
    add: Labels = []
    remove: list[str] = Field([], max_length=MAX_LABELS_REMOVED)

    def as_request(self, task_id: int) -> LabelChange:
        """Return the change of that task's labels."""
        return LabelChange(task_id=task_id, **dict(self))


class TaskPin(RequestBody):
    """An account or a group; both null: every account may work on it."""

    account: OnlyAccount = None
    group: OnlyGroup = None

    def as_request(self, task_id: int) -> PinChange:
        """Return the change of that task's pin. Raise WrongFieldsError when both are given."""
        return PinChange(task_id=task_id, account=self.account, group=self.group)


class EnableChoice(RequestBody):
    check: bool = Field(False, description="only if the platform says that it is signed in")


class AccountName(RequestBody):
    username: str = Field(description="its name from now on")


class AccountGroup(RequestBody):
    group: GroupOrNone = Field(None, description="null: none")


class DisableReason(RequestBody):
    reason: str | None = Field(None, max_length=MAX_REASON_LETTERS, description="why")


class DailyLimit(RequestBody):
    daily_export_limit: int = Field(ge=0, le=MAX_ROWS_A_DAY, description="rows a day")


class NewAccount(RequestBody):
    username: str = Field(max_length=MAX_NAME_LETTERS, description="a name for it")
    platform: str = Field(DEFAULT_PLATFORM, max_length=MAX_PLATFORM_LETTERS)
    cookies: SecretStr = Field(max_length=MAX_COOKIE_LETTERS, description=ADD_FIRST)
    proxy: SecretStr | None = Field(
        None, max_length=2000, description="http://user:password@host:port of this account"
    )
    daily_export_limit: int | None = Field(None, description="rows a day; null: the usual number")
    new_login: bool = Field(False, description=NEW_LOGIN)
    group: str | None = Field(None, description="the group that it belongs to")

    def as_request(self) -> AccountRequest:
        """Return the request of the use case, with cookies and proxy in clear."""
        return AccountRequest(
            username=self.username,
            cookies=self.cookies.get_secret_value(),
            proxy=self.proxy.get_secret_value().strip() if self.proxy else None,
            limit=self.daily_export_limit,
            new_login=self.new_login,
            group=self.group,
        )


class AccountsFile(RequestBody):
    content: SecretStr = Field(
        max_length=MAX_FILE_LETTERS,
        description="a list: username, cookie (and password, proxy, limit, user_agent, group)",
    )
    platform: str = Field(DEFAULT_PLATFORM, max_length=MAX_PLATFORM_LETTERS)
    name: str = Field("file", max_length=MAX_FILE_NAME_LETTERS, description="what messages call it")
    daily_export_limit: int | None = Field(None, ge=0, le=MAX_ROWS_A_DAY)
    new_login: bool = Field(False, description=NEW_LOGIN)
    group: GroupOrNone = Field(None, description="of the rows that name none")


class Replay(RequestBody):
    """Which deliveries to send again; all conditions hold together, and one at least is needed."""

    ids: list[BodyId] = Field([], max_length=MAX_IDS)
    states: list[DeliveryState] = Field(
        [], description="default, without ids and event_id: failed and dead"
    )
    kinds: list[DeliveryKind] = []
    task_id: str | None = Field(None, description="reports on this task, alone or among others")
    title: str | None = Field(None, description="reports on a task whose title contains this")
    event_id: str | None = None
    url: str | None = None
    since: Since | None = Field(None, description="filed then or later")
    until: Until | None = Field(None, description="filed before; a day alone is whole")

    def as_request(self) -> ReplayRequest:
        """Return the request of the use case. Raise InvalidInputError without any condition."""
        return ReplayRequest(**dict(self))


Url = Annotated[str, Field(min_length=1, max_length=URL_CHARS)]


class EndpointChoice(RequestBody):
    """A URL, or a delivery that goes there."""

    url: Url | None = None
    delivery_id: BodyId | None = None
    reason: str = Field(
        BY_THE_OPERATOR, max_length=MAX_REASON_CHARS, description="why it is disabled"
    )

    def as_request(self) -> EndpointRequest:
        """Return the request of the use case. Raise InvalidInputError
        unless one of URL and id is given."""
        return EndpointRequest(**dict(self))


class TestEvent(RequestBody):
    url: Url
    secret: SecretStr | None = Field(
        None, max_length=MAX_SECRET_CHARS, description="signs it: whsec_..."
    )

    def as_request(self) -> TrialRequest:
        return TrialRequest(
            url=self.url, secret=self.secret.get_secret_value() if self.secret else None
        )


class ScanOfDay(RequestBody):
    day: date | None = Field(None, description="null: yesterday")
    dry_run: bool = Field(False, description="fetch, store and report nothing")
    tasks: list[Annotated[str, StringConstraints(min_length=1, max_length=64)]] = Field(
        [], max_length=MAX_IDS, description="ids of the only tasks to count; none: all"
    )

    def as_request(self, yesterday: date) -> ScanRequest:
        """Return the request of the use case; without a day for `yesterday`."""
        tasks = tuple(dict.fromkeys(self.tasks))
        return ScanRequest(day=self.day or yesterday, tasks=tasks, dry_run=self.dry_run)


class NewWorks(RequestBody):
    links: list[Annotated[str, StringConstraints(min_length=1, max_length=MAX_LINK_CHARS)]] = Field(
        min_length=1, max_length=MAX_LINKS, description="links, share texts or ids"
    )
    platform: PlatformOrNone = Field(None, description="whose the bare ids are")
    fetch: bool = Field(True, description="ask the platform for title and author")

    def as_request(self, platform: str | None) -> AddWorksRequest:
        """Return the request of the use case. Raise InvalidInputError when a text names no
        video."""
        return AddWorksRequest(links=self.links, platform=platform, fetch=self.fetch)


class NumberRule(RequestBody):
    """What to be told of: exactly one of passes, rises and gone."""

    passes: int | None = Field(None, ge=1, le=MAX_THRESHOLD, description="so many views")
    rises: int | None = Field(None, ge=1, le=MAX_THRESHOLD, description="so many views an hour")
    gone: bool = Field(False, description="the platform says that the video is gone")
    work: str | None = Field(None, max_length=MAX_LINK_CHARS, description="only this id or link")
    author: str | None = Field(None, max_length=MAX_SUBJECT_CHARS, description="only of this one")
    label: str | None = Field(
        None,
        max_length=MAX_SUBJECT_CHARS,
        description="only of creators that tasks with this label found",
    )
    platform: PlatformOrNone = Field(None, description="only there")

    def as_request(self) -> RuleRequest:
        """Return the request of the use case. Raise WrongFieldsError when it is no rule."""
        return RuleRequest(**dict(self))


class WorksFile(RequestBody):
    content: str = Field(min_length=1, max_length=MAX_FILE_LETTERS, description="CSV or JSON")
    name: str = Field("file", max_length=MAX_FILE_NAME_LETTERS, description="what messages call it")
    platform: PlatformOrNone = Field(None, description="whose the bare ids are")


class Creator(RequestBody):
    uid: str = Field(pattern=UID_PATTERN, description="a creator's id at Bilibili")

    def as_request(self) -> DiscoverRequest:
        return DiscoverRequest(uid=self.uid)
