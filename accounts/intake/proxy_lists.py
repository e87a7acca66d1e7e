"""Lists of proxies as sellers export them: a proxy a line, a table under headers, or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from accounts.proxies.text import DEFAULT_SCHEME, proxy_of_parts, read_proxy, require_scheme
from core.errors import InvalidInputError
from core.messages import Message
from core.plain_text import decoded
from core.tabular.table import (
    DELIMITERS,
    HTML,
    SEPARATOR_LINE,
    TableRow,
    header_word,
    parse_table,
    read_table,
)
from core.tabular.workbook import is_workbook, read_workbook

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "proxy": ("proxy", "proxies", "proxy_url", "proxy_string", "url", "代理", "代理链接"),
    "host": (
        *(
            "host",
            "ip",
            "hostname",
            "host_name",
            "server",
            "address",
            "ip_address",
            "proxy_address",
        ),
        *("proxy_host", "proxy_ip", "entry_point", "addr", "domain", "主机", "服务器", "ip地址"),
        *("代理ip", "代理地址", "地址"),
    ),
    "port": ("port", "proxy_port", "http_port", "port_http", "端口", "端口号"),
    "user": (
        *("username", "user", "login", "user_name", "proxy_username", "proxy_user", "account"),
        *("用户名", "账号", "帐号", "用户"),
    ),
    "password": (*("password", "pass", "passwd", "pwd", "proxy_password", "proxy_pass", "密码"),),
    "scheme": (
        *("scheme", "protocol", "protocols", "type", "proxy_type", "协议", "类型", "代理类型"),
    ),
}
KNOWN_HEADERS = frozenset(word for words in COLUMNS.values() for word in words)
COMMENTS = ("#", "//")
MAX_PROXIES = 20_000
MAX_PROBLEMS = 1_000

# A text that begins with `[` may be an IPv6 address.
JSON = re.compile(r"\s*(?:\{|\[\s*[\[\]{\"])")


@dataclass(frozen=True)
class ListedProxy:
    """A proxy of a list: its place (a line, from 1), and its URL in clear."""

    line: int
    url: str = field(repr=False)


@dataclass(frozen=True)
class ProxyRows:
    """The proxies of a list, and a message, without secrets, for each line that is none.

    `notes` are worth a word: an encoding, unknown columns, proxies that stand there twice.
    """

    good: tuple[ListedProxy, ...]
    problems: tuple[Message, ...]
    notes: tuple[Message, ...] = ()


_Cell = tuple[int, str | InvalidInputError]  # a line, and a proxy's text or URL, or what is wrong


def proxies_in(content: bytes, file: str, scheme: str = DEFAULT_SCHEME) -> ProxyRows:
    """Return the proxies in a list's bytes: text in any encoding, CSV, JSON, or a workbook.

    A line that is no proxy raises nothing: it becomes a message in `problems`, which names it.
    Blank lines and lines that begin with `#` or `//` are passed over, and so are repeated proxies.

    Args:
        file: what messages call the list.
        scheme: that of proxies without one.

    Raises:
        InvalidInputError: it is no list, has no proxy, or more than MAX_PROXIES; the scheme is none
            of a proxy.
    """
    scheme = require_scheme(scheme)
    if is_workbook(content):
        return _of_workbook(content, file, scheme)
    found = decoded(content, file)
    notes = [found.note] if found.note is not None else []
    text = found.text.removeprefix("\ufeff")
    if HTML.match(text):
        raise InvalidInputError("table_is_html", file=file)
    if JSON.match(text):
        return _rows(_of_entries(_json_entries(text, file), scheme), file, notes)
    lines = [line if _is_content(line) else "" for line in text.splitlines()]
    first = (line for line in lines if line and not SEPARATOR_LINE.fullmatch(line.strip()))
    if _is_header(_split(next(first, ""))):
        table = parse_table("\n".join(lines), file, COLUMNS)
        notes += [*table.notes, *_unused(table.unused)]
        return _rows(_of_table(table.rows, scheme), file, notes)
    return _rows(_of_lines(lines, scheme), file, notes)


def _of_workbook(content: bytes, file: str, scheme: str) -> ProxyRows:
    sheet = read_workbook(content, file)
    first = next((cells for cells in sheet.rows if any(cell.strip() for cell in cells)), [])
    if _is_header(first):
        table = read_table(content, file, COLUMNS)
        notes = [*table.notes, *_unused(table.unused)]
        return _rows(_of_table(table.rows, scheme), file, notes)
    rows = (
        (line, "\t".join(cell for cell in cells if cell.strip()))
        for line, cells in enumerate(sheet.rows, start=1)
    )
    filled = ((line, text) for line, text in rows if _is_content(text))
    return _rows((_read(line, text, scheme) for line, text in filled), file, [])


def _of_lines(lines: Sequence[str], scheme: str) -> Iterator[_Cell]:
    for number, line in enumerate(lines, start=1):
        if line:
            yield _read(number, line, scheme)


def _of_table(rows: Iterable[TableRow], scheme: str) -> Iterator[_Cell]:
    for row in rows:
        yield (row.line, row.problem) if row.problem else _of_cells(row.line, row.cells, scheme)


def _of_entries(entries: Sequence[object], scheme: str) -> Iterator[_Cell]:
    for number, entry in enumerate(entries, start=1):
        if isinstance(entry, str):
            yield _read(number, entry, scheme)
        elif isinstance(entry, Mapping):
            yield _of_cells(number, _named(entry), scheme)
        else:
            yield number, InvalidInputError("proxy_entry_wrong")


def _of_cells(line: int, cells: Mapping[str, str], scheme: str) -> _Cell:
    """Return the proxy in the cells of a row, by our columns."""
    try:
        scheme = _scheme_of(cells.get("scheme", ""), scheme)
    except InvalidInputError as error:
        return line, error
    if "proxy" in cells:
        return _read(line, cells["proxy"], scheme)
    place = ":".join(cells[name] for name in ("host", "port") if name in cells)
    login = cells.get("user", ""), cells.get("password", "")
    if not place:
        return line, InvalidInputError("proxy_entry_wrong")
    try:
        return line, proxy_of_parts(place, *login, scheme)
    except InvalidInputError as error:
        return line, error


def _read(line: int, text: str, scheme: str) -> _Cell:
    try:
        url = read_proxy(text, scheme)
    except InvalidInputError as error:
        return line, error
    return line, InvalidInputError("proxy_entry_wrong") if url is None else url


def _rows(cells: Iterable[_Cell], file: str, notes: Iterable[Message]) -> ProxyRows:
    good: dict[str, ListedProxy] = {}
    problems: list[Message] = []
    told = [Message.of("file_told", file=file, note=note) for note in notes]
    for line, found in cells:
        if isinstance(found, InvalidInputError):
            problems.append(Message.of("csv_line_wrong", file=file, line=line, cause=found))
        elif found in good:
            first = good[found].line
            told.append(Message.of("proxy_twice", file=file, line=line, first=first))
        else:
            good[found] = ListedProxy(line, found)
        if len(problems) > MAX_PROBLEMS + len(good):
            raise InvalidInputError("list_of_others", n=len(problems), first=problems[0])
        if len(good) > MAX_PROXIES:
            raise InvalidInputError("too_many_proxies", file=file, most=MAX_PROXIES)
    if not good and not problems:
        raise InvalidInputError("proxies_missing", file=file)
    return ProxyRows(tuple(good.values()), tuple(problems), tuple(told))


def _json_entries(text: str, file: str) -> Sequence[object]:
    """Return the entries of a JSON list, or of the first list in a JSON object.

    Raises:
        InvalidInputError: it is no JSON, such as one that was cut off.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        detail = str(error) if isinstance(error, json.JSONDecodeError) else type(error).__name__
        raise InvalidInputError("file_unreadable_json", file=file, detail=detail) from None
    if isinstance(found, Mapping):
        lists = (value for value in found.values() if isinstance(value, list))
        return next(lists, [found])
    return found if isinstance(found, list) else [found]


