"""`views alerts|add_alert|remove_alert`: rules of alerts on hourly numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from commands.framework.context import opened_app, result, result_json, result_table, say
from commands.framework.options import AsJson
from commands.framework.reader import column_of, shown, table_of
from commands.framework.system_user import system_user
from core.messages import Message
from works.hourly.rule_requests import RuleRequest, rule_object, sentence_of


def list_rules(as_json: AsJson = False) -> None:
    """List what alerts tell of hourly numbers."""
    with opened_app() as app:
        found = app.use_cases.number_rules.every()
    if as_json:
        result_json([rule_object(rule) for rule in found])
        return
    if not found:
        say(Message.of("no_rules"))
        return
    table = table_of(("id", column_of("what", is_long=True)))
    for rule in found:
        table.add((str(rule.id), shown(sentence_of(rule))))
    result_table(table)


def add(
    passes: Annotated[
        int | None, typer.Option("--passes", min=1, help="when a video passes so many views")
    ] = None,
    rises: Annotated[
        int | None, typer.Option("--rises", min=1, help="when it rises by so many views an hour")
    ] = None,
    gone: Annotated[
        bool, typer.Option("--gone", help="when it is gone, and when it is back")
    ] = False,
    work: Annotated[str | None, typer.Option("--work", help="only this video")] = None,
    author: Annotated[
        str | None, typer.Option("--author", help="only videos of this author")
    ] = None,
    label: Annotated[
        str | None,
        typer.Option("--label", help="only of creators that tasks with this label found"),
    ] = None,
    platform: Annotated[
        str | None, typer.Option("--platform", help="only of this platform")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Have alerts tell of hourly numbers from the next hour on."""
    request = RuleRequest(
        passes=passes,
        rises=rises,
        gone=gone,
        work=work,
        author=author,
        label=label,
        platform=platform,
    )
    with opened_app() as app:
        rule = app.use_cases.number_rules.add(system_user(app), request)
    if as_json:
        result_json(rule_object(rule))
        return
    result(Message.of("rule_added", rule_id=rule.id, rule=sentence_of(rule)))


def remove(
    rule_id: Annotated[int, typer.Argument(help="a rule's id, from `views alerts`")],
) -> None:
    """Remove such a rule, which ends its alerts."""
    with opened_app() as app:
        rule = app.use_cases.number_rules.remove(system_user(app), rule_id)
    result(Message.of("rule_removed", rule_id=rule.id, rule=sentence_of(rule)))


RULES: dict[str, Callable[..., Any]] = {
    "alerts": list_rules,
    "add_alert": add,
    "remove_alert": remove,
}
