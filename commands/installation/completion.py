"""`completion`: the scripts by which shells complete commands, options and values."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from commands.framework.completion.shells import Shell
from commands.framework.context import result

PROGRAM = "baton"
NAME_IN_SCRIPTS = "@PROGRAM@"
FUNCTION_IN_SCRIPTS = "@FUNCTION@"
SCRIPTS = Path(__file__).with_name("completion_scripts")


def completion(
    shell: Annotated[Shell, typer.Argument(help="whose script it is")],
) -> None:
    """Print the script by which a shell completes commands.

    It completes options and values too: domains, accounts, ids.

    Load it in ~/.bashrc or ~/.zshrc by `source <(baton completion bash)`, in fish by `baton
    completion fish | source`.

    It needs an installed command, like `baton`: `python cli.py` cannot be completed.
    """
    name = _program_name()
    script = (SCRIPTS / f"baton.{shell.value}").read_text(encoding="utf-8")
    function = re.sub(r"\W", "_", name, flags=re.ASCII)
    result(script.replace(NAME_IN_SCRIPTS, name).replace(FUNCTION_IN_SCRIPTS, function).rstrip())


def _program_name() -> str:
    """Return the name that was typed where a shell finds this very program by it; `baton` else."""
    typed = Path(sys.argv[0])
    found = shutil.which(typed.name)
    if found is None or not re.fullmatch(r"[\w.+-]+", typed.name):
        return PROGRAM
    return typed.name if typed.exists() and typed.samefile(found) else PROGRAM


COMMANDS = {"completion": completion}
