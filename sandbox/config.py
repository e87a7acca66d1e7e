"""What a sandbox can be told: one frozen, validated object."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

THROTTLES = ("code", "http")
MAX_EGRESSES = 1_000
FAULT_PROFILES = ("none", "mild", "harsh")
MAX_CREATORS = 10_000_000
MAX_DOMAINS = 1_000
MAX_PAGE_SIZE = 50
MAX_PORT = 65_535


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `requests` in any `per_secs` seconds, for each account."""

    requests: int
    per_secs: float

    def __post_init__(self) -> None:
        if self.requests < 1:
            raise ValueError(f"rate: requests must be at least 1, not {self.requests}")
        if not (math.isfinite(self.per_secs) and self.per_secs > 0):
            raise ValueError(f"rate: seconds must be a positive number, not {self.per_secs}")

    @classmethod
    def parse_optional(cls, text: str | None) -> RateLimit | None:
        """Read as `parse` does; None stays None."""
        return None if text is None else cls.parse(text)

    @classmethod
    def parse(cls, text: str) -> RateLimit:
        """Read `REQUESTS/SECONDS`, such as `200/10`; ValueError for anything else."""
        requests, slash, secs = text.partition("/")
        try:
            if slash:
                return cls(int(requests), float(secs))
        except ValueError as error:
            raise ValueError(f"rate {text!r} is not REQUESTS/SECONDS, such as 200/10") from error
        raise ValueError(f"rate {text!r} is not REQUESTS/SECONDS, such as 200/10")


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """Everything that shapes one sandbox; equal configs serve equal creators and videos.

    `creators` is the number per domain. `page_limit` caps numPages (None: every hit is reachable).
    `good_answers_before_ban` applies to the accounts named `banned-*` and `expired-*`.
    `rate` is that of each account of Bilibili and of the marketplace, `youtube_rate` that of each
    key, `tikhub_rate` that of each key at each endpoint; `youtube_units` is what a key may spend in
    a day; a batch of Bilibili's videos has at most `batch_limit` ids. `egresses` is the number of
    proxy gateways; with a `port` of its own a sandbox opens them on the ports that follow it.
    `egress_rate` is what each egress route may ask of a platform, whatever its accounts (None: no
    limit); Bilibili refuses by code -799 or, if `egress_throttle` is `http`, by HTTP 429.
    `space_lock` is what a route may ask of `/x/space/` before it is locked out there.
    Raises ValueError, naming the setting, when a value makes no sense.
    """

    port: int = 0
    creators: int = 10_000
    domains: tuple[str, ...] = ("美妆", "游戏")
    seed: int = 1
    rate: RateLimit = field(default_factory=lambda: RateLimit(200, 10.0))
    faults: str = "none"
    page_limit: int | None = None
    page_size: int = 20
    good_answers_before_ban: int = 5
    batch_limit: int = 50
    youtube_units: int = 10_000
    youtube_rate: RateLimit = field(default_factory=lambda: RateLimit(50, 1.0))
    tikhub_rate: RateLimit = field(default_factory=lambda: RateLimit(10, 1.0))
    egresses: int = 0
    egress_rate: RateLimit | None = None
    egress_throttle: str = "code"
    space_lock: RateLimit | None = None

    def __post_init__(self) -> None:
        _check_range("port", self.port, 0, MAX_PORT)
        _check_range("creators", self.creators, 0, MAX_CREATORS)
        _check_range("page_size", self.page_size, 1, MAX_PAGE_SIZE)
        if self.page_limit is not None and self.page_limit < 1:
            raise ValueError(f"page_limit must be at least 1, not {self.page_limit}")
        if self.good_answers_before_ban < 0:
            raise ValueError("good_answers_before_ban must not be negative")
        if self.batch_limit < 1:
            raise ValueError(f"batch_limit must be at least 1, not {self.batch_limit}")
        if self.youtube_units < 0:
            raise ValueError("youtube_units must not be negative")
        if self.faults not in FAULT_PROFILES:
            known = ", ".join(FAULT_PROFILES)
            raise ValueError(f"faults must be one of {known}, not {self.faults!r}")
        _check_range("egresses", self.egresses, 0, MAX_EGRESSES)
        if self.port and self.port + self.egresses > MAX_PORT:
            raise ValueError(f"egresses: there are no {self.egresses} ports after {self.port}")
        if self.egress_throttle not in THROTTLES:
            known = ", ".join(THROTTLES)
            raise ValueError(
                f"egress_throttle must be one of {known}, not {self.egress_throttle!r}"
            )
        _check_domains(self.domains)


def _check_range(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} must be between {low} and {high}, not {value}")


def _check_domains(domains: tuple[str, ...]) -> None:
    if not domains:
        raise ValueError("domains must name at least one domain")
    if len(domains) > MAX_DOMAINS:
        raise ValueError(f"domains must not be more than {MAX_DOMAINS}")
    if any(domain != domain.strip() or not domain for domain in domains):
        raise ValueError("domains must not be empty nor start or end with blanks")
    if len(set(domains)) != len(domains):
        raise ValueError("domains must differ from each other")
