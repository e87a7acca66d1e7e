"""`web …`: the tokens of console and API."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.framework.context import opened_app, result, result_json, result_table, say
from commands.framework.lazy_group import Group
from commands.framework.options import AsJson
from commands.framework.reader import table_of, word
from commands.framework.system_user import system_user
from core.messages import Message
from presentation.json_rows import plain
from storage.operations.web_tokens import Role, WebToken


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
        say(
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
        table = table_of(
            (
                "id",
                "name",
                "role",
                "made",
                "last used",
                "revoked",
            )
        )
        for token in found:
            moments = (token.created_at, token.last_used_at, token.revoked_at)
            table.add(
                (
                    str(token.id),
                    token.name,
                    word(token.role),
                    *(
                        moment.astimezone(app.calendar.zone).strftime("%Y-%m-%d %H:%M")
                        if moment
                        else ""
                        for moment in moments
                    ),
                ),
            )
        result_table(table)


def revoke(name: Annotated[str, typer.Argument(help="the token's name or id")]) -> None:
    """End a token, and the sessions that it began."""
    with opened_app() as app:
        ended = app.use_cases.tokens.revoke(system_user(app), name)
        result(Message.of("token_ends", name=ended.name))


def _token_object(token: WebToken) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role.value,
        "created_at": plain(token.created_at),
        "last_used_at": plain(token.last_used_at),
        "revoked_at": plain(token.revoked_at),
    }


GROUP = Group({"token": token, "tokens": tokens, "revoke": revoke})
