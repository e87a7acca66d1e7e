"""Settings are refused with a message that names what is wrong."""

from __future__ import annotations

import pytest

from sandbox import RateLimit, SandboxConfig


def test_defaults_are_valid() -> None:
    config = SandboxConfig()
    assert config.rate == RateLimit(200, 10.0)
    assert config.domains == ("美妆", "游戏")


@pytest.mark.parametrize(
    ("text", "rate"), [("200/10", RateLimit(200, 10.0)), ("1/0.5", RateLimit(1, 0.5))]
)
def test_rate_text(text: str, rate: RateLimit) -> None:
    assert RateLimit.parse(text) == rate


@pytest.mark.parametrize("text", ["", "200", "/", "a/b", "0/10", "5/0", "5/-1", "5/nan", "1/2/3"])
def test_bad_rate_text(text: str) -> None:
    with pytest.raises(ValueError, match="rate"):
        RateLimit.parse(text)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("port", -1),
        ("port", 65_536),
        ("creators", -1),
        ("creators", 10_000_001),
        ("domains", ()),
        ("domains", ("美妆", "")),
        ("domains", (" 美妆",)),
        ("domains", ("美妆", "美妆")),
        ("domains", tuple(str(n) for n in range(1_001))),
        ("faults", "brutal"),
        ("page_limit", 0),
        ("page_size", 0),
        ("good_answers_before_ban", -1),
        ("batch_limit", 0),
        ("youtube_units", -1),
    ],
)
def test_bad_setting_is_named(setting: str, value: object) -> None:
    with pytest.raises(ValueError, match=setting):
        SandboxConfig(**{setting: value})  # type: ignore[arg-type]
