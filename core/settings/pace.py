"""The pace of requests: a rate limit for one account or one key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from core.errors import WrongValueError

PACE_FORM = re.compile(r"^([0-9]{1,9})/([0-9]{1,9}(?:\.[0-9]{1,9})?)$")


@dataclass(frozen=True)
class Pace:
    """A rate limit: at most `requests` in any `per_secs` seconds."""

    requests: int
    per_secs: float

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read `1/2.5` (one request every 2.5 seconds).

        Raises:
            WrongValueError: the text has another form or names a zero.
        """
        match = PACE_FORM.match(str(text).strip())
        if not match or int(match[1]) == 0 or float(match[2]) == 0:
            raise WrongValueError("pace_form_wrong", text=str(text))
        return cls(int(match[1]), float(match[2]))

    @property
    def gap_secs(self) -> float:
        """Return the seconds between two requests if they are spread evenly."""
        return self.per_secs / self.requests
