"""The checks of `doctor` on the database itself: its server, its connection, its clock, its
references."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from app.container import App
from commands.doctor.findings import Finding, ok, warning
from core.messages import Message
from storage.engines.dialect import Tls
from storage.engines.transactions import Tx
from storage.operations import database_clock, orphans

WARN_DAYS = 21


def database_findings(app: App) -> Iterator[Finding]:
    """Yield the findings on server, encryption, moments that lie in the future and orphans."""
    name = app.database.engine.server_name()
    if name is not None:
        yield ok(Message.of("subject_database_server"), Message.of("server_named", server=name))
        yield _tls_finding(app.database.read(Tx.tls))
    yield _future_finding(app)
    yield _orphans_finding(app)


def _tls_finding(tls: Tls | None) -> Finding:
    subject = Message.of("subject_database_tls")
    if tls is None:
        return ok(subject, Message.of("tls_unused"))
    code = "tls_verified" if tls.is_verified else "tls_unverified"
    if tls.days_left is None:
        return ok(subject, Message.of(code, cipher=tls.cipher))
    detail = Message.of("tls_with_days", tls=Message.of(code, cipher=tls.cipher), n=tls.days_left)
    if tls.days_left > WARN_DAYS:
        return ok(subject, detail)
    return warning(subject, detail, Message.of("tls_renew"))


def _orphans_finding(app: App) -> Finding:
    subject = Message.of("subject_references")
    counts = {
        reference: app.database.read(orphans.orphans, reference) for reference in orphans.REFERENCES
    }
    named = [
        Message.of("orphans_of", column=f"{one.table}.{one.column}", rows=rows, target=one.target)
        for one, rows in counts.items()
        if rows
    ]
    if not named:
        return ok(subject, Message.of("no_orphans"))
    return warning(subject, Message.of("orphans_found", named=named), Message.of("restore_rows"))


def _future_finding(app: App) -> Finding:
    subject = Message.of("subject_moments")
    now = app.clock.now()
    today = app.calendar.day(now)
    lease = timedelta(seconds=app.settings.lease_secs)
    found = app.database.read(database_clock.future_moments, now, today, lease=lease)
    if not found:
        return ok(subject, Message.of("no_future_moments"))

    def mend() -> Message:
        count = app.database.write_idempotent(database_clock.mend, now, today, lease=lease)
        return Message.of("moments_mended", n=count, secs=app.settings.lease_secs / 3 + 1)

    named = [
        Message.of(
            "future_moment",
            column=f"{moments.table}.{moments.column}",
            rows=moments.rows,
            latest=moments.latest,
        )
        for moments in found
    ]
    return warning(
        subject, Message.of("moments_ahead", named=named), Message.of("clear_moments"), fix=mend
    )
