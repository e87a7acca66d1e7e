"""`growth`: what each step costs when 10 thousand, 100 thousand, a million creators are stored.

All sizes are open side by side and measured in turn, so that what else the machine does hits each
of them. A third of every table is one crawl that is still open; the rest was crawled in pieces. All
was exported but the last twentieth, which waits in one domain.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from statistics import median

from accounts.account_lease import AccountLease, Purpose
from app import web
from app.container import App
from benchmarks import memory, rows
from benchmarks.ground import Ground, Place, add_accounts, opened
from benchmarks.results import Figure, Result
from crawler.export.columns import DEFAULT_COLUMNS
from crawler.export.export_transaction import Batch, ExportTransaction
from crawler.export.options import ExportOptions
from crawler.export.row_sources import PendingRows
from crawler.tasks.leases import TaskLease
from crawler.tasks.options import CrawlOptions
from crawler.tasks.submission import pages_of_a_piece
from sources.base import Creator, CreatorPage
from storage.crawling import accounts, export_segments, influencers, task_pieces, tasks
from storage.crawling.export_segments import NewSegment
from storage.creators import day_totals
from storage.engines.transactions import Tx
from storage.models.tasks import TaskStatus, TaskType
from storage.operations import listings
from storage.operations.listings import Slice
from web.monitoring.metrics import InstallationCollector

NAME = "growth"
SIZES = (10_000, 100_000, 1_000_000)
FULL_SIZE = 10_000_000
ROUNDS = 300
MIN_ROUNDS = 20
MAX_SECS = 15.0  # of one operation
MEMORY_ROUNDS = 3
MEMORY_ROWS = 10_000
LIMIT = "<= 1.3"
MEMORY_LIMIT = "<= 1.1"

PLATFORM = "bilibili"
OLD, LARGE, WAITING = "美食", "知识", "美妆"  # crawled in pieces; one open crawl; not yet exported
PAGE_ROWS = 20
SEGMENT_ROWS = 4_000
WAITING_SHARE = 20  # one of so many waits to be exported
ACCOUNTS = 20
QUOTA = 4_000
ROWS_PER_EVENT = 500
BATCH_ROWS = 500
SMALL_CRAWL_PAGES = 200
PAGES_PER_PIECE = 10
AHEAD_SHARE = 10  # the large crawl has one page ahead for so many that are stored
LISTED, EVENTS = 50, 8
FIRST_DAY = date(2025, 1, 1)
MOST_FOLLOWERS = 100_000
UID_FACTOR, UID_PRIME = 48_271, 2_147_483_647  # uids come in no order


@dataclass(frozen=True)
class Block:
    """Creators of one domain that were crawled, and mostly exported, together."""

    domain: str
    first_id: int
    count: int
    is_exported: bool

    @property
    def pages(self) -> int:
        return self.count // PAGE_ROWS


@dataclass
class Table:
    """A filled database, and what the operations take from it."""

    app: App
    place: Place
    size: int
    large_crawl: int
    crawl_behind: int
    export: int
    metrics: InstallationCollector
    fresh: Iterator[int] = field(default_factory=itertools.count)


Operation = Callable[[Table], float]


def run(ground: Ground, full: bool = False) -> Result:
    """Measure medians in ms, and how much more the largest table costs than the smallest."""
    sizes = (*SIZES, FULL_SIZE) if full else SIZES
    figures: list[Figure] = []
    for engine in ground.engines:
        with ExitStack() as stack:
            tables = [_filled(ground, stack, engine, size) for size in sizes]
            figures += _costs(engine, tables)
            figures += _memory(engine, tables)
        for table in tables:
            ground.drop(table.place)
    return Result(NAME, tuple(figures))


# Measuring: every round takes the tables in turn.


def _costs(engine: str, tables: list[Table]) -> list[Figure]:
    figures: list[Figure] = []
    for name, operation in OPERATIONS.items():
        goal = LIMIT if name in LIMITED else ""
        found = _figures(f"{engine}: {name}", "ms", tables, _rounds(operation, tables), goal)
        if name in MOST_MS:
            most = MOST_MS[name][engine != "sqlite"]
            found[-2] = replace(found[-2], goal=f"<= {most}")
        figures += found
    return figures


def _figures(
    label: str, unit: str, tables: list[Table], rounds: list[list[float]], goal: str
) -> list[Figure]:
    """Return the median of each size, and that of the rounds' ratios."""
    medians = [median(of_size) for of_size in zip(*rounds, strict=True)]
    ratio = median(of_round[-1] / of_round[0] for of_round in rounds)
    return [
        *(Figure(f"{label}, {t.size:,}", m, unit) for t, m in zip(tables, medians, strict=True)),
        Figure(label=f"{label}, last / first", value=ratio, unit="", goal=goal),
    ]


