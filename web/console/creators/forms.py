"""The form above the list of creators: what was typed, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query

from core.requests import FieldChecks
from crawler.creators.requests import ListRequest, Status
from crawler.tasks.requests import DEFAULT_PLATFORM
from storage.creators.conditions import CreatorFilter, Field
from storage.creators.search import Sort
from web.backend import Backend
from web.console.export_form import ExportDraft
from web.lookups import condition_reader

USUAL_SORT = "-followers"
MAX_WHERE_CHARS = 4000
Typed = Annotated[str, Query(max_length=512)]


@dataclass(frozen=True)
class CreatorForm:
    """What a visitor typed, unchanged; `where` has a condition a line."""

    platform: str
    domain: str
    q: str
    least: str
    most: str
    has: str
    status: str
    keyword: str
    where: str
    sort: str

    def read(self, backend: Backend) -> tuple[CreatorFilter, Sort]:
        """Return the filter and the order that are meant.

        Raises:
            WrongFieldsError: with the problem of each field of the form.
        """
        checks, reader = FieldChecks(), condition_reader(backend)
        wrong = [
            name
            for name, value in (("least", self.least), ("most", self.most))
            if checks.check(name, reader.conditions, _bound(name, value)) is None
        ]
        known = backend.platforms.searchable
        chosen = checks.check("where", lambda one: one.read(reader, known), self._request(wrong))
        checks.finish()
        assert chosen is not None
        return chosen

    def api_query(self) -> str:
        """Return the query by which the API lists the same creators."""
        request = self._request(())
        pairs = [("platform", request.platform), ("sort", request.sort)]
        for name, value in (
            ("domain", request.domain),
            ("q", request.name),
            ("status", request.status),
        ):
            if value:
                pairs.append((name, value))
        for name, values in (
            ("where", request.where),
            ("keyword", request.keywords),
            ("has", request.has),
        ):
            pairs += [(name, value) for value in values]
        return urlencode(pairs)

    def address(self, path: str, **changes: str | None) -> str:
        """Return the address of a list with this form, with some of it changed."""
        wanted: Mapping[str, str | None] = {**vars(self), **changes}
        usual = {"platform": DEFAULT_PLATFORM, "sort": USUAL_SORT}
        given = {name: one for name, one in wanted.items() if one and usual.get(name) != one}
        return f"{path}?{urlencode(given)}" if given else path

    def export_draft(self) -> ExportDraft | None:
        """Return the export that delivers what the form lists; None where there can be none.

        An export is of a domain, and never delivers what was exported before.
        """
        if not self.domain.strip() or self.status == Status.EXPORTED:
            return None
        request = self._request(())
        named = [] if request.name is None else [f"{Field.NICKNAME}~{request.name}"]
        return ExportDraft(
            domain=request.domain or "",
            platform=request.platform,
            where="\n".join([*request.where, *named]),
            keyword="\n".join(request.keywords),
            has=" ".join(request.has),
            order=request.sort,
        )

    def _request(self, wrong: Collection[str]) -> ListRequest:
        where = [line.strip() for line in self.where.splitlines() if line.strip()]
        for name, value in (("least", self.least), ("most", self.most)):
            if name not in wrong:
                where += _bound(name, value)
        keyword = self.keyword.strip()
        return ListRequest(
            platform=self.platform or DEFAULT_PLATFORM,
            domain=self.domain.strip() or None,
            where=where,
            name=self.q.strip() or None,
            keywords=(keyword,) if keyword else (),
            has=(self.has,) if self.has else (),
            status=Status(self.status) if self.status in set(Status) else None,
            sort=self.sort or USUAL_SORT,
        )


def _bound(name: str, value: str) -> list[str]:
    if not value.strip():
        return []
    return [f"followers{'>=' if name == 'least' else '<='}{value.strip()}"]


def _typed(
    platform: Typed = "",
    domain: Typed = "",
    q: Typed = "",
    least: Typed = "",
    most: Typed = "",
    has: Typed = "",
    status: Typed = "",
    keyword: Typed = "",
    where: Annotated[str, Query(max_length=MAX_WHERE_CHARS)] = "",
    sort: Typed = "",
) -> CreatorForm:
    return CreatorForm(
        platform=platform,
        domain=domain,
        q=q,
        least=least,
        most=most,
        has=has,
        status=status,
        keyword=keyword,
        where=where,
        sort=sort,
    )


TheForm = Annotated[CreatorForm, Depends(_typed)]
