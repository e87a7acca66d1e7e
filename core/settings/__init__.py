"""All settings: parsed once from the environment and `.env`, checked together, frozen."""

from core.settings.field_types import PaceSetting, UrlSetting
from core.settings.loading import load_settings, setting_names
from core.settings.model import Settings
from core.settings.pace import Pace

__all__ = ["Pace", "PaceSetting", "Settings", "UrlSetting", "load_settings", "setting_names"]
