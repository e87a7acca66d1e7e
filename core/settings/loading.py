"""Reading the settings from the environment and `.env`, and explaining what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsError as UnreadableSetting

from core.errors import SettingsError
from core.installation.home import Home, HomeReason, find_home
from core.messages import Message, message_of
from core.settings.model import Settings

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

SQLITE = "sqlite:///"
# pydantic's kinds of error for a value of another type, and our codes for them.
WRONG_TYPES = {
    "int_parsing": "value_not_integer",
    "int_from_float": "value_not_integer",
    "int_type": "value_not_integer",
    "float_parsing": "value_not_number",
    "float_type": "value_not_number",
    "finite_number": "value_not_number",
    "bool_parsing": "value_not_boolean",
    "bool_type": "value_not_boolean",
    "string_type": "value_not_string",
    "list_type": "value_not_list",
    "dict_type": "value_not_object",
    "model_type": "value_not_object",
}


def setting_names() -> set[str]:
    """Return the environment names of all settings, such as `BATON_DATA_DIR`."""
    return {str(field.validation_alias) for field in Settings.model_fields.values()}


def load_settings(**overrides: object) -> Settings:
    """Read the settings from the environment and the `.env` of the home; `overrides` win.

    Relative paths begin at the home (see `find_home`).

    Args:
        overrides: values by field name.

    Raises:
        SettingsError: names each wrong variable and what it should look like, never its value
            where that is a secret; `.env` may not be read, or no home is known.
    """
    home = find_home()
    try:
        settings = Settings(_env_file=home.env_file, **overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError("wrong_settings", problems=_problems(error)) from None
    except UnicodeDecodeError:
        raise SettingsError("env_file_not_utf8") from None
    except UnreadableSetting as error:
        raise SettingsError("settings_unreadable", detail=str(error)) from None
    except PermissionError as error:
        file = home.env_file.absolute()
        raise SettingsError("env_file_forbidden", file=str(file), owner=_owner(file)) from error
    return _in_home(home, settings)


def _in_home(home: Home, settings: Settings) -> Settings:
    """Return the settings with their relative paths in the home."""
    if home.reason is HomeReason.CURRENT_FOLDER:
        return settings
    paths: dict[str, object] = {
        name: home.path / value for name, value in settings if isinstance(value, Path)
    }
    url = settings.database_url.get_secret_value()
    if url.startswith(SQLITE) and url != SQLITE:
        path = home.path / unquote(url.removeprefix(SQLITE))
        paths["database_url"] = SecretStr(f"{SQLITE}{quote(str(path))}")
    return settings.model_copy(update=paths)


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except (OSError, KeyError):  # The folder may not be searched, or the owner has no name here.
        return "root"


def _problems(error: ValidationError) -> list[Message]:
    return [_problem(details) for details in error.errors(include_url=False)]


def _problem(details: ErrorDetails) -> Message:
    name = str(details["loc"][0])
    context = details.get("ctx", {})
    own = message_of(context.get("error"))
    problem = own or pydantic_problem(details["type"], context, details["msg"])
    if own is not None or _is_secret(name):  # Our own messages repeat the value themselves.
        return Message.of("wrong_setting", name=name, problem=problem)
    return Message.of(
        "wrong_setting_value", name=name, given=str(details["input"]), problem=problem
    )


def pydantic_problem(kind: str, context: Mapping[str, Any], text: str) -> Message:
    """Return the message for an error of pydantic, by its kind.

    A kind that is unknown here becomes pydantic's own text.
    """
    if kind in WRONG_TYPES:
        return Message(WRONG_TYPES[kind])
    match kind:
        case "greater_than_equal":
            return Message.of("value_too_small", limit=context["ge"])
        case "greater_than":
            return Message.of("value_not_above", limit=context["gt"])
        case "less_than_equal":
            return Message.of("value_too_large", limit=context["le"])
        case "literal_error":
            return Message.of("value_not_listed", expected=context["expected"])
    return Message.text(text)


def _is_secret(name: str) -> bool:
    return any(
        field.validation_alias == name and "Secret" in str(field.annotation)
        for field in Settings.model_fields.values()
    )
