"""Make the sentences of messages: the catalogue of a language, filled in for a front end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import Enum, StrEnum
from string import Formatter
from typing import Any

from core.installation.program import program_name
from core.messages import TEXT, Message, message_of
from core.plain_text import isolated
from presentation.i18n.catalogue import advice_of, messages_of
from presentation.i18n.forms import Forms
from presentation.i18n.language import Language, language_named

PROGRAM = "program"  # what to type before a command: each form may use it
MINUTE_SECS = 60
COUNT = "n"  # the parameter that chooses between the forms for one and for several


class FrontEnd(StrEnum):
    """Where advice is read, the part of a sentence that says what to do about it.

    It decides whether advice names a command, a button or an API call.
    """

    TERMINAL = "terminal"
    CONSOLE = "console"
    API = "api"


@dataclass(frozen=True)
class Renderer:
    """Renders messages in one language, times in one zone, advice for one front end."""

    language: Language
    zone: tzinfo
    front_end: FrontEnd = FrontEnd.TERMINAL

    def text(self, message: Message | BaseException) -> str:
        """Return the sentence of a message or of an error, without advice.

        An unknown code is shown with its parameters, so that a row of a newer version can be read.
        An error of others is shown as its own text.
        """
        found = message_of(message)
        if found is None:
            return str(message)
        if found.code == TEXT:
            return str(found.params.get("text", ""))
        forms = messages_of(self.language).get(found.code)
        return str(found) if forms is None else self._filled(forms, found)

    def say(self, code: str, /, **params: Any) -> str:
        """Return the sentence of a code, with its parameters by name and without advice.

        An unknown code is shown as it is, with the parameters.
        """
        return self.text(Message(code, params))

    def word(self, group: str, value: str) -> str:
        """Return the word for a state or a kind, such as `task_state`, `paused`.

        `group` is the kind of value. An unknown value is returned as it is: rows of a newer version
        may have values that this one has no word for.
        """
        code = f"{group}_{value}"
        return self.say(code) if code in messages_of(self.language) else value

    def count(self, noun: str, number: int) -> str:
        """Return a number with its noun: `1 file`, `2,000 files`; `noun` is English, in the
        singular."""
        return self.text(counted(number, noun))

    def moment(self, at: datetime) -> str:
        """Return a time in the reader's zone, to the second; a whole minute without `:00`."""
        local = at.astimezone(self.zone)
        return f"{local:%Y-%m-%d %H:%M:%S}" if local.second else f"{local:%Y-%m-%d %H:%M}"

    def duration(self, secs: float) -> str:
        """Return a remaining time, rounded to what an estimate can tell."""
        if secs < MINUTE_SECS:
            return self.say("duration_secs", n=max(5, round(secs / 5) * 5))
        minutes = round(secs / MINUTE_SECS)
        if minutes < 60:
            return self.say("duration_minutes", n=minutes)
        hours, rest = divmod(minutes, 60)
        return self.say("duration_hours", n=f"{hours:,}", minutes=rest)

    def advice(self, message: Message | BaseException) -> str | None:
        """Return what to do about a message or error, in this front end; None when there is no
        advice.

        A message without advice takes that of its cause, a message among its parameters.
        """
        found = message_of(message)
        if found is None:
            return None
        form = advice_of(self.language, self.front_end).get(found.code)
        if form is not None:
            return self._filled(form, found)
        # The cause of a message may be what can be mended.
        causes = (message_of(value) for value in found.params.values())
        return next((text for c in causes if c is not None and (text := self.advice(c))), None)

    def sentence(self, message: Message | BaseException) -> str:
        """Return the text with its advice, where there is any: `the problem; the advice`."""
        text, advice = self.text(message), self.advice(message)
        if advice is None:
            return text
        return f"{text}；{advice}" if self.language is Language.CHINESE else f"{text}; {advice}"

    def stored(self, dumped: str | None) -> str:
        """Return the sentence, without advice, of a message as a column holds it; empty for
        None."""
        return self.text(Message.load(dumped)) if dumped else ""

    def shown_text(self, found: str | Message | BaseException) -> str:
        """Return the sentence, with advice; a `str` is a message as a column holds it."""
        return self.sentence(Message.load(found) if isinstance(found, str) else found)

    def _filled(self, forms: Forms, message: Message) -> str:
        """Return a form with the message's parameters; of two forms the first is for `n` = 1."""
        if isinstance(forms, str):
            form = forms
        else:
            form = forms[0] if message.params.get(COUNT) == 1 else forms[1]
        return _FORMATTER.vformat(form, (), _Shown(self, message.params))

    def shown(self, value: object) -> object:
        """Return a parameter as a sentence shows it; numbers keep their type for format specs."""
        if message_of(value) is not None:
            return self.text(value)  # type: ignore[arg-type]  # a message or an error of ours
        if isinstance(value, Enum):
            return self.shown(value.value)
        if isinstance(value, datetime):
            return self.moment(value)
        if isinstance(value, Sequence) and not isinstance(value, str):
            parts = [str(self.shown(part)) for part in value]
            return Listing(parts, self._separator(value))
        if isinstance(value, str) and self.front_end is FrontEnd.CONSOLE:
            return isolated(value)  # else it would turn the rest of the sentence around
        return "" if value is None else value

    def _separator(self, values: Sequence[object]) -> str:
        are_sentences = any(message_of(value) is not None for value in values)
        if self.language is Language.CHINESE:
            return "；" if are_sentences else "、"
        return "; " if are_sentences else ", "


class _Shown(Mapping[str, Any]):
    """The parameters of a message, each rendered when its place is reached."""

    def __init__(self, renderer: Renderer, params: Mapping[str, Any]) -> None:
        self._renderer = renderer
        self._params = params

    def __getitem__(self, name: str) -> Any:
        if name == PROGRAM:
            return program_name()
        # A row of another version may lack a parameter; the rest of the sentence still helps.
        return self._renderer.shown(self._params.get(name, "?"))

    def __iter__(self) -> Any:
        return iter(self._params)

    def __len__(self) -> int:
        return len(self._params)


class Listing(str):
    """A list as text; a format spec, as in `{problems:; }`, is the separator of its parts."""

    parts: Sequence[str]

    def __new__(cls, parts: Sequence[str], separator: str) -> Listing:
        listing = super().__new__(cls, separator.join(parts))
        listing.parts = parts
        return listing

    def __format__(self, separator: str) -> str:
        return separator.join(self.parts) if separator else str(self)


class _LenientFormatter(Formatter):
    """Fills a form; a value that does not fit its format spec is shown without it."""

    def format_field(self, value: Any, format_spec: str) -> str:
        try:
            return str(format(value, format_spec))
        except (ValueError, TypeError):
            return str(value)


def counted(number: int, noun: str) -> Message:
    """Return the message of a number with its noun: `1 file`, `2,000 files`."""
    return Message(f"count_{noun.replace(' ', '_')}s", {"n": number})


def renderer_for(
    language: str, zone: tzinfo = UTC, front_end: FrontEnd = FrontEnd.TERMINAL
) -> Renderer:
    """Return the renderer of messages in a language, named as in the settings."""
    return Renderer(language_named(language), zone, front_end)


_FORMATTER = _LenientFormatter()
ENGLISH_RENDERER = Renderer(Language.ENGLISH, UTC)
API_RENDERER = Renderer(Language.ENGLISH, UTC, FrontEnd.API)
