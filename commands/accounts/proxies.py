"""`proxies …` and `accounts set_proxy`: proxies, and which account leaves by which."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from accounts.proxies.text import DEFAULT_SCHEME, SCHEMES, read_proxy, require_scheme
from commands.framework.context import Exit, opened_app, result, result_json, result_table, say
from commands.framework.lazy_group import Group
from commands.framework.options import AsJson
from commands.framework.reader import in_english, table_of, text_of
from commands.framework.signals import stop_event_on_signals
from commands.framework.system_user import system_user
from core.errors import InvalidInputError
from core.messages import Message
from core.plain_text import one_line, read_bytes, read_stream
from presentation.egress_views import (
    check_object,
    plan_object,
    plan_remarks,
    proxy_object,
    proxy_state,
)
from presentation.i18n.renderer import renderer_for

if TYPE_CHECKING:
    from accounts.proxies.inventory import ProxyOverview

PROXY_HELP = "a proxy in any form that sellers write, or its name from `proxies list`"
NAME_HELP = "a name from `proxies list`"
Scheme = Annotated[
    str, typer.Option("--scheme", help="of proxies without one: http, https, socks5, socks5h")
]
Rotating = Annotated[bool, typer.Option("--rotating", help="each request leaves by another exit")]
ForPlatform = Annotated[str, typer.Option("--platform", help="whose accounts")]
TITLES = ("proxy", "kind", "accounts", "state")
SHOWN_USERS = 3


def add(
    proxy: Annotated[str, typer.Argument(help="a proxy in any form that sellers write; - asks")],
    rotating: Rotating = False,
    scheme: Scheme = DEFAULT_SCHEME,
) -> None:
    """Keep a proxy, encrypted, to give it to accounts."""
    url = read_proxy(_given(proxy), require_scheme(scheme))
    if url is None:
        raise InvalidInputError("proxy_not_url", schemes=list(SCHEMES))
    with opened_app() as app:
        added = app.use_cases.proxies.add(system_user(app), url, is_rotating=rotating)
        code = "proxy_added" if added.is_new else "proxy_known"
        result(Message.of(code, egress=added.egress))


def import_list(
    file: Annotated[Path, typer.Argument(help="a list as sellers export it; - for standard input")],
    rotating: Rotating = False,
    scheme: Scheme = DEFAULT_SCHEME,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only tell what it would add")] = False,
) -> None:
    """Keep the proxies of a list: text, CSV, JSON or Excel.

    Lines that are no proxies are named, and the others come in.
    """
    from accounts.intake.proxy_lists import proxies_in

    rows = proxies_in(_content(file), str(file), scheme)
    for note in rows.notes:
        say(note)
    with opened_app() as app:
        use_cases, who = app.use_cases.proxies, system_user(app)
        if dry_run:
            done = use_cases.preview(rows)
        else:
            done = use_cases.import_rows(who, rows, file.name, is_rotating=rotating)
    new = sum(one.is_new for one in done)
    code = "proxies_previewed" if dry_run else "proxies_imported"
    result(Message(code, {"n": new, "known": len(done) - new}))
    for problem in rows.problems:
        say(problem)
    if rows.problems:
        refused = len(rows.problems)
        say(Message.of("proxies_partly_imported", imported=len(done), refused=refused))
        raise typer.Exit(Exit.PARTIAL)


def list_proxies(as_json: AsJson = False) -> None:
    """List the proxies: which accounts leave by each, and how it fared last."""
    with opened_app() as app:
        found, now = app.use_cases.proxies.all(), app.clock.now()
        if as_json:
            result_json([proxy_object(one, in_english, now) for one in found])
            return
        if not found:
            say(Message.of("no_proxies"))
            return
        renderer = renderer_for(app.settings.language, app.calendar.zone)
        table = table_of(TITLES)
        for one in found:
            state = one_line(renderer.text(proxy_state(one.route, now)))
            rotating = " ↻" if one.route.is_rotating else ""
            cells = (one.route.egress, one.route.kind + rotating, _users(one), state)
            table.add(cells)
        result_table(table)


def check(
    names: Annotated[list[str] | None, typer.Argument(help=NAME_HELP + "; none for all")] = None,
    platform: Annotated[
        str, typer.Option("--platform", help="whose harmless endpoint is asked")
    ] = "bilibili",
    url: Annotated[str | None, typer.Option("--url", help="what to ask instead")] = None,
    parallel: Annotated[int, typer.Option(min=1, max=32, help="so many at a time")] = 8,
    timeout: Annotated[
        float, typer.Option(min=1, max=600, help="seconds for all of them together")
    ] = 120.0,
    as_json: AsJson = False,
) -> None:
    """Send one request through each proxy, and tell which work and by which exit."""
    stop = stop_event_on_signals()
    with opened_app() as app:
        outcomes = app.use_cases.proxies.check(
            system_user(app),
            names or [],
            platform=platform,
            target=url,
            parallel=parallel,
            deadline_secs=timeout,
            stop=stop,
        )
        if as_json:
            result_json([check_object(one, in_english) for one in outcomes])
        else:
            for one in outcomes:
                result(Message.of("proxy_check_line", egress=one.egress, outcome=one.told))
            good = sum(one.works is True for one in outcomes)
            say(Message.of("proxies_checked", good=good, n=len(outcomes)))
    if stop.is_set():
        raise typer.Exit(Exit.INTERRUPTED)
    if not all(one.works for one in outcomes):
        raise typer.Exit(Exit.PARTIAL)


def remove(
    name: Annotated[str, typer.Argument(help=NAME_HELP)],
    accounts_to: Annotated[
        str | None,
        typer.Option("--accounts-to", metavar="PROXY|none", help="where its accounts go"),
    ] = None,
) -> None:
    """Forget a proxy; one with accounts only when it is said where they go."""
    with opened_app() as app:
        was = app.use_cases.proxies.remove(system_user(app), name, accounts_to)
        egress, users = was.route.egress, len(was.users)
        if not users:
            result(Message.of("proxy_removed_unused", egress=egress))
            return
        [user] = [one for one in app.pool.registry.all() if one.id == was.users[0].id]
        target = Message.of("without_proxy") if user.proxy is None else user.egress
        result(Message("proxy_removed", {"egress": egress, "n": users, "target": target}))


def assign(
    names: Annotated[
        list[str] | None,
        typer.Argument(help=NAME_HELP + "; none for all that were added and work"),
    ] = None,
    platform: ForPlatform = "bilibili",
    account: Annotated[
        list[str] | None,
        typer.Option("--account", help="only this account; may be repeated"),
    ] = None,
    per_proxy: Annotated[
        int, typer.Option("--per-proxy", min=1, help="accounts of the platform by one proxy")
    ] = 1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only show the plan")] = False,
    as_json: AsJson = False,
) -> None:
    """Give each account without a proxy one of its own. The others keep theirs."""
    from accounts.proxies.assignment import AssignmentRequest

    with opened_app() as app:
        wanted = AssignmentRequest(
            platform=app.pool.platforms.named(platform).name,
            proxies=names or (),
            accounts=account or (),
            per_proxy=per_proxy,
        )
        use_cases = app.use_cases.proxies
        plan = use_cases.plan(wanted)
        done = plan.pairs
        if not dry_run and plan.pairs:
            done = use_cases.assign(system_user(app), plan, per_proxy=per_proxy)
    if as_json:
        result_json(plan_object(plan, in_english) | {"done": 0 if dry_run else len(done)})
        return
    code = "assignment_planned" if dry_run else "assignment_done"
    for pair in done:
        result(Message(code, {"account": pair.account.username, "egress": pair.egress}))
    for remark in plan_remarks(plan):
        say(remark)
    if not plan.pairs:
        say(Message.of("nothing_to_assign"))
        return
    say(Message("assignments_planned" if dry_run else "assignments_done", {"n": len(done)}))
    if len(done) < len(plan.pairs):
        say(Message("assignments_overtaken", {"n": len(plan.pairs) - len(done)}))


def set_proxy(
    name: Annotated[str, typer.Argument(help="the account's name or id")],
    proxy: Annotated[
        str, typer.Argument(metavar="PROXY|none", help=PROXY_HELP + "; none for no proxy; - asks")
    ],
    platform: Annotated[
        str | None, typer.Option("--platform", help="when a name is on several")
    ] = None,
) -> None:
    """Let an account leave by a proxy, or without one."""
    given = _given(proxy)
    with opened_app() as app:
        account = app.pool.registry.find(name, platform)
        done = app.use_cases.proxies.give(system_user(app), account, given)
        if done.is_direct:
            result(Message.of("account_proxy_removed", account=account.username))
            return
        egress = done.egress
        result(Message.of("account_proxy_set", account=account.username, egress=egress))
        if done.shared_with:
            names = list(done.shared_with)
            say(Message.of("account_proxy_shared", names=names, platform=account.platform))


def _given(proxy: str) -> str:
    """Return the proxy; for `-` what is typed or piped in, so that no history keeps it."""
    if proxy != "-":
        return proxy
    if sys.stdin.isatty():
        asked = text_of(Message.of("proxy_prompt"))
        return str(typer.prompt(asked, hide_input=True, err=True))
    return read_stream(sys.stdin.buffer, "-").decode("utf-8", "replace")


def _content(file: Path) -> bytes:
    return read_stream(sys.stdin.buffer, "-") if str(file) == "-" else read_bytes(file)


def _users(proxy: ProxyOverview) -> str:
    names = [user.username for user in proxy.users]
    shown = ", ".join(names[:SHOWN_USERS])
    more = f", +{len(names) - SHOWN_USERS}" if len(names) > SHOWN_USERS else ""
    return one_line(shown + more) or "–"


GROUP = Group(
    {
        "add": add,
        "import": import_list,
        "list": list_proxies,
        "check": check,
        "assign": assign,
        "remove": remove,
    }
)
