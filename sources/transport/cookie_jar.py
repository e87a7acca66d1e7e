"""A cookie jar that says whether its cookies have changed."""

from __future__ import annotations

import time
from http.cookiejar import Cookie
from math import inf
from typing import Any

from requests.cookies import RequestsCookieJar


class CountingCookieJar(RequestsCookieJar):
    """A cookie jar that counts its changes, so that others know whether what they made of it is
    still true."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._changes = 0
        self._expires_at = inf  # the next cookie does, by the system's clock as in http.cookiejar

    def set_cookie(self, cookie: Cookie, *args: Any, **kwargs: Any) -> None:
        """Set a cookie in place of the one of the same domain, path and name."""
        super().set_cookie(cookie, *args, **kwargs)
        self._changes += 1
        if cookie.expires is not None:
            self._expires_at = min(self._expires_at, cookie.expires)

    def clear(
        self, domain: str | None = None, path: str | None = None, name: str | None = None
    ) -> None:
        """Remove the cookies of a domain, of a path there, or of a name there; without any, all.

        Raises:
            KeyError: there is none.
        """
        super().clear(domain, path, name)
        self._changes += 1

    def changes(self) -> int:
        """Return the number of changes so far; a cookie that has expired is one."""
        now = time.time()
        if now >= self._expires_at:
            self._changes += 1
            later = (cookie.expires for cookie in self if (cookie.expires or 0) > now)
            self._expires_at = min((expires for expires in later if expires), default=inf)
        return self._changes
