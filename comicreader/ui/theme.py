"""Colours, style sheet, fonts and icons of the window, for light and dark colour schemes.

The reading area is the same neutral dark grey in both: paper white looks right on it and it does not tint the art.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from functools import lru_cache

from PySide6.QtCore import QByteArray, QLibraryInfo, QObject, QRectF, QSize, Qt, QVersionNumber, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QGuiApplication,
    QIcon,
    QPainter,
    QPalette,
    QPixmap,
    QPixmapCache,
)
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from comicreader.resources import resource_path

READING_AREA = QColor("#232426")
PAPER = QColor("#fbf7ea")
"""Ground of a narration box: the cream of a printed caption. Ink on it has a contrast of 16 to 1."""
INK = QColor("#1c1a17")
FAINT_INK = QColor("#6b6556")
"""Marks and hints on paper; 5.4 to 1."""

# The first one that is installed; all of them are drawn for reading, not for buttons.
_NARRATION_FAMILIES = ("Charter", "Georgia", "Iowan Old Style", "Noto Serif", "Source Serif 4", "DejaVu Serif")

# Icons are drawn ahead for these sizes; Qt picks and scales.
_ICON_SIZES_PX = (16, 20, 32, 48)


@dataclass(frozen=True, slots=True)
class Colors:
    """What the style sheet's @words stand for, as "#rrggbb"."""

    window: str
    surface: str
    field: str
    text: str
    muted: str
    faint: str
    border: str
    border_strong: str
    hover: str
    pressed: str
    accent: str
    accent_hover: str
    accent_text: str
    accent_on_window: str
    accent_soft: str
    accent_line: str
    focus_on_accent: str
    scroll: str
    warning: str
    warning_soft: str
    error: str
    error_soft: str
    tooltip: str
    tooltip_text: str


LIGHT = Colors(
    window="#f4f4f2",
    surface="#fbfbfa",
    field="#ffffff",
    text="#212226",
    muted="#5c5f66",
    faint="#a2a4a9",
    border="#deded9",
    border_strong="#c6c6c1",
    hover="#e9e9e5",
    pressed="#dddDd8",
    accent="#2f5d9e",
    accent_hover="#3a6bb0",
    accent_text="#ffffff",
    accent_on_window="#2a568f",
    accent_soft="#dce6f4",
    accent_line="#a9c1e3",
    focus_on_accent="#10294d",
    scroll="#cdcdc8",
    warning="#8a5a00",
    warning_soft="#fdf3dc",
    error="#a8281f",
    error_soft="#fbe6e3",
    tooltip="#2a2b2f",
    tooltip_text="#f2f2f2",
)

DARK = Colors(
    window="#1d1e21",
    surface="#25262a",
    field="#1a1b1e",
    text="#e6e6e8",
    muted="#a5a8ae",
    faint="#6d7076",
    border="#34363b",
    border_strong="#484b52",
    hover="#303238",
    pressed="#3a3d44",
    accent="#7fa8e0",
    accent_hover="#93b7e8",
    accent_text="#10192a",
    accent_on_window="#93b7e8",
    accent_soft="#2c3a50",
    accent_line="#46628c",
    focus_on_accent="#ffffff",
    scroll="#484b52",
    warning="#e8b864",
    warning_soft="#3a3222",
    error="#f0938a",
    error_soft="#41292a",
    tooltip="#33353b",
    tooltip_text="#f0f0f2",
)


class Theme(QObject):
    """The look of the running program.

    Signals:
        changed(): the colours are others now; icons must be asked for again.
    """

    changed = Signal()

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self._preference = "system"
        self._is_dark = False
        self._app.setStyle("Fusion")
        self._hints = QGuiApplication.styleHints()
        self._hints.colorSchemeChanged.connect(self._apply)
        self._apply()

    @property
    def colors(self) -> Colors:
        """The colours in use."""
        return DARK if self._is_dark else LIGHT

    def set_preference(self, preference: str) -> None:
        """Choose "light", "dark" or "system"."""
        if preference != self._preference:
            self._preference = preference
            self._apply()

    def icon(self, name: str) -> QIcon:
        """The line icon `resources/icons/<name>.svg` in the text's colour, paler where it is disabled."""
        icon = QIcon()
        for size_px in _ICON_SIZES_PX:
            icon.addPixmap(svg_pixmap(name, self.colors.text, size_px), QIcon.Mode.Normal)
            icon.addPixmap(svg_pixmap(name, self.colors.faint, size_px), QIcon.Mode.Disabled)
        return icon

    def _apply(self) -> None:
        is_system_dark = self._hints.colorScheme() == Qt.ColorScheme.Dark
        self._is_dark = self._preference == "dark" or (self._preference == "system" and is_system_dark)
        self._app.setPalette(_palette(self.colors))
        self._app.setStyleSheet(_style_sheet(self.colors))
        self.changed.emit()


