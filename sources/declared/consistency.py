"""Contradictions between the keys of a file that are each valid by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from sources.declared.declaration import Declaration, Paging
from sources.declared.line_numbers import Key

Problem = tuple[Key, str]
COUNTED_BY = {"page": ("page",), "offset": ("offset", "page"), "cursor": ("cursor",)}
CURSOR_KEYS = ("next_cursor", "first_cursor", "cursors_shared")


def problems(declaration: Declaration) -> list[Problem]:
    """Return (key, sentence) for each contradiction; the key is where it is to be corrected."""
    found = [
        *_session_problems(declaration),
        *_placeholder_problems(declaration),
        *_paging_problems(declaration.paging),
    ]
    for name, question in (("search", declaration.search), ("check", declaration.check)):
        if question.method == "GET" and question.body is not None:
            found.append(((name, "json"), 'a body needs method = "POST"'))
        if question.method == "POST" and question.body is None:
            found.append(((name, "method"), f"a POST needs a body: [{name}.json]"))
    for number, meaning in enumerate(declaration.answers.means):
        where: Key = ("answers", "means", number)
        if not meaning.status and meaning.when is None:
            found.append((where, "say which answer: status, when, or both"))
        if meaning.whole_egress and meaning.reaction != "risk":
            found.append(((*where, "whole_egress"), 'only with reaction = "risk"'))
    return found


def _session_problems(declaration: Declaration) -> Iterator[Problem]:
    form, keys = declaration.session, declaration.session.model_fields_set
    if form.kind == "cookies":
        for key in ("header", "value"):
            if key in keys:
                yield ("session", key), 'only with kind = "header"'
        return
    if form.header is None:
        yield ("session", "header"), "missing: the name of the header that holds the session"
    if "{session}" not in form.value:
        yield ("session", "value"), 'the placeholder {session} is missing, as in "Bearer {session}"'
    if form.required_cookie is not None:
        yield ("session", "required_cookie"), 'only with kind = "cookies"'


def _placeholder_problems(declaration: Declaration) -> Iterator[Problem]:
    used, kind = declaration.search.placeholders(), declaration.paging.kind
    if "domain" not in used:
        yield ("search",), "the placeholder {domain} is missing: every search would be the same"
    counted_by = COUNTED_BY[kind]
    if not used.intersection(counted_by):
        yield ("search",), f'the placeholder {{{counted_by[0]}}} is missing (paging is by "{kind}")'
    for name in sorted(used & {"page", "offset", "cursor"} - set(counted_by)):
        yield ("search",), f'{{{name}}} has no value when paging is by "{kind}"'
    if "page_size" in used and declaration.paging.page_size is None:
        yield ("paging", "page_size"), "missing: {page_size} is used in [search]"
    for name in sorted(declaration.check.placeholders()):
        yield ("check",), f"{{{name}}} has no value in [check]: it searches nothing"


def _paging_problems(paging: Paging) -> Iterator[Problem]:
    keys = paging.model_fields_set
    if paging.kind == "cursor":
        if paging.next_cursor is None:
            yield ("paging", "next_cursor"), "missing: where an answer tells the next cursor"
        if "first" in keys:
            yield ("paging", "first"), "a cursor is not counted; first_cursor is the first one"
    for key in CURSOR_KEYS:
        if paging.kind != "cursor" and key in keys:
            yield ("paging", key), 'only with kind = "cursor"'
    if paging.total_pages and paging.total_count:
        yield ("paging", "total_count"), "give total_pages or total_count, not both"
    counted = paging.total_pages or paging.total_count or paging.more
    if paging.short_pages and paging.kind != "cursor" and not counted:
        yield ("paging", "short_pages"), "then give total_pages, total_count or more"
    if paging.page_size is None:
        reason = _why_page_size(paging)
        if reason:
            yield ("paging", "page_size"), f"missing: {reason}"


def _why_page_size(paging: Paging) -> str | None:
    if paging.total_count:
        return "without it total_count does not tell how many pages there are"
    if paging.kind == "offset":
        return "without it there is no offset"
    if paging.kind == "page" and not paging.total_pages and not paging.more:
        return "the last page is known by being shorter (or give total_pages, total_count or more)"
    return None
