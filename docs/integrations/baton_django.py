"""Report the rows of a Django model to Baton. Copy this file; it needs Django only.

In `ready()` of an AppConfig, with your own model and fields:

    from .baton_django import connect

    def as_work(video):
        return {"platform": video.platform, "work_id": video.work_id, "title": video.title}

    connect(Video, as_work)

`BATON_INBOX` in the settings of Django is the path of Baton's drop folder. Whatever happens there,
no `save()` fails for it, and no other hook is left out: trouble goes to the logger `baton`, and
what could not be sent is sent with a later change of the same process.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models.signals import post_delete, post_save

try:
    import fcntl
except ImportError:  # Windows: the files of one process are in order, those of several may not be
    fcntl = None

log = logging.getLogger("baton")
FILE_MODE = 0o640  # Baton reads them by the group of the folder
ORDER_MODE = 0o660  # every user of the site takes numbers from it
WAIT_SECS = 10.0  # for another process that is writing
RETRY_SECS = 30.0  # after a failure; meanwhile changes are kept in memory
MAX_UNSENT = 10_000
ROWS_AT_ONCE = 500

_connected = {}  # Reports by model
_turn = threading.Lock()


def connect(model, as_work, *, platform_field="platform", work_id_field="work_id", platform=None):
    """Report every row of a model that is saved or deleted, once its transaction is committed.

    Args:
        as_work: returns what Baton shall know of a row, as a dict with at least `platform` and
            `work_id`; or None for a row that is not for Baton. A value of "" or None clears the
            field there, a key that is left out leaves it alone, and so does a value without a form
            in JSON, such as bytes.
        platform_field, work_id_field: the fields of the model that tell one work from another.
        platform: that of all rows, for a model without such a field.
    """
    reports = _connected[model] = Reports(model, as_work, platform_field, work_id_field, platform)
    uid = f"baton:{model._meta.label}"
    post_save.connect(reports.changed, sender=model, weak=False, dispatch_uid=uid)
    post_delete.connect(reports.deleted, sender=model, weak=False, dispatch_uid=uid)
    return reports


def hand_over_all(using="default", complete=False):
    """Send all rows of the connected models as one file.

    Args:
        complete: works that Baton has and this list has not are gone.

    Raises:
        OSError: the folder cannot be written; nothing was sent.
    """

    def whole_table():
        works, failed = [], 0
        for reports in _connected.values():
            told, lost = reports.works(reports.rows(using).iterator())
            works += told
            failed += lost
        # What could not be told must not be taken for gone.
        return {"complete": complete and not failed, "works": works}

    write(whole_table)


class ReportedQuerySet(models.QuerySet):
    """Reports what sends no signals, too: `update`, `bulk_update` and `bulk_create`.

    Give the model `objects = ReportedQuerySet.as_manager()`, or inherit from it.
    """

    def update(self, **values):
        reports = _connected.get(self.model)
        changes = reports.of_update(self, values) if reports else []
        updated = super().update(**values)
        if changes:
            reports.send_after_commit(self.db, changes)
        return updated

    update.alters_data = True

    def bulk_create(self, objs, *args, **kwargs):
        created = super().bulk_create(objs, *args, **kwargs)
        reports = _connected.get(self.model)
        if reports:
            reports.created(created, self.db)
        return created

    bulk_create.alters_data = True


class Reports:
    """The changes of one model, on their way to Baton.

    A change is (database, identity, None) with platform and work id; or, of a row that certainly
    stays, (database, None, pk).
    """

    def __init__(self, model, as_work, platform_field, work_id_field, platform):
        self.model = model
        self.as_work = as_work
        self._fields = (work_id_field,) if platform else (work_id_field, platform_field)
        self._platform = platform
        self._unsent = {}  # used as an ordered set
        self._guard = threading.Lock()
        self._retry_at = 0.0

    def changed(self, instance, using, **_kwargs):
        """Receive the signal post_save."""
        with never_raising():
            self.send_after_commit(using, [self._change(instance, using)])

    def deleted(self, instance, using, **_kwargs):
        """Receive the signal post_delete."""
        with never_raising():
            if self._is_for_baton(instance):
                self.send_after_commit(using, [self._change(instance, using)])

    def created(self, rows, using):
        """Report rows that were created without signals."""
        with never_raising():
            self.send_after_commit(using, [self._change(row, using) for row in rows])

    def of_update(self, queryset, values):
        """Return the changes that an update of these values is about to make."""
        with never_raising():
            using = queryset.db
            if set(values) & set(self._fields):  # the works of before are gone then
                rows = list(queryset.all())
                before = [self._change(row, using) for row in rows if self._is_for_baton(row)]
                return [*before, *((using, None, row.pk) for row in rows)]
            pks = queryset.order_by().values_list("pk", flat=True)
            return [(using, None, pk) for pk in pks]
        return []

    def send_after_commit(self, using, changes):
        """Send changes when the transaction is committed, or now where there is none."""
        with never_raising():
            try:
                transaction.on_commit(lambda: self.send(changes), using=using)
            except transaction.TransactionManagementError:
                self._keep(changes)  # autocommit is off: nobody tells when they are committed
                raise

    def send(self, changes):
        """Write a file of the rows as they are now; what cannot be sent is kept for later."""
        with never_raising():
            if time.monotonic() < self._retry_at:
                self._keep(changes)
                return
            with self._guard:
                due, self._unsent = self._unsent, {}
            due.update(dict.fromkeys(changes))
            try:
                write(lambda: self._works_of(due))
            except BaseException:
                self._retry_at = time.monotonic() + RETRY_SECS
                self._keep(due)
                raise

    def rows(self, using):
        """Return all rows that the site's own manager shows."""
        return self.model._default_manager.using(using)

    def works(self, rows):
        """Return what Baton shall know of rows, and of how many that could not be said."""
        works, failed = [], 0
        for row in rows:
            place = f"row {row.pk} of {self.model._meta.label}"
            try:
                work = self.as_work(row)
                if work is not None:
                    works.append(_with_json_form(work, place))
            except Exception:  # one row must not hold up the others
                log.exception("%s cannot be reported", place)
                failed += 1
        return works, failed

    def _change(self, row, using):
        # Not by `as_work`: until it is read again, a field may hold what the site has put there.
        work_id, *platform = (getattr(row, name) for name in self._fields)
        return using, (platform[0] if platform else self._platform, work_id), None

    def _is_for_baton(self, row):
        try:
            return self.as_work(row) is not None
        except Exception:  # noqa: BLE001 (a row that is incomplete: better told than forgotten)
            return True

    def _keep(self, changes):
        with self._guard:
            for change in changes:
                self._unsent.pop(change, None)
                self._unsent[change] = None
            too_many = len(self._unsent) - MAX_UNSENT
            if too_many > 0:
                log.error("%s changes are lost; hand_over_all() makes up for them", too_many)
                for change in list(self._unsent)[:too_many]:
                    del self._unsent[change]

    def _works_of(self, changes):
        works = []
        staying = {}
        for using, identity, pk in changes:
            if identity is None:
                staying.setdefault(using, []).append(pk)
                continue
            platform, work_id = identity
            same = dict(zip(self._fields, (work_id, platform)))  # noqa: B905 (not in Python 3.8)
            # Of two rows about one work the newer one counts.
            found = self.rows(using).filter(**same).order_by("pk").last()
            works += self.works([found])[0] if found else _deleted(platform, work_id)
        for using, pks in staying.items():
            for start in range(0, len(pks), ROWS_AT_ONCE):
                some = self.rows(using).filter(pk__in=pks[start : start + ROWS_AT_ONCE])
                works += self.works(some)[0]
        return works[0] if len(works) == 1 else works


