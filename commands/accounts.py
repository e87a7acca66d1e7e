"""`accounts …`: the pool and its secrets."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console as Terminal
from rich.table import Table

from accounts.vault import Credentials
from commands.context import dashed, opened_app, result, result_json, say
from commands.root import App
from commands.shapes import as_object
from core.errors import InvalidInput
from core.settings import load_settings
from sources.catalog import platform as platform_named
from storage.records import Account, AccountStatus

Name = Annotated[str, typer.Argument(help="the account's name or id")]
PlatformOf = Annotated[str | None, typer.Option("--platform", help="when a name is on several")]
NewPlatform = Annotated[str, typer.Option("--platform", help="the account's platform")]
Proxy = Annotated[str | None, typer.Option(help="http://user:password@host:port of this account")]
Limit = Annotated[int | None, typer.Option(help="rows a day; default: BATON_DAILY_EXPORT_LIMIT")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


def group() -> typer.Typer:
    app = typer.Typer(help="The accounts of the pool.", no_args_is_help=True, rich_markup_mode=None)
    dashed(app, "add")(add)
    dashed(app, "import")(import_session)
    dashed(app, "list")(list_accounts)
    dashed(app, "explain")(explain)
    dashed(app, "enable")(enable)
    dashed(app, "disable")(disable)
    dashed(app, "set_limit")(set_limit)
    dashed(app, "check")(check)
    dashed(app, "rotate_key")(rotate_key)
    return app


def add(
    name: Annotated[str, typer.Argument(help="a name for it")],
    platform: NewPlatform = "bilibili",
    proxy: Proxy = None,
    limit: Limit = None,
    password: Annotated[
        bool, typer.Option("--password", help="ask for a password to keep")
    ] = False,
) -> None:
    """Add an account whose session comes on standard input (cookies in any of the three forms)."""
    known = platform_named(platform)
    secret = typer.prompt("password", hide_input=True, err=True) if password else None
    if sys.stdin.isatty():
        say("paste the cookies (header string, JSON or cookies.txt), then Ctrl-D:")
    text = sys.stdin.read()
    known.check_session_text(text)
    _add(
        known.name, name, Credentials(secret, text.strip(), _checked_proxy(platform, proxy)), limit
    )


def import_session(
    name: Annotated[str, typer.Argument(help="a new account's name, or one that exists")],
    file: Annotated[
        Path, typer.Argument(help="cookies.txt, JSON of a cookie extension, or header")
    ],
    platform: NewPlatform = "bilibili",
    proxy: Proxy = None,
    limit: Limit = None,
) -> None:
    """Add an account from a cookie file, or give an existing one a fresh session."""
    known = platform_named(platform)
    text = _read(file)
    known.check_session_text(text)
    with opened_app() as app:
        existing = [a for a in app.registry.all(known.name) if a.username == name]
        if not existing:
            credentials = Credentials(None, text.strip(), _checked_proxy(platform, proxy))
            _add_to(app, known.name, name, credentials, limit)
            return
        account = existing[0]
        changed = app.registry.refresh(account, text.strip(), _checked_proxy(platform, proxy))
        if changed and account.status is AccountStatus.DISABLED:
            app.accounts.set_account_status(account.id, AccountStatus.IDLE, "a new session")
        if limit is not None and limit != account.daily_export_limit:
            app.registry.set_limit(account, limit)
            changed = True
        result(f"account {name}: " + ("refreshed" if changed else "nothing new in it"))


def list_accounts(platform: PlatformOf = None, as_json: AsJson = False) -> None:
    """The pool: state, quota of the day, rests and reasons."""
    with opened_app() as app:
        found = app.registry.all(platform_named(platform).name if platform else None)
        if as_json:
            result_json([as_object(account) for account in found])
            return
        Terminal(highlight=False).print(_table(app, found))


def explain(name: Name, platform: PlatformOf = None, as_json: AsJson = False) -> None:
    """An account's timeline: what happened, why, and until when."""
    with opened_app() as app:
        account = app.registry.find(name, platform)
        events = app.registry.events(account)
        if as_json:
            result_json([as_object(event) for event in events])
            return
        result(f"{account.username} ({account.platform}): {account.status.value}"
               + (f", {account.disabled_reason}" if account.disabled_reason else ""))  # fmt: skip
        for event in reversed(events):
            until = f" until {_local(app, event.until_at)}" if event.until_at else ""
            result(f"{_local(app, event.created_at)}  {event.kind:<16} {event.detail}{until}")


