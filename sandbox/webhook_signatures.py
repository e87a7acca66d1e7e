"""Standard Webhooks from the receiver's side: is this signed by one of my secrets?"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence

DEFAULT_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 (of the specification)
TOLERANCE_SECS = 300
GOOD, BAD, NONE = "good", "bad", "none"


def check(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], wall_secs: float) -> str:
    """`good`, `bad` (also when it is too old or from the future), or `none` where there is none."""
    signatures = headers.get("webhook-signature", "")
    if not signatures:
        return NONE
    event_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdigit() or abs(int(timestamp) - wall_secs) > TOLERANCE_SECS:
        return BAD
    message = b".".join((event_id.encode("latin-1"), timestamp.encode("ascii"), body))
    wanted = [_sign(secret, message) for secret in secrets]
    given = [part.removeprefix("v1,") for part in signatures.split(" ") if part[:3] == "v1,"]
    matches = any(hmac.compare_digest(one, other) for one in given for other in wanted)
    return GOOD if matches else BAD


def is_secret(text: str) -> bool:
    """Whether a text has a secret's form."""
    try:
        return text.startswith("whsec_") and bool(_key(text))
    except binascii.Error:
        return False


def _sign(secret: str, message: bytes) -> str:
    return base64.b64encode(hmac.new(_key(secret), message, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
