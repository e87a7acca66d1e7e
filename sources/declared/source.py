"""The adapter of every declared platform."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from core.clock import Clock
from core.errors import (
    BadRequestError,
    Evidence,
    InvalidInputError,
    LoginExpiredError,
    NotFoundError,
    RetryableError,
)
from core.logs import fields, service_log
from core.settings import Pace
from sources.base import AccountSession, CreatorPage, SessionStatus, Via
from sources.declared.answers import AnswerReader
from sources.declared.credentials import cookie_names, read_session
from sources.declared.cursors import CursorMemory, Place
from sources.declared.declaration import Declaration, Question
from sources.declared.page_reader import PageQuery, PageReader, ReadPage
from sources.declared.response_rules import CHECK
from sources.declared.templates import ABSENT, fill
from sources.json_api import JsonApi
from sources.transport.cookies import AccountCookies, cookie_domain
from sources.transport.session import ANSWER_SECS, open_http

log = service_log("ingestion")
# A cursor that is older and refused may only have expired; a younger one is a real error.
STALE_SECS = 60.0


@dataclass
class DeclaredSession(AccountSession):
    """A session with the cursors that the platform announced to it."""

    cursors: CursorMemory = field(default_factory=CursorMemory, repr=False)


class DeclaredSource:
    """Creator search and session check as a platform's file describes them.

    Where `sequential` is True, the platform announces only with each page whether and where there
    is a next one. `total_pages` is then one more than the page until the last one is seen, and a
    page that is requested out of order is reached from the last known one before it. `pages_before`
    and `advance` let a caller do that one paced request at a time; otherwise `search_creators` does
    it by itself, at the source's pace.
    """

    def __init__(
        self,
        *,
        declaration: Declaration,
        timeout_secs: float,
        clock: Clock,
        answer_secs: float = ANSWER_SECS,
    ) -> None:
        self.platform = declaration.name
        self.pace = declaration.pace
        self.endpoint_paces: Mapping[str, Pace] = {}
        self.endpoints: Mapping[str, str] = {}
        self.sequential = declaration.sequential
        self._declaration = declaration
        self._clock = clock
        self._api = JsonApi(
            base_url=declaration.base_url, timeout_secs=timeout_secs, answer_secs=answer_secs
        )
        self._answers = AnswerReader(declaration.answers)
        self._reader = PageReader(declaration)
        self._shared_cursors = CursorMemory()
        self._warned_columns: set[str] = set()

    def open_session(
        self, account_id: int, username: str, session: str | None, proxy: str | None
    ) -> DeclaredSession:
        """Return a session from cookies or a token in clear, as the file declares.

        Raises:
            LoginExpiredError: the stored session is missing or has another form.
        """
        if not session:
            raise LoginExpiredError("session_missing")
        try:
            credentials = read_session(self._declaration.session, session)
        except InvalidInputError as error:
            raise LoginExpiredError("session_unusable", cause=error) from None
        http = open_http(proxy)
        http.headers.update({"Accept": "application/json", **self._declaration.headers})
        http.headers.update(credentials.headers)
        jar = AccountCookies(
            http.cookies,
            cookie_domain(self._declaration.base_url),
            cookie_names(self._declaration.session, credentials),
            dict(credentials.cookies),
        )
        jar.put({**self._declaration.cookies, **credentials.cookies})
        return DeclaredSession(account_id, username, http, secrets=credentials.secrets, cookies=jar)

    def check_session(self, session: AccountSession) -> SessionStatus:
        """Return who is signed in, as the file's `[check]` says; nobody is a result, not an error.

        Raises:
            SourceError: the platform refuses for another reason than the session, or does not
                answer.
        """
        check = self._declaration.check
        try:
            body, _ = self._request(session, check, {})
        except LoginExpiredError:
            return SessionStatus(signed_in=False)
        if check.signed_in is not None and not check.signed_in.holds(body):
            return SessionStatus(signed_in=False)
        uid = check.uid.find(body) if check.uid else None
        name = check.name.find(body) if check.name else None
        return SessionStatus(
            True, None if uid is None else str(uid), None if name is None else str(name)
        )

    def search_creators(
        self, session: AccountSession, domain: str, page: int, via: Via
    ) -> CreatorPage:
        """Return page `page`, from 1, of the creators found by their names.

        Raises:
            BadRequestError: `via` is not USERS.
            SourceError: the platform refused a page or did not answer.
        """
        if via is not Via.USERS:
            raise BadRequestError("search_by_names_only", platform=self.platform)
        if self._declaration.paging.kind != "cursor":
            return self._fetch(session, domain, Place(page)).page
        while self.pages_before(session, domain, page):
            self.advance(session, domain, page)
            self._clock.wait(threading.Event(), self.pace.gap_secs)
        place = self._cursors(session).nearest(domain, page)
        if place.is_end:
            return CreatorPage(page, place.page - 1, ())
        return self._step(session, domain, place)

    def pages_before(self, session: AccountSession, domain: str, page: int) -> int:
        """Return how many pages must be fetched before `page` can be; 0 when it can be now."""
        if self._declaration.paging.kind != "cursor":
            return 0
        place = self._cursors(session).nearest(domain, page)
        return 0 if place.is_end else page - place.page

    def advance(self, session: AccountSession, domain: str, page: int) -> None:
        """Fetch the next page towards `page`, with one request.

        Raises:
            SourceError: the platform refuses or does not answer.
        """
        self._step(session, domain, self._cursors(session).nearest(domain, page))

    def _step(self, session: AccountSession, domain: str, place: Place) -> CreatorPage:
        """Fetch the page at a known place, and remember where the next one begins."""
        memory = self._cursors(session)
        try:
            read = self._fetch(session, domain, place)
        except (BadRequestError, NotFoundError, RetryableError) as error:
            came = not isinstance(error, RetryableError) or error.damaged
            stale = self._clock.monotonic() - place.known_at > STALE_SECS
            if place.cursor is None or not (came and stale):
                raise
            memory.forget(domain)
            raise RetryableError(
                "cursor_refused", error.evidence, page=place.page, cause=error
            ) from error
        memory.keep(domain, place)
        memory.keep(domain, self._place_behind(memory, domain, read))
        return read.page

    def _place_behind(self, memory: CursorMemory, domain: str, read: ReadPage) -> Place:
        page, cursor, now = read.page, read.next_cursor, self._clock.monotonic()
        if cursor is None or page.total_pages <= page.page:
            return Place(page.total_pages + 1, is_end=True, known_at=now)
        if memory.has_seen(domain, cursor, page.page):
            memory.forget(domain)
            evidence = Evidence(f"{self.platform} page {page.page}", 200)
            raise RetryableError("page_leads_back", evidence, damaged=True, page=page.page)
        return Place(page.page + 1, cursor, known_at=now)

    def _cursors(self, session: AccountSession) -> CursorMemory:
        if self._declaration.paging.cursors_shared:
            return self._shared_cursors
        assert isinstance(session, DeclaredSession)
        return session.cursors

    def _fetch(self, session: AccountSession, domain: str, place: Place) -> ReadPage:
        values = self._values(domain, place)
        body, request = self._request(session, self._declaration.search, values)
        query = PageQuery(
            page=place.page, cursor=place.cursor, request=request, redact=session.redact
        )
        read = self._reader.read(body, query)
        self._warn_unmatched(read)
        return read

    def _values(self, domain: str, place: Place) -> dict[str, Any]:
        paging = self._declaration.paging
        first = paging.first if paging.first is not None else int(paging.kind == "page")
        start = place.cursor if place.cursor is not None else paging.first_cursor
        size = paging.page_size or 0
        is_offset = paging.kind == "offset"
        return {
            "domain": domain,
            "page": place.page if is_offset else place.page - 1 + first,
            "offset": (place.page - 1) * size + (first if is_offset else 0),
            "cursor": ABSENT if start is None else start,
            "page_size": size,
        }

    def _request(
        self, session: AccountSession, question: Question, values: Mapping[str, Any]
    ) -> tuple[Any, str]:
        """Return the body of a good response, and the request without secrets."""
        in_path = {name: quote(str(value), safe="") for name, value in values.items()}
        params = {key: _as_param(value) for key, value in fill(question.params, values).items()}
        body = None if question.body is None else fill(question.body, values)
        answer = self._api.request(session, fill(question.path, in_path), params, body)
        if body is not None:
            sent = session.redact(json.dumps(body, ensure_ascii=False))
            answer = replace(answer, request=f"{answer.request} {sent}")
        endpoint = CHECK if question is self._declaration.check else "search"
        return self._answers.body(answer, endpoint, self._clock.now()), answer.request

    def _warn_unmatched(self, read: ReadPage) -> None:
        """Log each column that matches nothing, once: it may be a mistake in the file."""
        for column in read.unmatched:
            if column not in self._warned_columns:
                self._warned_columns.add(column)
                where = fields(platform=self.platform, page=read.page.page)
                log.warning("%s %s matches nothing on the whole page", where, column)


def _as_param(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
