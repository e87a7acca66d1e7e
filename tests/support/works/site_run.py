"""A small Django site, run as a process: `site_run.py FOLDER STEP...` with the steps of `STEPS`.

FOLDER holds the package `shop` with the receiver as the documentation has it.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

FOLDER = Path(sys.argv[1])
sys.path.insert(0, str(FOLDER))

import django  # noqa: E402
from django.conf import settings  # noqa: E402

settings.configure(
    BATON_INBOX=str(FOLDER / "inbox"),
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
from shop import baton  # noqa: E402
from shop.models import Video  # noqa: E402

IDS = ("BV1GJ411x7h7", "BV1xx411c7mD", "BV17x411w7KC")


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
    Video.objects.update(title="by SQL", is_active=True)
    baton.hand_over_all()


def die(*_args: object, **_named: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def save_and_die() -> None:
    baton.hand_over = die
    first = Video.objects.get(work_id=IDS[0])
    first.title = "saved last"
    first.save()


def delete_and_die() -> None:
    baton.hand_over = die
    Video.objects.get(work_id=IDS[1]).delete()


def reconcile() -> None:
    baton.hand_over_all(complete=True)


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
    arrived, flock = threading.Event(), fcntl.flock

    def arrive(file: object, how: int) -> None:
        arrived.set()
        flock(file, how)

    def save_old() -> None:
        video = Video.objects.get(work_id=IDS[0])
        video.title = "old"
        video.save()
        connection.close()

    baton.fcntl = SimpleNamespace(flock=arrive, LOCK_EX=fcntl.LOCK_EX)
    thread = threading.Thread(target=save_old)
    with open(FOLDER / "inbox" / ".order", "a") as order:
        flock(order, fcntl.LOCK_EX)
        thread.start()
        assert arrived.wait(60)
        Video.objects.filter(work_id=IDS[0]).update(title="new")
    thread.join()


def titles() -> None:
    for video in Video.objects.order_by("work_id"):
        print(video.work_id, video.title)


STEPS = {
    step.__name__: step
    for step in (
        tables,
        save,
        change,
        roll_back,
        bulk,
        save_and_die,
        delete_and_die,
        reconcile,
        race,
        overtake,
        titles,
    )
}
for name in sys.argv[2:]:
    STEPS[name]()
