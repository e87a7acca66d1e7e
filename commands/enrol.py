"""Taking an account into the pool: what `accounts import` and `accounts login` share."""

from __future__ import annotations

from typing import Annotated

import typer

from accounts.vault import Credentials
from commands.context import platform_named
from commands.root import App
from core.errors import InvalidInput
from storage.records import AccountStatus

Proxy = Annotated[str | None, typer.Option(help="http://user:password@host:port of this account")]
Limit = Annotated[int | None, typer.Option(help="rows a day; default: BATON_DAILY_EXPORT_LIMIT")]


def add_or_refresh(
    app: App, platform: str, name: str, credentials: Credentials, limit: int | None
) -> str:
    """Add an account, or bring an existing one up to date; what was done, in words."""
    account = app.registry.lookup(platform, name)
    expires_at = platform_named(platform).session_expiry(credentials.session or "")
    if expires_at is not None and expires_at <= app.clock.now():
        raise InvalidInput(
            f"account {name}: this session ended on {expires_at:%Y-%m-%d}; sign in again in the"
            " browser and export the cookies anew, or: python cli.py accounts login"
        )
    if account is None:
        rows = app.settings.daily_export_limit if limit is None else limit
        account_id = app.registry.add(platform, name, credentials, rows, expires_at)
        return f"added (id {account_id}, {rows:,} rows a day)"
    changed = app.registry.refresh(account, credentials, expires_at)
    if "session" in changed and account.status is AccountStatus.DISABLED:
        app.accounts.set_account_status(account.id, AccountStatus.IDLE, "a new session")
    if limit is not None and limit != account.daily_export_limit:
        app.registry.set_limit(account, limit)
        return f"{'refreshed' if changed else 'same session'}, {limit:,} rows a day"
    return "refreshed" if changed else "nothing new in it"
