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


TRANSLATED = [("README.md", "README.zh-CN.md"), ("docs/guide.md", "docs/guide.zh-CN.md")]


def code_of(text: str) -> list[str]:
    """The lines of all code blocks, without comments."""
    blocks = re.findall(r"^```\n(.*?)^```", text, re.M | re.S)
    return [re.sub(r"\s+# .*", "", line) for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("pages", TRANSLATED, ids=lambda pages: pages[0])
def test_both_languages_show_the_same_commands_sections_and_settings(
    pages: tuple[str, str],
) -> None:
    english, chinese = ((ROOT / page).read_text(encoding="utf-8") for page in pages)
    assert code_of(english) == code_of(chinese)
    assert len(code_of(english)) > 8
    for mark in ("\n## ", "\n| ", "\n**", "]("):
        assert english.count(mark) == chinese.count(mark), mark
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


def rows_of(page: str, section: str) -> list[list[str]]:
    """The cells of a section's table, without its head."""
    text = (ROOT / page).read_text(encoding="utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_the_table_of_changes_names_files_that_exist() -> None:
    changes = rows_of("ARCHITECTURE.md", "Where to change what")
    assert len(changes) >= 12
    for change, files in changes:
        paths = [path for path in re.findall(r"`([\w./]+)`", files) if "/" in path or "." in path]
        found = [path for path in paths if path != "sources.d"]
        assert found, change
        for path in found:
            assert (ROOT / path).exists(), f"{change}: {path}"


def test_what_the_table_of_changes_names_inside_a_file_is_there() -> None:
    for change, files in rows_of("ARCHITECTURE.md", "Where to change what"):
        for name, path in re.findall(r"`(\w+)` (?:in|of|,) `([\w./]+\.py)`", files):
            assert name in (ROOT / path).read_text(encoding="utf-8"), f"{change}: {name}"


def test_the_architecture_stays_short_and_shows_every_folder_of_the_product() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert text.count("\n") <= 150
    shown = {name for cells in rows_of("ARCHITECTURE.md", "Folders") for name in cells[:1]}
    folders = {init.parent.name for init in ROOT.glob("*/__init__.py")}
    for folder in folders - {"tests", "benchmarks", "sandbox", "tools"}:
        assert any(f"`{folder}/`" in cell for cell in shown), folder


def test_paths_of_source_files_in_the_docs_exist() -> None:
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        if page.name == "CHANGELOG.md":
            continue
        text = page.read_text(encoding="utf-8")
        for path in re.findall(r"`((?:[a-z_]+/)+[\w.]+\.(?:py|sql|html))\b", text):
            assert (ROOT / path).exists(), f"{page.name}: {path}"


def test_make_targets_in_the_docs_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in ("README.md", "README.zh-CN.md", "AGENTS.md", "CONTRIBUTING.md", "ARCHITECTURE.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        for targets in re.findall(r"(?:^|`)make ((?:[a-z]+ ?)+)", text, re.M):
            for target in targets.split():
                assert f"\n{target}:" in makefile, f"{page}: make {target}"


def test_the_agents_page_is_short_and_has_every_layer() -> None:
    text = (ROOT / "AGENTS.md").read_text(encoding="utf-8")
    assert 60 <= text.count("\n") <= 100
    table = " ".join(cells[0] for cells in rows_of("AGENTS.md", "Layers"))
    contracts = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    layers = re.search(r"^layers = \[(.*?)\]$", contracts, re.M)
    assert layers
    assert re.findall(r"\w+", table) == re.findall(r"\w+", layers[1])


def test_the_glossary_has_each_term_once_in_both_languages() -> None:
    text = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    terms = [cells[0].strip() for cells in rows if cells[0].strip() != "English"]
    assert len(terms) == len(set(terms)) > 80
    for cells in rows:
        assert len(cells) == 3, cells
        assert cells[1].strip(" •"), cells


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_to_sections_lead_to_a_heading() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    for page in pages:
        for target, anchor in re.findall(
            r"\]\(([^)#]*)#([^)]+)\)", page.read_text(encoding="utf-8")
        ):
            other = page.parent / target if target else page
            assert anchor in anchors(other), f"{page.name}: {target}#{anchor}"


def test_every_page_of_the_docs_is_linked_from_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    linked = {
        (page.parent / target).resolve()
        for page in pages
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
        if "://" not in target
    }
    for page in ROOT.glob("docs/*.md"):
        assert page.resolve() in linked, page.name
