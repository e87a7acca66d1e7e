"""`doctor`: finds what is wrong or will go wrong, advises, and fixes what is safe to fix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from app.container import App
from commands.doctor.checks import InstallationChecks
from commands.doctor.findings import Finding, Level
from commands.framework.context import COMMAND_PATIENCE_SECS, Exit, dashed, result, result_json
from core.errors import BatonError
from core.logs import redact
from core.settings import load_settings

MARKS = {Level.OK: "ok     ", Level.WARN: "WARNING", Level.ERROR: "ERROR  "}


@dataclass(frozen=True)
class ReportLine:
    """A finding, and what `--fix` did about it: `fixed`, or why it `failed`."""

    finding: Finding
    fixed: str | None = None
    failed: str | None = None

    @property
    def is_error(self) -> bool:
        """Return whether the command must end with an error for it."""
        return self.finding.level is Level.ERROR and self.fixed is None

    def as_json(self) -> dict[str, object]:
        """Return the line for programs."""
        finding = self.finding
        return {
            "level": finding.level.value,
            "subject": finding.subject,
            "detail": finding.detail,
            "advice": finding.advice,
            "fixable": finding.fix is not None,
            "fixed": self.fixed,
        }

    def as_text(self) -> str:
        """Return the line for people, with advice on a second one."""
        finding = self.finding
        lines = [f"{MARKS[finding.level]} {finding.subject}: {finding.detail}"]
        if self.fixed is not None:
            lines.append(f"fixed: {self.fixed}")
        elif self.failed is not None:
            lines.append(f"not fixed: {self.failed}")
        elif finding.advice:
            or_fix = " (or: python cli.py doctor --fix)" if finding.fix else ""
            lines.append(finding.advice + or_fix)
        return "\n          ".join(lines)


def register(app: typer.Typer) -> None:
    """Register `doctor`."""
    dashed(app, "doctor")(doctor)


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="do what is safe, and say what")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Check the installation, and say what to do."""
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
    if finding.fix is None:
        return ReportLine(finding)
    try:
        return ReportLine(finding, fixed=finding.fix())
    except (BatonError, OSError) as error:
        return ReportLine(finding, failed=redact(str(error)))
