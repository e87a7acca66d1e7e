"""A small Django site, run as a process: `site_run.py FOLDER STEP...` with the steps of `STEPS`.

FOLDER holds the package `shop`, whose file `baton_django.py` is the receiver of the documentation.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

FOLDER = Path(sys.argv[1])
INBOX = Path(os.environ["BATON_INBOX"])
if "without_fcntl" in sys.argv:
    sys.modules["fcntl"] = None  # type: ignore[assignment]  # importing it fails, as on Windows
sys.path.insert(0, str(FOLDER))

import django  # noqa: E402
from django.conf import settings  # noqa: E402

settings.configure(
    BATON_INBOX=str(INBOX),
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(FOLDER / "site.db"),
            "OPTIONS": {"timeout": 60},
        }
    },
    INSTALLED_APPS=["shop"],
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from django.db import connection, transaction  # noqa: E402
from django.db.models.signals import post_delete, post_save  # noqa: E402
from shop import baton_django as baton  # noqa: E402
from shop.models import Video  # noqa: E402

IDS = ("BV1GJ411x7h7", "BV1xx411c7mD", "BV17x411w7KC")
later_hooks: list[str] = []


def later_receiver(instance: Video, **_named: object) -> None:
    """Another app's receiver, which comes after that of Baton."""
    transaction.on_commit(lambda: later_hooks.append(instance.work_id))


post_save.connect(later_receiver, sender=Video)
post_delete.connect(later_receiver, sender=Video)


def tables() -> None:
    with connection.schema_editor() as editor:
        editor.create_model(Video)


def save() -> None:
    for number, work_id in enumerate(IDS):
        Video.objects.create(
            platform="bilibili",
            work_id=work_id,
            title=f'标题 {number} "😀"\n',
            author="某人",
            publish_time="2026-05-01T04:30:00.123456Z",
            cover_url="https://c",
        )


def odd_values() -> None:
    from shop.apps import VALUES

    for number, title in enumerate(VALUES):
        Video.objects.create(platform="youtube", work_id=f"videovideo{number}", title=title)
    Video.objects.create(platform="bilibili", work_id=IDS[0], title="plain")


def change() -> None:
    with transaction.atomic():
        first = Video.objects.get(work_id=IDS[0])
        for title in ("once", "twice"):
            first.title = title
            first.save()
    Video.objects.get(work_id=IDS[1]).delete()
    second = Video.objects.get(work_id=IDS[2])
    second.is_active = False
    second.save()


def roll_back() -> None:
    try:
        with transaction.atomic():
            Video.objects.create(platform="youtube", work_id="dQw4w9WgXcQ")
            Video.objects.all().delete()
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass


def bulk() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE shop_video SET title='by SQL', is_active=1")
    baton.hand_over_all()


def die(*_args: object, **_named: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def save_and_die() -> None:
    baton.Reports.send = die
    first = Video.objects.get(work_id=IDS[0])
    first.title = "saved last"
    first.save()


def delete_and_die() -> None:
    baton.Reports.send = die
    Video.objects.get(work_id=IDS[1]).delete()


def reconcile() -> None:
    baton.hand_over_all(complete=True)


def burst() -> None:
    """Fifty saves, the first half of them in one transaction."""
    with transaction.atomic():
        for number in range(25):
            Video.objects.create(platform="bilibili", work_id=IDS[0], title=f"title {number}")
    for number in range(25, 50):
        Video.objects.create(platform="bilibili", work_id=IDS[0], title=f"title {number}")


def every_way() -> None:
    """Change rows in each way that Django has."""
    video = Video.objects.create(platform="bilibili", work_id=IDS[0], title="created")
    with transaction.atomic():
        video.title = "saved"
        video.save()
        Video.objects.create(platform="bilibili", work_id=IDS[1])
    Video.objects.bulk_create([Video(platform="bilibili", work_id=IDS[2])])
    rows = list(Video.objects.order_by("pk"))
    for row in rows:
        row.author = "bulk"
    Video.objects.bulk_update(rows, ["author"])
    Video.objects.filter(pk=rows[0].pk).update(title="updated")
    Video.objects.filter(work_id=IDS[1]).delete()
    rows[2].delete()


def by_hand() -> None:
    """Save outside of a transaction, with autocommit off."""
    post_save.disconnect(later_receiver, sender=Video)  # which could not wait for the commit
    transaction.set_autocommit(False)
    Video.objects.create(platform="bilibili", work_id=IDS[0])
    transaction.commit()
    transaction.set_autocommit(True)


def hide() -> None:
    Video.objects.create(platform="hidden", work_id="1")


def rename() -> None:
    Video.objects.filter(work_id=IDS[0]).update(work_id=IDS[1])


def half_emoji() -> None:
    """A title that JavaScript has cut in an emoji, which no database takes."""
    told = baton._connected[Video]
    as_work = told.as_work
    told.as_work = lambda video: as_work(video) | {"title": "half \ud83d"}
    Video.objects.create(platform="bilibili", work_id=IDS[0])


def mend_folder() -> None:
    INBOX.chmod(0o700)
    for reports in baton._connected.values():
        reports._retry_at = 0.0


def hooks() -> None:
    print(len(later_hooks), Video.objects.count())


def without_fcntl() -> None:
    assert baton.fcntl is None


def race() -> None:
    """Threads that save the same rows all the time, and a clock that runs backwards."""
    stamps = iter(range(2_000_000_000, 0, -1))
    baton.time.time_ns = lambda: next(stamps)

    def save_often(me: int) -> None:
        for number in range(25):
            Video.objects.filter(work_id=IDS[number % 3]).first().save()
            video = Video.objects.get(work_id=IDS[number % 3])
            video.title = f"{me}-{number}"
            video.save()
        connection.close()

    threads = [threading.Thread(target=save_often, args=(me,)) for me in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def overtake() -> None:
    """The table changes while a save waits for its turn to write."""
    fcntl = baton.fcntl
    arrived, flock = threading.Event(), fcntl.flock

    def arrive(file: object, how: int) -> None:
        arrived.set()
        flock(file, how)

    def save_old() -> None:
        video = Video.objects.get(work_id=IDS[0])
        video.title = "old"
        video.save()
        connection.close()

    baton.fcntl = SimpleNamespace(flock=arrive, LOCK_EX=fcntl.LOCK_EX, LOCK_NB=fcntl.LOCK_NB)
    thread = threading.Thread(target=save_old)
    with open(INBOX / ".order", "a") as order:
        flock(order, fcntl.LOCK_EX)
        thread.start()
        assert arrived.wait(60)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE shop_video SET title='new' WHERE work_id=%s", [IDS[0]])
    thread.join()


def titles() -> None:
    for video in Video.objects.order_by("work_id"):
        print(video.work_id, video.title)


STEPS = {
    step.__name__: step
    for step in (
        tables,
        save,
        odd_values,
        change,
        roll_back,
        bulk,
        save_and_die,
        delete_and_die,
        reconcile,
        burst,
        every_way,
        by_hand,
        hide,
        rename,
        half_emoji,
        mend_folder,
        hooks,
        without_fcntl,
        race,
        overtake,
        titles,
    )
}
for name in sys.argv[2:]:
    STEPS[name]()
