"""The virtual environment of the peers: made once, outside the project's own."""

from __future__ import annotations

import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ground import ROOT

FOLDER = ROOT / ".peers"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
INSTALL_SECS = 600.0


@dataclass(frozen=True)
class Peers:
    """An interpreter that can import the peers, and their versions by name in lower case."""

    python: str
    versions: dict[str, str]


def peers() -> Peers | None:
    """Return the environment, made or renewed if need be; None where it cannot be installed."""
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    stamp, python = FOLDER / "requirements.txt", FOLDER / "bin" / "python"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        if not _install(python):
            return None
        stamp.write_text(wanted, encoding="utf-8")
    pins = [line.partition("==") for line in wanted.splitlines() if "==" in line]
    return Peers(str(python), {name.lower(): version for name, _, version in pins})


def _install(python: Path) -> bool:
    print(f"installing what is compared with into {FOLDER} ...", file=sys.stderr, flush=True)
    try:
        venv.create(FOLDER, with_pip=True, clear=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--requirement", REQUIREMENTS],
            check=True,
            timeout=INSTALL_SECS,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        detail = str(getattr(error, "stderr", "") or error).strip().splitlines()
        print(f"the peers are left out: {detail[-1] if detail else error}", file=sys.stderr)
        return False
    return True
