"""`doctor`: looks for what is wrong or will go wrong, says what to do, and mends what is safe."""

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
class Line:
    """A finding, and what `--fix` did about it."""

    finding: Finding
    fixed: str | None = None
    failed: str | None = None

    @property
    def is_error(self) -> bool:
        return self.finding.level is Level.ERROR and self.fixed is None

    def as_json(self) -> dict[str, object]:
        one = self.finding
        return {
            "level": one.level.value,
            "subject": one.subject,
            "detail": one.detail,
            "advice": one.advice,
            "fixable": one.fix is not None,
            "fixed": self.fixed,
        }

    def as_text(self) -> str:
        one = self.finding
        lines = [f"{MARKS[one.level]} {one.subject}: {one.detail}"]
        if self.fixed is not None:
            lines.append(f"fixed: {self.fixed}")
        elif self.failed is not None:
            lines.append(f"not fixed: {self.failed}")
        elif one.advice:
            lines.append(one.advice + (" (or: python cli.py doctor --fix)" if one.fix else ""))
        return "\n          ".join(lines)


def register(app: typer.Typer) -> None:
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
            lines.append(_mended(finding) if fix else Line(finding))
            if not as_json:
                result(lines[-1].as_text())
    finally:
        app.close()
    if as_json:
        result_json([line.as_json() for line in lines])
    if any(line.is_error for line in lines):
        raise typer.Exit(Exit.ERROR)


def _mended(finding: Finding) -> Line:
    if finding.fix is None:
        return Line(finding)
    try:
        return Line(finding, fixed=finding.fix())
    except (BatonError, OSError) as error:
        return Line(finding, failed=redact(str(error)))
