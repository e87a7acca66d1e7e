"""Signatures of reports by Standard Webhooks (https://www.standardwebhooks.com), symmetric v1."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

from core.errors import CredentialsError

PREFIX = "whsec_"
NEW_SECRET_BYTES = 32
# Two secrets sign while one replaces the other.
MAX_SECRETS = 2


def parse_secrets(text: str) -> list[bytes]:
    """Return the key of each signing secret in `text`: one, or two with blanks between.

    `text` is in clear, the newest secret first.

    Raises:
        CredentialsError: a secret is not `whsec_` and base64, or there are none or more than two.
    """
    parts = text.split()
    if not 1 <= len(parts) <= MAX_SECRETS:
        raise CredentialsError("signing_secret_count", prefix=PREFIX)
    return [_key(part) for part in parts]


def new_secret() -> str:
    """Return a new secret in clear: `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(NEW_SECRET_BYTES)).decode("ascii")


def headers(event_id: str, now: datetime, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """Return the headers `webhook-id`, `webhook-timestamp` and `webhook-signature` of a delivery.

    The last one holds a signature for each key, with blanks between; without keys it is absent.
    """
    timestamp = str(int(now.timestamp()))
    unsigned = {"webhook-id": event_id, "webhook-timestamp": timestamp}
    if not keys:
        return unsigned
    signed = f"{event_id}.{timestamp}.".encode("ascii") + body
    return unsigned | {"webhook-signature": " ".join(_signature(key, signed) for key in keys)}


def _signature(key: bytes, signed: bytes) -> str:
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode("ascii")


def _key(text: str) -> bytes:
    """Return the key in a secret, with or without padding. Raise CredentialsError if malformed."""
    if not text.startswith(PREFIX):
        raise CredentialsError("signing_secret_prefix", prefix=PREFIX)
    code = text.removeprefix(PREFIX)
    try:
        key = base64.b64decode(code + "=" * (-len(code) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise CredentialsError("signing_secret_not_base64", prefix=PREFIX) from None
    if not key:
        raise CredentialsError("signing_secret_empty", prefix=PREFIX)
    return key
