"""The console's languages: the browser's, or the one that the visitor chose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, tzinfo

from fastapi import Request

from core.errors import BatonError, WrongFieldsError
from core.logs import redact
from core.messages import Message
from core.plain_text import isolated
from presentation.creator_views import contact_names
from presentation.i18n.catalogue.zh.by_english.console import CHINESE
from presentation.i18n.renderer import FrontEnd, Renderer, renderer_for
from web.problems import RequestRefusedError

COOKIE = "baton_language"
# What a message calls a field: in English, and so in Chinese, as its form does.
LABELS = {
    "domain": "Domain",
    "platform": "Platform",
    "pages": "Pages at most",
    "stop_dry": "End after so many pages without a new creator",
    "limit": "Rows at most",
    "labels": "Labels",
    "add": "Labels",
    "username": "Name",
    "cookies": "Cookies",
    "proxy": "Proxy",
    "daily_export_limit": "Rows a day",
    "links": "Links",
    "uid": "Creator id",
    "day": "Day",
    "url": "Address",
    "via": "Find creators",
    "columns": "Columns",
    "headers": "Headers",
    "format": "Format",
    "lanes": "Accounts side by side",
    "where": "Conditions",
    "keyword": "Keywords",
    "keywords": "Keywords",
    "has": "Contact",
    "order": "Order",
    "account": "Account",
    "group": "Group",
}


@dataclass(frozen=True)
class Language:
    """A language of the pages; their texts stand in the catalogue by their English."""

    code: str

    def renderer(self, zone: tzinfo = UTC) -> Renderer:
        """Return the renderer of messages, with the console's advice."""
        return renderer_for(self.code, zone, FrontEnd.CONSOLE)

    def say(self, english: str, **parts: object) -> str:
        """Return a text of the pages in this language, with its parts filled in.

        A text without a translation stays English.
        """
        text = CHINESE.get(english, english) if self.code == "zh" else english
        if not parts:
            return text
        return text.format(**{name: _isolated(value) for name, value in parts.items()})

    def contacts(self, bits: int) -> str:
        """Return the ways to get in touch whose bits are set, as a list; empty for none."""
        renderer = self.renderer()
        return str(renderer.shown([renderer.word("word", one) for one in contact_names(bits)]))

    def problem(self, found: str | Message | BatonError, zone: tzinfo = UTC) -> str:
        """Return a message, an error, or a column that holds one, as a sentence in this language.

        A sentence of an older version is shown as it is. Of a refusal every wrong field is named.
        """
        if isinstance(found, RequestRefusedError) and found.problems:
            return self._list_of(found.problems, zone)
        if isinstance(found, WrongFieldsError):
            return self._list_of(found.problems.items(), zone)
        message = Message.load(found) if isinstance(found, str) else found
        return redact(self.renderer(zone).sentence(message))

    def _list_of(self, problems: Iterable[tuple[str, Message]], zone: tzinfo) -> str:
        """Return the problems in one text, each with its field's label."""
        colon, semicolon = ("：", "；") if self.code == "zh" else (": ", "; ")
        return semicolon.join(
            f"{self.label(field)}{colon}{self.problem(found, zone)}" for field, found in problems
        )

    def label(self, field: str) -> str:
        """Return what forms call a field, or an item of it; one without a label is its name."""
        name = field.split(".")[0]
        return self.say(LABELS[name]) if name in LABELS else field


def _isolated(part: object) -> object:
    return isolated(part) if isinstance(part, str) else part


LANGUAGES = {code: Language(code) for code in ("en", "zh")}


def language_of(request: Request) -> Language:
    """Return the language that the visitor chose, or else the browser's
    first known one, or English."""
    chosen = request.cookies.get(COOKIE, "")
    if chosen in LANGUAGES:
        return LANGUAGES[chosen]
    for wanted in _by_weight(request.headers.get("accept-language", "")):
        code = wanted.split("-")[0]
        if code in LANGUAGES:
            return LANGUAGES[code]
    return LANGUAGES["en"]


def _by_weight(header: str) -> list[str]:
    """Return the names in `zh-CN,zh;q=0.9,en;q=0.8`, the most wanted first."""
    weighted = []
    for part in header.lower().split(","):
        name, _, weight = part.strip().partition(";q=")
        try:
            weighted.append((-float(weight or 1), name))
        except ValueError:
            continue
    return [name for weight, name in sorted(weighted, key=lambda one: one[0]) if weight < 0]
