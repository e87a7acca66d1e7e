"""The message catalogue: complete in both languages, and every code of the product is in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core import errors
from core.errors import InvalidInputError
from core.message_json import message_keys
from core.messages import CODE, TEXT, Message
from crawler.planning.advice import Change
from crawler.planning.forecast import Bound
from presentation.i18n.catalogue import AREAS, advice_of, area_of, messages_of
from presentation.i18n.forms import Forms
from presentation.i18n.language import Language
from presentation.i18n.renderer import FrontEnd, Renderer
from storage.crawling.job_runs import RunState
from storage.models.accounts import AccountStatus
from storage.models.tasks import TaskStatus, TaskType, WaitingFor
from storage.operations.alerts import AlertKind

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("accounts", "alerts", "app", "commands", "core", "crawler", "distribution", "jobs")
ROOMS += ("presentation", "sources", "storage", "web", "webhooks", "works")
ENGLISH, CHINESE = (messages_of(language) for language in Language)
HAN = re.compile(r"[\u4e00-\u9fff]")
RENDERERS = {language: Renderer(language, ZoneInfo("Asia/Shanghai")) for language in Language}


def fields(forms: Forms) -> set[str]:
    """The parameters of all forms of a message."""
    parts = [forms] if isinstance(forms, str) else forms
    return {name for part in parts for _, name, _, _ in Formatter().parse(part) if name is not None}


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
    makers = {name for name in dir(errors) if name.endswith("Error")} | {"__init__", "say"}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
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
                place = f"{path.relative_to(ROOT)}:{node.lineno}"
                yield place, str(code.value), given, more


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
