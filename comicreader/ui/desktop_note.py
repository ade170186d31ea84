"""A word to a person who is elsewhere: the desktop's own notification, and the window asks for attention."""

from __future__ import annotations

import shutil

from PySide6.QtCore import QProcess
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

_SENDER = "notify-send"  # of libnotify, on every Linux desktop
_SHOWN_FOR_MS = 10_000


def notify(window: QWidget, text: str) -> None:
    """Say something outside the window; where the desktop shows no notifications, the window's entry flashes.

    Args:
        window: what it is about.
        text: one or two sentences.
    """
    QApplication.alert(window)
    name = QApplication.applicationDisplayName()
    sender = shutil.which(_SENDER)
    if sender is not None:
        QProcess.startDetached(sender, [f"--app-name={name}", "--icon=comicreader", "--", name, text])
    elif QSystemTrayIcon.isSystemTrayAvailable() and QSystemTrayIcon.supportsMessages():
        tray = QSystemTrayIcon(window.windowIcon(), window)
        tray.messageClicked.connect(window.activateWindow)
        tray.show()
        tray.showMessage(name, text, window.windowIcon(), _SHOWN_FOR_MS)
