"""Messages in JSON: the sentence, the code and the parameters, without secrets."""

from __future__ import annotations

from core.logs import storable
from core.message_json import message_keys, with_message_keys
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


def test_an_empty_text_stays_empty() -> None:
    assert message_keys("why", "", RENDER) == {"why": "", "why_code": None, "why_params": None}


def test_what_another_error_says_is_without_secrets_too() -> None:
    message = Message.of("schedule_unusable", detail=ValueError("access_token=abcdef0123456789"))
    assert "abcdef0123456789" not in str(message_keys("error", message, RENDER))
    assert "abcdef0123456789" not in storable(message)


def test_messages_inside_lists_are_sentences_and_inside_objects_have_codes() -> None:
    fact = Message.of("links_given", n=2)
    found = with_message_keys({"notes": [fact], "link": {"note": fact}, "rows": 1}, RENDER)
    coded = {"note": "2 links", "note_code": "links_given", "note_params": {"n": 2}}
    assert found == {"notes": ["2 links"], "link": coded, "rows": 1}
