"""Refusals as problem+json (RFC 9457): what was refused, why, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ValidationError
from starlette.responses import JSONResponse, Response

from core.errors import (
    BatonError,
    CommitUnknownError,
    CredentialsError,
    DatabaseContentionError,
    DatabaseUnavailableError,
    InvalidInputError,
    LeaseLostError,
    SourceError,
    UnfinishedError,
    WrongFieldsError,
)
from core.logs import redact
from core.message_json import message_json
from core.messages import TEXT, Message, message_of
from presentation.i18n.renderer import API_RENDERER

MEDIA_TYPE = "application/problem+json"
RETRY_SECS = 5
MAX_FIELD_CHARS = 200
STATUSES: tuple[tuple[type[BatonError], HTTPStatus], ...] = (
    (InvalidInputError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (CredentialsError, HTTPStatus.CONFLICT),
    (LeaseLostError, HTTPStatus.CONFLICT),
    (SourceError, HTTPStatus.BAD_GATEWAY),
    (DatabaseUnavailableError, HTTPStatus.SERVICE_UNAVAILABLE),
    (CommitUnknownError, HTTPStatus.SERVICE_UNAVAILABLE),
    (UnfinishedError, HTTPStatus.SERVICE_UNAVAILABLE),
    (DatabaseContentionError, HTTPStatus.SERVICE_UNAVAILABLE),
)

QUOTED = re.compile("'([^']*)'")
# The type of a rule of pydantic: the message's code, and its parameters by the rule's own names.
RULES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "missing": ("field_required", {}),
    "greater_than_equal": ("value_too_small", {"limit": "ge"}),
    "greater_than": ("value_not_above", {"limit": "gt"}),
    "less_than_equal": ("value_too_large", {"limit": "le"}),
    "less_than": ("value_not_below", {"limit": "lt"}),
    "string_too_short": ("string_too_short", {"n": "min_length"}),
    "string_too_long": ("string_too_long", {"n": "max_length"}),
    "string_pattern_mismatch": ("string_of_wrong_form", {"pattern": "pattern"}),
    "too_short": ("list_too_short", {"n": "min_length", "given": "actual_length"}),
    "too_long": ("list_too_long", {"n": "max_length", "given": "actual_length"}),
    "int_type": ("value_not_integer", {}),
    "int_parsing": ("value_not_integer", {}),
    "int_parsing_size": ("value_not_integer", {}),
    "int_from_float": ("value_not_integer", {}),
    "float_type": ("value_not_number", {}),
    "float_parsing": ("value_not_number", {}),
    "finite_number": ("value_not_number", {}),
    "bool_type": ("value_not_boolean", {}),
    "bool_parsing": ("value_not_boolean", {}),
    "string_type": ("value_not_string", {}),
    "list_type": ("value_not_list", {}),
    "dict_type": ("value_not_object", {}),
    "model_type": ("value_not_object", {}),
    "model_attributes_type": ("value_not_object", {}),
    "date_type": ("value_not_date", {}),
    "date_parsing": ("value_not_date", {}),
    "date_from_datetime_parsing": ("value_not_date", {}),
    "date_from_datetime_inexact": ("value_not_date", {}),
    "datetime_type": ("value_not_date", {}),
    "datetime_parsing": ("value_not_date", {}),
    "datetime_from_date_parsing": ("value_not_date", {}),
}


class RequestRefusedError(BatonError):
    """A request that is not carried out, and why.

    Args:
        status: HTTP status of the response.
        reason: a message, an error of ours, or a text of the console's pages.
        problems: (field, message) of each wrong field; a field may have several.
        headers: further headers of the response.
    """

    def __init__(
        self,
        status: HTTPStatus,
        reason: str | Message | BatonError,
        *,
        problems: Sequence[tuple[str, Message]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(reason.message if isinstance(reason, BatonError) else reason)
        self.status = status
        self.problems = tuple(problems)
        self.headers = dict(headers or {})

    @property
    def detail(self) -> str:
        """Return the problem and the advice for a caller of the API, in English, redacted."""
        if not self.problems:
            return redact(API_RENDERER.sentence(self))
        sentences = (f"{field}: {API_RENDERER.sentence(found)}" for field, found in self.problems)
        return redact("; ".join(sentences))

    @property
    def errors(self) -> list[dict[str, Any]]:
        """Return the problems of fields as the API has them: `field`, `message`, `code`,
        `params`."""
        return [
            {
                "field": field,
                "message": redact(API_RENDERER.sentence(found)),
                **message_json(found.with_texts(redact)),
            }
            for field, found in self.problems
        ]

    @property
    def title(self) -> str:
        return self.status.phrase

    def as_response(self) -> Response:
        """Return the refusal as a response of problem+json."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title,
            "status": int(self.status),
            "detail": self.detail,
        }
        if self.message.code != TEXT:
            body |= message_json(self.message.with_texts(redact))
        if self.problems:
            body["errors"] = self.errors
        return JSONResponse(body, int(self.status), self.headers, MEDIA_TYPE)


