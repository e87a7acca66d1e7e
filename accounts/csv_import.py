"""Parsing of a CSV file of accounts: username, password, cookie, proxy, limit."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from accounts.requests import MAX_NAME_LETTERS
from accounts.vault import Credentials
from core.errors import InvalidInputError
from core.messages import Message
from core.plain_text import read_text

if TYPE_CHECKING:
    from sources.platforms import Platform

COLUMNS = ("username", "password", "cookie", "proxy", "limit")


@dataclass(frozen=True)
class AccountRow:
    """One valid row of the file.

    `line` is its number in the file, from 1; `credentials` are in clear; `limit` is in rows a day,
    None where the cell is empty.
    """

    line: int
    username: str
    credentials: Credentials
    limit: int | None


@dataclass(frozen=True)
class AccountRows:
    """The valid rows of a file, and a message, without secrets, for each invalid line."""

    good: tuple[AccountRow, ...]
    problems: tuple[Message, ...]


def read_accounts(file: Path, platform: Platform) -> AccountRows:
    """Return the accounts in a CSV file, each row checked by the rules of `platform`.

    A row that fails raises nothing: it becomes a message in `problems`, which names its line.

    Raises:
        InvalidInputError: the file cannot be read, or its header lacks a column or names an unknown
            one.
    """
    return parse_accounts(read_text(file), str(file), platform)


def parse_accounts(text: str, file: str, platform: Platform) -> AccountRows:
    """Return the accounts in CSV text, each row checked by the rules of `platform`.

    A row that fails, or repeats a name, becomes a message in `problems`. `file` is what messages
    call the text.

    Raises:
        InvalidInputError: the header lacks a column or names an unknown one.
    """
    # Cells beyond the header's are collected under "extra", where `_row` refuses them.
    reader = csv.DictReader(io.StringIO(text, newline=None), restkey="extra")
    names = [(name or "").strip().lower() for name in reader.fieldnames or ()]
    if "username" not in names or "cookie" not in names:
        raise InvalidInputError("csv_columns_missing", file=file)
    unknown = [name for name in names if name and name not in COLUMNS]
    if unknown:
        raise InvalidInputError("csv_column_unknown", file=file, name=unknown[0], known=COLUMNS)
    reader.fieldnames = names
    good: dict[str, AccountRow] = {}
    problems: list[Message] = []
    while True:
        try:
            cells = next(reader)
            row = _row(reader.line_num, cells, platform)
            if row.username in good:
                raise InvalidInputError("csv_name_twice", name=row.username)
        except StopIteration:
            return AccountRows(tuple(good.values()), tuple(problems))
        except csv.Error as error:
            problems.append(_problem(file, reader.line_num + 1, Message.text(str(error))))
            continue
        except InvalidInputError as error:
            problems.append(_problem(file, reader.line_num, error.message))
            continue
        good[row.username] = row


def _problem(file: str, line: int, cause: Message) -> Message:
    return Message.of("csv_line_wrong", file=file, line=line, cause=cause)


def _row(line: int, cells: dict[str, str | None], platform: Platform) -> AccountRow:
    if cells.get("extra"):
        raise InvalidInputError("csv_too_many_cells")
    values = {name: (cells.get(name) or "").strip() for name in COLUMNS}
    username, cookie, proxy = values["username"], values["cookie"], values["proxy"]
    if not 0 < len(username) <= MAX_NAME_LETTERS:
        raise InvalidInputError("csv_name_invalid", max_letters=MAX_NAME_LETTERS)
    session = platform.read_session(cookie)
    if proxy:
        platform.check_proxy(proxy)
    # Spreadsheets write thousands separators.
    limit = values["limit"].replace(",", "")
    if limit and not re.fullmatch(r"[0-9]{1,10}", limit):
        raise InvalidInputError("csv_limit_invalid")
    return AccountRow(
        line=line,
        username=username,
        credentials=Credentials(values["password"] or None, session.text, proxy or None),
        limit=int(limit) if limit else None,
    )
