"""Shell completion: what the scripts of `completion` ask for at each press of the Tab key."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import redirect_stderr, suppress
from dataclasses import dataclass, field
from enum import Enum
from inspect import unwrap
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args, get_type_hints

from commands.framework.completion.shells import Kind, Shell, Suggestion, answer_lines, read_line
from commands.framework.help_translation import translated
from commands.framework.lazy_group import LazyGroup
from core.installation.home import SETTING as HOME_SETTING

NOTE_CHARS = 200
HELP = Suggestion("--help")
HOME_OPTION = "--home"


def complete(root: Any, shell: str, sent: Sequence[str]) -> None:
    """Print the suggestions for a command line; nothing when anything is wrong.

    Args:
        root: the group of all commands.
        shell: bash, zsh or fish.
        sent: what the script of that shell sends.
    """
    # Whoever presses Tab is in the middle of a line: a message would be written into it.
    with suppress(Exception), redirect_stderr(io.StringIO()):
        line = read_line(Shell(shell), sent)
        _use_home(line.words)
        position = _position(root, line.words)
        kind, suggestions = position.answer()
        lines = answer_lines(Shell(shell), line, kind, suggestions)
        print("\n".join(lines))


@dataclass
class _Position:
    """Where in a command's line the cursor is.

    `option` waits for its value; `arguments` is how many are there before the cursor.
    """

    command: Any
    path: tuple[str, ...]
    typed: str
    option: Any = None
    arguments: int = 0
    used: set[str] = field(default_factory=set)
    are_options_over: bool = False

    def answer(self) -> tuple[Kind, list[Suggestion]]:
        """Return what may stand here, and what the shell adds to it."""
        if self.option is not None:
            return self._values(self.option, self.typed)
        if self.typed.startswith("-") and not self.are_options_over:
            return self._options()
        if hasattr(self.command, "commands"):
            return Kind.VALUES, _starting(_commands(self.command, self.typed), self.typed)
        argument = self._argument()
        if argument is not None:
            return self._values(argument, self.typed)
        return self._options() if not self.typed else (Kind.VALUES, [])

    def _argument(self) -> Any:
        places = [one for one in self.command.params if one.param_type_name == "argument"]
        for place, argument in enumerate(places):
            if place == self.arguments or argument.nargs == -1:
                return argument
        return None

    def _options(self) -> tuple[Kind, list[Suggestion]]:
        name, equals, value = self.typed.partition("=")
        if equals:
            option = _options_by_name(self.command).get(name)
            if option is None or not _takes_value(option):
                return Kind.VALUES, []
            kind, found = self._values(option, value)
            return kind, [Suggestion(f"{name}={one.value}", one.note) for one in found]
        return Kind.VALUES, _starting(self._unused_options(), self.typed)

    def _unused_options(self) -> Iterator[Suggestion]:
        for option in _options_of(self.command):
            names = (*option.opts, *option.secondary_opts)
            if getattr(option, "hidden", False):
                continue
            if getattr(option, "multiple", False) or not self.used & set(names):
                yield from (Suggestion(name, option.help or "") for name in names)
        yield HELP

    def _values(self, parameter: Any, typed: str) -> tuple[Kind, list[Suggestion]]:
        # Here, as nothing else needs the settings.
        from commands.framework.completion.values import path_kind, source_of
        from core.settings import load_settings

        label = _label(parameter)
        own_type = _type_of(self.command, parameter)
        kind = path_kind(self.path, label) or (Kind.FILES if own_type is Path else Kind.VALUES)
        source = source_of(self.path, label)
        if source is not None:
            return kind, _unique(_starting(source(load_settings(), typed), typed))
        if own_type is not None and issubclass(own_type, Enum):
            return kind, _starting((Suggestion(str(one.value)) for one in own_type), typed)
        return kind, []


def _use_home(words: Sequence[str]) -> None:
    """Make the folder that `--home` names the home of this process, as the command will."""
    for word, following in pairwise(words):
        name, equals, value = word.partition("=")
        if name == HOME_OPTION:
            os.environ[HOME_SETTING] = str(Path(value if equals else following).absolute())


def _position(root: Any, words: Sequence[str]) -> _Position:
    *before, typed = words
    position = _Position(root, (), typed)
    options = _options_by_name(root)
    for word in before:
        if position.option is not None:
            position.option = None
        elif position.are_options_over or not word.startswith("-") or word == "-":
            if hasattr(position.command, "commands"):
                command = position.command.commands[word]
                position = _Position(command, (*position.path, word.replace("-", "_")), typed)
                options = _options_by_name(command)
            else:
                position.arguments += 1
        elif word == "--":
            position.are_options_over = True
        else:
            position.used.add(word.partition("=")[0])
            option = options.get(word)
            position.option = option if option is not None and _takes_value(option) else None
    return position


def _commands(group: Any, typed: str) -> Iterator[Suggestion]:
    """Return the commands of a group, in the spelling that is begun; the list of all of them
    imports none."""
    if isinstance(group, LazyGroup):
        listed = [(entry.name, translated(entry.help)) for entry in group.LISTED]
    else:
        listed = [
            (name, command.get_short_help_str(NOTE_CHARS))
            for name, command in group.commands.items()
            if not command.hidden
        ]
    for name, note in listed:
        yield Suggestion(name.replace("_", "-") if "-" in typed else name, note)


def _options_of(command: Any) -> list[Any]:
    return [one for one in command.params if one.param_type_name == "option"]


def _options_by_name(command: Any) -> dict[str, Any]:
    return {name: option for option in _options_of(command) for name in option.opts}


def _takes_value(option: Any) -> bool:
    return not option.is_flag


def _label(parameter: Any) -> str:
    if parameter.param_type_name == "option":
        return str(parameter.opts[0])
    return str(parameter.name).upper()


def _type_of(command: Any, parameter: Any) -> type | None:
    """Return the class of a parameter's values, of a list that of its entries."""
    # The signature has it in every version of the command-line library.
    hint: Any = get_type_hints(unwrap(command.callback)).get(parameter.name)
    while get_args(hint):
        hint = get_args(hint)[0]
    return hint if isinstance(hint, type) else None


def _starting(suggestions: Iterable[Suggestion], typed: str) -> list[Suggestion]:
    return [one for one in suggestions if one.value.startswith(typed)]


def _unique(suggestions: Iterable[Suggestion]) -> list[Suggestion]:
    return list({one.value: one for one in suggestions}.values())
