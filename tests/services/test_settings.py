import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from comicreader.domain.errors import SettingsError
from comicreader.services.settings import SCHEMA_VERSION, Settings, load_settings, save_settings


def test_without_a_file_there_are_defaults_and_none_is_made(tmp_path: Path) -> None:
    path = tmp_path / "config" / "settings.json"
    assert load_settings(path) == Settings()
    assert not path.parent.exists()


def test_settings_come_back_as_they_were_saved(tmp_path: Path) -> None:
    path = tmp_path / "config" / "settings.json"
    settings = Settings(narrator_model="/models/mine", words_per_minute=240, theme="dark", caption_font_scale=1.5)
    save_settings(path, settings)
    assert load_settings(path) == settings
    assert json.loads(path.read_text())["schema_version"] == SCHEMA_VERSION


def test_what_a_newer_version_wrote_survives(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"schema_version": 9, "voice": "alto", "theme": "dark"}))
    settings = load_settings(path)
    assert settings == Settings(theme="dark")
    save_settings(path, replace(settings, theme="light"))
    saved = json.loads(path.read_text())
    assert (saved["schema_version"], saved["voice"], saved["theme"]) == (9, "alto", "light")


@pytest.mark.parametrize(
    ("field", "value", "fix"),
    [
        ("words_per_minute", 20, "between 80 and 400"),
        ("words_per_minute", 401, "between 80 and 400"),
        ("words_per_minute", 100.5, "a whole number"),
        ("words_per_minute", True, "a whole number"),
        ("caption_font_scale", 5.0, "between 0.7 and 2.0"),
        ("caption_font_scale", float("nan"), "between 0.7 and 2.0"),
        ("theme", "pink", "one of system, light, dark"),
        ("panel_mode", 1, "true or false"),
        ("narrator_model", None, "a text"),
    ],
)
def test_a_value_outside_its_limits_is_refused_by_name(tmp_path: Path, field: str, value: object, fix: str) -> None:
    path = tmp_path / "settings.json"
    settings = replace(Settings(), **{field: value})
    with pytest.raises(SettingsError, match=f"{field} must be {fix}"):
        settings.validate()
    with pytest.raises(SettingsError):
        save_settings(path, settings)
    assert not path.exists()


def test_a_wrong_value_in_the_file_costs_only_that_value(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"words_per_minute": "fast", "caption_font_scale": 2, "theme": "light"}))
    assert load_settings(path) == Settings(caption_font_scale=2.0, theme="light")
    assert "words_per_minute" in caplog.text


@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff\xfe\x00", b""])
def test_a_damaged_file_is_kept_aside_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    assert load_settings(path) == Settings()
    assert (tmp_path / "settings.json.broken").read_bytes() == content
    assert "damaged" in caplog.text
    save_settings(path, Settings(theme="dark"))
    assert load_settings(path) == Settings(theme="dark")


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file, no folder")
    with pytest.raises(SettingsError, match="cannot be saved"):
        save_settings(tmp_path / "config" / "settings.json", Settings())


def test_every_setting_says_what_it_is_for_and_holds_its_own_limits() -> None:
    Settings().validate()
    for field in fields(Settings):
        assert field.metadata["help"]
