"""Entry point of the installed program: `baton COMMAND`, `python -m baton COMMAND`."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    code = HERE / "code"
    # An editable installation has no copy: the code is the checkout beside this package.
    sys.path.insert(0, str(code if code.is_dir() else HERE.parent))
    from commands.framework.main import main as run

    run()


if __name__ == "__main__":
    main()
