"""How often one account, or one key, may ask a platform."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

PACE_FORM = re.compile(r"^([0-9]{1,9})/([0-9]{1,9}(?:\.[0-9]{1,9})?)$")


@dataclass(frozen=True)
class Pace:
    """At most `requests` in `per_secs` seconds, spread evenly."""

    requests: int
    per_secs: float

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read `1/2.5` (one request every 2.5 seconds).

        Raises:
            ValueError: the text has another form or names a zero.
        """
        found = PACE_FORM.match(str(text).strip())
        if not found or int(found[1]) == 0 or float(found[2]) == 0:
            raise ValueError(f"{text!r} is not REQUESTS/SECONDS, for example 1/2.5")
        return cls(int(found[1]), float(found[2]))

    @property
    def gap_secs(self) -> float:
        return self.per_secs / self.requests