def write(tell):
    """Write what `tell` returns as the next file of the drop folder; an empty list writes none.

    It is called when all earlier files are written, so that a later file tells a later state.

    Raises:
        OSError: the folder cannot be written, or another process has been writing for 10 s.
    """
    inbox = Path(settings.BATON_INBOX)
    inbox.mkdir(parents=True, exist_ok=True)
    with _next_number(inbox) as number:
        content = tell()
        if content == []:
            return
        # Escaped: half an emoji has no form in UTF-8.
        text = json.dumps(content, cls=DjangoJSONEncoder)
        part = inbox / f".{number}.part"
        try:
            with open(part, "x", encoding="ascii") as file:
                with suppress(OSError):  # a file system without modes
                    part.chmod(FILE_MODE)
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.rename(part, inbox / f"{number}.json")
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise
        _sync(inbox)


@contextmanager
def _next_number(inbox):
    """Yield a number that is higher than all before, while nobody else has one."""
    if not _turn.acquire(timeout=WAIT_SECS):
        raise TimeoutError("another thread has been writing to Baton's folder for too long")
    try:
        path = inbox / ".order"
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        handle = os.open(path, flags, ORDER_MODE)
        with open(handle, "r+b", buffering=0) as order:
            _lock(order)
            with suppress(OSError):  # only its owner may
                path.chmod(ORDER_MODE)
            digits = order.read(40).strip()
            number = max(time.time_ns(), int(digits) + 1 if digits.isdigit() else 0)
            order.seek(0)
            order.write(b"%020d\n" % number)  # in place: that works on a full disk, too
            yield number
    finally:
        _turn.release()


def _lock(order):
    give_up_at = time.monotonic() + WAIT_SECS
    while fcntl is not None:
        try:
            return fcntl.flock(order, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up_at:
                raise
        time.sleep(0.005)
    return None


def _sync(folder):
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _deleted(platform, work_id):
    gone = {"platform": platform, "work_id": work_id, "is_valid": False, "reason": "deleted"}
    try:
        return [_with_json_form(gone, "a row that was deleted")]
    except ValueError as error:  # kept, it would hold up all later changes
        log.error("the deletion of %r cannot be reported: %s", work_id, error)
        return []


def _with_json_form(work, place):
    """Return a work without the fields that have no form in JSON: each is logged, and left alone.

    Raises:
        ValueError: the platform or the id has none.
    """
    told = {}
    for name, value in work.items():
        try:
            json.dumps(value, cls=DjangoJSONEncoder, allow_nan=False)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            if name in ("platform", "work_id"):
                raise ValueError(f"{name} has no form in JSON: {error}") from error
            log.error(
                "%s is reported without %s, which has no form in JSON: %s", place, name, error
            )
            continue
        told[name] = value
    return told


@contextmanager
def never_raising():
    """Log an error instead of raising it: reports must not cost the site its own work."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 (whatever it is)
        log.error("a change is not reported to Baton yet: %s: %s", type(error).__name__, error)
