"""Requests for exports as users make them, with every rule and limit on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.messages import Message
from core.requests import MAX_ID, FieldChecks, domain_named, require_range, require_text
from crawler.export.columns import parse_columns
from crawler.export.formats import format_named
from crawler.export.headers import Headers, headers_named, headers_of
from crawler.export.options import ExportOptions
from crawler.export.selection import Selection
from crawler.tasks.labels import labels_named
from crawler.tasks.requests import DEFAULT_PLATFORM, check_pin

MAX_LANES = 64
MAX_ROWS = MAX_ID


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """A valid request to export the creators of a domain.

    Args:
        columns: column names, comma-separated, each with `=HEADER` or without; None for the default
            ones.
        headers: what the columns are called that have no header: raw, en or zh.
        limit: rows at most; None for all there are.
        out: an absolute folder; None for the exports folder.
        raw_cells: leave text as it is that a spreadsheet would run as a formula.
        follow: wait for new creators without end.
        selection: which creators, in which order; None: all, as they were stored.
        lanes: the number of workers that export the domain at once, each with an account of its
            own.
        labels: labels of the task; if an open export is continued instead, it gets them too.
        account: only this account works on it, by its name or id; None: every one may.
        group: only accounts of this group do; None: every one may.

    Raises:
        WrongFieldsError: a field is invalid; there is a message for each.
    """

    domain: str
    platform: str = DEFAULT_PLATFORM
    format: str = "csv"
    columns: str | None = None
    headers: str = Headers.RAW
    limit: int | None = None
    out: str | None = None
    raw_cells: bool = False
    follow: bool = False
    selection: Selection | None = None
    lanes: int = 1
    labels: Sequence[str] = ()
    account: str | None = None
    group: str | None = None
    options: ExportOptions = field(init=False, repr=False)

    def __post_init__(self) -> None:
        checks = FieldChecks()
        check_pin(checks, self.account, self.group)
        domain = checks.check("domain", domain_named, self.domain)
        checks.check("platform", require_text, self.platform)
        chosen = checks.check("format", format_named, self.format)
        columns = checks.check("columns", parse_columns, self.columns)
        language = checks.check("headers", headers_named, self.headers)
        shown = None
        if columns is not None and language is not None:
            for text in (*columns.names, *filter(None, columns.headers)):
                checks.check("columns", require_text, text)
            shown = checks.check("columns", lambda one: headers_of(one, language), columns)
        if chosen is not None and shown is not None:
            checks.check("columns", chosen.require_headers, shown)
        if self.limit is not None:
            checks.check("limit", lambda limit: require_range(limit, 1, MAX_ROWS), self.limit)
        checks.check("lanes", lambda lanes: require_range(lanes, 1, MAX_LANES), self.lanes)
        if self.limit is not None and self.lanes > 1:
            checks.add("lanes", Message.of("limit_with_lanes"))
        if self.selection is not None and self.lanes > 1:
            checks.add("lanes", Message.of("selection_with_lanes"))
        if self.selection is not None and self.selection.sort is not None and self.follow:
            checks.add("follow", Message.of("order_with_follow"))
        labels = checks.check("labels", labels_named, self.labels)
        checks.finish()
        assert chosen is not None and columns is not None
        options = ExportOptions(
            format=chosen.name,
            columns=columns.names,
            headers=None if shown == columns.names else shown,
            raw_cells=self.raw_cells,
            limit=self.limit,
            out=self.out,
            follow=self.follow,
            selection=self.selection,
        )
        object.__setattr__(self, "domain", domain)
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "options", options)
