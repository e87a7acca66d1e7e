"""Responses of HTTP/1.1 without the informational ones that may come before them."""

from __future__ import annotations

import http.client
from typing import Any

# RFC 9110, 15.2: any number of them may come first; more than this is no server's intent.
MAX_INFORMATIONAL = 20
SWITCHING_PROTOCOLS = 101


class FinalResponse(http.client.HTTPResponse):
    """A response that passes over `103 Early Hints` and its kind.

    Python's own passes over `100 Continue` alone, and takes any other for the answer.
    """

    def _read_status(self) -> Any:
        for _ in range(MAX_INFORMATIONAL):
            status_line: Any = super()._read_status()  # type: ignore[misc]
            status = status_line[1]
            if not 102 <= status < 200:
                return status_line
            # The headers of an informational response, with the limits of the library.
            http.client.parse_headers(self.fp)
        raise http.client.HTTPException("too many informational responses")
