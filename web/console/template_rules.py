"""Rules for all templates of the console: where links lead, and how texts of others are shown."""

from __future__ import annotations

import re
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension
from markupsafe import Markup, escape

from core.plain_text import isolated

# href="/admin" and href="{{ address }}" lead to pages of ours; href="#main" and
# href="{{ outside(address) }}" do not.
LINK = re.compile(r'\b(href|action|src)="(?=/|\{\{(?! outside\())')
VALUE = re.compile(r'\bvalue="[^"]*"')
SHOWN = re.compile(r"\{\{ (.+?) \}\}")


class EdgeRules(Extension):
    """Prepares the source of every template, so that none can forget it.

    Addresses get the root path below which a proxy publishes the console, the global `root`. The
    values of fields come back with the form, so that they stay as they are.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Return the template with `root` before addresses, and values marked as data."""
        linked = LINK.sub(r'\1="{{ root }}', source)
        return VALUE.sub(lambda found: SHOWN.sub(r"{{ (\1)|as_data }}", found[0]), linked)


def as_data(value: object) -> Markup:
    """Return a value escaped, and otherwise as it is."""
    return escape(_encodable(str(value)))


def for_people(value: Any) -> Any:
    """Return a value to be shown: a text of others does not turn its surroundings around."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return isolated(_encodable(value))
    return value


def environment(folder: str, root: str) -> Environment:
    """Return the templates of a folder, which escape what they show; `root` is the root path."""
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[EdgeRules],
        finalize=for_people,
    )
    made.globals["root"] = root
    made.globals["outside"] = as_data
    made.filters["as_data"] = as_data
    return made


def _encodable(text: str) -> str:
    """Return the text with half characters (lone surrogates) replaced: no page can hold one."""
    return text if text.isascii() else text.encode(errors="replace").decode()
