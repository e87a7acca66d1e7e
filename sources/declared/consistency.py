"""Contradictions between the keys of a file that are each valid by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from core.messages import Message
from sources.declared.declaration import Declaration, Meaning, Paging
from sources.declared.line_numbers import Key
from sources.declared.response_rules import SCOPES

Problem = tuple[Key, Message]
COUNTED_BY = {"page": ("page",), "offset": ("offset", "page"), "cursor": ("cursor",)}
CURSOR_KEYS = ("next_cursor", "first_cursor", "cursors_shared")


def problems(declaration: Declaration) -> list[Problem]:
    """Return each contradiction in a platform's file as the key to correct and a message.

    Empty when there is none.
    """
    found = [
        *_session_problems(declaration),
        *_placeholder_problems(declaration),
        *_paging_problems(declaration.paging),
    ]
    for name, question in (("search", declaration.search), ("check", declaration.check)):
        if question.method == "GET" and question.body is not None:
            found.append(((name, "json"), Message.of("body_needs_post")))
        if question.method == "POST" and question.body is None:
            found.append(((name, "method"), Message.of("post_needs_body", table=name)))
    for number, meaning in enumerate(declaration.answers.means):
        where: Key = ("answers", "means", number)
        if not meaning.status and meaning.when is None:
            found.append((where, Message.of("meaning_without_condition")))
        if meaning.whole_egress and meaning.reaction != "risk":
            found.append(
                (
                    (*where, "whole_egress"),
                    _only_with('reaction = "risk"'),
                )
            )
        found += _scope_problems(where, meaning)
    return found


def _scope_problems(where: Key, meaning: Meaning) -> Iterator[Problem]:
    scopes = SCOPES[meaning.reaction]
    if meaning.scope is None:
        return
    if meaning.scope not in scopes:
        shown = [f'"{scope}"' for scope in scopes]
        yield (
            (*where, "scope"),
            Message.of("scope_does_not_fit", reaction=meaning.reaction, scopes=shown),
        )
    if meaning.whole_egress and meaning.scope != "egress":
        yield (*where, "whole_egress"), _only_with('scope = "egress"')


def _session_problems(declaration: Declaration) -> Iterator[Problem]:
    form, keys = declaration.session, declaration.session.model_fields_set
    if form.kind == "cookies":
        for key in ("header", "value"):
            if key in keys:
                yield ("session", key), _only_with('kind = "header"')
        return
    if form.header is None:
        yield ("session", "header"), Message.of("session_header_missing")
    if "{session}" not in form.value:
        yield ("session", "value"), Message.of("session_placeholder_missing")
    if form.required_cookie is not None:
        yield (
            ("session", "required_cookie"),
            _only_with('kind = "cookies"'),
        )


def _placeholder_problems(declaration: Declaration) -> Iterator[Problem]:
    used, kind = declaration.search.placeholders(), declaration.paging.kind
    if "domain" not in used:
        yield ("search",), Message.of("domain_placeholder_missing")
    counted_by = COUNTED_BY[kind]
    if not used.intersection(counted_by):
        yield ("search",), Message.of("paging_placeholder_missing", name=counted_by[0], kind=kind)
    for name in sorted(used & {"page", "offset", "cursor"} - set(counted_by)):
        yield ("search",), Message.of("placeholder_without_value", name=name, kind=kind)
    if "page_size" in used and declaration.paging.page_size is None:
        yield ("paging", "page_size"), Message.of("page_size_used")
    for name in sorted(declaration.check.placeholders()):
        yield ("check",), Message.of("check_placeholder_without_value", name=name)


def _paging_problems(paging: Paging) -> Iterator[Problem]:
    keys = paging.model_fields_set
    if paging.kind == "cursor":
        if paging.next_cursor is None:
            yield ("paging", "next_cursor"), Message.of("next_cursor_missing")
        if "first" in keys:
            yield ("paging", "first"), Message.of("cursor_not_counted")
    for key in CURSOR_KEYS:
        if paging.kind != "cursor" and key in keys:
            yield ("paging", key), _only_with('kind = "cursor"')
    if paging.total_pages and paging.total_count:
        yield ("paging", "total_count"), Message.of("totals_exclusive")
    counted = paging.total_pages or paging.total_count or paging.more
    if paging.short_pages and paging.kind != "cursor" and not counted:
        yield ("paging", "short_pages"), Message.of("short_pages_need_total")
    if paging.page_size is None:
        reason = _why_page_size(paging)
        if reason:
            yield ("paging", "page_size"), reason


def _why_page_size(paging: Paging) -> Message | None:
    if paging.total_count:
        return Message.of("page_size_for_total_count")
    if paging.kind == "offset":
        return Message.of("page_size_for_offset")
    if paging.kind == "page" and not paging.total_pages and not paging.more:
        return Message.of("page_size_for_last_page")
    return None


def _only_with(condition: str) -> Message:
    return Message.of("key_only_with", condition=condition)
