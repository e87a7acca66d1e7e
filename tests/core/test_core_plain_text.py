"""Texts of others on one line: what turns the direction of writing around stays within them."""

from __future__ import annotations

import pytest

from core.plain_text import escaped_turns, isolated, one_line

FSI, PDI, RLO, RLI = "\u2068", "\u2069", "\u202e", "\u2067"


@pytest.mark.parametrize(
    "text, shown",
    [
        ("abc", "abc"),
        ("美妆", "美妆"),
        (f"a{RLO}b", f"{FSI}a{RLO}b{PDI}"),
        ("שלום", f"{FSI}שלום{PDI}"),
        (f"a{PDI}{RLO}b", f"{FSI}a{RLO}b{PDI}"),
        (f"a{RLI}b", f"{FSI}a{RLI}b{PDI}{PDI}"),
        (f"a\n{RLO}b\nc", f"a\n{FSI}{RLO}b{PDI}\nc"),
    ],
)
def test_a_text_turns_nothing_around_outside_itself(text: str, shown: str) -> None:
    assert isolated(text) == shown
    assert isolated(shown) == shown


def test_two_isolates_side_by_side_are_not_taken_for_one() -> None:
    text = f"{RLI}a{PDI}b{RLI}c{PDI}"
    assert isolated(text) == f"{FSI}{text}{PDI}"


def test_a_terminal_shows_the_marks_themselves() -> None:
    assert one_line(f"a\x1b[2J{RLO}b") == "a [2J\\u202eb"
    assert escaped_turns("שלום") == "שלום"  # letters alone end where they end
