"""The tables of `creators …`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from commands.framework.context import result
from commands.framework.reader import (
    column_of,
    column_titles,
    joined,
    reader,
    table_of,
    text_of,
    word,
)
from core.messages import Message
from crawler.creators.catalogue import CreatorDetails, CreatorList
from crawler.export.formats.text_files import safe_row
from presentation.creator_views import contact_names, spark
from presentation.terminal.tables import Table
from storage.creators.observations import Observation
from storage.creators.search import DomainCount, ListedCreator, Membership

MIN_NAME_CELLS = 12  # in a window
NUMBERS = frozenset(
    {
        "followers",
        "videos",
        "likes",
        "creators",
        "exported",
        "pending",
        "pages",
        "change",
        "new creators",
        "creators seen",
    }
)


def creators(page: CreatorList, in_domain: bool) -> Table:
    """Return the table of a list; of a domain with the status there."""
    titles = ["uid", "nickname", "followers", "videos", "contact"]
    titles += ["status", "seen"] if in_domain else ["seen", "30 days"]
    table = _table(titles)
    for row in page.creators:
        last = (
            [word("exported" if row.is_exported else "not_exported"), _day(row)]
            if in_domain
            else [_day(row), spark(page.histories.get(row.id, ()))]
        )
        table.add([*_shared(row), *last])
    return table


def _shared(row: ListedCreator) -> list[str]:
    return [
        row.uid,
        row.nickname,
        _number(row.followers),
        _number(row.videos),
        contacts(row.has_contact),
    ]


def contacts(bits: int) -> str:
    """Return the ways to get in touch whose bits are set, in the reader's language."""
    return joined([word(name) for name in contact_names(bits)]) if bits else ""


def history(rows: Sequence[Observation]) -> Table:
    """Return the table of a creator's days, oldest first, with the change of its followers."""
    table = _table(["day", "until", "followers", "change", "videos", "likes", "nickname"])
    before: int | None = None
    for row in rows:
        change = "" if None in (before, row.followers) else f"{row.followers - before:+,}"  # type: ignore[operator]
        cells = [str(row.day), str(row.until_day), _number(row.followers), change]
        cells += [_number(row.videos), _number(row.likes), row.nickname or ""]
        table.add(cells)
        before = row.followers if row.followers is not None else before
    return table


def print_details(found: CreatorDetails) -> None:
    """Print one creator: its numbers, its history, and what touched it in each domain."""
    creator, shown = found.creator, reader().shown
    result(Message.of("creator_heading", nickname=creator.nickname, uid=creator.uid))
    for name, value in (
        ("platform", creator.platform),
        ("profile", found.url or ""),
        ("followers", _number(creator.followers)),
        ("videos", _number(creator.videos)),
        ("likes", _number(creator.likes)),
        ("contact", contacts(creator.has_contact)),
        ("signature", " ".join((found.signature or "").split())),
        ("first seen", str(shown(creator.first_seen_at))),
        ("seen", str(shown(creator.seen_at))),
        ("history", spark(found.history)),
    ):
        if value:
            result(Message.of("creator_fact", name=column_titles([name])[0], value=value))
    for one in found.memberships:
        _print_membership(one, found.keywords.get(one.id, ()))


def _print_membership(one: Membership, keywords: Sequence[str]) -> None:
    result(
        Message.of(
            "creator_in_domain",
            domain=one.domain,
            keywords=list(keywords),
            page=one.source_page,
            task_id=one.task_id or 0,
            account=one.ingested_by or text_of(Message.of("unknown_account")),
            moment=one.ingested_at,
        )
    )
    if one.segment_id is None:
        result(Message.of("creator_waits"))
        return
    result(
        Message.of(
            "creator_delivered",
            segment_id=one.segment_id,
            account=one.exported_by or text_of(Message.of("unknown_account")),
            day=one.quota_day,
            task_id=one.export_task_id or 0,
            file=one.file_path or text_of(Message.of("file_not_sealed")),
        )
    )


def counts(domains: Iterable[DomainCount], by: str, domain: str | None) -> list[dict[str, Any]]:
    """Return the numbers of the domains, or their sums by platform or status."""
    chosen = [one for one in domains if domain in (None, one.domain)]
    if by == "domain":
        return [{"platform": one.platform, "domain": one.domain, **_numbers(one)} for one in chosen]
    if by == "status":
        exported = sum(one.exported for one in chosen)
        pending = sum(one.pending for one in chosen)
        return [
            {"status": "pending", "creators": pending},
            {"status": "exported", "creators": exported},
        ]
    sums: dict[str, dict[str, Any]] = {}
    for one in chosen:
        row = sums.setdefault(one.platform, {"platform": one.platform})
        for name, number in _numbers(one).items():
            row[name] = row.get(name, 0) + number
    return list(sums.values())


def _numbers(one: DomainCount) -> dict[str, int]:
    return {"creators": one.creators, "exported": one.exported, "pending": one.pending}


def counted(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the table of counts; the keys of the rows name the columns."""
    titles = {"new_count": "new creators", "seen": "creators seen"}
    table = _table([titles.get(name, name) for name in rows[0]])
    for row in rows:
        table.add([_cell(name, value) for name, value in row.items()])
    return table


def _cell(name: str, value: object) -> str:
    if name == "status":
        return word(str(value))
    return f"{value:,}" if isinstance(value, int) else str(value)


def print_csv(objects: Sequence[Mapping[str, Any]]) -> None:
    """Print objects as CSV with a header; lists are joined by blanks.

    A text that a spreadsheet would run gets an apostrophe.
    """
    out = io.StringIO()
    if objects:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(objects[0])
        for found in objects:
            cells = (
                " ".join(value) if isinstance(value, list) else value for value in found.values()
            )
            writer.writerow(safe_row(list(cells)))
        # Signatures have lines of their own: the text is printed as the writer made it.
        result(out.getvalue().removesuffix("\n"))


def print_json_line(found: Mapping[str, Any]) -> None:
    """Print an object as one line of JSON."""
    result(json.dumps(found, ensure_ascii=False))


def _table(titles: Sequence[str]) -> Table:
    return table_of(
        [
            column_of(
                title,
                is_number=title in NUMBERS,
                min_cells=MIN_NAME_CELLS if title == "nickname" else None,
            )
            for title in titles
        ]
    )


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _day(row: ListedCreator) -> str:
    return str(reader().shown(row.seen_at))[:10]
