"""Loading of the platforms' files: those that Baton ships and those in the user's folder."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import TypeAdapter, ValidationError

from core.clock import Clock
from core.errors import SettingsError
from core.installation.home import find_home
from core.messages import Message, message_of
from core.settings import Settings, UrlSetting
from core.settings.loading import pydantic_problem
from sources.cookies.selection import SessionText, site_of
from sources.declared.consistency import Problem, problems
from sources.declared.credentials import given_session
from sources.declared.declaration import Declaration, plain_url
from sources.declared.line_numbers import Key, line_of
from sources.declared.page_reader import column_expressions, raw_field
from sources.declared.source import DeclaredSource

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

SHIPPED = Path(__file__).parent
DEFAULT_FOLDER = Settings.model_fields["sources_dir"].default
# A larger file was put there by mistake; parsing it would delay every start.
MAX_BYTES = 1_000_000
AT_LINE = re.compile(r"at line (\d+)")


@dataclass(frozen=True)
class DeclaredPlatform:
    """A platform from a file, with what the registry of platforms needs of each one."""

    name: str
    base_url: str
    raw_fields: Mapping[str, str]
    profile_url: str | None
    make: Callable[[Settings, Clock], DeclaredSource]
    read_session: Callable[[str], SessionText]
    shows_uid: bool
    sequential: bool
    file: Path
    page_creators: int | None
    max_pages: int | None


def load_platforms(
    folder: Path, environ: Mapping[str, str], taken: Collection[str] = ()
) -> tuple[DeclaredPlatform, ...]:
    """Return all platforms that files declare, Baton's own first.

    Args:
        folder: the user's files, `*.toml`; only the default folder may be missing, which counts as
            empty.
        environ: may hold other base URLs (`environment()`).
        taken: names that no file may declare, as platforms in code have them.

    Raises:
        SettingsError: a file is wrong (the message names file, line and key of each mistake), a
            name is taken or declared twice, or the folder is missing or cannot be read.
    """
    found: dict[str, DeclaredPlatform] = {}
    for path in [*_files(SHIPPED), *_files(folder)]:
        platform = _platform(path, read_declaration(path, environ))
        if platform.name in taken:
            raise SettingsError("platform_name_reserved", file=str(path), name=platform.name)
        if platform.name in found:
            other = str(found[platform.name].file)
            raise SettingsError(
                "platform_name_taken", file=str(path), name=platform.name, other=other
            )
        found[platform.name] = platform
    return tuple(found.values())


def environment() -> dict[str, str]:
    """Return the variables of the environment and of the home's `.env`; the first wins.

    Variables that are empty are left out.
    """
    both = {**dotenv_values(find_home().env_file, encoding="utf-8"), **os.environ}
    return {name: value for name, value in both.items() if value}


def read_declaration(path: Path, environ: Mapping[str, str]) -> Declaration:
    """Return what a file declares; `environ` may hold another base URL for it.

    Raises:
        SettingsError: the file is wrong, or the base URL in `environ` is; of the file, line and key
            of each mistake are named.
    """
    text = _text_of(path)
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        match = AT_LINE.search(str(error))
        line = int(match[1]) if match else text.count("\n") + 1
        raise SettingsError(
            "platform_file_not_toml", file=str(path), line=line, detail=str(error)
        ) from None
    try:
        declaration = Declaration.model_validate(content)
    except ValidationError as error:
        found = [
            (_key(details["loc"]), _explain(details)) for details in error.errors(include_url=False)
        ]
        raise _mistakes(path, text, found) from None
    wrong = problems(declaration)
    if wrong:
        raise _mistakes(path, text, wrong)
    return _with_base_url(declaration, environ)


def _with_base_url(declaration: Declaration, environ: Mapping[str, str]) -> Declaration:
    name = declaration.base_url_variable
    value = environ.get(name)
    if not value:
        return declaration
    try:
        url = TypeAdapter(UrlSetting).validate_python(plain_url(value))
    except ValueError:
        raise SettingsError(
            "platform_base_url_malformed", setting=name, platform=declaration.name
        ) from None
    return declaration.model_copy(update={"base_url": url})


def _platform(path: Path, declaration: Declaration) -> DeclaredPlatform:
    columns = column_expressions(declaration.columns)
    return DeclaredPlatform(
        name=declaration.name,
        base_url=declaration.base_url,
        raw_fields={name: raw_field(name, where) for name, where in columns.items()},
        profile_url=declaration.creators.profile_url,
        make=lambda settings, clock: DeclaredSource(
            declaration=declaration,
            timeout_secs=settings.request_timeout_secs,
            answer_secs=settings.answer_timeout_secs,
            clock=clock,
        ),
        read_session=partial(
            given_session,
            declaration.session,
            site_of(urlsplit(declaration.base_url).hostname or ""),
        ),
        shows_uid=declaration.check.uid is not None,
        sequential=declaration.sequential,
        file=path,
        page_creators=declaration.paging.page_size,
        max_pages=declaration.paging.max_pages,
    )


def _files(folder: Path) -> list[Path]:
    default = find_home().path / DEFAULT_FOLDER
    if not folder.is_dir() and (folder.exists() or folder != default):
        raise SettingsError("sources_folder_missing", folder=str(folder))
    try:
        return sorted(path for path in folder.glob("*.toml") if not path.name.startswith("."))
    except OSError as error:
        raise SettingsError(
            "sources_folder_unreadable", folder=str(folder), detail=error.strerror
        ) from None


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SettingsError("platform_file_too_large", file=str(path))
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError("file_not_readable", file=str(path), detail=error.strerror) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SettingsError("platform_file_not_utf8", file=str(path), line=line) from None


def _mistakes(path: Path, text: str, found: list[Problem]) -> SettingsError:
    problems = [_mistake(path, line_of(text, key), key, problem) for key, problem in found]
    return SettingsError("platform_file_wrong", problems=problems)


def _mistake(path: Path, line: int | None, key: Key, problem: Message) -> Message:
    where = _dotted(key) or Message.of("platform_file_whole")
    if line is None:
        return Message.of("platform_file_key_wrong", file=str(path), key=where, problem=problem)
    return Message.of(
        "platform_file_line_wrong", file=str(path), line=line, key=where, problem=problem
    )


def _key(loc: tuple[str | int, ...]) -> Key:
    """Return a pydantic location without the parts that name a branch of a type (`[key]`, `str`,
    `int`)."""
    return tuple(part for part in loc if part not in ("[key]", "str", "bool", "int", "float"))


def _dotted(key: Key) -> str:
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _explain(details: ErrorDetails) -> Message:
    context = details.get("ctx", {})
    own = message_of(context.get("error"))
    if own is not None:
        return own
    match details["type"]:
        case "missing":
            return Message.of("key_missing")
        case "extra_forbidden":
            return Message.of("key_unknown")
        case kind:
            return pydantic_problem(kind, context, details["msg"])
