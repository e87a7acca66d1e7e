"""`accounts …`: the accounts of the pool and their secrets."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from accounts.csv_import import accounts_in
from accounts.intake.cookie_files import CookieText, accounts_in_folder, cookie_text
from accounts.requests import AccountRequest, group_name, stored_form
from commands.accounts.lifecycle import delete, groups, rename, set_group
from commands.accounts.login import login
from commands.accounts.options import GroupOf, Limit, NewLogin, Proxy
from commands.accounts.proxies import set_proxy
from commands.accounts.tables import account_table, explain_lines
from commands.framework.context import (
    Exit,
    opened_app,
    platform_named,
    result,
    result_json,
    result_line,
    result_table,
    say,
)
from commands.framework.lazy_group import Group
from commands.framework.options import AsJson
from commands.framework.reader import shown, text_of, word
from commands.framework.system_user import system_user
from core.errors import InvalidInputError
from core.messages import Message
from core.plain_text import read_bytes, read_stream
from core.settings import load_settings
from core.tabular.cells import is_nothing
from presentation.json_rows import account_object, as_object
from storage.models.accounts import Account, AccountStatus

if TYPE_CHECKING:
    from sources.base import SessionStatus
    from sources.platforms import Platform

Name = Annotated[str, typer.Argument(help="the account's name or id")]
PlatformOf = Annotated[str | None, typer.Option("--platform", help="when a name is on several")]
NewPlatform = Annotated[str, typer.Option("--platform", help="the account's platform")]


def add(
    name: Annotated[str, typer.Argument(help="a name for it")],
    platform: NewPlatform = "bilibili",
    proxy: Proxy = None,
    limit: Limit = None,
    group: GroupOf = None,
    password: Annotated[
        bool, typer.Option("--password", help="ask for a password to keep")
    ] = False,
) -> None:
    """Add an account; its cookies come on standard input."""
    known = platform_named(platform)
    secret = _ask_password() if password else None
    if sys.stdin.isatty():
        say(Message.of("paste_cookies"))
    # Where a password was asked, the text layer of standard input has read ahead.
    asked = CookieText(sys.stdin.read()) if password else None
    cookies = asked or cookie_text(read_stream(sys.stdin.buffer, "-"), "-")
    new = AccountRequest(
        username=name,
        cookies=cookies.text,
        password=secret,
        proxy=proxy,
        limit=limit,
        group=group,
    ).checked(known)
    for note in (*cookies.notes, *new.notes):
        say(note)
    with opened_app(settings=load_settings()) as app:
        rows = app.pool.enrolment.limit_or_default(limit)
        account_id = app.use_cases.accounts.add(system_user(app), new)
        result(Message.of("account_added_line", account=new.username, id=account_id, rows=rows))


def import_accounts(
    name_or_file: Annotated[
        str,
        typer.Argument(help="an account's name; or a list of many, a folder of cookie files"),
    ],
    file: Annotated[
        Path | None, typer.Argument(help="its cookies in any form; - for standard input")
    ] = None,
    platform: NewPlatform = "bilibili",
    proxy: Proxy = None,
    limit: Limit = None,
    group: GroupOf = None,
    new_login: NewLogin = False,
) -> None:
    """Add accounts from cookies, a list of many, or a folder of cookie files.

    An account that is there gets the fresh session.
    """
    known = platform_named(platform)
    group = None if group is None else group_name(group)
    if file is not None:
        _import_one(
            known,
            file,
            AccountRequest(
                username=name_or_file,
                cookies="",
                proxy=proxy,
                limit=limit,
                new_login=new_login,
                group=group,
            ),
        )
    elif Path(name_or_file).is_dir():
        _import_folder(known, Path(name_or_file), proxy, limit, group, new_login=new_login)
    else:
        _import_many(known, name_or_file, limit, group, new_login=new_login)


def _import_one(known: Platform, file: Path, request: AccountRequest) -> None:
    """Import the account of a request with the cookies in a file, whatever its own."""
    cookies = cookie_text(_content(file), str(file))
    new = replace(request, cookies=cookies.text).checked(known)
    for note in (*cookies.notes, *new.notes):
        say(note)
    with opened_app() as app:
        done = app.use_cases.accounts.refresh(system_user(app), new)
        result(_changed(new.username, shown(done.change)))
        say(Message.of("account_check_next", account=new.username))


def _import_folder(
    known: Platform,
    folder: Path,
    proxy: str | None,
    limit: int | None,
    group: str | None,
    *,
    new_login: bool,
) -> None:
    """Import a folder of cookie files; exit with PARTIAL when files were refused."""
    found = accounts_in_folder(folder, known, proxy, limit, new_login=new_login)
    problems = list(found.problems)
    imported = 0
    for note in found.notes:
        say(note)
    with opened_app() as app:
        for new in found.good:
            try:
                done = app.use_cases.accounts.refresh(system_user(app), replace(new, group=group))
            except InvalidInputError as error:
                problems.append(error.message)
                continue
            imported += 1
            result(_changed(new.username, shown(done.change)))
    _tell_problems(problems, imported)


def _import_many(
    known: Platform, file: str, limit: int | None, group: str | None, *, new_login: bool
) -> None:
    """Import a list of accounts; exit with PARTIAL when rows were refused."""
    rows = accounts_in(_content(Path(file)), file, known)
    for note in rows.notes:
        say(note)
    with opened_app() as app:
        done, problems = app.use_cases.accounts.import_rows(
            system_user(app), known.name, rows, file, limit, new_login=new_login, group=group
        )
        for account in done:
            result(_changed(account.username, shown(account.change)))
    _tell_problems(problems, len(done))


def _tell_problems(problems: list[Message], imported: int) -> None:
    for problem in problems:
        say(shown(problem))
    if problems:
        say(Message.of("accounts_partly_imported", imported=imported, refused=len(problems)))
        raise typer.Exit(Exit.PARTIAL)


def list_accounts(
    platform: PlatformOf = None,
    group: Annotated[str | None, typer.Option(help="only of this group; none: of no group")] = None,
    deleted: Annotated[
        bool, typer.Option("--deleted", help="the deleted accounts instead")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the pool: state, quota, learned rate, next use."""
    with opened_app() as app:
        registry, of = app.pool.registry, platform_named(platform).name if platform else None
        found = registry.deleted(of) if deleted else registry.all(of)
        if group is not None:
            wanted = None if is_nothing(group) else stored_form(group)
            found = [account for account in found if account.group_name == wanted]
        views = app.crawling.account_views.views(found)
        if as_json:
            result_json([account_object(view) for view in views])
            return
        if not found and of is None and group is None and not deleted:
            say(Message.of("no_accounts"))
            return
        result_table(account_table(app, views))


