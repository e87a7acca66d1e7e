"""The message catalogue: a sentence for each code, in each language.

A form is a `str.format` text with the parameters' names, or a pair of them for one and for several
(by the parameter `n`). Each area of the product has one module a language, with `MESSAGES` and,
where a reader can do something, `ADVICE` for each front end. A test compares the languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import ModuleType

from presentation.i18n.forms import Forms

AREAS = (
    "common",
    "accounts",
    "pool.lifecycle",
    "pool.pins",
    "crawling",
    "creators",
    "jobs",
    "works",
    "distribution",
    "webhooks",
    "storage",
    "settings",
    "platforms.links",
    "platforms.answers",
    "platforms.sessions",
    "platforms.files",
    "platforms.proxies",
    "platforms.tls",
    "commands",
    "command_reports",
    "listings",
    "doctor",
    "web",
    "screens",
)


@cache
def messages_of(language: str) -> Mapping[str, Forms]:
    """Return the sentences of a language by their codes; `language` is `en` or `zh`.

    A sentence is a `str.format` text, or a pair of them for one and for several.
    """
    found: dict[str, Forms] = {}
    for area in AREAS:
        found.update(area_of(language, area).MESSAGES)
    return found


@cache
def advice_of(language: str, front_end: str) -> Mapping[str, Forms]:
    """Return the advice (what to do about a message) of a front end, by the message's code."""
    found: dict[str, Forms] = {}
    for area in AREAS:
        found.update(getattr(area_of(language, area), "ADVICE", {}).get(front_end, {}))
    return found


def area_of(language: str, area: str) -> ModuleType:
    """Return the catalogue module of an area in a language. Raise ImportError without one."""
    return import_module(f"presentation.i18n.catalogue.{language}.{area}")
