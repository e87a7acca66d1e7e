"""Lists of accounts: username, cookie, and what else a seller or a colleague exports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accounts.proxies.text import read_proxy
from accounts.requests import MAX_NAME_LETTERS, account_name, group_name, require_user_agent
from accounts.vault import Credentials
from core.errors import InvalidInputError
from core.messages import Message
from core.tabular.cells import is_nothing, whole_number
from core.tabular.table import Table, TableRow, parse_table, read_table

if TYPE_CHECKING:
    from sources.platforms import Platform

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "username": (
        *("username", "user", "user_name", "name", "account", "account_name", "login"),
        *("账号", "账号名", "账号名称", "帐号", "用户名", "账户", "名称"),
    ),
    "cookie": ("cookie", "cookies", "session", "ck", "cookie值", "会话", "登录信息"),
    "password": ("password", "pass", "passwd", "pwd", "密码", "登录密码"),
    "proxy": ("proxy", "proxies", "proxy_url", "代理", "代理地址"),
    "limit": (
        *("limit", "daily_limit", "daily_export_limit", "每日上限", "每日导出上限"),
        *("导出上限", "上限", "限额", "配额"),
    ),
    "user_agent": ("user_agent", "useragent", "ua", "浏览器标识"),
    "group": ("group", "group_name", "groups", "分组", "组", "组名", "所属分组"),
}
MAX_ROWS = 20_000


@dataclass(frozen=True)
class AccountRow:
    """One valid row of the file.

    `line` is its number in the file, from 1; `credentials` are in clear; `limit` is in rows a day,
    None where the cell is empty. `user_agent` and `group` are None where the file has none. `notes`
    name what was left out of the row.
    """

    line: int
    username: str
    credentials: Credentials
    limit: int | None
    user_agent: str | None = None
    notes: tuple[Message, ...] = ()
    group: str | None = None


@dataclass(frozen=True)
class AccountRows:
    """The valid rows of a file, and a message, without secrets, for each invalid line.

    `notes` are worth a word, such as an encoding that had to be guessed or unknown columns.
    """

    good: tuple[AccountRow, ...]
    problems: tuple[Message, ...]
    notes: tuple[Message, ...] = ()


def accounts_in(content: bytes, file: str, platform: Platform) -> AccountRows:
    """Return the accounts in a list's bytes (CSV, Excel), each row checked by the platform's rules.

    A row that fails raises nothing: it becomes a message in `problems`, which names its line.
    `file` is what messages call the list.

    Raises:
        InvalidInputError: it is no list, has too many rows, or its header lacks a column.
    """
    return _rows(read_table(content, file, COLUMNS), file, platform)


def parse_accounts(text: str, file: str, platform: Platform) -> AccountRows:
    """Return the accounts in a list's text, as `accounts_in` does of its bytes."""
    if not text.strip():
        raise InvalidInputError("csv_columns_missing", file=file)
    return _rows(parse_table(text, file, COLUMNS), file, platform)


def _rows(table: Table, file: str, platform: Platform) -> AccountRows:
    if not {"username", "cookie"} <= table.columns:
        raise InvalidInputError("csv_columns_missing", file=file)
    if len(table.rows) > MAX_ROWS:
        raise InvalidInputError(
            "too_many_accounts", file=file, count=len(table.rows), most=MAX_ROWS
        )
    good: dict[str, AccountRow] = {}
    problems: list[Message] = []
    for cells in table.rows:
        try:
            row = _row(cells, platform)
            if row.username in good:
                raise InvalidInputError("csv_name_twice", name=row.username)
        except InvalidInputError as error:
            cause = error.message
            problems.append(Message.of("csv_line_wrong", file=file, line=cells.line, cause=cause))
            continue
        good[row.username] = row
    notes = [Message.of("file_told", file=file, note=note) for note in _notes(table)]
    return AccountRows(tuple(good.values()), tuple(problems), tuple(notes))


def _notes(table: Table) -> list[Message]:
    unknown = [Message.of("columns_not_known", names=list(table.unused))] if table.unused else []
    return [*table.notes, *unknown]


def _row(row: TableRow, platform: Platform) -> AccountRow:
    if row.problem is not None:
        raise row.problem
    cells = row.cells
    username = cells.get("username", "")
    if not 0 < len(username) <= MAX_NAME_LETTERS:
        raise InvalidInputError("csv_name_invalid", max_letters=MAX_NAME_LETTERS)
    session = platform.read_session(cells.get("cookie", ""))
    # A wrong proxy or limit costs the row: without it the account would leave by another way, or
    # export more than its owner allows.
    proxy = read_proxy(cells.get("proxy", ""))
    notes = list(session.notes)
    agent = session.user_agent
    try:
        agent = require_user_agent(cells["user_agent"]) if "user_agent" in cells else agent
    except InvalidInputError as error:
        notes.append(error.message)
    given_group = cells.get("group", "")
    return AccountRow(
        line=row.line,
        username=account_name(username),
        credentials=Credentials(cells.get("password"), session.text, proxy),
        limit=_limit(cells.get("limit", "")),
        user_agent=agent,
        notes=tuple(notes),
        # Its tasks may be pinned to it: a wrong group costs the row, too.
        group=None if is_nothing(given_group) else group_name(given_group),
    )


def _limit(text: str) -> int | None:
    if is_nothing(text):
        return None
    try:
        return whole_number(text)
    except InvalidInputError as error:
        raise InvalidInputError("csv_limit_invalid") from error