def _rounds(operation: Operation, tables: list[Table]) -> list[list[float]]:
    """Return the milliseconds of every table, many times, in turn up and down the sizes."""
    rounds: list[list[float]] = []
    end, step = time.monotonic() + MAX_SECS, 1
    while len(rounds) < ROUNDS and (len(rounds) < MIN_ROUNDS or time.monotonic() < end):
        rounds.append([1000 * operation(table) for table in tables[::step]][::step])
        step = -step
    return rounds


def _memory(engine: str, tables: list[Table]) -> list[Figure]:
    """Measure peaks of child processes that store pages and export a fixed number of rows."""
    for table in tables:
        table.app.crawling.control.cancel(table.export)  # a child must find its own rows only
    rounds = [[_peak_mib(table, number) for table in tables] for number in range(MEMORY_ROUNDS)]
    return _figures(f"{engine}: peak memory", "MiB", tables, rounds, MEMORY_LIMIT)


def _peak_mib(table: Table, number: int) -> float:
    domain = f"memory-{number}"
    rows.insert(table.app.database, domain, MEMORY_ROWS)
    _file_export(table.app, domain)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(memory._process, table.place, MEMORY_ROWS).result()


def _secs(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


# The operations: each leaves the table as it found it, but for a page's creators.


def _claiming(crawl: Callable[[Table], int | None]) -> Operation:
    """Claim a piece (of that crawl) and put it back."""

    def once(app: App, only: int | None) -> None:
        app.crawling.scheduler.requeue(_claimed(app, TaskType.INGESTION, only))

    return lambda table: _secs(partial(once, table.app, crawl(table)))


def _page(table: Table) -> float:
    app = table.app
    leased = _claimed(app, TaskType.INGESTION)
    store = app.crawling.pages
    page = _fresh_page(table)
    secs = _secs(lambda: store.store(leased, 1, page, page.page, app.clock.now()))
    app.crawling.scheduler.requeue(leased)
    return secs


def _fresh_page(table: Table) -> CreatorPage:
    number = SMALL_CRAWL_PAGES + 1 + next(table.fresh)
    after = table.size + number * PAGE_ROWS
    creators = tuple(
        Creator(str(10**9 + n * UID_FACTOR % UID_PRIME), f"小鹿{n}", json.loads(rows.raw_data(n)))
        for n in range(after, after + PAGE_ROWS)
    )
    return CreatorPage(number, 10**6, creators)


def _batch(table: Table) -> float:
    app = table.app
    task, account = _claimed(app, TaskType.EXPORT, table.export), _leased(app)
    segment = _new_segment(task.id, account.id, WAITING, app.calendar.day(app.clock.now()))
    after = table.size - table.size // WAITING_SHARE
    transaction = ExportTransaction(database=app.database, clock=app.clock)
    begin = time.perf_counter()
    batch = transaction.export(
        task,
        account,
        segment,
        source=PendingRows(segment.platform, segment.domain),
        segment_id=None,
        last_id=0,
        after=after,
        marker=after,
        limit=BATCH_ROWS,
    )
    secs = time.perf_counter() - begin
    assert isinstance(batch, Batch)
    assert len(batch.rows) == BATCH_ROWS
    app.database.write(_undo, batch.segment_id, account.id)
    app.pool.manager.release(account)
    app.crawling.scheduler.requeue(task)
    return secs


def _undo(tx: Tx, segment_id: int, account_id: int) -> None:
    tx.execute(
        "UPDATE influencers SET status='pending_export', export_log_id=NULL"
        " WHERE export_log_id=:id",
        id=segment_id,
    )
    tx.execute("DELETE FROM export_logs WHERE id=:id", id=segment_id)
    tx.execute("UPDATE accounts SET today_export_count=0 WHERE id=:id", id=account_id)


def _list_tasks(tx: Tx) -> None:
    for task in tasks.top_level(tx, only_open=False, limit=LISTED):
        task_pieces.progress(tx, task)
        task_pieces.waiting_now(tx, task, datetime.now(UTC))


def _second_page(tx: Tx) -> None:
    [*_, last] = listings.segments(tx, Slice(LISTED), OLD)
    listings.segments(tx, Slice(LISTED, before=last.id), OLD)


def _start(table: Table) -> float:
    fresh = App(table.app.settings)
    begin = time.perf_counter()
    leased = _claimed(fresh.open(), TaskType.INGESTION)
    secs = time.perf_counter() - begin
    fresh.crawling.scheduler.requeue(leased)
    fresh.close()
    return secs


def _claimed(app: App, task_type: TaskType, only: int | None = None) -> TaskLease:
    leased = app.crawling.scheduler.claim(task_type, only)
    assert leased is not None
    return leased


def _leased(app: App) -> AccountLease:
    leased = app.pool.manager.lease(Purpose.EXPORTING, PLATFORM)
    assert leased is not None
    return leased


def _reading(work: Callable[[Tx], object]) -> Operation:
    return lambda table: _secs(lambda: table.app.database.read(work))


OPERATIONS: dict[str, Operation] = {
    "claim": _claiming(lambda table: None),
    "claim in a large crawl": _claiming(lambda table: table.large_crawl),
    "claim behind a large crawl": _claiming(lambda table: table.crawl_behind),
    "account lease": lambda table: _secs(
        lambda: table.app.pool.manager.release(_leased(table.app))
    ),
    "page commit": _page,
    "batch commit": _batch,
    "has pending, yes": _reading(lambda tx: influencers.domain_has_pending(tx, PLATFORM, WAITING)),
    "has pending, no": _reading(lambda tx: influencers.domain_has_pending(tx, PLATFORM, LARGE)),
    "status screen": lambda table: _secs(
        lambda: table.app.crawling.snapshots.snapshot(events=EVENTS)
    ),
    "tasks list": _reading(_list_tasks),
    "exports list": _reading(lambda tx: export_segments.newest(tx, LISTED)),
    "exports list of a domain": _reading(lambda tx: export_segments.newest(tx, LISTED, OLD)),
    "exports list of a domain, second page": _reading(_second_page),
    "account events": _reading(lambda tx: listings.events(tx, Slice(LISTED))),
    "account events of a kind": _reading(
        lambda tx: listings.events(tx, Slice(LISTED), kind="cooldown")
    ),
    "account events of a rare kind": _reading(
        lambda tx: listings.events(tx, Slice(LISTED), kind="disabled")
    ),
    "metrics": lambda table: _secs(lambda: list(table.metrics.collect())),
    "start-up": _start,
}
# Of the largest table: SQLite, MariaDB.
MOST_MS = {"status screen": (3, 10)} | dict.fromkeys(
    (
        "tasks list",
        "exports list",
        "exports list of a domain",
        "exports list of a domain, second page",
        "account events",
        "account events of a kind",
        "account events of a rare kind",
        "metrics",
    ),
    (20, 20),
)
LIMITED = {"claim", "claim in a large crawl", "claim behind a large crawl", "page commit"}


# Filling: the product files and ends the tasks and segments, the database makes up the creators.


def _filled(ground: Ground, stack: ExitStack, engine: str, size: int) -> Table:
    place = ground.place(engine)
    app = stack.enter_context(opened(place, pages_per_task=PAGES_PER_PIECE))
    add_accounts(app, ACCOUNTS, QUOTA)
    with ground.filling(app):
        large_crawl, behind = _fill_all(app, size)
    app.crawling.creators_backfill.run(threading.Event())  # there is nothing: it only says so
    app.crawling.work_totals.run()
    assert app.database.read(_creators) == size
    return Table(
        app=app,
        place=place,
        size=size,
        large_crawl=large_crawl,
        crawl_behind=behind,
        export=_file_export(app, WAITING),
        metrics=InstallationCollector(web._backend(app, app, threading.Event())),
    )


def _fill_all(app: App, size: int) -> tuple[int, int]:
    """Make all creators; return the ids of the large crawl and of the one behind it."""
    blocks = list(_blocks(size))
    app.database.write(_make_numbers)
    for block in blocks:
        if block.domain != LARGE:
            _crawl(app, [block])
    _file_crawl(app, OLD, SMALL_CRAWL_PAGES)
    large = [block for block in blocks if block.domain == LARGE]
    large_crawl = _crawl(app, large, ahead=size // PAGE_ROWS // AHEAD_SHARE)
    behind = _file_crawl(app, WAITING, SMALL_CRAWL_PAGES)
    app.database.write(lambda tx: tx.execute("DROP TABLE bench_numbers"))
    return large_crawl, behind


def _blocks(size: int) -> Iterator[Block]:
    exported = size - size // WAITING_SHARE
    domains = itertools.cycle((WAITING, LARGE, OLD))
    for done in range(0, exported, SEGMENT_ROWS):
        yield Block(
            domain=next(domains),
            first_id=done + 1,
            count=min(SEGMENT_ROWS, exported - done),
            is_exported=True,
        )
    for done in range(exported, size, SEGMENT_ROWS):
        yield Block(
            domain=WAITING,
            first_id=done + 1,
            count=min(SEGMENT_ROWS, size - done),
            is_exported=False,
        )


def _crawl(app: App, blocks: list[Block], ahead: int = 0) -> int:
    """File one crawl of these blocks; it is still open when pages are `ahead`."""
    done, items = sum(block.pages for block in blocks), f"(page_to-page_from+1)*{PAGE_ROWS}"
    crawl = _file_crawl(app, blocks[0].domain, done + ahead)
    pages_per_piece = pages_of_a_piece(done + ahead, PAGES_PER_PIECE)
    pieces = [
        task.id for task in app.database.read(tasks.children, crawl) for _ in range(pages_per_piece)
    ]
    before = 0
    for block in blocks:
        _fill(app, block, pieces, before)
        before += block.pages

    def end(tx: Tx) -> None:
        tx.execute(
            "UPDATE tasks SET status='completed', progress_marker=REPLACE('page=#', '#', page_to),"
            f" item_count={items}, new_count={items}, finished_at=:now, updated_at=:now"
            " WHERE parent_id=:crawl AND page_to<=:done",
            crawl=crawl,
            done=done,
            now=rows.MOMENT,
        )
        if not ahead:
            task_pieces.set_parent_status(tx, crawl, TaskStatus.COMPLETED, app.clock.now(), None)

    app.database.write(end)
    return crawl


def _fill(app: App, block: Block, pieces: list[int], pages_before: int = 0) -> None:
    """Insert the block's pages, creators, segment and account events; `pieces` has each page's."""
    number = block.first_id // SEGMENT_ROWS
    account, day = 1 + number % ACCOUNTS, FIRST_DAY + timedelta(days=number // ACCOUNTS)
    export = _file_export(app, block.domain) if block.is_exported else None

    def work(tx: Tx) -> None:
        segment_id = None
        if export is not None:
            segment_id = _sealed_segment(
                tx, app, block=block, task_id=export, account=account, day=day
            )
            task_pieces.set_parent_status(tx, export, TaskStatus.COMPLETED, app.clock.now(), None)
        _insert_logs(tx, block, pieces, pages_before, account)
        _insert_creators(tx, block, segment_id)
        day_totals.add(
            tx,
            day,
            account,
            PLATFORM,
            block.domain,
            pages=block.pages,
            seen=block.count,
            new=block.count,
        )
        for _ in range(block.count // ROWS_PER_EVENT):
            accounts.note_event(tx, account, "cooldown", "429", app.clock.now())

    app.database.write(work)


def _sealed_segment(tx: Tx, app: App, block: Block, task_id: int, account: int, day: date) -> int:
    ids, now = (block.first_id, block.first_id + block.count - 1), app.clock.now()
    new = _new_segment(task_id, account, block.domain, day)
    segment_id = export_segments.open_segment(tx, new, ids, block.count, now)
    file = export_segments.SealedFile(
        file_path=f"{segment_id}.csv",
        bytes=10**6,
        sha256="0" * 64,
        content_sha256="0" * 64,
        host=app.host,
    )
    export_segments.seal(tx, segment_id, file, now)
    return segment_id


def _new_segment(task_id: int, account: int, domain: str, day: date) -> NewSegment:
    return NewSegment(
        task_id=task_id,
        account_id=account,
        platform=PLATFORM,
        domain=domain,
        quota_day=day,
        quota_limit=QUOTA,
        format="csv",
        options={},
        host="bench",
    )


def _insert_logs(tx: Tx, block: Block, pieces: list[int], pages_before: int, account: int) -> None:
    tx.execute_many(
        "INSERT INTO ingestion_logs (id, task_id, account_id, domain, page_number,"
        " ingested_count, new_count, start_time, end_time, keyword)"
        " VALUES (:id, :task, :account, :domain, :page, :rows, :rows, :now, :now, :domain)",
        [
            {
                "id": block.first_id // PAGE_ROWS + 1 + page,
                "account": account,
                "task": pieces[pages_before + page],
                "domain": block.domain,
                "page": pages_before + page + 1,
                "rows": PAGE_ROWS,
                "now": rows.MOMENT,
            }
            for page in range(block.pages)
        ],
    )


def _insert_creators(tx: Tx, block: Block, segment_id: int | None) -> None:
    uid = f"1000000000 + (:first+i) * {UID_FACTOR} % {UID_PRIME}"
    who = f":platform, {uid}, REPLACE('小鹿研究所#', '#', :first+i), (:first+i) % {MOST_FOLLOWERS}"
    these = "FROM bench_numbers WHERE i<:count ORDER BY i"
    given = {
        "first": block.first_id,
        "platform": PLATFORM,
        "raw": rows.raw_data(7),
        "now": rows.MOMENT,
        "count": block.count,
    }
    tx.execute(
        "INSERT INTO influencers (id, platform, uid, nickname, followers, videos, domain,"
        " source_page, raw_data, status, ingested_at, updated_at, seen_at, ingestion_log_id,"
        f" export_log_id) SELECT :first+i, {who}, 7, :domain, 1 + page, :raw, :status, :now, :now,"
        f" :now, :log+page, :segment {these}",
        domain=block.domain,
        status="exported" if block.is_exported else "pending_export",
        log=block.first_id // PAGE_ROWS + 1,
        segment=segment_id,
        **given,
    )
    tx.execute(
        "INSERT INTO creators (platform, uid, nickname, followers, videos, raw_data,"
        f" first_seen_at, seen_at, changed_at) SELECT {who}, 7, :raw, :now, :now, :now {these}",
        **given,
    )
    tx.execute(
        "INSERT INTO influencer_keywords (influencer_id, keyword)"
        f" SELECT :first+i, :domain {these}",
        first=block.first_id,
        domain=block.domain,
        count=block.count,
    )


def _creators(tx: Tx) -> int:
    return tx.number("SELECT COUNT(*) AS n FROM creators")


def _make_numbers(tx: Tx) -> None:
    """Make a table to multiply by: that many rows are best made inside the database."""
    tx.execute("CREATE TABLE bench_numbers (i INTEGER NOT NULL PRIMARY KEY, page INTEGER NOT NULL)")
    tx.execute_many(
        "INSERT INTO bench_numbers (i, page) VALUES (:i, :page)",
        [{"i": i, "page": i // PAGE_ROWS} for i in range(SEGMENT_ROWS)],
    )


def _file_crawl(app: App, domain: str, pages: int) -> int:
    return app.crawling.submitter.submit_crawl(PLATFORM, domain, pages, CrawlOptions()).task.id


def _file_export(app: App, domain: str) -> int:
    options = ExportOptions("csv", DEFAULT_COLUMNS).as_json()
    return app.crawling.submitter.submit_export(PLATFORM, domain, options, 1).task.id
