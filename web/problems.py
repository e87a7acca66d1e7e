"""Refusals as problem+json (RFC 9457): what was refused, why, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from core.errors import (
    BatonError,
    CredentialsError,
    DatabaseContentionError,
    DatabaseUnavailableError,
    InvalidInputError,
    LeaseLostError,
    SourceError,
    WrongFieldsError,
)
from core.logs import redact
from core.messages import TEXT, Message
from presentation.i18n.language import Language
from presentation.i18n.renderer import FrontEnd, Renderer

MEDIA_TYPE = "application/problem+json"
API_RENDERER = Renderer(Language.ENGLISH, UTC, FrontEnd.API)
RETRY_SECS = 5
STATUSES: tuple[tuple[type[BatonError], HTTPStatus], ...] = (
    (InvalidInputError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (CredentialsError, HTTPStatus.CONFLICT),
    (LeaseLostError, HTTPStatus.CONFLICT),
    (SourceError, HTTPStatus.BAD_GATEWAY),
    (DatabaseUnavailableError, HTTPStatus.SERVICE_UNAVAILABLE),
    (DatabaseContentionError, HTTPStatus.SERVICE_UNAVAILABLE),
)


class RequestRefusedError(BatonError):
    """A request that is not carried out, and why.

    Args:
        reason: a message, an error of ours, or a sentence.
        errors: what is wrong with single fields, by `field` and `message`.
    """

    def __init__(
        self,
        status: HTTPStatus,
        reason: str | Message | BatonError,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(reason.message if isinstance(reason, BatonError) else reason)
        self.status = status
        self.errors = list(errors)
        self.headers = dict(headers or {})

    @property
    def detail(self) -> str:
        """Return what is wrong and what a caller of the API can do, in English."""
        return redact(API_RENDERER.sentence(self))

    @property
    def title(self) -> str:
        return self.status.phrase

    def as_response(self) -> Response:
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title,
            "status": int(self.status),
            "detail": self.detail,
        }
        if self.message.code != TEXT:
            body |= self.message.as_json()
        if self.errors:
            body["errors"] = self.errors
        return JSONResponse(body, int(self.status), self.headers, MEDIA_TYPE)


class FieldProblem(BaseModel):
    field: str
    message: str


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
    """Return what the API's description says of refusals with these statuses."""
    schema = Problem.model_json_schema()
    schema["properties"]["errors"]["items"] = schema.pop("$defs")["FieldProblem"]
    content = {MEDIA_TYPE: {"schema": schema}}
    return {int(status): {"description": status.phrase, "content": content} for status in statuses}


REFUSALS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


def partly_refused() -> dict[int | str, dict[str, Any]]:
    """Return what the description says of a list whose items are refused one by one: 207 for some
    of them, 422 for all of them (in the same form) or for the whole call."""
    whole = described(HTTPStatus.UNPROCESSABLE_ENTITY)[422]
    partly = {"application/json": {"schema": {"type": "object"}}}
    return {
        207: {"description": "Some were refused", "content": partly},
        422: {**whole, "content": whole["content"] | partly},
    }


def unknown(what: str, key: object, where: str) -> RequestRefusedError:
    """Return the refusal (404) of an unknown id; `where` is the list that names those there are."""
    return RequestRefusedError(HTTPStatus.NOT_FOUND, f"no {what} has the id {key}; see {where}")


@contextmanager
def refused_as(status: HTTPStatus, *kinds: type[BatonError]) -> Iterator[None]:
    """Turn errors of these classes into RequestRefusedError with this status."""
    try:
        yield
    except RequestRefusedError:
        raise
    except kinds as error:
        raise RequestRefusedError(status, error) from error


def of_error(error: BatonError) -> RequestRefusedError:
    """Return the refusal for an error of ours; its class names the reaction."""
    if isinstance(error, RequestRefusedError):
        return error
    if isinstance(error, WrongFieldsError):
        return _of_problems(error.problems)
    status = next(
        (status for kind, status in STATUSES if isinstance(error, kind)),
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )
    headers = {}
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_SECS)
    return RequestRefusedError(status, error, headers=headers)


def of_fields(problems: Sequence[Mapping[str, Any]]) -> RequestRefusedError:
    """Return the refusal for what pydantic says of fields."""
    errors = [
        {
            "field": ".".join(map(str, problem["loc"][1:])) or str(problem["loc"][0]),
            "message": str(problem["msg"]).removeprefix("Value error, "),
        }
        for problem in problems
    ]
    return _of_messages(errors)


def _of_problems(problems: Mapping[str, Message]) -> RequestRefusedError:
    return _of_messages(
        [
            {"field": field, "message": redact(API_RENDERER.sentence(problem))}
            for field, problem in problems.items()
        ]
    )


def _of_messages(errors: list[dict[str, str]]) -> RequestRefusedError:
    detail = "; ".join(f"{error['field']}: {error['message']}" for error in errors)
    return RequestRefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)
