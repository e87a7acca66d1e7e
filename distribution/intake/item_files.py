"""Read files of tasks, users and completions: a list, a JSON array, or one JSON object a line."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from core.errors import InvalidInputError
from core.messages import Message
from core.plain_text import DecodedText, decoded
from core.tabular.cells import is_nothing, whole_number
from core.tabular.table import Table, TableRow, parse_table, read_table
from core.tabular.workbook import is_workbook
from distribution.counters import NAMES
from distribution.intake.importer import Problem
from distribution.intake.validation import COMPLETION_FIELDS, DETAILS, DRAMA_FIELDS, USER_FIELDS

# A list may have columns of their own for the verified counters.
COUNTERS = tuple(names[0] for names in NAMES.values())
NUMBERS = {*COUNTERS, "duration"}
# Other words for the fields, as people head their columns.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "task_id": ("任务id", "下发任务id", "任务编号"),
    "project_id": ("项目id", "项目编号"),
    "title": ("标题", "剧名"),
    "duration": ("时长",),
    "video_url": ("视频链接", "链接"),
    "callback_url": ("回调地址",),
    "callback_secret": ("签名密钥",),
    "user_id": ("用户id", "用户编号"),
    "submission_link": ("提交的链接", "提交链接", "作品链接"),
    "completed_at": ("完成时间", "提交时间"),
    "platform": ("平台",),
    "verification_details": ("核验数据",),
    "agent_node": ("代理节点",),
    "status": ("状态",),
    "name": ("名称", "用户名", "昵称"),
    "view_count": ("播放量",),
    "like_count": ("点赞数",),
    "comment_count": ("评论数",),
    "share_count": ("分享数", "转发数"),
    "collect_count": ("收藏数",),
}


# Cells that cannot mean a word: in them `-` or `none` says that there is nothing.
WORDLESS = {*COUNTERS, "duration", "video_url", "callback_url", "completed_at", DETAILS}


class ItemKind(StrEnum):
    """What a file lists."""

    DRAMAS = "dramas"
    USERS = "users"
    COMPLETIONS = "completions"


COLUMNS: Mapping[ItemKind, Sequence[str]] = {
    ItemKind.DRAMAS: DRAMA_FIELDS,
    ItemKind.USERS: USER_FIELDS,
    ItemKind.COMPLETIONS: COMPLETION_FIELDS,
}


class ItemFile:
    """The items of a file (a JSON array, JSON lines or a list), to be iterated once.

    `places[position]` is an item's place in the file, `unreadable[position]` why it cannot be read;
    both are filled by the iteration. `notes` are worth a word, such as columns that were left out.

    Args:
        name: what messages call the file.

    Raises:
        InvalidInputError: the file is of an unknown encoding, or a list without the column of ids.
    """

    def __init__(self, *, content: bytes, name: str, kind: ItemKind) -> None:
        self._file = name
        self._columns = COLUMNS[kind]
        self._text = DecodedText("", "")
        self._table: Table | None = None
        self.places: list[Message] = []
        self.unreadable: dict[int, InvalidInputError] = {}
        self.notes: list[Message] = []
        self._open(content)

    @property
    def id_field(self) -> str:
        """Return the name of the field that names an item."""
        return self._columns[0]

    def reason(self, problem: Problem) -> Message:
        """Return why an item was refused, as it stands in the file."""
        unreadable = self.unreadable.get(problem.position)
        return problem.reason if unreadable is None else unreadable.message

    def __iter__(self) -> Iterator[Any]:
        """Yield the items as JSON objects; an InvalidInputError in
        place of one that cannot be read.

        Raises:
            InvalidInputError: the file as a whole is empty or damaged.
        """
        for item in self._items():
            if isinstance(item, InvalidInputError):
                self.unreadable[len(self.places) - 1] = item
            yield item

    def _open(self, content: bytes) -> None:
        if is_workbook(content):
            self._table = read_table(content, self._file, self._words())
        else:
            self._text = decoded(content, self._file)
            if self._text.text.lstrip()[:1] not in ("", "[", "{"):
                self._table = parse_table(self._text, self._file, self._words())
        if self._table is None:
            return
        required = self._columns[0]
        if required not in self._table.columns:
            raise InvalidInputError("file_lacks_column", file=self._file, name=required)
        notes = list(self._table.notes)
        if self._table.unused:
            notes.append(Message.of("columns_not_known", names=list(self._table.unused)))
        self.notes = [Message.of("file_told", file=self._file, note=note) for note in notes]

    def _words(self) -> dict[str, tuple[str, ...]]:
        counters = COUNTERS if DETAILS in self._columns else ()
        return {name: (name, *ALIASES.get(name, ())) for name in (*self._columns, *counters)}

    def _items(self) -> Iterator[Any]:
        if self._table is not None:
            return self._rows(self._table)
        start = self._text.text.lstrip()[:1]
        if not start:
            raise InvalidInputError("file_is_empty", file=self._file)
        return self._array() if start == "[" else self._lines()

    def _array(self) -> Iterator[Any]:
        for number, item in enumerate(self._json(), start=1):
            self.places.append(_place("item", number))
            yield item

    def _json(self) -> list[Any]:
        try:
            items: list[Any] = json.loads(self._text.text)
        except json.JSONDecodeError as error:
            raise InvalidInputError(
                "file_no_json_line", file=self._file, line=error.lineno, detail=error.msg
            ) from error
        except (ValueError, RecursionError) as error:
            raise InvalidInputError(
                "file_unreadable_json", file=self._file, detail=str(error)
            ) from error
        return items

    def _lines(self) -> Iterator[Any]:
        for number, line in enumerate(io.StringIO(self._text.text), start=1):
            if not line.strip():
                continue
            self.places.append(_place("line", number))
            try:
                yield json.loads(line)
            except (ValueError, RecursionError) as error:
                yield InvalidInputError("line_no_json_object", detail=str(error))

    def _rows(self, table: Table) -> Iterator[Any]:
        for row in table.rows:
            self.places.append(_place("line", row.line))
            yield _object(row)


def _place(kind: str, number: int) -> Message:
    return Message(f"place_{kind}", {"number": number})


def _object(row: TableRow) -> Any:
    """Return a row as an item. Empty cells are left out: they do not empty a field."""
    if row.problem is not None:
        return row.problem
    told: dict[str, Any] = {
        name: _number(cell) if name in NUMBERS else cell
        for name, cell in row.cells.items()
        if name not in WORDLESS or not is_nothing(cell)
    }
    details = {name: told.pop(name) for name in COUNTERS if name in told}
    if DETAILS in told:
        try:
            verified = json.loads(told[DETAILS])
        except (ValueError, RecursionError) as error:
            return InvalidInputError("cell_no_json_object", name=DETAILS, detail=str(error))
        if not isinstance(verified, dict):
            return InvalidInputError("cell_other_json", name=DETAILS)
        details = verified | details
    return told | ({DETAILS: details} if details else {})


def _number(cell: str) -> int | str:
    """Return a number as spreadsheets write it; a text that is none stays, to be told."""
    try:
        return whole_number(cell)
    except InvalidInputError:
        return cell
