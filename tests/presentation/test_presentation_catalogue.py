"""The message catalogue: complete in both languages, and every code of the product is in it."""

from __future__ import annotations

import ast
import functools
import inspect
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.attribution import CircuitUnit
from core.errors import BatonError, FaultUnit, InvalidInputError, TransportFault
from core.message_json import message_keys
from core.messages import CODE, TEXT, Message
from crawler.planning.advice import Change
from crawler.planning.forecast import Bound
from presentation.i18n.catalogue import AREAS, advice_of, area_of, messages_of
from presentation.i18n.forms import Forms
from presentation.i18n.language import Language
from presentation.i18n.renderer import PROGRAM, FrontEnd, Renderer
from storage.crawling.job_runs import RunState
from storage.engines import mysql_errors, sqlite_errors
from storage.models.accounts import AccountStatus
from storage.models.tasks import TaskStatus, TaskType, WaitingFor
from storage.operations.alerts import AlertKind
from tests.support.raised_messages import (
    RaisedMessages,
    Source,
    error_classes,
    read_sources,
)

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("accounts", "alerts", "app", "commands", "core", "crawler", "distribution", "jobs")
ROOMS += ("presentation", "sources", "storage", "web", "webhooks", "works")
ENGLISH, CHINESE = (messages_of(language) for language in Language)
HAN = re.compile(r"[\u4e00-\u9fff]")
RENDERERS = {language: Renderer(language, ZoneInfo("Asia/Shanghai")) for language in Language}


@functools.cache
def product() -> dict[str, Source]:
    """The product's modules, parsed once, and only where a test wants them."""
    return read_sources(ROOT, ROOMS)


@functools.cache
def errors_of_product() -> set[str]:
    return error_classes(product().values())


def fields(forms: Forms) -> set[str]:
    """The parameters of all forms of a message; the program's name is there for every form."""
    parts = [forms] if isinstance(forms, str) else forms
    names = {name for part in parts for _, name, _, _ in Formatter().parse(part)}
    return {name for name in names if name not in (None, PROGRAM)}


def test_the_languages_have_the_same_codes_and_parameters() -> None:
    assert set(ENGLISH) == set(CHINESE)
    assert {c: fields(ENGLISH[c]) for c in ENGLISH} == {c: fields(CHINESE[c]) for c in CHINESE}
    for code in ENGLISH:
        assert isinstance(ENGLISH[code], str) == isinstance(CHINESE[code], str), code


@pytest.mark.parametrize("front_end", FrontEnd)
def test_advice_is_for_known_codes_in_both_languages(front_end: FrontEnd) -> None:
    english, chinese = (advice_of(language, front_end) for language in Language)
    assert set(english) == set(chinese)
    assert set(english) <= set(ENGLISH)
    for code in english:
        assert fields(english[code]) == fields(chinese[code]) <= fields(ENGLISH[code]), code


def test_every_front_end_has_advice_for_the_same_codes() -> None:
    assert len({frozenset(advice_of("en", front_end)) for front_end in FrontEnd}) == 1


def test_each_sentence_is_in_its_language() -> None:
    for code, forms in ENGLISH.items():
        assert not HAN.search(str(forms)), code
    for code, forms in CHINESE.items():
        text = re.sub(r"\{[^}]*\}", "", str(forms))
        assert HAN.search(text) or not re.search(r"[A-Za-z]{2}", text), code


def coded_calls() -> Iterator[tuple[str, str, set[str], bool]]:
    """Place, code, parameters, and whether there may be more, of each message in the product."""
    # `super().__init__(code, …)` of an error, and functions that make an error of their parameters.
    makers = errors_of_product() | {
        "__init__",
        "say",
        "damaged",
        "damaged_error",
        "not_found",
    }
    for source in product().values():
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = ast.unparse(node.func)
            code = node.args[0]
            if name != "Message.of" and name.rpartition(".")[2] not in makers:
                continue
            if not isinstance(code, ast.Constant) or not CODE.fullmatch(str(code.value)):
                continue
            given = {word.arg for word in node.keywords if word.arg}
            more = any(word.arg is None for word in node.keywords)
            yield f"{source.place}:{node.lineno}", str(code.value), given, more