def explain(name: Name, platform: PlatformOf = None, as_json: AsJson = False) -> None:
    """Show an account's timeline: what happened, why, and until when."""
    with opened_app() as app:
        account = app.pool.registry.find_or_deleted(name, platform)
        events = app.pool.registry.events(account)
        if as_json:
            result_json([as_object(event) for event in events])
            return
        [view] = app.crawling.account_views.views([account])
        for line in explain_lines(app, view, events):
            result_line(line)


def enable(
    name: Name,
    platform: PlatformOf = None,
    check: Annotated[
        bool, typer.Option("--check", help="only if the platform says that it is signed in")
    ] = False,
) -> None:
    """Make an account idle: ends its disabling or its rest."""
    with opened_app() as app:
        account = app.pool.registry.find(name, platform)
        if check:
            status = app.use_cases.accounts.check_and_enable(system_user(app), account)
            result(_signed_in(account, status))
        else:
            app.use_cases.accounts.enable(system_user(app), account)
        result(_changed(account.username, word(AccountStatus.IDLE)))


def disable(
    name: Name,
    platform: PlatformOf = None,
    reason: Annotated[str | None, typer.Option(help="why")] = None,
) -> None:
    """Take an account out of the pool.

    Whoever uses it just now stops at its next write.
    """
    with opened_app() as app:
        account = app.pool.registry.find(name, platform)
        app.use_cases.accounts.disable(system_user(app), account, reason)
        result(_changed(account.username, word(AccountStatus.DISABLED)))


def set_limit(
    name: Name,
    limit: Annotated[int, typer.Argument(help="rows a day")],
    platform: PlatformOf = None,
) -> None:
    """Change an account's daily export limit."""
    with opened_app() as app:
        account = app.pool.registry.find(name, platform)
        app.use_cases.accounts.set_limit(system_user(app), account, limit)
        result(Message.of("account_limit_set", account=account.username, rows=limit))


def set_agent(
    name: Name,
    agent: Annotated[str, typer.Argument(help="its browser's User-Agent; none for the usual one")],
    platform: PlatformOf = None,
) -> None:
    """Change the User-Agent that an account's requests carry."""
    given = None if is_nothing(agent) else agent
    with opened_app() as app:
        account = app.pool.registry.find(name, platform)
        app.use_cases.accounts.set_user_agent(system_user(app), account, given)
        code = "account_agent_removed" if given is None else "account_agent_set"
        result(Message.of(code, account=account.username))


def check(name: Name, platform: PlatformOf = None) -> None:
    """Ask the platform whether the session is signed in."""
    with opened_app() as app:
        account = app.pool.registry.find(name, platform)
        status = app.use_cases.accounts.check(system_user(app), account)
        if not status.signed_in:
            raise InvalidInputError("account_not_signed_in", account=account.username)
        result(_signed_in(account, status))


def rotate_key() -> None:
    """Encrypt every secret with a new key.

    A fresh key file, or the first BATON_SECRET_KEY.
    """
    with opened_app() as app:
        count = app.use_cases.accounts.rotate_key(system_user(app))
        result(Message.of("accounts_encrypted", count=count))
        if app.settings.secret_key is not None:
            say(Message.of("older_keys_done"))


def _ask_password() -> str:
    asked = text_of(Message.of("password_prompt"))
    return str(typer.prompt(asked, hide_input=True, err=True))


def _signed_in(account: Account, status: SessionStatus) -> Message:
    return Message.of(
        "account_signed_in", account=account.username, name=status.name, uid=status.uid
    )


def _changed(username: str, change: str) -> Message:
    return Message.of("account_changed", account=username, change=change)


def _content(file: Path) -> bytes:
    """Return a file's content; that of standard input for `-`.

    Raises:
        InvalidInputError: it cannot be read or is too large.
    """
    if str(file) != "-":
        return read_bytes(file)
    if sys.stdin.isatty():
        say(Message.of("paste_cookies"))
    return read_stream(sys.stdin.buffer, "-")


GROUP = Group(
    {
        "add": add,
        "import": import_accounts,
        "login": login,
        "list": list_accounts,
        "explain": explain,
        "enable": enable,
        "disable": disable,
        "set_limit": set_limit,
        "set_agent": set_agent,
        "set_proxy": set_proxy,
        "check": check,
        "rename": rename,
        "set_group": set_group,
        "groups": groups,
        "delete": delete,
        "rotate_key": rotate_key,
    }
)
