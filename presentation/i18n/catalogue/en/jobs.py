"""Scheduled jobs and their results."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {}

ADVICE: dict[str, dict[str, Forms]] = {"terminal": {}, "console": {}, "api": {}}
