"""The content of a platform's file: frozen models, one per table of the file (docs/sources.md)."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from core.errors import WrongValueError
from core.settings import PaceSetting, UrlSetting
from sources.declared.expressions import Expression
from sources.declared.templates import PLACEHOLDERS, json_problem, placeholders_in

T = TypeVar("T")
NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
PROFILE_URL = re.compile(r"https?://[^\s<>\"]{1,800}")
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
HEADER_VALUE = re.compile(r"[\t -~\u00a0-\u00ff]*")
COOKIE_VALUE = re.compile(r"[!-:<-~\u00a0-\u00ff]*")
# These carry sessions or belong to HTTP itself.
NOT_CONSTANT = ("authorization", "cookie", "proxy-authorization", "host", "content-length")


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise WrongValueError("platform_name_malformed")
    return text


def _variable(text: str) -> str:
    if not VARIABLE.fullmatch(text):
        raise WrongValueError("variable_name_malformed")
    return text


def plain_url(url: str) -> str:
    """Return the base URL if it holds only host and path.

    Raises:
        WrongValueError: it holds more; the message repeats no secret.
    """
    if "@" in url or "?" in url or "#" in url:
        raise WrongValueError("base_url_not_plain")
    return url


def _path(text: str) -> str:
    if not text.startswith("/") or re.search(r"[?#\s]", text):
        raise WrongValueError("url_path_malformed")
    return text


def _profile_url(text: str) -> str:
    if not PROFILE_URL.fullmatch(text) or "{uid}" not in text:
        raise WrongValueError("profile_url_malformed")
    return text


def _header_name(text: str) -> str:
    if not HEADER_NAME.fullmatch(text):
        raise WrongValueError("header_name_malformed")
    return text


def _header_value(text: str) -> str:
    if not HEADER_VALUE.fullmatch(text):
        raise WrongValueError("header_value_malformed")
    return text


def _constant_header(text: str) -> str:
    if text.lower() in NOT_CONSTANT:
        raise WrongValueError("header_not_constant")
    return _header_name(text)


def _cookie_name(text: str) -> str:
    if not HEADER_NAME.fullmatch(text):
        raise WrongValueError("cookie_name_malformed")
    return text


def _cookie_value(text: str) -> str:
    if not COOKIE_VALUE.fullmatch(text):
        raise WrongValueError("cookie_value_malformed")
    return text


def _json_object(value: dict[str, Any]) -> dict[str, Any]:
    wrong = json_problem(value)
    if wrong is not None:
        raise WrongValueError(wrong)
    return value


def _known_placeholders(value: T) -> T:
    for name in sorted(placeholders_in(value)):
        if name not in PLACEHOLDERS:
            known = [f"{{{known}}}" for known in PLACEHOLDERS]
            raise WrongValueError("placeholder_unknown", name=name, known=known)
    return value


def _several(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else (value,)


Path = Annotated[Expression, BeforeValidator(Expression.parse)]
UrlPath = Annotated[str, AfterValidator(_path), AfterValidator(_known_placeholders)]
Param = Annotated[str | bool | int | float, AfterValidator(_known_placeholders)]
JsonObject = Annotated[
    dict[str, Any], AfterValidator(_json_object), AfterValidator(_known_placeholders)
]
Status = Annotated[int, Field(ge=100, le=599)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
HeaderValue = Annotated[str, AfterValidator(_header_value)]
ConstantHeader = Annotated[str, AfterValidator(_constant_header)]
CookieName = Annotated[str, AfterValidator(_cookie_name)]
CookieValue = Annotated[str, AfterValidator(_cookie_value)]


class Table(BaseModel):
    """The base of the models of the TOML tables in a platform's file.

    They are frozen; a value of another type and an unknown key are errors (pydantic's
    ValidationError).
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, arbitrary_types_allowed=True
    )


class SessionForm(Table):
    """`[session]`: how an account's stored session is sent."""

    kind: Literal["cookies", "header"]
    required_cookie: CookieName | None = None
    header: HeaderName | None = None
    value: HeaderValue = "{session}"


class Question(Table):
    """One request: method, path, parameters and JSON body, with placeholders."""

    method: Literal["GET", "POST"] = "GET"
    path: UrlPath
    params: dict[str, Param] = {}
    body: JsonObject | None = Field(None, alias="json")

    def placeholders(self) -> set[str]:
        """Return the names of all placeholders in path, parameters and body."""
        return (
            placeholders_in(self.path) | placeholders_in(self.params) | placeholders_in(self.body)
        )


class Check(Question):
    """`[check]`: the request that returns who is signed in."""

    signed_in: Path | None = None
    uid: Path | None = None
    name: Path | None = None


class Paging(Table):
    """`[paging]`: how a page is requested, and how its response announces the next one."""

    kind: Literal["page", "offset", "cursor"]
    first: int | None = Field(None, ge=0)
    page_size: int | None = Field(None, ge=1, le=10_000)
    total_pages: Path | None = None
    total_count: Path | None = None
    more: Path | None = None
    max_pages: int | None = Field(None, ge=1)
    short_pages: bool = False
    next_cursor: Path | None = None
    first_cursor: str | int | None = None
    cursors_shared: bool = False


class Creators(Table):
    """`[creators]`: where a response lists creators, and an entry its `uid` and `nickname`.

    `profile_url` is the address of a creator's page for people, with `{uid}` in it.
    """

    list: Path
    uid: Path
    nickname: Path
    profile_url: Annotated[str, AfterValidator(_profile_url)] | None = None


class Columns(Table):
    """`[columns]`: where an entry has what the export's common columns show."""

    followers: Path | None = None
    videos: Path | None = None
    likes: Path | None = None
    signature: Path | None = None


class Meaning(Table):
    """`[[answers.means]]`: a reaction to responses, chosen by status, by their body, or by both.

    `scope` says whom they concern; None: whom the reaction usually concerns.
    """

    reaction: Literal["throttled", "risk", "expired", "banned", "gone", "bad_request", "retry"]
    status: Annotated[tuple[Status, ...], BeforeValidator(_several)] = ()
    when: Path | None = None
    scope: Literal["item", "request", "account", "egress", "endpoint", "platform"] | None = None
    whole_egress: bool = False


class Answers(Table):
    """`[answers]`: how good responses are told from others.

    `good` must hold for a good one; `means` are reactions to others. `code` and `message` point to
    what error messages show.
    """

    good: Path | None = None
    code: Path | None = None
    message: Path | None = None
    means: Annotated[tuple[Meaning, ...], BeforeValidator(_several)] = ()


class Declaration(Table):
    """A whole file that declares a platform, with one field for each key and table."""

    name: Annotated[str, AfterValidator(_name)]
    base_url: Annotated[UrlSetting, BeforeValidator(lambda v: plain_url(str(v)))]
    base_url_env: Annotated[str, AfterValidator(_variable)] | None = None
    pace: PaceSetting
    headers: dict[ConstantHeader, HeaderValue] = {}
    cookies: dict[CookieName, CookieValue] = {}
    session: SessionForm
    check: Check
    search: Question
    paging: Paging
    creators: Creators
    columns: Columns = Columns()
    answers: Answers = Answers()

    @property
    def base_url_variable(self) -> str:
        """Return the name of the environment variable that may replace the base URL."""
        return self.base_url_env or f"BATON_{self.name.upper()}_BASE_URL"

    @property
    def sequential(self) -> bool:
        """Return True when page N can be requested, or known to exist, only after page N-1."""
        paging = self.paging
        return paging.kind == "cursor" or not (paging.total_pages or paging.total_count)
