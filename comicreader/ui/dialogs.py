"""The small dialogs. Each is opened without blocking and awaited: a nested event loop would stop other tasks."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QGridLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from comicreader.ui.actions import ACTIONS, Section, plain_text, shown_keys, translated

_COMIC_FILES = "*.cbz *.zip *.cbt *.tar *.cb7 *.7z *.cbr *.rar *.pdf *.jpg *.jpeg *.png *.webp *.gif *.avif *.tif *.bmp"


async def finished(dialog: QDialog) -> bool:
    """Open a dialog and wait until the person is done with it; True if it was accepted.

    The dialog is deleted later; what it holds can still be read right after.
    """
    try:
        return await left(dialog)
    finally:
        dialog.deleteLater()


async def left(dialog: QDialog) -> bool:
    """The same for a dialog that its caller deletes."""
    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def on_finished(result: int) -> None:
        if not answer.done():
            answer.set_result(result == QDialog.DialogCode.Accepted)

    dialog.finished.connect(on_finished)
    dialog.open()
    try:
        return await answer
    finally:
        dialog.close()


async def ask_file(parent: QWidget) -> Path | None:
    """Let the person choose a comic; None if they chose none."""
    dialog = QFileDialog(parent, _tr("Open a comic"))
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilters([_tr("Comics and pictures ({suffixes})").format(suffixes=_COMIC_FILES), _tr("All files (*)")])
    return Path(dialog.selectedFiles()[0]) if await finished(dialog) else None


async def ask_folder(parent: QWidget, title: str) -> Path | None:
    """Let the person choose a folder; None if they chose none."""
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    return Path(dialog.selectedFiles()[0]) if await finished(dialog) else None


async def ask_password(parent: QWidget, sentence: str) -> str | None:
    """Ask for a book's password; None if the person has none.

    Args:
        parent: the window.
        sentence: why it is asked.
    """
    dialog, layout = _dialog(parent, _tr("Password"))
    field = QLineEdit()
    field.setEchoMode(QLineEdit.EchoMode.Password)
    field.setAccessibleName(_tr("Password of the comic"))
    buttons = _buttons(dialog, _tr("Open"))
    for part in (_wrapped(sentence), field, buttons):
        layout.addWidget(part)
    field.setFocus()
    return field.text() if await finished(dialog) else None


async def ask_page(parent: QWidget, current: int, count: int) -> int | None:
    """Ask for a page; indices from 0, shown from 1."""
    dialog, layout = _dialog(parent, _tr("Go to page"))
    field = QSpinBox()
    field.setRange(1, count)
    field.setValue(current + 1)
    field.setSuffix(" " + _tr("of {count}").format(count=count))
    field.selectAll()
    form = QFormLayout()
    form.addRow(_tr("&Page"), field)
    layout.addLayout(form)
    layout.addWidget(_buttons(dialog, _tr("Go")))
    field.setFocus()
    return field.value() - 1 if await finished(dialog) else None


async def ask_line(parent: QWidget, title: str, text: str = "") -> str | None:
    """Ask for a line of text; None if the person gave up."""
    dialog, layout = _dialog(parent, title)
    field = QLineEdit(text)
    field.setAccessibleName(title)
    field.selectAll()
    layout.addWidget(field)
    layout.addWidget(_buttons(dialog, _tr("Keep")))
    field.setFocus()
    return field.text().strip() if await finished(dialog) else None


async def ask_choice(parent: QWidget, title: str, question: str, answers: tuple[str, ...]) -> int | None:
    """Ask a question with a button for each answer; None if the person chose none.

    Args:
        parent: the window.
        title: of the dialog.
        question: one sentence.
        answers: texts of the buttons; Enter means the first.

    Returns:
        The answer's index.
    """
    dialog, layout = _dialog(parent, title)
    label = _wrapped(question)
    label.setTextFormat(Qt.TextFormat.PlainText)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    buttons.rejected.connect(dialog.reject)
    chosen: list[int] = []
    for index, answer in enumerate(answers):
        button = buttons.addButton(answer, QDialogButtonBox.ButtonRole.AcceptRole)
        button.clicked.connect(lambda _checked=False, index=index: chosen.append(index))
    buttons.accepted.connect(dialog.accept)
    layout.addWidget(label)
    layout.addWidget(buttons)
    return chosen[0] if await finished(dialog) and chosen else None


async def show_keys(parent: QWidget) -> None:
    """Show the sheet of keys, made from the table of actions."""
    dialog, layout = _dialog(parent, _tr("Keys"))
    grid = QGridLayout()
    grid.setHorizontalSpacing(22)
    grid.setVerticalSpacing(4)
    for section in Section:
        specs = [spec for spec in ACTIONS if spec.section is section and spec.keys]
        if specs:
            title = QLabel(f"<b>{translated(section).replace('&', '')}</b>")
            grid.addWidget(title, grid.rowCount(), 0, 1, 2)
        for spec in specs:
            row = grid.rowCount()
            keys = QLabel("  ".join(f"<code>{key}</code>" for key in shown_keys(spec)))
            keys.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(QLabel(plain_text(spec)), row, 0)
            grid.addWidget(keys, row, 1)
    body = QWidget()
    body.setLayout(grid)
    scroll = QScrollArea()
    scroll.setWidgetResizable(True)
    scroll.setFrameShape(QScrollArea.Shape.NoFrame)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setWidget(body)
    scroll.setMinimumWidth(body.sizeHint().width() + scroll.verticalScrollBar().sizeHint().width())
    layout.addWidget(scroll)
    close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    close.rejected.connect(dialog.reject)
    layout.addWidget(close)
    dialog.resize(420, min(760, parent.height()))
    await finished(dialog)


async def show_about(parent: QWidget, version: str) -> None:
    """Say what this program is."""
    dialog, layout = _dialog(parent, _tr("About"))
    layout.addWidget(QLabel(f"<h2>Comic Reader {version}</h2>"))
    layout.addWidget(
        _wrapped(
            _tr(
                "Reads comics panel by panel and tells their story. It learns from the captions you write; "
                "all of it happens on this computer. Apache License 2.0."
            )
        )
    )
    close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    close.rejected.connect(dialog.reject)
    layout.addWidget(close)
    await finished(dialog)


def _dialog(parent: QWidget, title: str) -> tuple[QDialog, QVBoxLayout]:
    dialog = QDialog(parent)
    dialog.setWindowTitle(title)
    layout = QVBoxLayout(dialog)
    layout.setContentsMargins(20, 18, 20, 16)
    layout.setSpacing(12)
    return dialog, layout


def _buttons(dialog: QDialog, accept: str) -> QDialogButtonBox:
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
    buttons.button(QDialogButtonBox.StandardButton.Ok).setText(accept)
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    return buttons


def _wrapped(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setMinimumWidth(360)
    return label


def _tr(text: str) -> str:
    return QCoreApplication.translate("Dialogs", text)