def _named(entry: Mapping[str, object]) -> dict[str, str]:
    """Return the values of a JSON object by our columns."""
    named: dict[str, str] = {}
    for key, value in entry.items():
        word = header_word(str(key))
        column = next((name for name, words in COLUMNS.items() if word in words), None)
        shown = value[0] if isinstance(value, list) and value else value
        if column is not None and isinstance(shown, str | int) and str(shown).strip():
            named.setdefault(column, str(shown).strip())
    return named


def _scheme_of(word: str, usual: str) -> str:
    """Return the scheme that a column of sellers means.

    There `HTTPS` says that an HTTP proxy tunnels to https pages; TLS to the proxy itself is said
    only by a URL with https://.
    """
    plain = word.strip().lower()
    if plain.startswith("socks4"):
        return require_scheme(plain)
    if plain.startswith("socks5h"):
        return "socks5h"
    if plain.startswith("socks5") or plain == "socks":
        return "socks5"
    return "http" if plain.startswith("http") else usual


def _is_content(line: str) -> bool:
    return bool(line.strip()) and not line.strip().startswith(COMMENTS)


def _split(line: str) -> list[str]:
    delimiter = max(DELIMITERS, key=line.count)
    return line.split(delimiter)


def _is_header(cells: Sequence[str]) -> bool:
    """Return whether a first line names columns: a proxy's own line has none of these words."""
    words = {header_word(cell) for cell in cells}
    return bool(words & KNOWN_HEADERS) and bool({"proxy", "host"} & set(_columns_of(words)))


def _columns_of(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        yield from (name for name, known in COLUMNS.items() if word in known)


def _unused(names: Sequence[str]) -> list[Message]:
    return [Message.of("columns_not_known", names=list(names))] if names else []