class RefusedValueError(ValueError):
    """A value that one of Baton's own rules refuses, raised as pydantic's validators have to."""

    def __init__(self, message: Message) -> None:
        # Only the code: a parameter may hold text that cannot be encoded.
        super().__init__(message.code)
        self.message = message


class FieldProblem(BaseModel):
    field: str
    message: str
    code: str
    params: dict[str, Any]


class Problem(BaseModel):
    """A refusal, by RFC 9457; `detail` says what to do. `code` and `params` are for programs."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str | None = None
    params: dict[str, Any] | None = None
    errors: list[FieldProblem] = []


def described(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of refusals with these statuses, for a route's `responses`."""
    schema = Problem.model_json_schema()
    schema["properties"]["errors"]["items"] = schema.pop("$defs")["FieldProblem"]
    content = {MEDIA_TYPE: {"schema": schema}}
    return {int(status): {"description": status.phrase, "content": content} for status in statuses}


REFUSALS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.CONFLICT,
    HTTPStatus.LENGTH_REQUIRED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


def partly_refused() -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of responses to a list whose items are refused one by one.

    207 when some are refused, 422 when all are (in the same form) or the call as a whole.
    """
    whole = described(HTTPStatus.UNPROCESSABLE_ENTITY)[422]
    partly = {"application/json": {"schema": {"type": "object"}}}
    return {
        207: {"description": "Some were refused", "content": partly},
        422: {**whole, "content": whole["content"] | partly},
    }


def not_found(code: str, /, **params: Any) -> RequestRefusedError:
    """Return the refusal (404) for a row or file that does not exist."""
    return RequestRefusedError(HTTPStatus.NOT_FOUND, Message(code, params))


@contextmanager
def refused_as(status: HTTPStatus, *kinds: type[BatonError]) -> Iterator[None]:
    """Context manager that turns errors of these classes into
    RequestRefusedError with this status."""
    try:
        yield
    except RequestRefusedError:
        raise
    except kinds as error:
        raise RequestRefusedError(status, error) from error


def of_error(error: BatonError) -> RequestRefusedError:
    """Return the refusal that answers an error of Baton's; one that is a refusal is returned as it
    is.

    The error's class decides on the status, 500 by default. WrongFieldsError keeps its fields.
    """
    if isinstance(error, RequestRefusedError):
        return error
    if isinstance(error, WrongFieldsError):
        return refusal_of_problems(list(error.problems.items()))
    status = next(
        (status for kind, status in STATUSES if isinstance(error, kind)),
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )
    headers = {}
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_SECS)
    return RequestRefusedError(status, error, headers=headers)


def of_fields(
    problems: Sequence[Mapping[str, Any]], near: Callable[[str], str | None] = lambda _name: None
) -> RequestRefusedError:
    """Return the refusal (422) for wrong fields that pydantic found.

    Each of `problems` is a dict of `ValidationError.errors()` or of FastAPI's, whose `loc` begins
    with where the field was (`body`, `query`). `near` returns the known field whose name is most
    like an unknown one, or None.
    """
    return refusal_of_problems(
        [(_field_of(problem["loc"]), _of_rule(problem, near)) for problem in problems]
    )


def _field_of(place: Sequence[str | int]) -> str:
    """Return the name of a field for messages: without half characters, and not too long."""
    name = ".".join(map(str, place[1:])) or str(place[0])
    return name[:MAX_FIELD_CHARS].encode(errors="replace").decode()


def unknown_name(nearest: str | None) -> Message:
    """Return the problem of a name that is not known; `nearest` is the known one most like it."""
    if nearest is None:
        return Message.of("name_unknown")
    return Message.of("name_unknown_near", nearest=nearest)


def of_form(error: ValidationError) -> RequestRefusedError:
    """Return the refusal (422) of a console form for the wrong fields that pydantic found."""
    return of_fields([{**problem, "loc": ("form", *problem["loc"])} for problem in error.errors()])


def _of_rule(problem: Mapping[str, Any], near: Callable[[str], str | None]) -> Message:
    """Return the message for a pydantic error: by its type, or that of our own validator."""
    context = problem.get("ctx") or {}
    own = message_of(context.get("error"))
    if own is not None:
        return own
    kind = str(problem["type"])
    if kind == "extra_forbidden":
        return unknown_name(near(str(problem["loc"][-1])))
    if kind in ("enum", "literal_error"):
        return Message.of("value_not_in_list", expected=QUOTED.findall(context["expected"]))
    rule = RULES.get(kind)
    if rule is None:
        detail = str(problem["msg"]).removeprefix("Value error, ")
        return Message.of("value_malformed", detail=detail)
    code, names = rule
    return Message(code, {name: context.get(key) for name, key in names.items()})


def refusal_of_problems(problems: Sequence[tuple[str, Message]]) -> RequestRefusedError:
    """Return the refusal (422) for (field, problem) of each wrong field."""
    messages = [
        Message.of("field_problem", field=field, problem=problem) for field, problem in problems
    ]
    reason = Message.of("wrong_fields", problems=messages)
    return RequestRefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, reason, problems=problems)
