"""What is not documented does not exist: commands, options and settings are all in the docs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer

from commands.framework.main import build
from core.settings import Settings
from crawler.export.columns import DEFAULT_COLUMNS
from presentation.i18n.chinese import CHINESE
from presentation.i18n.english import ENGLISH

ROOT = Path(__file__).resolve().parent.parent
CLI = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
CONFIGURATION = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")


def commands(
    group: click.Group | None = None, path: str = ""
) -> Iterator[tuple[str, click.Command]]:
    group = group or typer.main.get_command(build())  # type: ignore[assignment]
    for name, command in group.commands.items():  # type: ignore[union-attr]
        full = f"{path} {name}".strip()
        if isinstance(command, click.Group) or hasattr(command, "commands"):
            yield from commands(command, full)  # type: ignore[arg-type]
        elif not command.hidden:
            yield full, command


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=lambda v: str(v)[:20])
def test_every_command_and_option_is_in_the_docs(name: str, command: click.Command) -> None:
    assert re.search(rf"(## {re.escape(name)}$|`{re.escape(name)}\b)", CLI, re.M), name
    for parameter in command.params:
        for option in parameter.opts:
            if option.startswith("--") and option != "--help":
                assert option in CLI, f"{name} {option}"


def test_there_are_commands_to_check() -> None:
    assert {"start_crawl", "accounts list", "exports verify"} <= {name for name, _ in commands()}


@pytest.mark.parametrize("field", Settings.model_fields.values(), ids=lambda f: f.validation_alias)
def test_every_setting_is_in_the_docs_with_its_default(field: object) -> None:
    name = field.validation_alias  # type: ignore[attr-defined]
    row = re.search(rf"^\| `{name}` \| (.*?) \|", CONFIGURATION, re.M)
    assert row, name
    default = field.default  # type: ignore[attr-defined]
    if isinstance(default, bool):
        assert row[1] == f"`{default}`".lower()
    elif isinstance(default, int | float):
        assert row[1] == f"`{default:g}`" if default < 1e5 else row[1] == f"`{int(default)}`"


def test_both_readmes_show_the_same_commands() -> None:
    blocks = []
    for name in ("README.md", "README.zh-CN.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        lines = re.findall(r"^(python cli\.py .*?|make \w+|\$ .*?)(?:\s+#.*)?$", text, re.M)
        blocks.append(lines)
    assert blocks[0] == blocks[1]
    assert len(blocks[0]) > 8


def test_readmes_have_the_same_sections_and_settings() -> None:
    english, chinese = (
        (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")
    )
    assert english.count("\n## ") == chinese.count("\n## ")
    assert re.findall(r"^\| `(\w+)`", english, re.M) == re.findall(r"^\| `(\w+)`", chinese, re.M)


def test_default_columns_are_in_the_docs() -> None:
    flat = re.sub(r"\s+", " ", CLI)
    assert ", ".join(DEFAULT_COLUMNS) in flat


def test_both_languages_have_every_text() -> None:
    for name, english in vars(ENGLISH).items():
        chinese = getattr(CHINESE, name)
        if isinstance(english, str):
            assert chinese, name
        else:
            assert set(english) == set(chinese), name


def test_links_between_the_docs_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
