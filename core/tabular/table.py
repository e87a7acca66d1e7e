"""Tables of rows under headers, out of delimited text or a workbook."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from core.errors import InvalidInputError
from core.messages import Message
from core.plain_text import DecodedText, decoded
from core.tabular.workbook import is_workbook, read_workbook

# In the order of trust where the first line has as many known headers by several of them.
DELIMITERS = (",", ";", "\t", "，", "；", "|")
# Excel writes its delimiter so into a first line of its own.
SEPARATOR_LINE = re.compile(r"sep=(.)\s*", re.IGNORECASE)
HTML = re.compile(r"\s*<(?:!doctype\s+html|html|head|body|table)[\s>]", re.IGNORECASE)
MAX_HEADER_CHARS = 60
MAX_SHOWN_HEADERS = 20

# Our columns with the words that stand for each of them, in lower case with `_` for blanks.
Columns = Mapping[str, Collection[str]]


@dataclass(frozen=True)
class TableRow:
    """A row that is not blank.

    Args:
        line: its number in the file, from 1; of a cell with line breaks, the last line of it.
        cells: what is not empty, by the names of our columns.
        problem: the error that names why the row cannot be read; None for a good one.
    """

    line: int
    cells: Mapping[str, str] = field(repr=False)
    problem: InvalidInputError | None = None


@dataclass(frozen=True)
class Table:
    """The rows of a list under our columns.

    Args:
        columns: those of ours that the headers name.
        unused: headers without a meaning for us, sorted.
        first: the first line as it is, cut, for messages.
        notes: what is worth a word: the encoding, the sheet, headers that come again.
    """

    columns: frozenset[str]
    rows: tuple[TableRow, ...]
    unused: tuple[str, ...] = ()
    first: str = ""
    notes: tuple[Message, ...] = ()


def read_table(content: bytes, name: str, columns: Columns) -> Table:
    """Return the table in a file's bytes: a workbook, or delimited text in any encoding.

    Messages call the file `name`. Blank rows are left out; a row that cannot be read has a problem.

    Raises:
        InvalidInputError: it is empty, no table at all, damaged, or names a column twice.
    """
    if is_workbook(content):
        sheet = read_workbook(content, name)
        rows = ((number, cells, None) for number, cells in enumerate(sheet.rows, start=1))
        notes = []
        if sheet.others:
            others = list(sheet.others)
            notes.append(Message.of("sheet_read", sheet=sheet.name, others=others))
        return _table(rows, name, columns, notes)
    return parse_table(decoded(content, name), name, columns)


def parse_table(given: DecodedText | str, name: str, columns: Columns) -> Table:
    """Return the table in delimited text; the delimiter is the one that yields known headers.

    Raises:
        InvalidInputError: as `read_table` does.
    """
    text = given if isinstance(given, str) else given.text
    notes = [] if isinstance(given, str) or given.note is None else [given.note]
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise InvalidInputError("table_empty", file=name)
    if HTML.match(text):
        raise InvalidInputError("table_is_html", file=name)
    skipped = len(text) - len(text.lstrip("\r\n"))
    lines = len(text[:skipped].splitlines())
    text = text[skipped:]
    first, _, rest = text.partition("\n")
    said = SEPARATOR_LINE.fullmatch(first.strip('\r"'))
    delimiter = said[1] if said else _delimiter(first, columns)
    rows = _rows_of_text(rest if said else text, delimiter, lines + bool(said))
    return _table(rows, name, columns, notes)


def header_word(header: str) -> str:
    """Return a header as aliases are spelled: in lower case, narrow letters, `_` for blanks."""
    word = unicodedata.normalize("NFKC", header).strip().strip("\ufeff\"'").lower()
    return re.sub(r"[\s_-]+", "_", word)


_RawRow = tuple[int, list[str], InvalidInputError | None]


def _delimiter(first: str, columns: Columns) -> str:
    known = {word for words in columns.values() for word in words}

    def score(delimiter: str) -> tuple[int, int]:
        headers = next(_rows_of_text(first, delimiter, 0), (0, [], None))[1]
        return sum(header_word(header) in known for header in headers), len(headers)

    return max(DELIMITERS, key=score)


def _rows_of_text(text: str, delimiter: str, lines_before: int) -> Iterator[_RawRow]:
    reader = csv.reader(
        io.StringIO(text, newline=None), delimiter=delimiter, skipinitialspace=True, strict=True
    )
    while True:
        first_line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            damaged = InvalidInputError("csv_damaged", detail=str(error))
            yield lines_before + first_line, [], damaged
            continue
        yield lines_before + reader.line_num, [cell.strip() for cell in cells], None


def _table(rows: Iterable[_RawRow], name: str, columns: Columns, notes: Iterable[Message]) -> Table:
    filled = (row for row in rows if row[2] is not None or any(cell.strip() for cell in row[1]))
    line, headers, problem = next(filled, (0, [], None))
    if problem is not None:
        raise InvalidInputError(_at(name, line, problem))
    if not headers:
        raise InvalidInputError("table_empty", file=name)
    names = [_column_of(header, columns) for header in headers]
    _require_once(name, headers)
    read, told = _read_rows(filled, headers, names)
    unused = {
        header.strip()[:MAX_HEADER_CHARS]
        for header, column in zip(headers, names, strict=True)
        if column is None and header.strip()
    }
    return Table(
        columns=frozenset(column for column in names if column is not None),
        rows=tuple(read),
        unused=tuple(sorted(unused)[:MAX_SHOWN_HEADERS]),
        first=",".join(headers)[:100],
        notes=(*notes, *told),
    )


def _read_rows(
    rows: Iterable[_RawRow], headers: list[str], names: list[str | None]
) -> tuple[list[TableRow], list[Message]]:
    read, notes = [], []
    for line, cells, problem in rows:
        if problem is not None:
            read.append(TableRow(line, {}, problem))
        elif cells == headers:
            notes.append(Message.of("header_repeated", line=line))
        elif any(cell.strip() for cell in cells[len(headers) :]):
            read.append(TableRow(line, {}, InvalidInputError("too_many_cells")))
        else:
            read.append(TableRow(line, _named(names, cells)))
    return read, notes


def _named(names: list[str | None], cells: list[str]) -> dict[str, str]:
    """Return the cells by our columns; of several for one column, the first that is not empty."""
    found: dict[str, str] = {}
    for column, cell in zip(names, cells, strict=False):
        text = cell.strip()
        if column is not None and text:
            found.setdefault(column, text)
    return found


def _column_of(header: str, columns: Columns) -> str | None:
    word = header_word(header)
    return next((column for column, words in columns.items() if word in words), None)


def _require_once(name: str, headers: list[str]) -> None:
    """Raise InvalidInputError when a header stands there twice: either column could be meant."""
    seen: set[str] = set()
    for header in headers:
        word = header_word(header)
        if word and word in seen:
            shown = header.strip()[:MAX_HEADER_CHARS]
            raise InvalidInputError("column_twice", file=name, name=shown)
        seen.add(word)


def _at(name: str, line: int, cause: InvalidInputError) -> Message:
    place = Message.of("at_line", line=line)
    return Message.of("file_place_wrong", file=name, place=place, cause=cause)
