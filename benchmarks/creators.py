"""`creators`: what lists, counts and the report of a day take; a million rows with --full.

95 of 100 creators are in one of 200 domains, the first of which has a third of them; five are in
two. Rows are made inside the database. Figures are medians of the calls that the front ends make.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from statistics import median

from app.container import App
from benchmarks.ground import Ground, add_accounts, opened
from benchmarks.results import Figure, Result
from benchmarks.rows import raw_data
from storage.creators import search, selections
from storage.creators.conditions import Condition, CreatorFilter, Field, Operator
from storage.creators.search import Position, Sort
from storage.engines.dialect import Dialect
from storage.engines.transactions import Tx

NAME = "creators"
CREATORS, SHORT = 950, 95  # thousands
CHUNK = 25  # thousands in a transaction
DAYS, ACCOUNTS, DOMAINS_A_DAY, FILES_A_DAY = 365, 20, 50, 4
ROUNDS = 7
INDEXED, FREE, REPORT = "< 100", "< 1000", "< 20"
MIDDLE = 500_000  # followers, of 1,000,003 at most
PLATFORM = CreatorFilter(platform="bilibili")
LARGE = CreatorFilter(platform="bilibili", domain="domain-0")
SMALL = CreatorFilter(platform="bilibili", domain="domain-7")
ROWS = 50


def run(ground: Ground, full: bool = False) -> Result:
    """Measure both engines, one after the other."""
    figures: list[Figure] = []
    for engine in ground.engines:
        place = ground.place(engine)
        with opened(place) as app:
            begun = time.perf_counter()
            fill(app, CREATORS if full else SHORT)
            secs = time.perf_counter() - begun
            figures.append(Figure(f"{engine}: filled in", secs, "s"))
            for label, (ask, goal) in questions(app).items():
                figures.append(Figure(f"{engine}: {label}", _median_ms(ask), "ms", goal))
        ground.drop(place)
    return Result(NAME, tuple(figures))


def questions(app: App) -> dict[str, tuple[Callable[[], object], str]]:
    """Return each question by its label, with its goal."""
    catalogue, read = app.crawling.creators, app.database.read
    lowest = Sort(Field.FOLLOWERS, descending=False)
    newest, seen, videos = Sort(Field.FIRST_SEEN_AT), Sort(Field.SEEN_AT), Sort(Field.VIDEOS)
    deep = Position(MIDDLE, 1000)
    moment = Position("2026-11-14 00:00:00.000", 1000)
    busy = replace(
        PLATFORM,
        conditions=(
            Condition(Field.FOLLOWERS, Operator.AT_LEAST, 10_000),
            Condition(Field.FOLLOWERS, Operator.BELOW, MIDDLE),
            Condition(Field.VIDEOS, Operator.ABOVE, 250),
        ),
    )
    named = replace(PLATFORM, name="研究所7777")
    unnamed = replace(PLATFORM, name="nobody")
    phone = replace(PLATFORM, contacts=2)
    unseen = Condition(Field.LIKES, Operator.EQUAL, 1)
    last_minute = Condition(Field.FIRST_SEEN_AT, Operator.AT_LEAST, "2026-11-28 00:59:00.000")

    def page(wanted: CreatorFilter, sort: Sort = Sort(), **more: bool) -> Callable[[], object]:
        return lambda: catalogue.page(wanted, sort, limit=ROWS, **more)

    def behind(wanted: CreatorFilter, sort: Sort, after: Position) -> Callable[[], object]:
        return lambda: read(search.page, wanted, sort, after, ROWS + 1)

    return {
        "first page by followers": (page(PLATFORM), INDEXED),
        "first page with 30 days and a count": (
            page(PLATFORM, with_history=True, with_count=True),
            INDEXED,
        ),
        "first page from the lowest": (page(PLATFORM, lowest), INDEXED),
        "a page in the middle": (behind(PLATFORM, Sort(), deep), INDEXED),
        "a page of those without followers": (
            behind(PLATFORM, Sort(), Position(None, 1000)),
            INDEXED,
        ),
        "first page by first seen": (page(PLATFORM, newest), INDEXED),
        "a page by first seen in the middle": (behind(PLATFORM, newest, moment), INDEXED),
        "first page by last seen": (page(PLATFORM, seen), INDEXED),
        "a page by last seen in the middle": (behind(PLATFORM, seen, moment), INDEXED),
        "a small domain by followers": (page(SMALL), INDEXED),
        "the large domain by followers": (page(LARGE), INDEXED),
        "the large domain in the middle": (behind(LARGE, Sort(), deep), INDEXED),
        "the large domain with a count": (page(LARGE, with_count=True), INDEXED),
        "followers in a range, videos > 250": (page(busy), INDEXED),
        "one creator": (lambda: catalogue.show("bilibili", "1000007777", 90), INDEXED),
        "a name that few have": (page(named, with_count=True), FREE),
        "a name that nobody has": (page(unnamed, with_count=True), FREE),
        "a name in the large domain": (page(replace(LARGE, name="7777"), with_count=True), FREE),
        "count of a name": (lambda: catalogue.matching(named), FREE),
        "by videos": (page(PLATFORM, videos, with_count=True), FREE),
        "by videos in the large domain": (page(LARGE, videos, with_count=True), FREE),
        "with a phone, by followers": (page(phone, with_count=True), FREE),
        "with a phone in the large domain": (
            page(replace(LARGE, contacts=2), with_count=True),
            FREE,
        ),
        "with an e-mail in it, by videos": (
            page(replace(LARGE, contacts=1), videos, with_count=True),
            FREE,
        ),
        "by name": (page(PLATFORM, Sort(Field.NICKNAME)), INDEXED),
        "new in the last minute, by followers": (
            page(replace(PLATFORM, conditions=(last_minute,)), with_count=True),
            FREE,
        ),
        "nobody has so many likes": (
            page(replace(PLATFORM, conditions=(unseen,)), with_count=True),
            FREE,
        ),
        "nobody of the large domain has": (
            page(replace(LARGE, conditions=(unseen,)), with_count=True),
            FREE,
        ),
        "exported ones of the large domain": (
            page(replace(LARGE, is_exported=True), with_count=True),
            INDEXED,
        ),
        "creators of every domain": (catalogue.by_domain, FREE),
        "creators by day": (lambda: catalogue.by_day(30, None), INDEXED),
        "a choice of the large domain is counted": (
            lambda: read(
                lambda tx: selections.count_waiting(
                    tx,
                    replace(LARGE, conditions=busy.conditions),
                    skip_delivered=False,
                )
            ),
            FREE,
        ),
        "report of today": (app.crawling.day_reports.of_day, REPORT),
        "report of one domain": (
            lambda: app.crawling.day_reports.of_day(domain="domain-7"),
            REPORT,
        ),
    }


def fill(app: App, thousands: int) -> None:
    """Fill an empty database with creators, their rows in domains, files and days."""
    if app.database.dialect.name == "sqlite":
        # With the product's small cache the indexes alone take a quarter of an hour.
        app.database.read(lambda tx: tx.all("PRAGMA cache_size=-2000000"))
        app.database.read(lambda tx: tx.all("PRAGMA synchronous=OFF"))
    for first in range(0, thousands, CHUNK):
        app.database.write(_add_creators, first, min(CHUNK, thousands - first))
        app.database.write(_add_memberships, first * 1000, CHUNK * 1000)
    today = app.calendar.day(app.clock.now())
    add_accounts(app, ACCOUNTS, 4000)
    app.database.write(_add_days, today)
    app.database.close()  # later connections are the product's own


def _text(dialect: Dialect, *parts: str) -> str:
    if dialect.name == "sqlite":
        return " || ".join(parts)
    return f"CONCAT({', '.join(parts)})"


def _moment(dialect: Dialect, number: str) -> str:
    """Return the SQL of a moment of November 2026, a different one for each thousand or so."""
    day, minute = f"1+{number}%28", f"{number}%60"
    if dialect.name == "sqlite":
        return f"printf('2026-11-%02d 00:%02d:00.000', {day}, {minute})"
    parts = ("'2026-11-'", f"LPAD({day}, 2, '0')", "' 00:'", f"LPAD({minute}, 2, '0')")
    return _text(dialect, *parts, "':00.000'")


def _add_creators(tx: Tx, first: int, thousands: int) -> None:
    i = "(t.n*1000+u.n)"
    uid = _text(tx.dialect, "''", f"(1000000000+{i})")
    seen, name = _moment(tx.dialect, i), _text(tx.dialect, "'小鹿研究所'", i)
    tx.execute(
        "INSERT INTO creators (platform, uid, nickname, followers, videos, likes, has_contact,"
        " raw_data, first_seen_at, seen_at, changed_at)"
        " WITH RECURSIVE t(n) AS (SELECT :first UNION ALL SELECT n+1 FROM t WHERE n<:last),"
        " u(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM u WHERE n<999)"
        f" SELECT 'bilibili', {uid},"
        f" {name},"
        f" CASE WHEN {i}%97=0 THEN NULL ELSE {i}*7919%1000003 END, {i}%300, NULL,"
        f" CASE WHEN {i}%500=0 THEN 2 WHEN {i}%8=0 THEN 1 ELSE 0 END, :raw, {seen}, {seen}, {seen}"
        " FROM t, u",
        first=first,
        last=first + thousands - 1,
        raw=raw_data(7),
    )


def _add_memberships(tx: Tx, after: int, count: int) -> None:
    """Put creators into domains, some into a second one; a quarter of them is exported."""
    number = "(c.id-1)"
    for domain, some in (
        (f"CASE WHEN {number}%19<6 THEN 0 ELSE 1+{number}%199 END", "1=1"),
        (f"1+({number}+1)%199", f"{number}%19=7"),
    ):
        listed_in = _text(tx.dialect, "'domain-'", f"({domain})")
        tx.execute(
            "INSERT INTO influencers (platform, uid, nickname, domain, source_page, raw_data,"
            " status, ingested_at, updated_at, ingestion_log_id, export_log_id, followers, videos,"
            f" seen_at) SELECT c.platform, c.uid, c.nickname, {listed_in},"
            " 1, c.raw_data, CASE WHEN c.id%4=0 THEN 'exported' ELSE 'pending_export' END,"
            " c.seen_at, c.seen_at, 1, CASE WHEN c.id%4=0 THEN 1 ELSE NULL END, c.followers,"
            f" c.videos, c.seen_at FROM creators c WHERE c.id>:after AND c.id<=:up_to AND {some}",
            after=after,
            up_to=after + count,
        )


def _add_days(tx: Tx, today: date) -> None:
    day = "date(:today, '-' || t.n || ' days')"
    if tx.dialect.name != "sqlite":
        day = "DATE_SUB(:today, INTERVAL t.n DAY)"
    domain = _text(tx.dialect, "'domain-'", "((a.id+u.n)%200)")
    numbers = (
        "WITH RECURSIVE t(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM t WHERE n<:days),"
        " u(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM u WHERE n<:domains)"
    )
    given = {"today": str(today), "days": DAYS - 1}
    tx.execute(
        "INSERT INTO day_totals (day, account_id, platform, domain, pages, seen, new_count)"
        f" {numbers} SELECT {day}, a.id, 'bilibili', {domain}, 3, 60, 20 FROM t, u, accounts a",
        **given,
        domains=DOMAINS_A_DAY - 1,
    )
    tx.execute(
        "INSERT INTO export_logs (task_id, account_id, platform, domain, quota_day, quota_limit,"
        " exported_count, first_id, last_id, format, options, state, host, start_time, end_time)"
        f" {numbers} SELECT 1, a.id, 'bilibili', {domain}, {day}, 4000, 1000, 1, 1000, 'csv',"
        " '{}', 'sealed', 'bench', :at, :at FROM t, u, accounts a",
        **given,
        domains=FILES_A_DAY - 1,
        at=f"{today} 01:00:00.000",
    )


def _median_ms(ask: Callable[[], object]) -> float:
    ask()  # the pages of the index are warm, as in a service
    spent = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        ask()
        spent.append(time.perf_counter() - begun)
    return 1000 * median(spent)
