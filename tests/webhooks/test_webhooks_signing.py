"""Signatures: the specification's own example, rotation, bad secrets, an independent verifier."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from core.errors import CredentialsError
from tests.support.messages import english
from tests.support.webhooks.post_office import SECRET
from webhooks.signing import headers, new_secret, parse_secrets

EXAMPLE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY = b'{"test": 2432232314}'


def test_the_example_of_the_specification() -> None:
    moment = datetime.fromtimestamp(1614265330, UTC)
    signed = headers(ID, moment, BODY, parse_secrets(SECRET))
    assert signed == {
        "webhook-id": ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": EXAMPLE,
    }


@pytest.mark.parametrize("body", [BODY, "短剧 🎬".encode(), b""])
def test_an_independent_implementation_accepts_both_secrets_of_a_rotation(body: bytes) -> None:
    old, new = SECRET, new_secret()
    signed = headers("e", datetime.now(UTC), body, parse_secrets(f"{new}  {old}"))
    for secret in (old, new):
        Webhook(secret).verify(body, signed, json_parse=False)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, signed, json_parse=False)
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(body + b" ", signed, json_parse=False)


def test_without_a_secret_the_id_is_told_all_the_same() -> None:
    assert set(headers("e", datetime.now(UTC), b"", [])) == {"webhook-id", "webhook-timestamp"}


def test_a_new_secret_has_32_random_bytes() -> None:
    assert new_secret() != new_secret()
    assert len(base64.b64decode(new_secret().removeprefix("whsec_"))) == 32


def test_a_secret_without_padding_is_understood() -> None:
    assert parse_secrets("whsec_QUFBQQ") == parse_secrets("whsec_QUFBQQ==") == [b"AAAA"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "one, or two"),
        ("whsec_", "empty"),
        ("hunter2hunter2", "does not start with whsec_"),
        ("whsec_QUFB!QUFB", "no base64"),
        ("whsec_短剧", "no base64"),
        (f"{SECRET} {SECRET} {SECRET}", "one, or two"),
        (f"{SECRET} rubbish", "does not start"),
    ],
)
def test_a_bad_secret_is_refused_and_not_repeated(text: str, said: str) -> None:
    with pytest.raises(CredentialsError) as refused:
        parse_secrets(text)
    assert said in english(refused.value)
    for word in ("hunter2", "QUFB!QUFB", "短剧", "rubbish", SECRET):
        assert word not in f"{refused.value} {english(refused.value)}"
