"""`start_crawl`, `start_export` and `run`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from app.container import App, load_services
from commands.crawling.condition_files import condition_reader, content_of
from commands.framework.context import Exit, opened_app, result, result_json, say
from commands.framework.foreground import Foreground
from commands.framework.options import OnlyAccount, OnlyGroup
from commands.framework.reader import reader
from commands.framework.summary import conclude
from commands.framework.system_user import system_user
from core.cancellation import StoppedSignal
from core.errors import InvalidInputError, SettingsError, UnknownDomainError
from core.installation.file_access import make_folder
from core.messages import Message
from crawler.export.formats import FORMATS
from crawler.export.requests import MAX_LANES, ExportRequest
from crawler.export.selection import TOLD_VALUES, SkipDelivered, choice_in_words, selection_of
from crawler.tasks.labels import labels_named
from crawler.tasks.requests import DEFAULT_PLATFORM, CrawlRequest
from crawler.tasks.submission import FiledTask
from presentation.i18n.command_lines import start_command
from presentation.i18n.renderer import renderer_for
from sources.base import Via
from storage.models.tasks import TaskType

MAX_WORKERS = MAX_LANES
MAX_INIT_WAIT_SECS = 86_400
KEYWORD_HEADERS = frozenset({"keyword", "keywords", "word", "关键词", "搜索词"})
UNKNOWN_DOMAIN_GRACE_SECS = 10.0
Domain = Annotated[str, typer.Option("--domain", help="the field to work on, e.g. 美妆")]
Platform = Annotated[str, typer.Option("--platform", help="where the creators are")]
Workers = Annotated[int, typer.Option("--workers", help="threads that work side by side")]
Detach = Annotated[bool, typer.Option("--detach", help="only file the task for a running `run`")]
AsJson = Annotated[bool, typer.Option("--json", help="print the result as JSON")]
Labels = Annotated[
    list[str] | None, typer.Option("--label", help="file it under this; may be repeated")
]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", help="only these: 'followers>=10000'; may be repeated"),
]
Since = Annotated[
    str | None, typer.Option("--since", help="ingested since: a span such as 7d, or a day")
]
FoundBy = Annotated[
    list[str] | None, typer.Option("--keyword", help="found by this search; may be repeated")
]
Has = Annotated[
    list[str] | None,
    typer.Option("--has", help="contact, email, phone or messenger in the signature"),
]
Order = Annotated[
    str | None, typer.Option("--order", help="a field; - in front: the highest first")
]
Skip = Annotated[
    SkipDelivered,
    typer.Option("--skip-delivered", help="platform: not who another domain delivered"),
]


def start_crawl(
    domain: Domain,
    pages: Annotated[int | None, typer.Option(help="pages at most; default: all there are")] = None,
    platform: Platform = DEFAULT_PLATFORM,
    via: Annotated[
        Via, typer.Option(help="find creators by name, or as authors of videos")
    ] = Via.USERS,
    workers: Workers = 2,
    keyword: Annotated[
        list[str] | None,
        typer.Option("--keyword", help="search for this instead; may be repeated"),
    ] = None,
    keywords_file: Annotated[
        Path | None, typer.Option("--keywords-file", help="a file of such words")
    ] = None,
    stop_dry: Annotated[
        int | None,
        typer.Option("--stop-dry", help="end after so many pages without a new creator"),
    ] = None,
    label: Labels = None,
    account: OnlyAccount = None,
    group: OnlyGroup = None,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Crawl the creators of a domain into the database.

    Joins or resumes an open crawl of the same platform and domain.
    """
    require_workers(workers)
    request = CrawlRequest(
        domain=domain,
        platform=platform,
        pages=pages,
        via=via,
        keywords=[*(keyword or ()), *_words_of(keywords_file)],
        stop_dry=stop_dry,
        labels=label or (),
        account=account,
        group=group,
    )
    with opened_app(workers, services=True) as app:
        filed = app.use_cases.tasks.crawl(system_user(app), request)
        for one in filed:
            _say_joined(app, one, {"via": request.via.value}, pages)
        if detach:
            _print_filed(filed, as_json)
            return
        view = Foreground(app=app, works_on=(TaskType.INGESTION,), wait=True)
        task_ids = tuple(one.task.id for one in filed)
        engine = app.engine(
            crawl_threads=workers,
            export_threads=0,
            on_failure=view.failed,
            crawl_only=task_ids,
        )
        ending = view.run(engine, task_ids)
        conclude(app, [one.task for one in filed], view.last, ending, as_json)


