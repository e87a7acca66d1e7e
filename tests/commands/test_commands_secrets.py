"""A cookie, password or proxy password goes in and never comes out again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.processes.launcher import Baton, SandboxProcess

COOKIE, PASSWORD, PROXY_PASSWORD = "C00kie-of-mine-4711", "Pa55-of-mine-0815", "Pr0xy-mine-42"
SECRETS = (COOKIE, PASSWORD, PROXY_PASSWORD)
NETSCAPE = f"# Netscape HTTP Cookie File\n.bilibili.com\tTRUE\t/\tTRUE\t0\tSESSDATA\t{COOKIE}\n"


def traces_of_secrets(folder: Path) -> list[str]:
    """Files (databases, logs, outputs, exports) that hold a secret in clear."""
    return [
        f"{secret} in {path.name}"
        for path in folder.rglob("*")
        if path.is_file()
        for secret in SECRETS
        if secret.encode() in path.read_bytes()
    ]


def test_nothing_that_is_written_or_printed_holds_a_secret(
    baton: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    platform = start_sandbox(creators=100)
    baton.use(platform)
    added = baton.run(
        "accounts", "add", "acc1", "--password", stdin=f"{PASSWORD}\nSESSDATA={COOKIE}; a=b\n"
    )
    assert added.code == 0, added
    proxy = f"http://user:{PROXY_PASSWORD}@127.0.0.1:9"
    shut = baton.run("accounts", "add", "acc2", "--proxy", proxy, stdin=f"SESSDATA={COOKIE}")
    assert shut.code == 0, shut
    platform.order_faults({"kind": "html_200", "times": 12}, {"kind": "code_412"})
    for words in (
        ("start_crawl", "--domain", "美妆"),
        ("accounts", "check", "acc2"),
        ("accounts", "list"),
        ("accounts", "list", "--json"),
        ("accounts", "explain", "acc1", "--json"),
        ("accounts", "rotate-key"),
        ("status", "--json"),
        ("doctor",),
    ):
        outcome = baton.run(*words, env={"BATON_TASK_ATTEMPTS": "1"})
        assert "Traceback" not in outcome.err, outcome
    assert list((baton.data_dir / "evidence").rglob("*.json")), "no evidence was kept to look at"
    assert list(baton.log_dir.glob("*.log")), "nothing was logged to look at"
    assert traces_of_secrets(baton.folder) == []


def test_the_key_file_is_its_owners_only(baton: Baton) -> None:
    assert baton.run("init").code == 0
    assert (baton.data_dir / "secret.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content",
    [
        f"SESSDATA={COOKIE}; bili_jct=x",
        NETSCAPE,
        f'[{{"name":"SESSDATA","value":"{COOKIE}","domain":".bilibili.com"}}]',
        "\ufeff" + NETSCAPE.replace("\n", "\r\n"),
    ],
    ids=["header", "netscape", "json", "windows"],
)
def test_each_form_of_cookies_signs_in(
    baton: Baton, start_sandbox: Callable[..., SandboxProcess], tmp_path: Path, content: str
) -> None:
    baton.use(start_sandbox(creators=1))
    file = tmp_path / "cookies"
    file.write_text(content, encoding="utf-8", newline="")
    assert baton.run("accounts", "import", "acc1", file).code == 0
    outcome = baton.run("accounts", "check", "acc1")
    assert outcome.code == 0, outcome
    assert "signed in as" in outcome.out
