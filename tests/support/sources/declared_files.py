"""Files of platforms, written and changed by tests, and the sources that come of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sources.base import CreatorPage, Via
from sources.declared.loading import read_declaration
from sources.declared.source import DeclaredSession, DeclaredSource
from tests.support.moving_clock import MovingClock

PLATFORM = """\
name = "fair"
base_url = "http://127.0.0.1:1"
pace = "10/1"

[session]
kind = "header"
header = "Authorization"
value = "Bearer {session}"

[check]
path = "/me"

[search]
path = "/people"
params = { q = "{domain}", p = "{page}" }

[paging]
kind = "page"
total_pages = "pages"

[creators]
list = "people"
uid = "id"
nickname = "name"

[answers]
code = "code"
message = "message"
"""
BY_CURSOR = PLATFORM.replace('p = "{page}"', 'c = "{cursor}"').replace(
    'kind = "page"\ntotal_pages = "pages"', 'kind = "cursor"\nnext_cursor = "next"'
)


def changed(old: str, new: str, text: str = PLATFORM) -> str:
    """Return the file with one thing changed, which must be there."""
    assert text.count(old) == 1, old
    return text.replace(old, new)


def written(folder: Path, text: str, name: str = "fair.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@dataclass
class Shopper:
    """An account at a declared platform."""

    source: DeclaredSource
    session: DeclaredSession

    def search(self, page: int = 1, domain: str = "d") -> CreatorPage:
        return self.source.search_creators(self.session, domain, page, Via.USERS)


def shopper(
    folder: Path,
    clock: MovingClock,
    url: str,
    text: str = PLATFORM,
    environ: Mapping[str, str] | None = None,
) -> Shopper:
    declaration = read_declaration(written(folder, text), environ or {})
    declaration = declaration.model_copy(update={"base_url": url})
    source = DeclaredSource(declaration=declaration, timeout_secs=5.0, clock=clock)
    return Shopper(source=source, session=source.open_session(1, "me", "token4711secret", None))
