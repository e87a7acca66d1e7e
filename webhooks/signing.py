"""Signatures as Standard Webhooks defines them: https://www.standardwebhooks.com, symmetric v1."""

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
MAX_SECRETS = 2  # two while one is being rotated


def parse_secrets(text: str) -> list[bytes]:
    """The keys of one secret, or of two with blanks between them, newest first.

    Raises:
        CredentialsError: another form, or more than two. The secret is not repeated.
    """
    parts = text.split()
    if not 1 <= len(parts) <= MAX_SECRETS:
        raise CredentialsError(f"a signing secret is one, or two with a blank between: {FORM}")
    return [_key(part) for part in parts]


FORM = f"write each as {PREFIX} and base64, for example from: openssl rand -base64 32"


def new_secret() -> str:
    """A fresh secret of 32 random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(NEW_SECRET_BYTES)).decode("ascii")


def headers(event_id: str, now: datetime, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """The headers of a delivery, with a signature by each key; without a key it has none."""
    timestamp = str(int(now.timestamp()))
    told = {"webhook-id": event_id, "webhook-timestamp": timestamp}
    if not keys:
        return told
    signed = f"{event_id}.{timestamp}.".encode("ascii") + body
    return told | {"webhook-signature": " ".join(_signature(key, signed) for key in keys)}


def _signature(key: bytes, signed: bytes) -> str:
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode("ascii")


def _key(text: str) -> bytes:
    if not text.startswith(PREFIX):
        raise CredentialsError(f"a signing secret does not start with {PREFIX}: {FORM}")
    code = text.removeprefix(PREFIX)
    try:
        key = base64.b64decode(code + "=" * (-len(code) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise CredentialsError(f"a signing secret is no base64 after {PREFIX}: {FORM}") from None
    if not key:
        raise CredentialsError(f"a signing secret is empty after {PREFIX}: {FORM}")
    return key
