"""What a sandbox can be told: one frozen, validated object."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

FAULT_PROFILES = ("none", "mild", "harsh")
MAX_CREATORS = 10_000_000
MAX_DOMAINS = 1_000
MAX_PAGE_SIZE = 50


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
    `rate` is that of each account of Bilibili and of the marketplace, the other two that of each
    key; `youtube_units` is what a key may spend in a day; a batch of Bilibili's videos has at most
    `batch_limit` ids.
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

    def __post_init__(self) -> None:
        _check_range("port", self.port, 0, 65_535)
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
