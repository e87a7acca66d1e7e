"""`accounts delete`, `rename`, `set_group` and `groups`: accounts that come, move and go."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from accounts.requests import group_name
from commands.framework.context import opened_app, result, result_json, result_table, say
from commands.framework.options import AsJson
from commands.framework.reader import table_of, text_of, word
from commands.framework.system_user import system_user
from core.errors import InvalidInputError
from core.messages import Message
from core.plain_text import one_line
from core.tabular.cells import is_nothing
from presentation.json_rows import group_object
from storage.models.accounts import Account

Name = Annotated[str, typer.Argument(help="the account's name or id")]
PlatformOf = Annotated[str | None, typer.Option("--platform", help="when a name is on several")]


def delete(
    name: Name,
    platform: PlatformOf = None,
    yes: Annotated[bool, typer.Option("--yes", help="without asking")] = False,
) -> None:
    """Delete an account: its secrets are erased, its name and login are free again.

    What it exported stays, under the old name with (deleted) behind it.
    """
    with opened_app() as app:
        account = app.pool.registry.find(name, platform)
        if not yes:
            _require_yes(account)
        done = app.use_cases.accounts.delete(system_user(app), account)
        result(Message.of("account_deleted_line", account=account.username, name=done.name))
        for task_id in done.waiting_tasks:
            say(Message.of("pinned_task_waits", task_id=task_id))


def _require_yes(account: Account) -> None:
    """Ask whether to delete the account.

    Raises:
        InvalidInputError: there is no terminal to ask on.
        typer.Abort: the answer was no.
    """
    if not sys.stdin.isatty():
        raise InvalidInputError("deletion_unconfirmed", name=account.username)
    question = Message.of("delete_account", name=account.username, platform=account.platform)
    typer.confirm(one_line(text_of(question)), abort=True, err=True)


def rename(
    name: Name,
    new: Annotated[str, typer.Argument(metavar="NEW", help="its name from now on")],
    platform: PlatformOf = None,
) -> None:
    """Give an account another name.

    Its work goes on. Files that are written keep their names.
    """
    with opened_app() as app:
        account = app.pool.registry.find(name, platform)
        stored = app.use_cases.accounts.rename(system_user(app), account, new)
        result(Message.of("account_renamed_line", account=account.username, name=stored))


def set_group(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="accounts, by name or id")],
    group: Annotated[str, typer.Argument(help="the group; none to take them out of theirs")],
    platform: PlatformOf = None,
) -> None:
    """Put accounts into a group, such as one for each client.

    Tasks can be pinned to a group: only its accounts work on them then.
    """
    given = None if is_nothing(group) else group_name(group)
    with opened_app() as app:
        chosen = [app.pool.registry.find(name, platform) for name in names]
        changed = app.use_cases.accounts.set_group(system_user(app), chosen, given)
        code = "accounts_ungrouped" if given is None else "accounts_grouped"
        result(Message.of(code, n=len(changed), group=given))


def groups(as_json: AsJson = False) -> None:
    """List the groups of accounts, with what they have exported today."""
    with opened_app() as app:
        found = app.pool.groups.totals()
        if as_json:
            result_json([group_object(totals) for totals in found])
            return
        table = table_of(
            ("group", "platform", "accounts", "enabled", "with quota", "exported today")
        )
        for one in found:
            cells = (
                one_line(one.group_name) if one.group_name is not None else word("without group"),
                one.platform,
                f"{one.total:,}",
                f"{one.enabled:,}",
                f"{one.with_quota:,}",
                f"{one.exported:,} / {one.daily_limit:,}",
            )
            table.add(cells)
        result_table(table)
