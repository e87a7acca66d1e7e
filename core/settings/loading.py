"""Reading the settings from the environment and `.env`, and explaining what is wrong with them."""

from __future__ import annotations

from pydantic import ValidationError
from pydantic_settings import SettingsError as UnreadableSetting

from core.errors import SettingsError
from core.settings.model import Settings


def setting_names() -> set[str]:
    """Return the environment names of all settings."""
    return {str(field.validation_alias) for field in Settings.model_fields.values()}


def load_settings(**overrides: object) -> Settings:
    """Read the settings from the environment and `.env`; `overrides` (by field name) win.

    Raises:
        SettingsError: names each wrong variable and what it should look like, never its value
            where that is a secret.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError(_explain(error)) from None
    except UnicodeDecodeError:
        raise SettingsError(".env is not UTF-8 text: save it as UTF-8 again") from None
    except UnreadableSetting as error:
        raise SettingsError(f"wrong settings: {error}") from None


def _explain(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_url=False):
        name = str(problem["loc"][0])
        message = problem["msg"].removeprefix("Value error, ")
        given = "" if _is_secret(name) else repr(problem["input"])
        lines.append(
            f"{name}: " + (f"{given}: " if given and given not in message else "") + message
        )
    return (
        "wrong settings: " + "; ".join(lines) + " (environment or .env; see docs/configuration.md)"
    )


def _is_secret(name: str) -> bool:
    return any(
        field.validation_alias == name and "Secret" in str(field.annotation)
        for field in Settings.model_fields.values()
    )
