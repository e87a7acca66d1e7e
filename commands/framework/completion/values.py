"""The values of options and arguments that the shell completes, in one table."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from commands.framework.completion.shells import Kind, Suggestion
from commands.framework.reader import reader
from core.clock import SystemClock
from core.errors import DatabaseError
from core.logs import redact
from core.settings import Settings
from storage.engines.transactions import Database, Tx, open_read_only
from storage.operations import suggestions
from storage.operations.suggestions import Suggestions

MAX_SUGGESTIONS = 50
DATABASE_SECS = 0.5
Source = Callable[[Settings, str], Iterable[Suggestion]]  # what is typed: its values so far
Query = Callable[[Tx, str, int], Suggestions]


def stored(query: Query) -> Source:
    """Return a source of values that runs `query` on the database, read only.

    It finds nothing where the database does not answer within DATABASE_SECS or fails.
    """

    def find(settings: Settings, typed: str) -> list[Suggestion]:
        engine = open_read_only(settings.database_url.get_secret_value(), DATABASE_SECS)
        database = Database(engine=engine, clock=SystemClock())
        found: Suggestions = {}

        def read() -> None:
            with suppress(DatabaseError):
                found.update(database.read(query, typed, MAX_SUGGESTIONS))
            database.close()

        # In a thread, as no driver limits all that it does: a name is resolved, a table is walked.
        reading = threading.Thread(target=read, daemon=True)
        reading.start()
        reading.join(DATABASE_SECS)
        return [Suggestion(value, note) for value, note in tuple(found.items())]

    return find


def nothing(settings: Settings, typed: str) -> Iterable[Suggestion]:
    """Return no value: what is typed is new."""
    return ()


def faults(settings: Settings, typed: str) -> Iterable[Suggestion]:
    """Return the profiles of faults that the sandbox plays."""
    from sandbox.config import FAULT_PROFILES

    return map(Suggestion, FAULT_PROFILES)


def platforms(settings: Settings, typed: str) -> Iterable[Suggestion]:
    """Return the names of all platforms, those of TOML files too; the shell filters them."""
    from sources.platforms import PlatformRegistry

    return map(Suggestion, PlatformRegistry(settings).platforms)


def searchable_platforms(settings: Settings, typed: str) -> Iterable[Suggestion]:
    """Return the names of the platforms whose creators can be crawled."""
    from sources.platforms import PlatformRegistry

    known = PlatformRegistry(settings).platforms.values()
    return [Suggestion(platform.name) for platform in known if platform.searches]


def jobs(settings: Settings, typed: str) -> Iterable[Suggestion]:
    """Return the names of the scheduled jobs, with their descriptions."""
    from app.container import App

    return [Suggestion(job.name, reader().text(job.description)) for job in App(settings).jobs.all]


def formats(settings: Settings, typed: str) -> Iterable[Suggestion]:
    """Return the formats of export files."""
    from crawler.export.formats import FORMATS

    return map(Suggestion, FORMATS)


def headers(settings: Settings, typed: str) -> Iterable[Suggestion]:
    """Return what the columns of a file may be called."""
    from crawler.export.headers import Headers

    return [Suggestion(one.value) for one in Headers]


def creator_fields(settings: Settings, typed: str) -> Iterable[Suggestion]:
    """Return what creators can be sorted by, upwards and downwards."""
    from storage.creators.conditions import Field

    return [Suggestion(sign + one.value) for sign in ("-", "") for one in Field]


def contacts(settings: Settings, typed: str) -> Iterable[Suggestion]:
    """Return the ways to get in touch that creators can be filtered by."""
    from crawler.creators.filters import CONTACTS

    return map(Suggestion, CONTACTS)


def columns(settings: Settings, typed: str) -> Iterable[Suggestion]:
    """Return what is typed of a list of columns, continued by each column that it lacks."""
    from crawler.export.columns import KNOWN_COLUMNS

    chosen = typed.split(",")[:-1]
    for name in KNOWN_COLUMNS:
        if name not in chosen:
            yield Suggestion(",".join((*chosen, name)))


def receiver_urls(settings: Settings, typed: str) -> Iterable[Suggestion]:
    """Return the URLs of receivers that hold no secret: no password, no query."""
    for found in stored(suggestions.receiver_urls)(settings, typed):
        if "?" not in found.value and redact(found.value) == found.value:
            yield found


# By option, or by argument in capitals; of a command or a group where its name stands in front,
# which comes first. What is missing has the values of its type, or none.
VALUES: Mapping[str, Source] = {
    "--columns": columns,
    "--domain": stored(suggestions.domains),
    "--format": formats,
    "--label": stored(suggestions.labels),
    "--platform": platforms,
    "--account": stored(suggestions.account_names),
    "--group": stored(suggestions.groups),
    "accounts --platform": searchable_platforms,
    "plan --platform": searchable_platforms,
    "start_crawl --platform": searchable_platforms,
    "start_export --platform": searchable_platforms,
    "accounts NAME": stored(suggestions.account_names),
    "accounts add NAME": nothing,
    "accounts rename NEW": nothing,
    "accounts set_group GROUP": stored(suggestions.groups),
    "accounts set_group NAMES": stored(suggestions.account_names),
    "accounts import NAME_OR_FILE": stored(suggestions.account_names),
    "circuits PLATFORM": platforms,
    "circuits --egress": stored(suggestions.egress_routes),
    "dramas TASK_ID": stored(suggestions.distribution_tasks),
    "egress NAME": stored(suggestions.egress_routes),
    "creators --keyword": stored(suggestions.keywords),
    "creators --sort": creator_fields,
    "creators --has": contacts,
    "start_export --keyword": stored(suggestions.keywords),
    "plan --keyword": stored(suggestions.keywords),
    "start_export --order": creator_fields,
    "plan --order": creator_fields,
    "start_export --has": contacts,
    "plan --has": contacts,
    "start_export --headers": headers,
    "exports copy --headers": headers,
    "exports copy --task": stored(suggestions.tasks),
    "tasks keywords DOMAIN": stored(suggestions.domains),
    "proxies NAME": stored(suggestions.egress_routes),
    "proxies NAMES": stored(suggestions.egress_routes),
    "exports --host": stored(suggestions.hosts),
    "hosts NAME": stored(suggestions.working_hosts),
    "exports SEGMENT_IDS": stored(suggestions.segments),
    "jobs NAME": jobs,
    "sandbox --faults": faults,
    "tasks LABELS": stored(suggestions.labels),
    "exports move TASK_ID": stored(suggestions.tasks),
    "tasks TASK_ID": stored(suggestions.tasks),
    "update_play_counts --uids": stored(suggestions.creators),
    "update_play_counts MORE_UIDS": stored(suggestions.creators),
    "views WORK": stored(suggestions.works),
    "views --work": stored(suggestions.works),
    "views WORKS": stored(suggestions.works),
    "web NAME": stored(suggestions.token_names),
    "daily_stats --task": stored(suggestions.distribution_tasks),
    "settlement --task": stored(suggestions.distribution_tasks),
    "settlement TASK": stored(suggestions.distribution_tasks),
    "webhooks --task": stored(suggestions.distribution_tasks),
    "webhooks --url": receiver_urls,
    "webhooks ENDPOINT": receiver_urls,
    "webhooks ID": stored(suggestions.deliveries),
    "webhooks IDS": stored(suggestions.deliveries),
    "webhooks TASK": stored(suggestions.distribution_tasks),
    "webhooks URL": receiver_urls,
    "works --uid": stored(suggestions.creators),
    "works disable LINKS": stored(suggestions.works),
    "works enable LINKS": stored(suggestions.works),
}
PATHS: Mapping[str, Kind] = {
    "--home": Kind.FOLDERS,
    "--out": Kind.FOLDERS,
    "accounts import NAME_OR_FILE": Kind.FILES,
}


def source_of(command: Sequence[str], parameter: str) -> Source | None:
    """Return the source of a parameter's values; None when it has none.

    Args:
        command: the words that name the command, with underscores.
        parameter: the option, or the argument's name in capitals.
    """
    return next((VALUES[key] for key in _keys(command, parameter) if key in VALUES), None)


def path_kind(command: Sequence[str], parameter: str) -> Kind | None:
    """Return whether a parameter names files or folders, where its type does not say so.

    None for any other parameter.
    """
    return next((PATHS[key] for key in _keys(command, parameter) if key in PATHS), None)


def _keys(command: Sequence[str], parameter: str) -> list[str]:
    return [" ".join((*command[:words], parameter)) for words in range(len(command), -1, -1)]