def program_icon() -> QIcon:
    """The program's own picture."""
    return QIcon(str(resource_path("icons", "comicreader.svg")))


def system_reduces_motion() -> bool:
    """Whether the person asked the system for less motion.

    Qt knows it from 6.12 on. PySide6 6.12 cannot be used with Python 3.11: every signal that it emits drops a reference
    to `True`, which before Python 3.12 aborts the process after some thousand signals.
    """
    if QLibraryInfo.version() < QVersionNumber(6, 12):
        return False
    hints = QGuiApplication.styleHints().accessibility()
    return bool(hints.motionPreference() == Qt.MotionPreference.ReducedMotion)  # type: ignore[attr-defined, unused-ignore]


def narration_font(size_px: int) -> QFont:
    """The typeface of the narration: a serif, so that the teller's voice differs from the lettering.

    Args:
        size_px: height in device-independent pixels.
    """
    font = QFont(_narration_family())
    font.setStyleHint(QFont.StyleHint.Serif)
    font.setPixelSize(size_px)
    return font


@lru_cache(maxsize=1)  # asking for the list of installed families takes milliseconds
def _narration_family() -> str:
    installed = set(QFontDatabase.families())
    return next((family for family in _NARRATION_FAMILIES if family in installed), "serif")


def svg_pixmap(name: str, color: str, size_px: int) -> QPixmap:
    """An icon drawn in one colour.

    Args:
        name: file name without ".svg".
        color: "#rrggbb".
        size_px: both sides, device-independent pixels.
    """
    key = f"{name} {color} {size_px}"
    pixmap = QPixmap()
    if not QPixmapCache.find(key, pixmap):
        pixmap = _drawn_svg(name, color, size_px)
        QPixmapCache.insert(key, pixmap)
    return pixmap


def _drawn_svg(name: str, color: str, size_px: int) -> QPixmap:
    source = resource_path("icons", f"{name}.svg").read_text(encoding="utf-8").replace("currentColor", color)
    ratio = QGuiApplication.primaryScreen().devicePixelRatio()
    pixmap = QPixmap(QSize(size_px, size_px) * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(source.encode())).render(painter, QRectF(0, 0, size_px, size_px))
    painter.end()
    return pixmap


def _style_sheet(colors: Colors) -> str:
    sheet = resource_path("themes", "base.qss").read_text(encoding="utf-8")
    words = asdict(colors) | {"icons": resource_path("icons").as_posix()}
    return re.sub(r"@(\w+)", lambda match: words[match.group(1)], sheet.split("*/", 1)[1])


def _palette(colors: Colors) -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: colors.window,
        QPalette.ColorRole.WindowText: colors.text,
        QPalette.ColorRole.Base: colors.surface,
        QPalette.ColorRole.AlternateBase: colors.hover,
        QPalette.ColorRole.Text: colors.text,
        QPalette.ColorRole.PlaceholderText: colors.muted,
        QPalette.ColorRole.Button: colors.surface,
        QPalette.ColorRole.ButtonText: colors.text,
        QPalette.ColorRole.BrightText: colors.error,
        QPalette.ColorRole.Highlight: colors.accent,
        QPalette.ColorRole.HighlightedText: colors.accent_text,
        QPalette.ColorRole.Accent: colors.accent,
        QPalette.ColorRole.Link: colors.accent_on_window,
        QPalette.ColorRole.ToolTipBase: colors.tooltip,
        QPalette.ColorRole.ToolTipText: colors.tooltip_text,
    }
    for role, color in roles.items():
        palette.setColor(role, QColor(color))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colors.faint))
    return palette
