"""Cookies in files: one file holds one account's, a folder holds those of many."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from accounts.requests import AccountRequest, NewAccount
from core.errors import InvalidInputError
from core.messages import Message
from core.plain_text import decoded, read_bytes

if TYPE_CHECKING:
    from sources.platforms import Platform

# Endings of exports, which are no part of the account's name.
ENDINGS = frozenset({".txt", ".json", ".cookie", ".cookies", ".har", ".curl", ".sh", ".bat"})
MAX_FILES = 20_000


@dataclass(frozen=True)
class CookieText:
    """The text of a cookie file, and what is worth a word about it."""

    text: str
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True)
class FolderAccounts:
    """The accounts of a folder's files, and a message, without secrets, for each unusable file."""

    good: tuple[NewAccount, ...]
    problems: tuple[Message, ...]
    notes: tuple[Message, ...] = ()


def cookie_text(content: bytes, name: str) -> CookieText:
    """Return the text in a cookie file's bytes, in any encoding; messages call the file `name`.

    Raises:
        InvalidInputError: it is no text; the message says what it is.
    """
    found = decoded(content, name)
    note = found.note
    return CookieText(
        found.text, () if note is None else (Message.of("file_told", file=name, note=note),)
    )


def accounts_in_folder(
    folder: Path,
    platform: Platform,
    proxy: str | None,
    limit: int | None,
    *,
    new_login: bool = False,
) -> FolderAccounts:
    """Return an account for each file of a folder, named as the file is without its ending.

    A file that fails raises nothing: it becomes a message in `problems`. Hidden files, folders and
    pipes are passed over.

    Args:
        proxy: the way of all of these accounts; None for a direct one.
        limit: rows that each may export a day; None for the default.
        new_login: other logins may take over the names of accounts.

    Raises:
        InvalidInputError: the folder cannot be read, or has no file or too many.
    """
    good: dict[str, NewAccount] = {}
    problems: list[Message] = []
    notes: list[Message] = []
    for file in _files(folder):
        try:
            cookies = cookie_text(read_bytes(file), file.name)
            new = AccountRequest(
                username=_account_of(file),
                cookies=cookies.text,
                proxy=proxy,
                limit=limit,
                new_login=new_login,
            ).checked(platform)
            if new.username in good:
                raise InvalidInputError("folder_name_twice", name=new.username)
        except InvalidInputError as error:
            problems.append(Message.of("file_told", file=file.name, note=error))
            continue
        good[new.username] = new
        notes += cookies.notes
        notes += (Message.of("file_told", file=file.name, note=note) for note in new.notes)
    return FolderAccounts(tuple(good.values()), tuple(problems), tuple(notes))


def _files(folder: Path) -> list[Path]:
    try:
        files = sorted(
            file for file in folder.iterdir() if not file.name.startswith(".") and file.is_file()
        )
    except OSError as error:
        detail = error.strerror or str(error)
        raise InvalidInputError("file_not_readable", file=str(folder), detail=detail) from error
    if not files:
        raise InvalidInputError("folder_without_files", folder=str(folder))
    if len(files) > MAX_FILES:
        raise InvalidInputError(
            "too_many_accounts", file=str(folder), count=len(files), most=MAX_FILES
        )
    return files


def _account_of(file: Path) -> str:
    name = file.name
    while (ending := Path(name).suffix.lower()) in ENDINGS:
        name = name[: -len(ending)]
    return name
