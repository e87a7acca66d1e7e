"""`doctor`: find what is wrong or will go wrong, advise, and fix what is safe to fix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from app.container import App
from commands.doctor.checks import InstallationChecks
from commands.doctor.findings import Finding, Level
from commands.framework.context import COMMAND_PATIENCE_SECS, Exit, result, result_json
from commands.framework.options import AsJson
from commands.framework.reader import in_english, reader, text_of
from core.errors import BatonError
from core.logs import log_nowhere, redact
from core.messages import Message
from core.settings import load_settings

INDENT = "\n          "


@dataclass(frozen=True)
class ReportLine:
    """A finding, and the result of `--fix`: `fixed` is what was done, `failed` why it was not."""

    finding: Finding
    fixed: Message | None = None
    failed: BaseException | None = None

    @property
    def is_error(self) -> bool:
        """Return True when the command must end with an error for it."""
        return self.finding.level is Level.ERROR and self.fixed is None

    def as_json(self) -> dict[str, object]:
        """Return the line as JSON, with English texts."""
        finding = self.finding
        return {
            "level": finding.level.value,
            "subject": in_english(finding.subject),
            "detail": redact(in_english(finding.detail)),
            "advice": in_english(finding.advice) if finding.advice else "",
            "fixable": finding.fix is not None,
            "fixed": in_english(self.fixed) if self.fixed else None,
        }

    def as_text(self) -> str:
        """Return the line in the reader's language, with its advice or fix on a second one."""
        finding = self.finding
        mark = Message(f"mark_{finding.level}")
        first = Message.of(
            "finding_line",
            mark=mark,
            subject=finding.subject,
            detail=reader().sentence(finding.detail),
        )
        lines = [first]
        if self.fixed is not None:
            lines.append(Message.of("finding_fixed", done=self.fixed))
        elif self.failed is not None:
            lines.append(Message.of("finding_not_fixed", cause=self.failed))
        elif finding.advice:
            advice = finding.advice
            lines.append(Message.of("advice_or_fix", advice=advice) if finding.fix else advice)
        return INDENT.join(redact(text_of(line)) for line in lines)


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="do what is safe, and say what")] = False,
    as_json: AsJson = False,
) -> None:
    """Check the installation, and say what to do."""
    log_nowhere()  # the log folder may be what is wrong
    app = App(load_settings(), patience_secs=COMMAND_PATIENCE_SECS)
    lines = []
    try:
        for finding in InstallationChecks(app).findings():
            lines.append(_fix(finding) if fix else ReportLine(finding))
            if not as_json:
                result(lines[-1].as_text())
    finally:
        app.close()
    if as_json:
        result_json([line.as_json() for line in lines])
    if any(line.is_error for line in lines):
        raise typer.Exit(Exit.ERROR)


def _fix(finding: Finding) -> ReportLine:
    """Apply a finding's fix, if it has one, and return the result."""
    if finding.fix is None:
        return ReportLine(finding)
    try:
        return ReportLine(finding, fixed=finding.fix())
    except (BatonError, OSError) as error:
        return ReportLine(finding, failed=error)


COMMANDS = {"doctor": doctor}
