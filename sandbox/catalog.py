"""The searchable whole: every domain's creators and videos, cut into pages."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.config import SandboxConfig
from sandbox.creators import Creator, Population, populations
from sandbox.videos import Shelf, Video

CREATOR_SEARCH = "bili_user"
VIDEO_SEARCH = "video"
SEARCH_TYPES = (CREATOR_SEARCH, VIDEO_SEARCH)


@dataclass(frozen=True, slots=True)
class Question:
    """What a search asks for; also what makes two served pages duplicates of each other."""

    search_type: str
    keyword: str
    page: int


@dataclass(frozen=True, slots=True)
class Span:
    """Where a page lies among its keyword's hits: positions `start` up to `stop`."""

    start: int
    stop: int
    num_results: int
    num_pages: int


class Catalog:
    """Finds creators and videos for a keyword (a domain's name) or an id; holds no state."""

    def __init__(self, config: SandboxConfig) -> None:
        self._page_size = config.page_size
        self._page_limit = config.page_limit
        self._shelves = {
            domain: Shelf(population) for domain, population in populations(config).items()
        }

    @property
    def domains(self) -> list[str]:
        """The keywords that find something."""
        return list(self._shelves)

    @property
    def page_size(self) -> int:
        """Hits on a full page."""
        return self._page_size

    def population(self, domain: str) -> Population | None:
        """The creators of a domain."""
        shelf = self._shelves.get(domain)
        return shelf.owners if shelf else None

    def span(self, question: Question) -> Span:
        """Which hits a page shows: none for an unknown keyword or a page past the last one."""
        shelf = self._shelves.get(question.keyword)
        total = self._hits(shelf, question.search_type) if shelf else 0
        pages = -(-total // self._page_size)
        if self._page_limit is not None and pages > self._page_limit:
            pages = self._page_limit
            total = pages * self._page_size
        start = min((question.page - 1) * self._page_size, total)
        return Span(
            start=start,
            stop=min(start + self._page_size, total),
            num_results=total,
            num_pages=pages,
        )

    def creators(self, keyword: str, span: Span) -> list[tuple[Creator, list[Video]]]:
        """The creators of a page, each with the videos shown beside the name."""
        shelf = self._shelves[keyword]
        indexes = range(span.start, span.stop)
        return [(shelf.owners.creator(index), shelf.of(index)) for index in indexes]

    def videos(self, keyword: str, span: Span) -> list[tuple[Video, Creator]]:
        """The videos of a page, each with its author."""
        shelf = self._shelves[keyword]
        found = (shelf.at(position) for position in range(span.start, span.stop))
        return [(video, shelf.owners.creator(video.owner_index)) for video in found]

    def video(self, aid: int) -> tuple[Video, Creator] | None:
        """One video and its author, in whatever domain it is; a course is not found."""
        for shelf in self._shelves.values():
            video = shelf.by_aid(aid)
            if video is not None and not video.is_course:
                return video, shelf.owners.creator(video.owner_index)
        return None

    def creator(self, uid: int) -> tuple[Creator, list[Video]] | None:
        """One creator and all their videos that are no courses, newest first."""
        for shelf in self._shelves.values():
            creator = shelf.owners.find(uid)
            if creator is not None:
                return creator, shelf.of(creator.index)
        return None

    @staticmethod
    def _hits(shelf: Shelf, search_type: str) -> int:
        return shelf.owners.size if search_type == CREATOR_SEARCH else shelf.total
