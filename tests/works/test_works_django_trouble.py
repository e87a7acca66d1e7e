"""The receiver of the documentation by itself: no trouble of the drop folder reaches the site."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.works.django_site import Site


@pytest.fixture(params=["missing", "forbidden", "full"])
def bad_folder(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """A drop folder that takes no file, and what the system says of it."""
    if request.param == "full":
        mount: Callable[[str], Path] = request.getfixturevalue("mount")
        place = mount("size=16k")
        with suppress(OSError):
            (place / "filler").write_bytes(b"x" * 2**20)
        return place, "No space left on device"
    folder = tmp_path / "folder"
    if request.param == "missing":
        folder.write_text("a file")
        return folder / "inbox", "Not a directory"
    folder.mkdir()
    folder.chmod(0o500)
    return folder, "Permission denied"


@pytest.mark.parametrize("step", ["save", "burst", "every_way", "change"])
def test_no_trouble_of_the_folder_costs_a_save_or_a_hook(
    site: Site, bad_folder: tuple[Path, str], held_to_modes: list[str], step: str
) -> None:
    folder, trouble = bad_folder
    steps = ["save", "change"] if step == "change" else [step]
    done = site.try_run("tables", *steps, "hooks", inbox=folder, launcher=held_to_modes)
    counts = {"save": "3 3", "burst": "50 50", "every_way": "5 1", "change": "7 2"}
    assert done.out.strip() == counts[step], "hooks of others, and rows"
    assert trouble in done.log and "Traceback" not in done.log
    assert done.log.count("\n") == 1, "one line, and none for each of the next changes"


def test_a_row_that_is_not_for_baton_is_not_told(site: Site) -> None:
    site.run("tables", "hide")
    assert site.files() == []


def test_files_of_the_site_can_be_read_by_the_group(site: Site) -> None:
    umask = os.umask(0o077)
    try:
        site.run("tables", "save")
    finally:
        os.umask(umask)
    assert {file.stat().st_mode & 0o777 for file in site.files()} == {0o640}
    assert (site.inbox / ".order").stat().st_mode & 0o777 == 0o660
