"""The settings form, made from the fields of `Settings`: a new field needs no new code here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, asdict, fields
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from comicreader.services.settings import Settings, SettingValue

# Chosen where the narrators are listed.
_ELSEWHERE = {"narrator_model"}
_FLOAT_STEP = 0.1


class SettingsDialog(QDialog):
    """Shows the settings; every change holds at once.

    Signals:
        changed(str, object): a field's name and its new value.
    """

    changed = Signal(str, object)

    def __init__(self, settings: Settings, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        form = QFormLayout()
        form.setVerticalSpacing(12)
        form.setHorizontalSpacing(18)
        values = asdict(settings)
        for definition in fields(Settings):
            if definition.name not in _ELSEWHERE:
                self._add_row(form, definition, values[definition.name])
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 16)
        layout.setSpacing(18)
        layout.addLayout(form)
        layout.addWidget(close)

    def _add_row(self, form: QFormLayout, definition: Field[Any], value: SettingValue) -> None:
        help_text = str(definition.metadata["help"])
        field = self._field(definition.name, definition.metadata, value)
        field.setObjectName(definition.name)
        field.setAccessibleName(_label(definition.name))
        field.setToolTip(help_text)
        if isinstance(field, QCheckBox):
            field.setText(help_text.removesuffix("."))
            form.addRow(field)
            return
        note = QLabel(help_text)
        note.setProperty("role", "quiet")
        form.addRow(_label(definition.name), field)
        form.addRow("", note)

    def _field(self, name: str, metadata: Mapping[str, Any], value: SettingValue) -> QWidget:
        if isinstance(value, bool):
            box = QCheckBox()
            box.setChecked(value)
            box.toggled.connect(lambda is_on: self.changed.emit(name, is_on))
            return box
        if isinstance(value, int):
            number = QSpinBox()
            number.setRange(metadata["min"], metadata["max"])
            number.setSingleStep(10)
            number.setValue(value)
            number.valueChanged.connect(lambda chosen: self.changed.emit(name, chosen))
            return number
        if isinstance(value, float):
            fraction = QDoubleSpinBox()
            fraction.setDecimals(1)
            fraction.setRange(metadata["min"], metadata["max"])
            fraction.setSingleStep(_FLOAT_STEP)
            fraction.setValue(value)
            fraction.valueChanged.connect(lambda chosen: self.changed.emit(name, round(chosen, 1)))
            return fraction
        choice = QComboBox()
        choice.addItems(list(metadata["choices"]))
        choice.setCurrentText(value)
        choice.currentTextChanged.connect(lambda chosen: self.changed.emit(name, chosen))
        return choice


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()
