"""A form for any of the trainer's configurations, made from the fields themselves: help, limits and defaults."""

from __future__ import annotations

from dataclasses import Field, fields, replace
from typing import Any, TypeVar, get_type_hints

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QLineEdit, QWidget

from trainer.config import ALGORITHMS, DEV_METRICS, FAMILIES, ConfigError, Options
from trainer.dataset import DESCRIPTION, NARRATION

OptionsT = TypeVar("OptionsT", bound=Options)

_CHOICES = {
    "algorithm": ALGORITHMS,
    "dev_metric": DEV_METRICS,
    "family": FAMILIES,
    "style": (DESCRIPTION, NARRATION),
    "rewards": ("composite", "clip-only"),
}


class ConfigForm(QWidget):
    """Shows a configuration and takes changes of it.

    Signals:
        changed(): a field was changed.
    """

    changed = Signal()

    def __init__(self, left_out: frozenset[str], parent: QWidget | None = None) -> None:
        """Make an empty form.

        Args:
            left_out: names of fields that are asked for elsewhere.
            parent: the widget it is in.
        """
        super().__init__(parent)
        self._left_out = left_out
        self._config: Options | None = None
        self._fields: dict[str, QWidget] = {}
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setVerticalSpacing(5)
        self._form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)

    def show_config(self, config: Options) -> None:
        """Show a configuration's values."""
        if type(config) is not type(self._config):
            while self._form.rowCount():
                self._form.removeRow(0)
            self._fields = {}
            self._config = None
            types = get_type_hints(type(config))
            for item in fields(config):
                if item.name not in self._left_out:
                    self._add(item, types[item.name])
        for name, field in self._fields.items():
            _put(field, getattr(config, name))
        self._config = config

    def config(self, base: OptionsT) -> OptionsT:
        """The configuration as it stands in the form; what the form does not show is taken from `base`.

        Raises:
            ConfigError: a field cannot be read, or lies outside its limits.
        """
        types = get_type_hints(type(base))
        values = {name: _value(name, field, types[name]) for name, field in self._fields.items()}
        config = replace(base, **values)
        config.validate()
        return config

    def _add(self, item: Field[Any], kind: type) -> None:
        field: QWidget
        if kind is bool:
            field = QCheckBox()
            field.toggled.connect(self.changed)
        elif item.name in _CHOICES:
            field = QComboBox()
            field.setEditable(item.name == "rewards")
            field.addItems(_CHOICES[item.name])
            field.currentTextChanged.connect(self.changed)
        else:
            field = QLineEdit()
            field.textEdited.connect(self.changed)
        name = item.name.replace("_", " ").capitalize()
        low, high = item.metadata.get("min"), item.metadata.get("max")
        limits = "" if low is None or high is None else f" ({low:g}–{high:g})"
        field.setObjectName(item.name)
        field.setAccessibleName(name)
        field.setToolTip(item.metadata["help"] + limits)
        label = QLabel(name)
        label.setToolTip(item.metadata["help"] + limits)
        self._fields[item.name] = field
        self._form.addRow(label, field)


def _put(field: QWidget, value: Any) -> None:
    blocked = field.blockSignals(True)
    if isinstance(field, QCheckBox):
        field.setChecked(value)
    elif isinstance(field, QComboBox):
        field.setCurrentText(value)
    elif isinstance(field, QLineEdit):
        field.setText(f"{value:g}" if isinstance(value, float) else str(value))
    field.blockSignals(blocked)


def _value(name: str, field: QWidget, kind: type) -> Any:
    if isinstance(field, QCheckBox):
        return field.isChecked()
    text = field.currentText() if isinstance(field, QComboBox) else field.text() if isinstance(field, QLineEdit) else ""
    try:
        return kind(text.strip())
    except ValueError:
        raise ConfigError(f"{name} is “{text}”; it must be a number.") from None
