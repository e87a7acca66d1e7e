"""`web …`: the tokens of console and API."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from commands.framework.context import (
    dashed,
    opened_app,
    result,
    result_json,
    result_message,
    result_table,
    tell,
)
from commands.framework.reader import column_titles, word
from commands.framework.system_user import system_user
from core.messages import Message
from presentation.json_rows import plain
from storage.operations.web_tokens import Role, WebToken

AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


def group() -> typer.Typer:
    """Return the commands of `web`."""
    app = typer.Typer(
        help="Who may use the web console.", no_args_is_help=True, rich_markup_mode=None
    )
    dashed(app, "token")(token)
    dashed(app, "tokens")(tokens)
    dashed(app, "revoke")(revoke)
    return app


def token(
    name: Annotated[str | None, typer.Option(help="whose it is; default: its role")] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="it may look, not act")] = False,
) -> None:
    """Make a token for the console and the API.

    It is shown once; the database keeps only its hash.
    """
    with opened_app() as app:
        role = Role.READER if read_only else Role.ADMIN
        made = app.use_cases.tokens.make(system_user(app), role, name)
        result(made.text)
        tell(
            Message.of("token_may_read", name=made.name)
            if read_only
            else Message.of("token_may_act", name=made.name)
        )


def tokens(as_json: AsJson = False) -> None:
    """List the tokens, without the tokens themselves."""
    with opened_app() as app:
        found = app.web_tokens.every()
        if as_json:
            result_json([_token_object(token) for token in found])
            return
        table = Table(box=None, pad_edge=False)
        for title in column_titles(("id", "name", "role", "made", "last used", "revoked")):
            table.add_column(title, no_wrap=True)
        for token in found:
            moments = (token.created_at, token.last_used_at, token.revoked_at)
            cells = (
                str(token.id),
                token.name,
                word(token.role),
                *(
                    moment.astimezone(app.calendar.zone).strftime("%Y-%m-%d %H:%M")
                    if moment
                    else ""
                    for moment in moments
                ),
            )
            table.add_row(*map(escape, cells))
        result_table(table)


def revoke(
    name: Annotated[str, typer.Argument(help="the token's name or id")],
) -> None:
    """End a token, and the sessions that it began."""
    with opened_app() as app:
        ended = app.use_cases.tokens.revoke(system_user(app), name)
        result_message(Message.of("token_ends", name=ended.name))


def _token_object(token: WebToken) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role.value,
        "created_at": plain(token.created_at),
        "last_used_at": plain(token.last_used_at),
        "revoked_at": plain(token.revoked_at),
    }