def enable(name: Name, platform: PlatformOf = None) -> None:
    """Make an account idle: ends its disabling or its rest."""
    _set_status(name, platform, AccountStatus.IDLE, None)


def disable(
    name: Name,
    platform: PlatformOf = None,
    reason: Annotated[str | None, typer.Option(help="why")] = None,
) -> None:
    """Take an account out of the pool; whoever uses it just now stops at its next write."""
    _set_status(name, platform, AccountStatus.DISABLED, reason)


def set_limit(
    name: Name,
    limit: Annotated[int, typer.Argument(help="rows a day")],
    platform: PlatformOf = None,
) -> None:
    """Change an account's daily export limit."""
    with opened_app() as app:
        account = app.registry.find(name, platform)
        app.registry.set_limit(account, limit)
        result(f"account {account.username}: {limit:,} rows a day")


def check(name: Name, platform: PlatformOf = None) -> None:
    """Ask the platform whether the account's session is signed in."""
    with opened_app() as app:
        account = app.registry.find(name, platform)
        source = app.platforms[account.platform].source.source
        session = source.open_session(
            account.id, account.username,
            app.vault.decrypt(account.session), app.vault.decrypt(account.proxy),
        )  # fmt: skip
        status = source.check_session(session)
        if not status.signed_in:
            raise InvalidInput(f"account {account.username}: the session is not signed in any more")
        result(f"account {account.username}: signed in as {status.name} ({status.uid})")


def rotate_key() -> None:
    """Encrypt every secret anew: with a fresh key file, or with the first BATON_SECRET_KEY."""
    with opened_app() as app:
        count = app.vault.rotate(app.database)
        result(f"{count} accounts encrypted with the new key")
        if app.settings.secret_key is not None:
            say("older keys may be taken out of BATON_SECRET_KEY now")


def _set_status(name: str, platform: str | None, status: AccountStatus, reason: str | None) -> None:
    with opened_app() as app:
        account = app.registry.find(name, platform)
        app.accounts.set_account_status(account.id, status, reason)
        result(f"account {account.username}: {status.value}")


def _add(platform: str, name: str, credentials: Credentials, limit: int | None) -> None:
    with opened_app(settings=load_settings()) as app:
        _add_to(app, platform, name, credentials, limit)


def _add_to(
    app: App, platform: str, name: str, credentials: Credentials, limit: int | None
) -> None:
    rows = app.settings.daily_export_limit if limit is None else limit
    account_id = app.registry.add(platform, name, credentials, rows)
    result(f"account {name} added (id {account_id}, {rows:,} rows a day)")


def _checked_proxy(platform: str, proxy: str | None) -> str | None:
    return None if proxy is None else platform_named(platform).check_proxy(proxy)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(f"{file} is not UTF-8 text; export the cookies again") from None
    except OSError as error:
        raise InvalidInput(f"{file}: {error.strerror}") from error


def _table(app: App, found: list[Account]) -> Table:
    day = app.calendar.day(app.clock.now())
    now = app.clock.now()
    table = Table(box=None, pad_edge=False)
    for title in ("id", "platform", "name", "state", "exported today", "limit", "note"):
        table.add_column(title, no_wrap=title != "note")
    for account in found:
        resting = account.cooldown_until is not None and account.cooldown_until > now
        note = account.disabled_reason or ""
        if resting and account.cooldown_until is not None:
            note = f"rests until {_local(app, account.cooldown_until)}"
        table.add_row(
            str(account.id), account.platform, account.username, account.status.value,
            f"{account.exported_on(day):,}", f"{account.daily_export_limit:,}", note,
        )  # fmt: skip
    return table


def _local(app: App, moment: datetime) -> str:
    return f"{moment.astimezone(app.calendar.zone):%Y-%m-%d %H:%M:%S}"
