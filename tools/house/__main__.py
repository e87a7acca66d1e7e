"""`python -m tools.house [--places] [FOLDER ...]`: measure checkouts side by side."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.house.measures import Measure, measure
from tools.house.tree import read_tree

PLACES = "--places"


def main(arguments: list[str]) -> int:
    """Print a table with one column per folder; return 1 when the last one exceeds a limit, else 0.

    `--places` adds the file and line of everything that was counted in the last folder; without it,
    only the places of a measure over its limit are printed.
    """
    folders = [argument for argument in arguments if argument != PLACES]
    roots = [Path(folder).resolve() for folder in folders] or [Path.cwd()]
    columns = [measure(read_tree(root)) for root in roots]
    print("\n".join(table([root.name for root in roots], columns)))
    exceeded = [row for row in columns[-1] if row.is_exceeded]
    for row in columns[-1] if PLACES in arguments else exceeded:
        for place in row.places:
            print(f"{row.name}: {place}")
    for row in exceeded:
        print(f"over the limit: {row.name}: {row.shown}", file=sys.stderr)
    return 1 if exceeded else 0


def table(names: list[str], columns: list[list[Measure]]) -> list[str]:
    """Return the lines of a Markdown table: a row per measure, a column per checkout.

    Args:
        columns: for each checkout its measures, all in the same order.
    """
    lines = [f"| measure | {' | '.join(names)} | goal |", "|---" * (len(names) + 2) + "|"]
    for rows in zip(*columns, strict=True):
        values = " | ".join(row.shown for row in rows)
        lines.append(f"| {rows[0].name} | {values} | {rows[0].goal} |")
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