def test_every_code_of_the_product_has_its_sentence() -> None:
    calls = list(coded_calls())
    assert len(calls) > 100
    assert [(place, code) for place, code, _, _ in calls if code not in ENGLISH] == []
    lacking = [
        (place, code, fields(ENGLISH[code]) - given)
        for place, code, given, more in calls
        if not more and not fields(ENGLISH[code]) <= given
    ]
    assert lacking == []


def test_no_error_of_the_product_is_made_of_a_sentence() -> None:
    assert RaisedMessages(product(), set(ENGLISH) & set(CHINESE)).sentences() == []


@pytest.mark.parametrize(
    "raised",
    [
        'raise SettingsError("DATABASE_URL: write it like sqlite:///PATH")',
        'raise SettingsError("no_such_code_in_the_catalogue")',
        'raise SettingsError(f"{name}: no http(s) URL")',
        'raise SettingsError("{}: wrong".format(name))',
        'raise SettingsError("; ".join(name) + " (see docs)")',
        "raise errors.SettingsError(str(name))",
        "raise SettingsError(name)",
        'raise SettingsError(Message.text("in English"))',
        'raise SettingsError("lease_lost" if name else "not there")',
        'text = f"{name} is wrong"\n    raise SettingsError(text)',
        'text = Message.of("lease_lost")\n    text = "away"\n    raise SettingsError(text)',
        "raise SettingsError(SENTENCE)",
        "raise SettingsError(in_words(name))",
        "raise OfAnotherRoomError(name)",
        'raise WrongFieldsError({"name": "is missing"})',
        'raise WrongFieldError(field="name", reason=name)',
        'raise refused("it is wrong")',
    ],
)
def test_a_sentence_in_an_error_is_found(raised: str) -> None:
    text = f"""
SENTENCE = "the disk is full"

class OfAnotherRoomError(errors.BusyError): ...

def in_words(name: str) -> str: ...

def refused(code: str) -> SettingsError: ...

def changed(name: str) -> None:
    {raised}
"""
    sources = {"room": Source("room.py", ast.parse(text))}
    classes = {name: source for name, source in product().items() if name == "core.errors"}
    found = RaisedMessages(classes | sources, set(ENGLISH)).sentences()
    assert len(found) == 1 and found[0].startswith("room.py:"), found


def test_the_codes_of_a_servers_errors_have_their_sentences() -> None:
    kinds = [kind for table in mysql_errors.KINDS.values() for kind in table.values()]
    kinds += [mysql_errors.FAILED, mysql_errors.UNKNOWN]
    kinds += [*sqlite_errors.KINDS.values(), sqlite_errors.UNKNOWN]
    codes = {code for _, code in kinds}
    assert codes <= set(ENGLISH)
    assert all(fields(ENGLISH[code]) <= {"where", "detail", "number"} for code in codes)


def all_errors(base: type[BatonError] = BatonError) -> Iterator[type[BatonError]]:
    yield base
    for kind in base.__subclasses__():
        yield from all_errors(kind)


# What the constructors of errors take, by their parameters' names.
GIVEN: dict[str, Any] = {
    "code": "file_not_writable",
    "until": None,
    "resets_at": datetime(2026, 1, 1, tzinfo=UTC),
    "unit": CircuitUnit("bilibili"),
    "problems": {"field": Message.of("key_missing")},
    "field": "field",
    "reason": Message.of("key_missing"),
    "platform": "bilibili",
    "domain": "beauty",
    "known": ["games"],
    "name": "name",
    "page": 2,
    "total": 3,
    "fault": TransportFault(FaultUnit.EGRESS, Message.of("key_missing")),
    "status": HTTPStatus.CONFLICT,
}


@pytest.mark.parametrize("kind", sorted(set(all_errors()), key=lambda kind: kind.__name__))
def test_every_error_has_its_sentence_in_both_languages(kind: type[BatonError]) -> None:
    parameters = inspect.signature(kind).parameters.values()
    needed = [one for one in parameters if one.default is one.empty and one.name in GIVEN]
    assert kind.__name__ in errors_of_product()
    error = kind(
        *(GIVEN[one.name] for one in needed if one.kind is not one.KEYWORD_ONLY),
        **{one.name: GIVEN[one.name] for one in needed if one.kind is one.KEYWORD_ONLY},
    )
    assert error.message.code in ENGLISH
    english, chinese = (RENDERERS[language].text(error) for language in Language)
    assert not HAN.search(english) and HAN.search(chinese)


