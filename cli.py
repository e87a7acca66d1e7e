"""Entry point: `python cli.py COMMAND`. See docs/cli.md."""

from commands.main import main

if __name__ == "__main__":
    main()
