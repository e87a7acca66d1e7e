"""The error body of YouTube's Data API v3."""

from __future__ import annotations

from sandbox.messages import Json, Reply, json_reply

QUOTA_EXCEEDED = (
    'The request cannot be completed because you have exceeded your <a href="/youtube/v3/'
    'getting-started#quota">quota</a>.'
)


def error(
    code: int, reason: str, message: str, status: str = "", domain: str = "youtube.quota"
) -> Reply:
    """An error as HTTP status and body; `status` is left out where the API leaves it out."""
    body: Json = {
        "code": code,
        "message": message,
        "errors": [{"message": message, "domain": domain, "reason": reason}],
    }
    if status:
        body["status"] = status
    return json_reply({"error": body}, code)


def quota_exceeded() -> Reply:
    """403: the day's units are spent."""
    return error(403, "quotaExceeded", QUOTA_EXCEEDED)


def key_invalid() -> Reply:
    """400: there is no such key."""
    message = "API key not valid. Please pass a valid API key."
    return error(400, "keyInvalid", message, "INVALID_ARGUMENT", "usageLimits")


def key_missing() -> Reply:
    """403: no key at all."""
    message = "The request is missing a valid API key."
    return error(403, "forbidden", message, "PERMISSION_DENIED", "global")


def rate_exceeded() -> Reply:
    """429: too many requests in a short time."""
    message = "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute'."
    return error(429, "rateLimitExceeded", message, "RESOURCE_EXHAUSTED", "global")


def backend(code: int = 503) -> Reply:
    """5xx: not the client's fault."""
    return error(code, "backendError", "Backend Error", domain="global")


def forbidden() -> Reply:
    """403: the key may not be used for this."""
    message = "Access forbidden. The request may not be properly authorized."
    return error(403, "forbidden", message, domain="youtube.common")


def bad_request(message: str) -> Reply:
    """400 of the general kind."""
    return error(400, "badRequest", message, "INVALID_ARGUMENT", "global")


def unknown_part(part: str) -> Reply:
    """400: `part` names something that does not exist."""
    return error(400, "unknownPart", f"'{part}'", domain="youtube.part")
