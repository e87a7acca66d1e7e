"""The form of a sentence in the message catalogue."""

from __future__ import annotations

# One text, or one for `n` = 1 and one for other numbers.
Forms = str | tuple[str, str]
