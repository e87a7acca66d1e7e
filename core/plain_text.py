"""Text from outside, made fit for one line of a terminal, a table or a message."""

from __future__ import annotations


def one_line(text: str) -> str:
    """Replace every control character by a space, so that the text cannot move the cursor."""
    return "".join(" " if ord(letter) < 32 or ord(letter) == 127 else letter for letter in text)
