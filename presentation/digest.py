"""The daily digest: what was ingested, exported and reported on a day, as one message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from core.clock import QuotaCalendar
from core.logs import redact
from core.messages import Message
from core.plain_text import one_line
from crawler.creators.day_report import DayReport, DayReports
from presentation.day_report import account_of
from presentation.i18n.alert_messages import AlertMessage
from presentation.i18n.renderer import Renderer
from presentation.report_health import ReportHealth, ReportHealthReader, health_sentences
from storage.engines.transactions import Database, Tx
from storage.operations import alerts, digest_totals
from storage.operations.digest_totals import CountedDay, FiledReports

# Chat robots take 2,000 bytes, in which a Chinese letter has three.
MAX_BYTES = 1900
MAX_NAME_CHARS = 24
MAX_LINE_CHARS = 120
MAX_SENTENCES = 6


@dataclass(frozen=True)
class Digest:
    """What happened on a day, and what is wrong now.

    Args:
        filed: the reports that were filed on the day, by kind and state.
        counted: the distribution tasks that were counted for the day.
        alerts: the number of open alerts.
    """

    report: DayReport
    filed: Sequence[FiledReports]
    counted: CountedDay
    health: ReportHealth
    alerts: int


@dataclass(frozen=True, kw_only=True)
class DigestReader:
    """Reads digests."""

    database: Database
    calendar: QuotaCalendar
    day_reports: DayReports
    health: ReportHealthReader

    def of_day(self, day: date) -> Digest:
        """Return the digest of a quota day, with the troubles of now."""
        report = self.day_reports.of_day(day)
        begin, end = self.calendar.bounds(day)

        def read(tx: Tx) -> Digest:
            return Digest(
                report=report,
                filed=digest_totals.filed(tx, begin, end),
                counted=digest_totals.counted(tx, day),
                health=self.health.read_in(tx),
                alerts=len(alerts.all_open(tx)),
            )

        return self.database.read(read)


def digest_message(digest: Digest, renderer: Renderer) -> AlertMessage:
    """Return a digest as a message of at most MAX_BYTES, in the renderer's language.

    The tables are those of the day report, the largest rows first. Rows that do not fit are
    counted.
    """
    title = renderer.say("digest_title", day=str(digest.report.day))
    ingested, exported = _ingested(digest.report), _exported(digest.report)
    heads = [_ingested_head(digest.report), _exported_head(digest.report)]
    tail = [_cut(renderer.text(message), MAX_LINE_CHARS) for message in _tail(digest)]
    texts = [renderer.text(head) for head in heads]
    room = MAX_BYTES - _bytes([title, *texts, *tail]) - _bytes([_more(renderer, 9999)] * 2)
    shown = _fitting([[renderer.text(row) for row in rows] for rows in (ingested, exported)], room)
    lines = []
    for head, rows, all_rows in zip(texts, shown, (ingested, exported), strict=True):
        lines += [head, *rows]
        if len(all_rows) > len(rows):
            lines.append(_more(renderer, len(all_rows) - len(rows)))
    text = redact("\n".join([*lines, *tail]))
    return AlertMessage(title, text, is_bad=bool(digest.alerts))


def _fitting(tables: Sequence[Sequence[str]], room: int) -> list[list[str]]:
    """Return as many rows of each table as fit into `room` bytes, a row of each in turn."""
    shown: list[list[str]] = [[] for _ in tables]
    for place in range(max(map(len, tables), default=0)):
        for table, kept in zip(tables, shown, strict=True):
            if place >= len(table):
                continue
            room -= _bytes([table[place]])
            if room < 0:
                return shown
            kept.append(table[place])
    return shown


def _bytes(lines: Sequence[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def _more(renderer: Renderer, count: int) -> str:
    return renderer.say("digest_more_rows", n=count)


def _ingested_head(report: DayReport) -> Message:
    return Message.of("digest_ingested", seen=report.seen, new=report.new_count, pages=report.pages)


def _exported_head(report: DayReport) -> Message:
    return Message.of("digest_exported", rows=report.exported_count, files=report.files)


def _ingested(report: DayReport) -> list[Message]:
    return [
        Message.of(
            "digest_ingested_row",
            account=_name(account_of(row)),
            platform=row.platform,
            domain=_name(row.domain),
            pages=row.pages,
            seen=row.seen,
            new=row.new_count,
        )
        for row in sorted(report.ingested, key=lambda row: -row.seen)
    ]


def _exported(report: DayReport) -> list[Message]:
    return [
        Message.of(
            "digest_exported_row",
            account=_name(account_of(row)),
            platform=row.platform,
            domain=_name(row.domain),
            rows=row.exported_count,
            files=row.files,
        )
        for row in sorted(report.exported, key=lambda row: -row.exported_count)
    ]


def _name(text: str) -> str:
    return _cut(one_line(text), MAX_NAME_CHARS)


def _cut(text: str, chars: int) -> str:
    return text if len(text) <= chars else text[: chars - 1] + "…"


def _tail(digest: Digest) -> Iterator[Message]:
    """Yield the lines about reports, and about what is wrong now."""
    yield from _reports(digest.filed)
    if digest.counted.tasks:
        yield Message.of("digest_counted", **vars(digest.counted))
    wrong = health_sentences(digest.health)
    yield Message.of("digest_alerts", n=digest.alerts) if digest.alerts else _well(wrong)
    yield from wrong[:MAX_SENTENCES]
    if len(wrong) > MAX_SENTENCES:
        yield Message.of("digest_more_rows", n=len(wrong) - MAX_SENTENCES)


def _well(wrong: Sequence[Message]) -> Message:
    return Message.of("digest_now") if wrong else Message.of("digest_all_well")


def _reports(filed: Sequence[FiledReports]) -> Iterator[Message]:
    """Yield the sum of the reports of the day, and a line for each kind."""
    yield Message.of("digest_reports", n=sum(one.count for one in filed))
    for kind in dict.fromkeys(one.kind for one in filed):
        states = [
            Message.of("digest_state", count=one.count, state=Message(f"word_{one.state.value}"))
            for one in filed
            if one.kind is kind
        ]
        yield Message.of("digest_reports_row", kind=Message(f"word_{kind.value}"), states=states)
