"""The choice of a narrator: the built-in one, one that was trained here, a folder, or one from the hub."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from comicreader.services.narrator import EMBEDDED_MODEL
from comicreader.services.narrator_choices import SUGGESTED_HUB_MODEL, TrainedNarrator
from comicreader.ui.labels import quiet_label

_INDENT_PX = 26
_WIDTH_PX = 500


class ModelPicker(QDialog):
    """Asks for a narrator. After it was accepted, `model` is the answer.

    Signals:
        folder_requested(): the person wants to look for a folder; `set_folder` brings it.
    """

    folder_requested = Signal()

    def __init__(self, current: str, trained: tuple[TrainedNarrator, ...], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Choose narrator"))
        self.setMinimumWidth(_WIDTH_PX)
        self._group = QButtonGroup(self)
        self._embedded = self._radio(self.tr("The built-in narrator"))
        self._trained = self._radio(self.tr("Trained on this computer"))
        self._folder = self._radio(self.tr("From a folder"))
        self._hub = self._radio(self.tr("From the Hugging Face hub"))
        self._runs = QComboBox()
        self._runs.setAccessibleName(self._trained.text())
        for narrator in trained:
            self._runs.addItem(narrator.title, str(narrator.folder))
        self._folder_path = QLineEdit()
        self._folder_path.setAccessibleName(self._folder.text())
        self._hub_name = QLineEdit(SUGGESTED_HUB_MODEL)
        self._hub_name.setAccessibleName(self._hub.text())
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._lay_out(has_runs=bool(trained))
        self._select(current)
        self._group.buttonClicked.connect(self._update)
        for field in (self._folder_path, self._hub_name):
            field.textChanged.connect(self._update)
        self._update()

    @property
    def model(self) -> str:
        """What was chosen: "embedded", a directory, or a hub name."""
        if self._trained.isChecked():
            return str(self._runs.currentData())
        if self._folder.isChecked():
            return str(Path(self._folder_path.text().strip()).expanduser().absolute())
        return self._hub_name.text().strip() if self._hub.isChecked() else EMBEDDED_MODEL

    def set_folder(self, folder: Path) -> None:
        """The person found a folder."""
        self._folder.setChecked(True)
        self._folder_path.setText(str(folder))
        self._update()

    def _lay_out(self, *, has_runs: bool) -> None:
        browse = QPushButton(self.tr("Look for it…"))
        browse.clicked.connect(self.folder_requested)
        folder_row = QWidget()
        row = QHBoxLayout(folder_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._folder_path, stretch=1)
        row.addWidget(browse)
        runs = self._runs if has_runs else quiet_label(self.tr("No training has finished here yet."))
        self._trained.setEnabled(has_runs)
        hub_note = quiet_label(self.tr("It is downloaded when you choose it, about a gigabyte, and kept for later."))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 16)
        layout.setSpacing(6)
        parts: tuple[tuple[QRadioButton, tuple[QWidget, ...]], ...] = (
            (self._embedded, (quiet_label(self.tr("Comes with the program and works without a network.")),)),
            (self._trained, (runs,)),
            (self._folder, (folder_row,)),
            (self._hub, (self._hub_name, hub_note)),
        )
        for radio, details in parts:
            layout.addWidget(radio)
            indented = QVBoxLayout()
            indented.setContentsMargins(_INDENT_PX, 0, 0, 10)
            for detail in details:
                indented.addWidget(detail)
            layout.addLayout(indented)
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setText(self.tr("Use this narrator"))
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        layout.addWidget(self._buttons)

    def _select(self, current: str) -> None:
        run = self._runs.findData(current)
        if current == EMBEDDED_MODEL:
            self._embedded.setChecked(True)
        elif run >= 0:
            self._trained.setChecked(True)
            self._runs.setCurrentIndex(run)
        elif Path(current).is_absolute():
            self._folder.setChecked(True)
            self._folder_path.setText(current)
        else:
            self._hub.setChecked(True)
            self._hub_name.setText(current)

    def _update(self) -> None:
        self._runs.setEnabled(self._trained.isChecked())
        self._folder_path.setEnabled(self._folder.isChecked())
        self._hub_name.setEnabled(self._hub.isChecked())
        is_named = (not self._folder.isChecked() or bool(self._folder_path.text().strip())) and (
            not self._hub.isChecked() or bool(self._hub_name.text().strip())
        )
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(is_named)

    def _radio(self, text: str) -> QRadioButton:
        radio = QRadioButton(text)
        self._group.addButton(radio)
        return radio
