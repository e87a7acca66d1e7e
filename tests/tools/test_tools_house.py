"""The measures of `make house`: what they count, and the limits that the product keeps."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tools.house import sentences, shape, text
from tools.house.measures import Measure, measure
from tools.house.tree import Tree, read_tree

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def measures() -> list[Measure]:
    return measure(read_tree(ROOT))


@pytest.mark.proof
def test_the_product_keeps_its_limits(measures: list[Measure]) -> None:
    over = {row.name: (row.shown, row.places) for row in measures if row.is_exceeded}
    assert not over


@pytest.mark.proof
def test_every_room_and_every_package_in_it_stands_in_a_contract() -> None:
    tree = read_tree(ROOT)
    contracts = [c for c in tree.import_contracts["contracts"] if c["type"] == "layers"]
    placed = {
        f"{container}.{part.strip(' ()')}"
        for contract in contracts
        for container in contract.get("containers", [])
        for layer in contract["layers"]
        for part in layer.split("|")
    }
    rooms = {part.strip() for layer in contracts[0]["layers"] for part in layer.split("|")}
    assert rooms == set(tree.rooms)
    packages = {
        f"{room}.{init.parent.name}"
        for room in rooms
        for init in (ROOT / room).glob("*/__init__.py")
    }
    assert packages - placed == set()


@pytest.mark.proof
def test_no_import_is_excused_from_a_contract() -> None:
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = configuration["tool"]["importlinter"]["contracts"]
    assert [contract["name"] for contract in contracts if "ignore_imports" in contract] == []


def checkout(root: Path, files: dict[str, str]) -> Tree:
    for name, source in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(source, encoding="utf-8")
    return read_tree(root)


def test_tests_and_tools_are_no_product(tmp_path: Path) -> None:
    tree = checkout(
        tmp_path,
        {"cli.py": "", "alpha/__init__.py": "", "alpha/a.py": "", "tests/__init__.py": ""},
    )
    assert tree.rooms == ("alpha",)
    assert [str(module.path) for module in tree.modules] == [
        "cli.py",
        "alpha/__init__.py",
        "alpha/a.py",
    ]


def test_folders_over_their_limit_are_named(tmp_path: Path) -> None:
    files = {f"storage/crawling/m{n}.py": "" for n in range(26)}
    files |= {f"alpha/m{n}.py": "" for n in range(17)}
    files |= {
        "alpha/__init__.py": "",
        "storage/__init__.py": "",
        "storage/crawling/__init__.py": "",
    }
    folders = shape.modules_by_folder(checkout(tmp_path, files))
    assert folders == {"storage/crawling": 26, "alpha": 17}
    assert shape.crowded_folders(folders) == ["alpha"]


def test_circles_arrows_and_upward_imports_are_found(tmp_path: Path) -> None:
    contract = '[[tool.importlinter.contracts]]\ntype = "layers"\nlayers = ["upper_x", "lower_x"]\n'
    tree = checkout(
        tmp_path,
        {
            "pyproject.toml": contract,
            "upper_x/__init__.py": "",
            "upper_x/one.py": "from upper_x import two\nimport lower_x.base\n",
            "upper_x/two.py": "def late():\n    from upper_x.part import three\n",
            "upper_x/part/__init__.py": "",
            "upper_x/part/three.py": "from upper_x import one\n",
            "lower_x/__init__.py": "",
            "lower_x/base.py": "",
            "lower_x/wrong.py": "import upper_x.one\n",
        },
    )
    imports = shape.Imports(tree)
    assert imports.circles() == [["upper_x.one", "upper_x.part.three", "upper_x.two"]]
    assert imports.at_first_sight("upper_x") == (3, 3)
    assert imports.upward() == ["lower_x.wrong -> upper_x.one"]


def test_a_regular_expression_counts_when_it_reads_a_message_of_ours(tmp_path: Path) -> None:
    tree = checkout(
        tmp_path,
        {
            "crawler/__init__.py": "",
            "core/__init__.py": "",
            "core/a.py": "def f(n):\n    return f'the database is {n} s behind'\n",
            "crawler/reader.py": (
                "import re\n"
                "ONE = re.compile(r'the database is (\\d+) s behind')\n"
                "URL = re.compile(r'https://example.com/(\\d+)')\n"
                "ANY = re.compile(r'.*')\n"
                "TABLE = [(re.compile(form), t) for form, t in (\n"
                "    (r'the database is (?P<n>\\S+) s behind', ''), (r'Field required', ''))]\n"
                "OTHER = [(re.compile(form), t) for form, t in ((r'/video/\\w+', ''),)]\n"
            ),
        },
    )
    assert {found.split(" ", 1)[1] for found in sentences.sentence_readers(tree)} == {
        r"the database is (\d+) s behind",
        r"the database is (?P<n>\S+) s behind",
        "Field required",
    }


CODE = '''
# Batches of 500: larger ones hold locks for too long.
import a  # noqa: F401
# noqa: E501


def whether() -> bool:
    """Whether it rains."""


def count() -> int:
    """Delete all; how many."""


def good() -> int:
    """Return the number of rows; 0 when there are none."""


class Shown:
    """What is shown."""

    @property
    def name(self) -> str:
        """The name."""

    def bare(self): ...


class _Hidden:
    def bare(self): ...


run(1, 2, 3, 4, 5, 6)
run(1, 2, 3, 4, 5, six=6)
'''


def test_docstrings_comments_and_calls_are_counted(tmp_path: Path) -> None:
    tree = checkout(tmp_path, {"alpha/__init__.py": CODE})
    assert [found.split()[1] for found in text.fragments(tree)] == ["whether:", "count:"]
    assert text.documented(tree) == (4, 5)
    assert text.comment_lines(tree) == 1
    assert [place.split(":")[0] for place in text.crowded_calls(tree)] == ["alpha/__init__.py"]


def test_lines_are_counted_in_the_formatters_layout(tmp_path: Path) -> None:
    skip = "# fmt: " + "skip"
    tree = checkout(
        tmp_path,
        {
            "pyproject.toml": "[tool.ruff]\nline-length = 20\n",
            "alpha/__init__.py": f'"""Alpha."""\n# Why.\nif a: b = call(one, two)  {skip}\n',
            "presentation/__init__.py": "",
            "presentation/i18n/texts.py": "A = 1\n",
        },
    )
    assert text.skipped_formats(tree) == 1
    # The docstring, a blank line, the comment; `if a:`, `b = call(`, the arguments, `)`; and the
    # catalogue's line.
    assert text.formatted_lines(tree) == (8, 7, 4)
    assert "fmt" in (tmp_path / "alpha/__init__.py").read_text(encoding="utf-8")


def test_the_command_prints_a_table_and_fails_over_a_limit(tmp_path: Path) -> None:
    skip = "# fmt: " + "skip"
    checkout(
        tmp_path,
        {
            "pyproject.toml": "",
            "crawler/__init__.py": "",
            "crawler/a.py": f'def f():\n    """Do it."""\n\n\na = 1  {skip}\n',
        },
    )
    # In a process of its own: here `crawler` is already imported, and is the product's.
    command = [sys.executable, "-m", "tools.house", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stdout.startswith(f"| measure | {tmp_path.name} | goal |\n|---|---|---|\n")
    assert "| modules and packages directly in crawler/ | 1 | ≤ 8 |" in done.stdout
    assert done.stderr == "over the limit: `# fmt: skip`: 1\n"
