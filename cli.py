"""Entry point: `python cli.py COMMAND`. See docs/cli.md."""

import sys
from pathlib import Path

if __name__ == "__main__":
    try:
        from commands.framework.main import main

        main()
    except ModuleNotFoundError as error:
        if Path(__file__).with_name(str(error.name).split(".")[0]).exists():
            raise
        sys.exit(
            f"error: the package {error.name!r} is not installed for {sys.executable}.\n"
            "Run `make demo` once (or: python3 -m venv .venv && .venv/bin/pip install -r"
            " requirements.txt), then: .venv/bin/python cli.py ..."
        )