def _words_of(path: Path | None) -> Sequence[str]:
    """Return the words of a list, and say what was read; none for None."""
    if path is None:
        return ()
    from core.tabular.words import read_words

    found = read_words(content_of(path), path.name, KEYWORD_HEADERS)
    for note in found.notes:
        say(note)
    return found.words


def start_export(
    domain: Domain,
    format: Annotated[str, typer.Option("--format", help=" or ".join(FORMATS))] = "csv",
    limit: Annotated[int | None, typer.Option(help="rows at most; default: all there are")] = None,
    out: Annotated[Path | None, typer.Option(help="folder; default: data/exports")] = None,
    columns: Annotated[str | None, typer.Option(help="comma-separated; see docs/cli.md")] = None,
    headers: Annotated[
        str, typer.Option("--headers", help="what the columns are called: raw, en or zh")
    ] = "raw",
    raw_cells: Annotated[
        bool, typer.Option("--raw-cells", help="CSV: leave formula-like text")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="go on for ever with new creators")
    ] = False,
    where: Where = None,
    since: Since = None,
    keyword: FoundBy = None,
    has: Has = None,
    order: Order = None,
    skip_delivered: Skip = SkipDelivered.NEVER,
    platform: Platform = DEFAULT_PLATFORM,
    workers: Workers = 1,
    label: Labels = None,
    account: OnlyAccount = None,
    group: OnlyGroup = None,
    wait: Annotated[bool, typer.Option("--wait", help="stay until the quota day turns")] = False,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Export a domain into files, under the daily quotas.

    Joins or resumes an open export of the same platform and domain.
    """
    require_workers(workers)
    with opened_app(workers, services=True) as app:
        selection = selection_of(
            condition_reader(app),
            where=where or (),
            since=since,
            keywords=keyword or (),
            has=has or (),
            order=order,
            skip_delivered=skip_delivered is SkipDelivered.PLATFORM,
        )
        request = ExportRequest(
            selection=selection,
            domain=domain,
            platform=platform,
            format=format,
            columns=columns,
            headers=headers,
            limit=limit,
            out=str(out.absolute()) if out else None,
            raw_cells=raw_cells,
            follow=follow,
            lanes=workers,
            labels=label or (),
            account=account,
            group=group,
        )
        _require_writable(app, out)
        filed = _export(app, request)
        _say_joined(app, filed, request.options.as_json())
        if detach:
            _print_filed((filed,), as_json)
            return
        _run_export(app, filed, workers, wait=wait, as_json=as_json)


def _run_export(app: App, filed: FiledTask, workers: int, *, wait: bool, as_json: bool) -> None:
    view = Foreground(app=app, works_on=(TaskType.EXPORT,), wait=wait)
    engine = app.engine(
        crawl_threads=0,
        export_threads=workers,
        on_failure=view.failed,
        export_only=filed.task.id,
    )
    ending = view.run(engine, (filed.task.id,))
    conclude(app, [filed.task], view.last, ending, as_json)


def run(
    crawl_workers: Annotated[int, typer.Option(help="ingestion threads")] = 2,
    export_workers: Annotated[int, typer.Option(help="export threads")] = 2,
    console: Annotated[
        bool, typer.Option("--web/--no-web", help="serve the web console too")
    ] = True,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", help="work only on tasks with this; may be repeated"),
    ] = None,
    init: Annotated[
        bool, typer.Option("--init", help="first wait for the database, make or upgrade its tables")
    ] = False,
    init_wait_secs: Annotated[
        int, typer.Option(min=0, max=MAX_INIT_WAIT_SECS, help="how long --init waits, in seconds")
    ] = 60,
) -> None:
    """Run day and night: work on every task that is filed. Ctrl-C ends it in order."""
    if crawl_workers < 0 or export_workers < 0 or crawl_workers + export_workers == 0:
        raise InvalidInputError("no_worker_given")
    require_workers(max(1, crawl_workers))
    require_workers(max(1, export_workers))
    labels = labels_named(label or ())
    # Here, as `start_crawl` and `start_export` serve no console and make no tables.
    from commands.installation.startup import Startup

    try:
        prepare = Startup(wait_secs=init_wait_secs).prepare if init else None
        _run(crawl_workers, export_workers, console, labels, prepare)
    except StoppedSignal:
        say(Message.of("stopped_before_work"))


def _run(
    crawl_workers: int,
    export_workers: int,
    console: bool,
    labels: Sequence[str],
    prepare: Callable[[App], None] | None,
) -> None:
    from commands.installation.serve import web_beside

    load_services()
    threads = crawl_workers + export_workers
    with opened_app(threads, services=True, prepare=prepare) as app:
        works_on = [
            *([TaskType.INGESTION] if crawl_workers else []),
            *([TaskType.EXPORT] if export_workers else []),
        ]
        view = Foreground(app=app, works_on=tuple(works_on), wait=True)
        with web_beside(app, view.failed) if console else nullcontext():
            engine = app.engine(
                crawl_threads=crawl_workers,
                export_threads=export_workers,
                on_failure=view.failed,
                jobs=True,
                labels=labels,
            )
            ending = view.run(engine, ())
        if ending.code is not Exit.INTERRUPTED:
            say(ending.message)
            raise typer.Exit(ending.code)
        say(renderer_for(app.settings.language).say("screen_stopped"))


def require_workers(workers: int) -> None:
    """Raise InvalidInputError unless the number of workers is from 1 to MAX_WORKERS."""
    if not 1 <= workers <= MAX_WORKERS:
        raise InvalidInputError(
            "option_out_of_range", option="--workers", maximum=MAX_WORKERS, value=workers
        )


def _require_writable(app: App, out: Path | None) -> None:
    """Create the output folder where it is missing, and check that files can be created in it.

    Raises:
        SettingsError, InvalidInputError: they cannot; the class depends on where the folder comes
            from, the settings or `--out`.
    """
    folder = out or app.settings.exports_dir
    try:
        make_folder(folder, app.foundation.file_access)
        # A file without a name: a kill leaves nothing behind.
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        path, detail = str(folder.absolute()), error.strerror
        if out is None:
            raise SettingsError("output_folder_unwritable", folder=path, detail=detail) from error
        raise InvalidInputError("given_folder_unwritable", folder=path, detail=detail) from error


def _export(app: App, request: ExportRequest) -> FiledTask:
    """File an export. A crawl of its domain that starts at the same moment has 10 s to appear."""
    try:
        return app.use_cases.tasks.export(
            system_user(app), request, grace_secs=UNKNOWN_DOMAIN_GRACE_SECS
        )
    except UnknownDomainError as error:
        raise InvalidInputError(_unknown_domain(error)) from error


def _unknown_domain(error: UnknownDomainError) -> Message:
    """Return the error for a domain without creators, with the domains that have some."""
    asked = {
        "domain": repr(error.domain),
        "platform": error.platform,
        "command": start_command(TaskType.INGESTION, error.domain),
    }
    if not error.known:
        return Message.of("domain_not_crawled", **asked)
    return Message.of("domain_not_crawled_known", known=list(error.known), **asked)


def _say_joined(
    app: App, filed: FiledTask, asked: dict[str, object], pages: int | None = None
) -> None:
    """Tell that an open task was joined, whom it is pinned to, and which of the given options it
    does not follow."""
    task = filed.task
    if filed.is_new:
        return
    kind = reader().word("task_type", task.task_type)
    joined = Message.of("task_open_already", task_id=task.id, kind=kind, domain=task.domain)
    if task.page_to is not None and task.page_to != pages:
        first = task.page_from or 1
        joined = Message.of("joined_with_pages", joined=joined, first=first, last=task.page_to)
    elif task.task_type is TaskType.INGESTION and task.page_to != pages:
        joined = Message.of("joined_with_all_pages", joined=joined)
    say(joined)
    differing = [name for name, value in asked.items() if task.options.get(name, value) != value]
    if differing:
        say(Message.of("task_keeps_options", names=differing))
    choice = choice_in_words(task.options, TOLD_VALUES)
    if choice:
        say(Message.of("task_keeps_choice", choice=choice))
    for pin in app.crawling.service.pin_messages([task]).values():
        say(Message.of("task_stays_pinned", task_id=task.id, pin=pin))


def _print_filed(filed: Sequence[FiledTask], as_json: bool) -> None:
    if as_json:
        found = [{"task_id": one.task.id, "new": one.is_new} for one in filed]
        result_json(found[0] if len(found) == 1 else {"tasks": found})
        return
    for one in filed:
        code = "task_was_filed" if one.is_new else "task_is_open"
        result(Message.of(code, task_id=one.task.id))


COMMANDS = {"start_crawl": start_crawl, "start_export": start_export, "run": run}