@pytest.mark.parametrize(
    ("group", "members"),
    [
        ("account_state", AccountStatus),
        ("alert_headline", AlertKind),
        ("job_state", RunState),
        ("plan_bound", Bound),
        ("plan_change", Change),
        ("rate_of", TaskType),
        ("task_state", TaskStatus),
        ("task_type", TaskType),
        ("waits_for", WaitingFor),
    ],
)
def test_every_state_and_kind_has_its_text(group: str, members: type[StrEnum]) -> None:
    assert {f"{group}_{member}" for member in members} - set(ENGLISH) == set()


def test_every_alert_has_its_advice() -> None:
    signed_in_again = {AlertKind.SESSION_EXPIRING}
    wanted = {f"alert_advice_{kind}" for kind in set(AlertKind) - signed_in_again}
    assert wanted - set(ENGLISH) == set()


def test_a_sentence_is_filled_in() -> None:
    english, chinese = RENDERERS[Language.ENGLISH], RENDERERS[Language.CHINESE]
    message = Message.of(
        "others_disabled", reason=Message.of("accounts_spent", n=1, day="2026-01-02"), n=2000
    )
    assert english.text(message) == (
        "1 account has used up the quota of 2026-01-02; 2,000 accounts are disabled"
    )
    assert chinese.text(message) == "1 个账号在 2026-01-02 的配额已用尽；另有 2,000 个账号已禁用"


def test_advice_is_that_of_the_front_end() -> None:
    error = InvalidInputError("no_account", platform="bilibili")
    terminal, console = (
        Renderer(Language.ENGLISH, UTC, front_end)
        for front_end in (FrontEnd.TERMINAL, FrontEnd.CONSOLE)
    )
    assert terminal.sentence(error) == (
        "no account for bilibili; add one with: python cli.py accounts import NAME cookies.txt"
    )
    assert "python" not in console.sentence(error)
    wrapped = Message.of("others_disabled", reason=error, n=1)
    assert terminal.advice(wrapped) == terminal.advice(error)


def test_moments_are_in_the_readers_zone_and_lists_are_listed() -> None:
    renderer = RENDERERS[Language.ENGLISH]
    assert renderer.shown(datetime(2026, 1, 1, 16, 30, tzinfo=UTC)) == "2026-01-02 00:30"
    assert renderer.shown([1, "b"]) == "1, b"
    assert renderer.shown([Message.text("a"), "b"]) == "a; b"
    assert RENDERERS[Language.CHINESE].shown(["a", "b"]) == "a、b"


@pytest.mark.parametrize("language", Language)
def test_a_row_of_another_version_can_be_read(language: Language) -> None:
    renderer = RENDERERS[language]
    assert renderer.text(Message.of("of_the_future", n=1)) == "of_the_future: n=1"
    assert renderer.text(Message(TEXT, {"text": "by hand"})) == "by hand"
    assert "?" in renderer.text(Message.of("limit_set"))
    assert renderer.text(Message.of("limit_set", rows="many")).count("many") == 1
    assert renderer.text(ValueError("odd")) == "odd"


@pytest.mark.parametrize("language", Language)
def test_a_code_belongs_to_one_area(language: Language) -> None:
    codes = [code for area in AREAS for code in area_of(language, area).MESSAGES]
    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize("front_end", FrontEnd)
@pytest.mark.parametrize("language", Language)
def test_no_parameter_can_break_a_sentence(language: Language, front_end: FrontEnd) -> None:
    renderer = Renderer(language, UTC, front_end)
    odd: list[Any] = [None, 1, -1.5, "x", "\ud83d", [], ["a"], {"a": 1}, True, float("inf")]
    odd.append(Message.of("no_such_code", n=1))
    for code, forms in messages_of(language).items():
        for params in [{}, *(dict.fromkeys(fields(forms), value) for value in odd)]:
            assert isinstance(renderer.sentence(Message(code, params)), str), (code, params)


def test_the_json_of_a_message_has_no_secret() -> None:
    message = Message.text("GET https://example.com/?access_token=abcdef0123456789 failed")
    assert "abcdef0123456789" not in repr(
        message_keys("error", message, RENDERERS[Language.ENGLISH].sentence)
    )
