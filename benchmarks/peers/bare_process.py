"""The bare loop of `benchmarks/bare_ingest.py` as a program, so that it pays for its start too.

python -m benchmarks.peers.bare_process URL FOLDER DOMAIN PAGES THREADS
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks import bare_ingest
from benchmarks.ground import Place

if __name__ == "__main__":
    url, folder, domain, pages, threads = sys.argv[1:]
    place = Place(f"sqlite:///{Path(folder) / 'baton.db'}", Path(folder))
    bare_ingest.crawl(url, place, domain, int(pages), int(threads))
