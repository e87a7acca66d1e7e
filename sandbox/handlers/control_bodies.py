"""Reading the JSON that control calls take."""

from __future__ import annotations

import json
import math

from sandbox.messages import Json, Reply, Request, json_reply


class BadControlError(ValueError):
    """A control call that cannot be understood; the message says why, `status` is HTTP's."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def body_object(request: Request) -> Json:
    """The body as an object; an empty one stands for {}."""
    try:
        body = json.loads(request.body or b"{}")
    except ValueError as error:
        raise BadControlError(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise BadControlError("the body must be an object")
    return body


def text(body: Json, name: str, default: str | None = None) -> str:
    """A string of the body; without a default it must be there and not be empty."""
    value = body.get(name, default)
    if not isinstance(value, str) or (default is None and not value):
        raise BadControlError(f"{name} must be a string")
    return value


def number(body: Json, name: str, default: float | None = None) -> float:
    """A finite number of the body."""
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadControlError(f"{name} must be a number")
    return value


def refuse(error: BadControlError) -> Reply:
    """The answer to a call that was not understood."""
    return json_reply({"error": str(error)}, error.status)
