"""Short links under `/HOST/PATH`, as a client asks that is told to look for them here.

The pages that they lead to are served too, empty, and so is `evil.example`, where nobody should go:
the stats count requests by host.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.desk import Desk
from sandbox.messages import Reply, Request, html_reply, redirect
from sandbox.short_codes import SHORT_HOSTS, location

_PAGE_HOSTS = (
    *("www.douyin.com", "www.iesdouyin.com", "www.tiktok.com", "www.bilibili.com"),
    *("m.bilibili.com", "www.youtube.com", "evil.example"),
)


@dataclass(frozen=True, slots=True)
class ShortLinks:
    """Answers with redirects."""

    desk: Desk

    def route(self, request: Request) -> Reply | None:
        """The answer to a request under one of the hosts; None for any other path."""
        path = request.path.strip("/")
        for host in SHORT_HOSTS:
            code = path.removeprefix(f"{host}/")
            if code != path and "/" not in code:
                return self._follow(request, host, code)
        host = path.partition("/")[0]
        if host not in _PAGE_HOSTS:
            return None
        self.desk.stats.requested(self.desk.platform, f"/{host}")
        return html_reply(f"<!DOCTYPE html><html><head><title>{host}</title></head></html>")

    def _follow(self, request: Request, host: str, code: str) -> Reply:
        self.desk.stats.requested(self.desk.platform, f"/{host}")
        target = location(host, code)

        def good() -> Reply:
            return redirect(target) if target else html_reply("<h1>404</h1>", 404)

        asked = self.desk.asked(request, "")
        return self.desk.settle(request, asked, {}, good) or good()
