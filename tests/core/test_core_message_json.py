"""Messages in JSON: the sentence, the code and the parameters, without secrets."""

from __future__ import annotations

from core.message_json import message_keys
from core.messages import Message
from presentation.i18n.renderer import API_RENDERER

RENDER = API_RENDERER.sentence


def test_an_error_is_a_sentence_a_code_and_parameters() -> None:
    stored = Message.of("callback_address_private", address="10.0.0.1").dump()
    assert message_keys("error", stored, RENDER) == {
        "error": (
            "not sent: the callback URL leads to the private address 10.0.0.1; if that is meant,"
            " name its host in BATON_WEBHOOK_ALLOWED_HOSTS"
        ),
        "error_code": "callback_address_private",
        "error_params": {"address": "10.0.0.1"},
    }


def test_a_row_of_an_older_version_is_shown_without_secrets() -> None:
    shown = message_keys("error", "no answer from http://u:hunter2@h/", RENDER)
    assert shown["error"] == "no answer from http://***@h/"
    assert shown["error_code"] == "text" and "hunter2" not in str(shown)


def test_no_error_has_no_code() -> None:
    assert message_keys("error", None, RENDER) == {
        "error": None,
        "error_code": None,
        "error_params": None,
    }
