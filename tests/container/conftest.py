"""Podman with Baton's image, built once for all container tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.support.containers import IMAGE, Podman, reason_to_skip, volume

LOCKED_DOWN = (
    *("--read-only", "--cap-drop=all", "--security-opt=no-new-privileges"),
    *("--tmpfs", "/tmp", "--hostname", "baton"),
)
# A container of the tests, as a file system cannot be written, without a capability.
StartContainer = Callable[..., str]


@pytest.fixture(scope="session")
def podman() -> Podman:
    """Podman and the images. Where it cannot run: skipped, and failed where CI is set."""
    if (reason := reason_to_skip()) is not None:
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    made = Podman()
    made.make_images()
    return made


@pytest.fixture
def data(podman: Podman) -> Iterator[str]:
    """An empty volume for /data."""
    with volume(podman, "baton-test-data") as name:
        yield name


@pytest.fixture
def start(podman: Podman) -> Iterator[StartContainer]:
    """`start("name", *options, command=(...), env={...})`: a locked-down container of Baton's
    image that runs in the background; removed at the end."""
    made: list[str] = []

    def begin(
        name: str, *options: str, command: tuple[str, ...] = (), env: dict[str, str] | None = None
    ) -> str:
        full = f"baton-test-{name}"
        podman.try_("rm", "--force", "--volumes", full)
        settings = [f"--env={key}={value}" for key, value in (env or {}).items()]
        made.append(full)
        podman(
            "run", "--detach", "--name", full, *LOCKED_DOWN, *settings, *options, IMAGE, *command
        )
        return full

    yield begin
    for name in reversed(made):
        podman.try_("rm", "--force", "--volumes", "--time", "1", name)
