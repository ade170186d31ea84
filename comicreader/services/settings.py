"""The person's settings: a frozen dataclass that forms are made from, kept as JSON.

The meaning of a field never changes between versions; new versions only add fields. A file of a newer version can
therefore be read and written by an older one, which leaves alone what it does not know.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TypeAlias

from comicreader.domain.errors import SettingsError
from comicreader.services.whole_file import write_whole_file
from trainer.dataset import DESCRIPTION, NARRATION

_log = logging.getLogger(__name__)

SCHEMA_VERSION = 1
_VERSION_KEY = "schema_version"

SettingValue: TypeAlias = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Settings:
    """What the person chose.

    Each field's metadata says what it is for (`help`) and what it may be (`min` and `max`, or `choices`).
    """

    narrator_model: str = field(
        default="embedded",
        metadata={"help": "The narrator: “embedded”, the folder of a model or checkpoint, or a hub name."},
    )
    narration_style: str = field(
        default=DESCRIPTION,
        metadata={
            "help": "What the narrator tells: what is seen (description), or a story of its own (narration).",
            "choices": (DESCRIPTION, NARRATION),
        },
    )
    narrate_automatically: bool = field(default=True, metadata={"help": "Write captions while reading, unasked."})
    remember_captions: bool = field(
        default=True, metadata={"help": "Let what you wrote guide the narrator at once, from five captions on."}
    )
    panel_mode: bool = field(default=True, metadata={"help": "Read panel by panel instead of page by page."})
    show_captions: bool = field(default=True, metadata={"help": "Show the narration boxes on the page."})
    reduce_motion: bool = field(default=False, metadata={"help": "Jump from panel to panel without gliding."})
    words_per_minute: int = field(
        default=180, metadata={"help": "Reading pace of auto-play, words a minute.", "min": 80, "max": 400}
    )
    caption_font_scale: float = field(
        default=1.0, metadata={"help": "Size of the captions, 1 being the usual size.", "min": 0.7, "max": 2.0}
    )
    theme: str = field(
        default="system", metadata={"help": "Colours of the window.", "choices": ("system", "light", "dark")}
    )
    fit_mode: str = field(
        default="page", metadata={"help": "Fit the whole page or its width.", "choices": ("page", "width")}
    )

    def validate(self) -> None:
        """Check every field.

        Raises:
            SettingsError: a field is outside its limits; the sentence names it and what it may be.
        """
        for name, value in asdict(self).items():
            checked_setting(name, value)


def checked_setting(name: str, value: object) -> SettingValue:
    """The value as its field holds it (a whole number becomes a float where the field is one).

    Raises:
        SettingsError: the field cannot have this value; the sentence names the field and what it may be.
    """
    definition = next(each for each in fields(Settings) if each.name == name)
    kind = type(definition.default)
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind or not isinstance(value, bool | int | float | str):
        raise SettingsError(f"The setting {name} must be {_KIND_NAMES[kind]}, not {value!r}.")
    choices = definition.metadata.get("choices")
    if choices is not None and value not in choices:
        raise SettingsError(f"The setting {name} must be one of {', '.join(choices)}, not {value!r}.")
    if "min" in definition.metadata:
        low, high = definition.metadata["min"], definition.metadata["max"]
        if not low <= value <= high:
            raise SettingsError(f"The setting {name} must be between {low} and {high}, not {value}.")
    return value


_KIND_NAMES: dict[type, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def load_settings(path: Path) -> Settings:
    """Read the settings; never fails.

    A field that is missing or outside its limits has its default. A file that cannot be read at all is kept as
    `<name>.broken` and everything has its default. Both are said in the log.
    """
    raw = _read(path)
    if raw is None:
        return Settings()
    settings = Settings()
    for definition in fields(Settings):
        if definition.name not in raw:
            continue
        try:
            value = checked_setting(definition.name, raw[definition.name])
            settings = replace(settings, **{definition.name: value})  # type: ignore[arg-type] # it has the field's type
        except SettingsError as error:
            _log.warning("%s Using %r instead.", error.sentence, definition.default)
    return settings


def save_settings(path: Path, settings: Settings) -> None:
    """Write the settings; fields that a newer version left in the file stay there.

    Raises:
        SettingsError: a field is outside its limits, or the file cannot be written.
    """
    settings.validate()
    known = _read(path) or {}
    version = known.get(_VERSION_KEY)
    newest = max(SCHEMA_VERSION, version) if isinstance(version, int) else SCHEMA_VERSION
    content = json.dumps(known | {_VERSION_KEY: newest} | asdict(settings), indent=2, ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole_file(path, content.encode())
    except OSError as error:
        raise SettingsError(f"The settings cannot be saved in {path}: {error.strerror}.") from error


def _read(path: Path) -> dict[str, object] | None:
    """The file's JSON object; None where there is no readable one (a broken file is put aside)."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        _log.warning("The settings in %s cannot be read (%s); using the defaults.", path, error.strerror)
        return None
    except ValueError:
        raw = None
    if isinstance(raw, dict):
        return raw
    _put_aside(path)
    return None


def _put_aside(path: Path) -> None:
    broken = path.with_name(path.name + ".broken")
    try:
        path.replace(broken)
    except OSError as error:
        _log.warning("The settings in %s are damaged (%s); using the defaults.", path, error.strerror)
        return
    _log.warning("The settings in %s were damaged and are kept as %s; using the defaults.", path, broken.name)
