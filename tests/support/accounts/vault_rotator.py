"""A process that opens the vault, and rotates its key as many times as it is told."""

from __future__ import annotations

import sys

from app.container import App
from core.settings import load_settings

print("ready", flush=True)
sys.stdin.readline()
app = App(load_settings(), patience_secs=10).open()
for _ in range(int(sys.argv[1])):
    app.vault.rotate(app.database)
app.close()
