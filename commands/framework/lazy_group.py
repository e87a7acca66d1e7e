"""A group whose commands are imported when they are called: what is not used costs no time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup


@dataclass(frozen=True)
class CommandEntry:
    """A command, or a group of them, and where it is.

    `help` is the first line of its own help, which a listing shows without importing it. `module`
    is a module below `commands`; it has a `group()`, or a `register(app)` for the command and
    others.
    """

    name: str
    help: str
    module: str


class LazyCommands(Mapping[str, Any]):
    """Commands by name, in the order of the list; a lookup imports the module of that one.

    A dashed spelling is found too where its module registers it; it is not listed.
    """

    def __init__(self, listed: tuple[CommandEntry, ...]) -> None:
        self._listed = {one.name: one for one in listed}

    def __getitem__(self, name: str) -> Any:
        return _loaded(self._listed[name.replace("-", "_")])[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)


class LazyGroup(TyperGroup):
    """`LISTED` is the table of its commands; those that were registered otherwise are left out."""

    LISTED: ClassVar[tuple[CommandEntry, ...]]

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = LazyCommands(self.LISTED)  # type: ignore[assignment]  # nobody adds to it

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(one.name, one.help) for one in self.LISTED])


def _loaded(listed: CommandEntry) -> Mapping[str, Any]:
    """The commands that a module registers, by name."""
    module = import_module(f"commands.{listed.module}")
    app = typer.Typer(rich_markup_mode=None)
    if hasattr(module, "group"):
        app.add_typer(module.group(), name=listed.name)
    else:
        app.callback()(_nothing)  # with a callback it is a group, however few its commands
        module.register(app)
    return typer.main.get_group(app).commands


def _nothing() -> None:
    """A group's callback that does nothing."""
