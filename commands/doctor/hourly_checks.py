"""The checks of `doctor` on hourly numbers: what hosts must agree on, their files, packed days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from app.container import App
from commands.doctor.findings import Finding, failure, warning
from core.errors import DamagedFileError, OutputError
from core.messages import Message
from presentation.i18n.renderer import counted
from storage.engines.transactions import Tx
from storage.operations import hosts
from storage.views import days, hours, identities, packed_day
from works.hour_data.hours import HOURS_A_DAY, Hour

LOOK_BACK = timedelta(days=2)  # hosts that were not seen for longer are told as gone
LARGE_BYTES = 3 * 2**30  # 5,000 works for 90 days
MAX_PACKED_ROWS = 50_000  # the newest ones: a second or two
MAX_NAMED = 3


def hourly_findings(app: App) -> Iterator[Finding]:
    """Yield what is wrong with hourly numbers beyond their gaps; nothing when all is well."""
    yield from _zones(app)
    yield from _lists(app)
    yield from _folder(app)
    yield from _statistics_file(app)
    yield from _packed_days(app)


def _zones(app: App) -> Iterator[Finding]:
    zone, here, since = (
        app.settings.quota_timezone,
        app.foundation.host,
        app.clock.now() - LOOK_BACK,
    )
    others = [
        Message.of("zone_of_host", host=one.host, zone=one.time_zone)
        for one in app.database.read(hosts.every)
        if one.time_zone != zone and one.host != here and one.seen_at >= since
    ]
    if others:
        yield warning(
            Message.of("subject_hosts_agree"),
            Message.of("zones_differ", zone=zone, others=others),
            Message.of("zones_advice"),
        )


def _lists(app: App) -> Iterator[Finding]:
    try:
        ours = app.works.counted_list.read().sha256
    except DamagedFileError:
        return  # told with views.json
    if ours is None:
        return  # the catalogue, which is every host's
    since = Hour.of(app.clock.now() - LOOK_BACK, app.calendar.zone)
    counted_last = app.database.read(hours.lists_by_host, since.index)
    others = [host for host, theirs in counted_last.items() if theirs != ours]
    others = [host for host in others if host != app.foundation.host]
    if others:
        yield warning(
            Message.of("subject_hosts_agree"),
            Message.of("lists_differ", hosts=others),
            Message.of("lists_advice"),
        )


def _folder(app: App) -> Iterator[Finding]:
    try:
        app.works.folder_owner.check()
    except OutputError as error:
        yield failure(Message.of("subject_hourly_numbers"), error, Message.of("see_views"))


def _statistics_file(app: App) -> Iterator[Finding]:
    path = app.settings.view_data_file.absolute()
    is_kept = app.settings.views_files in ("all", "sqlite") and not app.settings.views_sqlite_days
    size = path.stat().st_size if is_kept and path.exists() else 0
    if size > LARGE_BYTES:
        yield warning(
            Message.of("subject_hourly_numbers"),
            Message.of("statistics_large", path=str(path), gigabytes=size / 1e9),
            Message.of("statistics_advice"),
        )


def _packed_days(app: App) -> Iterator[Finding]:
    damaged = app.database.read(_damaged)
    if not damaged:
        return
    named = [
        Message.of(
            "day_of_work", day=Hour.from_index(day * HOURS_A_DAY).date_text, work=":".join(key)
        )
        for day, key in damaged[:MAX_NAMED]
    ]
    facts = {"days": counted(len(damaged), "packed day"), "named": named}
    more = len(damaged) - MAX_NAMED
    yield warning(
        Message.of("subject_hourly_numbers"),
        Message("packed_days_damaged_more", {**facts, "more": more})
        if more > 0
        else Message("packed_days_damaged", facts),
        Message.of("packed_days_advice"),
    )


def _damaged(tx: Tx) -> list[tuple[int, tuple[str, str]]]:
    """Return the newest packed days that are damaged, each with platform and id of its work."""
    found = [
        (day, work)
        for day, work, packed, bits in islice(_newest_packed(tx), MAX_PACKED_ROWS)
        if not packed_day.is_sound(packed, bits)
    ]
    keys = identities.keys_of(tx, {work for _, work in found})
    return [(day, keys[work]) for day, work in found if work in keys]


def _newest_packed(tx: Tx) -> Iterator[tuple[int, int, bytes, int]]:
    """Yield day, work, packed hours and the map of the hours of packed days, newest days first."""
    first, last = days.first_since(tx, 0), days.newest(tx)
    if first is None or last is None:
        return
    for day in range(last, first - 1, -1):
        for row in days.packed_of_day(tx, day):
            yield day, row["work"], row["packed"], row["hours"]
