"""A group of commands that imports a command's module only when the command is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup

from commands.framework.help_translation import translate_help, translated
from commands.framework.library_errors import usage_errors_translated


@dataclass(frozen=True)
class CommandEntry:
    """A command or a group, and the module that defines it.

    `help` is the first line of its help, which a listing shows without the import. `module` is the
    name of a module below `commands`; it has a `GROUP`, or `COMMANDS` by their names.
    """

    name: str
    help: str
    module: str


@dataclass(frozen=True)
class Group:
    """The commands of a group by their names.

    `main` runs before each of them, and also when none is named; None: nothing does.
    """

    commands: Mapping[str, Callable[..., Any]]
    main: Callable[..., Any] | None = None
    no_args_is_help: bool = True


class LazyCommands(Mapping[str, Any]):
    """Commands by name, in the order of the entries; a lookup imports the command's module.

    A spelling with dashes is found too where the module registers it; it is not listed.
    """

    def __init__(self, entries: tuple[CommandEntry, ...]) -> None:
        self._entries = {entry.name: entry for entry in entries}

    def __getitem__(self, name: str) -> Any:
        return translate_help(_load(self._entries[name.replace("-", "_")])[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


class LazyGroup(TyperGroup):
    """A group whose commands are those of `LISTED`; a subclass sets it."""

    LISTED: ClassVar[tuple[CommandEntry, ...]]

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        translate_help(self)
        self.commands = LazyCommands(self.LISTED)  # type: ignore[assignment]  # it is only read

    def make_context(self, *words: Any, **options: Any) -> Any:
        """Parse the arguments before the command; explain usage errors in the reader's language."""
        with usage_errors_translated():
            return super().make_context(*words, **options)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; explain usage errors in the reader's language."""
        with usage_errors_translated():
            return super().invoke(ctx)

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the entries."""
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(entry.name, translated(entry.help)) for entry in self.LISTED])


def _load(entry: CommandEntry) -> Mapping[str, Any]:
    """Return the commands that the entry's module defines, by name."""
    from commands.framework.context import (
        dashed,
        reports_errors,  # here: help needs neither,
    )

    module = import_module(f"commands.{entry.module}")
    app = typer.Typer(rich_markup_mode=None)
    group: Group | None = getattr(module, "GROUP", None)
    if group is None:
        app.callback()(_nothing)  # with a callback it is a group, however few its commands
        for name, command in module.COMMANDS.items():
            dashed(app, name)(command)
        return typer.main.get_group(app).commands
    below = typer.Typer(
        help=entry.help, no_args_is_help=group.no_args_is_help, rich_markup_mode=None
    )
    if group.main is not None:
        below.callback(invoke_without_command=True)(reports_errors(group.main))
    for name, command in group.commands.items():
        dashed(below, name)(command)
    app.add_typer(below, name=entry.name)
    return typer.main.get_group(app).commands


def _nothing() -> None:
    """Do nothing."""
