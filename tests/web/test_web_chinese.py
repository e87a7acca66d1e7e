"""A page in Chinese is in Chinese: words of English are data or technical terms."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import get_args

import pytest
from pydantic import ValidationError
from pydantic_core.core_schema import ErrorType

from presentation.i18n.catalogue import messages_of
from tests.support.web.busy_site import PAGES, fill
from tests.support.web.web_site import Site
from web.console.language import LANGUAGES, Language
from web.problems import RULES, of_fields
from web.requests import NewCrawl

CHINESE = {"Accept-Language": "zh-CN", "Accept": "text/html"}
UNTOLD = {"script", "style", "code", "pre", "option", "datalist"}  # technical by themselves
TOLD_ATTRIBUTES = {
    "aria-label",
    "title",
    "placeholder",
    "data-label",
    "data-confirm",
    "data-busy",
    "data-lost",
    "data-not-done",
}
WORD = re.compile(r"[A-Za-z][A-Za-z']+")
TERM_WORDS = """Baton English HTTP URL API CSV JSON Cookie cookies txt SESSDATA bili jct http
    cURL user password host port https whsec id uid kB MB GB Asia Shanghai UTC YouTube TikTok
    Douyin Bilibili csv jsonl xlsx parquet youtube tikhub Webhook Excel"""
DATA_WORDS = """alice bob boss bilibili test host receiver example hook event BV log crawl export
    web INFO task account page daily stats scan token tired quota reset session checks
    hourly views rollup work totals catalogue
    play counts late completions prune works discover done alerts
    incomplete days digest direct gate search creator creators observations backfill followers"""
TERMS, DATA = set(TERM_WORDS.split()), set(DATA_WORDS.split())
NAMED = re.compile(
    r"(?:[\w.-]+/)*[\w.-]+\.(?:csv|log|json)\b|https?://\S+|BV\w+|\b[A-Z]+(?:_[A-Z]+)+\b"
    r"|\b[a-z]+_(?:\d{8}_)?[0-9a-f]{12,}\b|last_id|python cli\.py[ \w.-]+"
)


class Texts(HTMLParser):
    """What a person reads or hears of a page, except what is marked as technical."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in TOLD_ATTRIBUTES and value]
        if tag in UNTOLD or ("translate", "no") in attrs:
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside and data.strip():
            self.found.append(data.strip())


def english_in(html: str) -> set[str]:
    page = Texts()
    page.feed(html)
    shown = " | ".join(page.found)
    return set(WORD.findall(NAMED.sub(" ", shown))) - TERMS - DATA


def test_pages_in_chinese_have_no_english_words(site: Site) -> None:
    fill(site)
    left = {path: english_in(site.admin.get(path, headers=CHINESE).text) for path in PAGES}
    left["/admin/login"] = english_in(site.stranger.get("/admin/login", headers=CHINESE).text)
    assert {path: words for path, words in left.items() if words} == {}


def test_the_test_sees_english() -> None:
    page = "<p title='Tasks'>页 <code>python x</code> running</p>"
    assert english_in(page) == {"Tasks", "running"}


def test_what_forms_refuse_is_told_in_chinese(site: Site) -> None:
    session = {"Authorization": f"Bearer {site.admin_token}", **CHINESE}
    forms: tuple[tuple[str, dict[str, str]], ...] = (
        ("tasks/crawl", {"domain": " ", "pages": "0"}),
        ("tasks/crawl", {"domain": "美妆"}),
        ("tasks/crawl", {"domain": "美妆", "labels": "a/b"}),
        ("tasks/export", {"domain": "美妆", "columns": "colour", "limit": "x"}),
        ("tasks/9/pause", {}),
        (
            "accounts/new",
            {"username": "", "cookies": "x", "proxy": "no", "daily_export_limit": "-1"},
        ),
        ("videos/add", {"links": "nonsense", "platform": ""}),
        ("videos/discover", {"uid": "abc"}),
        ("dramas/scan", {"day": "2999-01-01"}),
        ("alerts/test", {}),
    )
    for path, given in forms:
        answer = site.stranger.post(
            f"/admin/{path}", data=given, headers=session, allow_redirects=True
        )
        note = re.findall(r'class="(?:note failed|field-error)"[^>]*>([^<]*)<', answer.text)
        shown = " ".join(note)
        assert re.search("[一-鿿]", shown), (path, shown)
        words = set(WORD.findall(NAMED.sub(" ", re.sub("&#39;.*?&#39;", " ", shown))))
        assert words - TERMS - DATA <= {"ID", "dQw", "WgXcQ", "socks"}, (
            path,
            shown,
        )


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_a_sentence_of_an_older_version_stays_as_it_is(language: Language) -> None:
    assert language.problem("task 3 has ended (failed)") == "task 3 has ended (failed)"


def test_what_is_wrong_with_a_field_is_told_in_the_readers_language() -> None:
    with pytest.raises(ValidationError) as wrong:
        NewCrawl.model_validate({"pages": 0, "via": "x", "labels": "no list"})
    refused = of_fields([{**each, "loc": ("form", *each["loc"])} for each in wrong.value.errors()])
    assert LANGUAGES["zh"].problem(refused) == (
        "领域：必填；最多页数：不得小于 1；查找达人：须为以下之一：users、videos；标签：须为列表"
    )
    assert LANGUAGES["en"].problem(refused) == (
        "Domain: Field required; Pages at most: should be greater than or equal to 1; "
        "Find creators: should be one of users, videos; Labels: should be a list"
    )
    assert [error["code"] for error in refused.errors] == [
        "field_required",
        "value_too_small",
        "value_not_in_list",
        "value_not_list",
    ]
    assert refused.errors[1] == {
        "field": "pages",
        "message": "should be greater than or equal to 1",
        "code": "value_too_small",
        "params": {"limit": 1},
    }


@pytest.mark.parametrize("kind", RULES)
def test_the_rules_of_fields_are_those_of_pydantic(kind: str) -> None:
    assert kind in get_args(ErrorType)
    assert RULES[kind][0] in messages_of("en")
